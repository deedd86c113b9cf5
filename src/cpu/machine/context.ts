// Translation contexts: the machine state that the meaning of code bytes depends on. Blocks and handlers
// belong to one context.
import type { AddressSize } from "../isa/ops.ts";

/** The mode of a code segment and the form of its data segments. */
export interface CodeContext {
  /** The code segment's mode. SDM Vol. 3A 3.4.5, the L and D/B flags. */
  readonly mode: AddressSize;
  /** Width of the stack pointer. */
  readonly stackSize: AddressSize;
  /** True if es, cs, ss and ds all have base 0 and no limit, so that offsets are linear addresses. */
  readonly flat: boolean;
}
/** All contexts; a context's number is its index. */
export const contexts: readonly CodeContext[] = [
  { mode: 64, stackSize: 64, flat: true },
  { mode: 32, stackSize: 32, flat: true },
  { mode: 32, stackSize: 32, flat: false },
  { mode: 32, stackSize: 16, flat: false },
  { mode: 16, stackSize: 16, flat: false },
  { mode: 16, stackSize: 32, flat: false },
];

/** The number of a context. 64-bit mode ignores the stack size and the segments. */
export const contextIndex = (mode: number, stackSize: number, flat: boolean): number => {
  if (mode === 64) return 0;
  if (mode === 32) return flat && stackSize === 32 ? 1 : stackSize === 32 ? 2 : 3;
  return stackSize === 16 ? 4 : 5;
};

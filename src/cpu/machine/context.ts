// A translation context: what the meaning of code bytes depends on besides the bytes. Blocks and handlers are made for one.
import type { AddressSize } from "../isa/ops.ts";

export interface Context {
  /** The code segment's mode. SDM Vol. 3A 3.4.5, the L and D/B flags. */
  readonly mode: AddressSize;
  /** Width of the stack pointer. */
  readonly stackSize: AddressSize;
  /** es cs ss ds all have base 0 and no limit: offsets are linear addresses. */
  readonly flat: boolean;
}
export const contexts: readonly Context[] = [
  { mode: 64, stackSize: 64, flat: true },
  { mode: 32, stackSize: 32, flat: true },
  { mode: 32, stackSize: 32, flat: false },
  { mode: 32, stackSize: 16, flat: false },
  { mode: 16, stackSize: 16, flat: false },
  { mode: 16, stackSize: 32, flat: false },
];

export const contextIndex = (mode: number, stackSize: number, flat: boolean): number => {
  if (mode === 64) return 0;
  if (mode === 32) return flat && stackSize === 32 ? 1 : stackSize === 32 ? 2 : 3;
  return stackSize === 16 ? 4 : 5;
};

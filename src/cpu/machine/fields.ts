// Registers that have names in meanings. A file of its own, so that the types of instruction rows name no
// WebAssembly memory.
import type { at } from "./state.ts";

/** Fields that meanings read and write by name, and their widths in bits. */
export const fieldWidth = {
  mxcsr: 32,
  gathered: 32,
  fpuControl: 16,
  fpuStatus: 16,
  fpuEmpty: 8,
  fpuOpcode: 16,
  fpuCs: 16,
  fpuDs: 16,
  fpuIp: 64,
  fpuDp: 64,
  segSelector: 32,
  segBase: 64,
  segLimit: 32,
  answer: 64,
} as const satisfies Partial<Record<keyof typeof at, 8 | 16 | 32 | 64>>;
/** The name of such a field. */
export type StateField = keyof typeof fieldWidth;

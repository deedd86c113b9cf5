// What a diagram says where it cannot say exactly: a terminal above all 32-bit values, which names the
// instruction. Arithmetic on unknown words (products, quotients, shifts by X) can need more nodes than memory
// holds.
import { MAX_INSNS } from "../bpf/insn.ts";

const FIRST = 2 ** 32;

/** Where a filter was not decided: which of the stack, oldest first, and which instruction. */
export interface Undecided {
  readonly filter: number;
  readonly pc: number;
}

export const undecidedValue = ({ filter, pc }: Undecided): number => FIRST + filter * MAX_INSNS + pc;
export const isUndecided = (value: number): boolean => value >= FIRST;
export const undecidedAt = (value: number): Undecided => ({
  filter: Math.floor((value - FIRST) / MAX_INSNS),
  pc: (value - FIRST) % MAX_INSNS,
});

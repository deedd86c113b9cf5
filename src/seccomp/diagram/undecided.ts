// Undecided values: a terminal above all 32-bit values that names the instruction. Arithmetic on unknown
// words (products, quotients, shifts by X) can need more nodes than memory holds.

import { takes, wants } from "../../wants.ts";
import { MAX_INSNS } from "../bpf/insn.ts";

const FIRST = 2 ** 32;

/** Where a filter was not decided: which of the stack, oldest first, and which instruction. */
export interface Undecided {
  readonly filter: number;
  readonly pc: number;
}

/** The terminal value of an undecided instruction. `isUndecided` recognises it. */
export const undecidedValue = ({ filter, pc }: Undecided): number => FIRST + filter * MAX_INSNS + pc;
/** A value of a terminal as an argument. */
export const aTerminal = wants("a value of a terminal", (value) => Number.isSafeInteger(value));
const anUndecided = wants("a value for which isUndecided holds", (value) => Number.isSafeInteger(value) && (value as number) >= FIRST);
/**
 * True for a terminal value that stands for an instruction where the meaning was not decided.
 *
 * @example
 * isUndecided(0x7fff0000);   // false
 */
export const isUndecided = takes("isUndecided", { value: aTerminal }, (value: number): boolean => value >= FIRST);
/**
 * The filter and the instruction that an undecided value stands for.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * diagram.values().undecided;   // results of undecidedAt: none here
 */
export const undecidedAt = takes(
  "undecidedAt",
  { value: anUndecided },
  (value: number): Undecided => ({
    filter: Math.floor((value - FIRST) / MAX_INSNS),
    pc: (value - FIRST) % MAX_INSNS,
  }),
);

// The additional time of slow instructions in compiled code. Most instructions take at most a few
// nanoseconds. Without these numbers, a part of the budget that is short for them would last for a second in
// code that calls routines.
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";

/** In units of a usual instruction. A routine takes up to microseconds, and so do 4096 iterations of MOVS. */
const routine = 128;
/** The same for an instruction whose inline form calls a routine for unusual operands only. */
const inlineForm = 8;

/**
 * The time of an instruction beyond that of a usual one, in units of the latter. `isInline`: it has an inline
 * form.
 */
export const additionalTime = (d: Decoded, isInline: boolean): number => {
  const { repeats, routineCalls, assured } = effectsOf(d.row);
  if (repeats) return routine;
  if (routineCalls.length === 0) return 0;
  return isInline || assured ? inlineForm : routine;
};

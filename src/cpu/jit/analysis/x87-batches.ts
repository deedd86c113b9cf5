// The x87 batches of a block: runs of x87 instructions with inline code, with a few other instructions among
// them. The emitter keeps their register stack in locals (x87-batch.ts).

import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf, type RoutineCall } from "../../isa/effects.ts";
import { comparesX87 } from "../../isa/x87-operations.ts";

/** Routines with inline code, and calls for special operands. */
const inline = new Set([
  "arith_f32", "arith_f64", "arith_i32", "arith_st", "arith_to", "fabs", "fchs", "fcomi", "fild", "fld_f32", "fld_f64", "fld_st", "fldc",
  "fst_f32_value", "fst_f64_value", "fst_st", "fsqrt", "fxch", "stored", "stores",
]); // biome-ignore format: table

/**
 * Routines with an arithmetic operation as their first argument have no inline code if it sets condition
 * codes.
 */
const hasInlineCode = ({ routine, constants: [operation] }: RoutineCall): boolean =>
  inline.has(routine) && !(routine.startsWith("arith_") && operation !== undefined && comparesX87(operation));
/** True for an x87 instruction with inline code only. */
export const isInline = (d: Decoded): boolean => {
  const { routineCalls } = effectsOf(d.row);
  return routineCalls.length > 0 && routineCalls.every(hasInlineCode);
};
/** True for an instruction without x87 effects. It may be within a batch. */
const isNeutral = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  const ends = f.callsHelper || f.exits !== undefined || f.branches || f.branchesIf || f.jumps || d.row.ends;
  return !ends && f.fields.length === 0 && f.routines.every((r) => r.startsWith("sse_"));
};
const gap = 16;
/** The end of the batch that begins with instruction n; n if there is none. */
export const batchEnd = (list: readonly Decoded[], n: number): number => {
  if (!isInline(list[n]!)) return n;
  let end = n + 1;
  for (let i = end; i < list.length && i - end <= gap; i++) {
    if (isInline(list[i]!)) end = i + 1;
    else if (!isNeutral(list[i]!)) break;
  }
  return end;
};

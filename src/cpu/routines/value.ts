// x87 operations on values instead of registers, for regions with the stack in locals
// (src/cpu/jit/emit/x87-batch.ts): the operations without an inline form. The significand is returned; the
// other parts of the result are in `fpu_rest`.
import { root } from "./arithmetic";
import { isSignaling } from "./classify";
import { compare, flagsOf } from "./compare";
import { IE } from "./flags";
import { denormalSource, operate } from "./operate";
import { raise, raised, setRaised, setResult, signExponent, significand } from "./result";
import { fromF32, fromF64, sourceM, sourceRaised, sourceSe } from "./source";
import { narrowed } from "./store";

/** Bits 15:0: sign and exponent of the last result. Above: its exceptions, and C1. */
export function fpu_rest(): i32 { return signExponent | (raised << 16); }

/** a op b; op as in operate.ts. */
export function fpu_operate(op: i32, aM: i64, aSe: i32, bM: i64, bSe: i32): i64 {
  operate(op, aM, aSe, bM, bSe);
  return significand;
}
/** ST(0) op a number from memory. */
export function fpu_operate32(op: i32, bits: i32, m: i64, se: i32): i64 {
  fromF32(bits);
  return withSource(op, m, se);
}
/** The same for a number of 64 bits. */
export function fpu_operate64(op: i32, bits: i64, m: i64, se: i32): i64 {
  fromF64(bits);
  return withSource(op, m, se);
}
function withSource(op: i32, m: u64, se: i32): u64 {
  operate(op, m, se, sourceM, sourceSe);
  if (sourceRaised) denormalSource(m, se);
  return significand;
}

/** The square root of a number. */
export function fpu_root(m: i64, se: i32): i64 {
  root(m, se);
  return significand;
}

/** A number from memory, to be pushed. */
export function fpu_widen32(bits: i32): i64 {
  fromF32(bits);
  return widened();
}
/** The same for a number of 64 bits. */
export function fpu_widen64(bits: i64): i64 {
  fromF64(bits);
  return widened();
}
function widened(): u64 {
  setRaised(sourceRaised);
  setResult(sourceM, sourceSe);
  if (isSignaling(sourceM, sourceSe)) {
    raise(IE);
    setResult(sourceM | 0x4000000000000000, sourceSe);
  }
  return significand;
}

/** A stack value for memory. */
export function fpu_narrow32(m: i64, se: i32): i32 { return <i32>narrowed(m, se, 24, 8); }
/** The same for 64 bits. */
export function fpu_narrow64(m: i64, se: i32): i64 { return narrowed(m, se, 53, 11); }

/** FCOMI and FUCOMI: CF, PF and ZF at their EFLAGS positions. */
export function fpu_compare(aM: i64, aSe: i32, bM: i64, bSe: i32, quiet: i32): i32 { return flagsOf(compare(aM, aSe, bM, bSe, quiet != 0)); }

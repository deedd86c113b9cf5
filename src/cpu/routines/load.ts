// FLD, FILD, FBLD and the constants. The row reads memory, and the routine here pushes the value. SDM Vol.
// 2A.
import { isDenormal, isSignaling } from "./classify";
import { exponent_of, nearest_of, significand_of, up_of } from "./constants";
import { C1, DE, IE, PE, RC, RC_DOWN, RC_UP, SF } from "./flags";
import { raise, setDefaultNaN, setRaised, setResult } from "./result";
import { fromBcd, fromF32, fromF64, fromInteger, sourceM, sourceRaised, sourceSe } from "./source";
import { control, deliverNext, deliverPush, isEmpty, signExponentAt, significandAt, st } from "./stack";

function pushSource(): void {
  setRaised(sourceRaised);
  setResult(sourceM, sourceSe);
  deliverPush();
}

/** f32 and f64 only: the m80 form does not change a signaling NaN. */
function pushFloat(): void {
  setRaised(sourceRaised);
  setResult(sourceM, sourceSe);
  if (isSignaling(sourceM, sourceSe)) {
    raise(IE);
    setResult(sourceM | 0x4000000000000000, sourceSe);
  }
  deliverPush();
}

/** FLD m32. */
export function fld_f32(bits: i32): void {
  fromF32(bits);
  pushFloat();
}

/** FLD m64. */
export function fld_f64(bits: i64): void {
  fromF64(bits);
  pushFloat();
}

/** FLD m80: no exception but a stack overflow. */
export function fld_f80(m: i64, se: i32): void {
  setRaised(0);
  setResult(m, se & 0xffff);
  deliverPush();
}

/** FILD of all three widths. The operand is sign-extended to 64 bits. */
export function fild(value: i64): void {
  fromInteger(value);
  pushSource();
}

/** FBLD: 18 decimal digits and a sign. */
export function fbld(lo: i64, hi: i32): void {
  fromBcd(lo, hi);
  pushSource();
}

/** FLD ST(i). */
export function fld_st(i: i32): void {
  if (isEmpty(i)) {
    setDefaultNaN(IE | SF);
    return deliverNext();
  }
  setRaised(0);
  const a = st(i);
  setResult(significandAt(a), signExponentAt(a));
  deliverPush();
}

/**
 * D9 E8 to D9 EE: 0 one, 1 log2(10), 2 log2(e), 3 pi, 4 log10(2), 5 ln(2), 6 zero. Each is the exact value
 * rounded by RC. The table is in src/cpu/isa/x87-operations.ts.
 */
export function fldc(which: i32): void {
  setRaised(0);
  const rc = control() & RC;
  const up = rc == RC_UP;
  const nearest = rc == 0;
  const more = up ? unchecked(up_of[which]) : nearest ? unchecked(nearest_of[which]) : 0;
  setResult(unchecked(significand_of[which]) + u64(more), unchecked(exponent_of[which]));
  deliverPush();
}

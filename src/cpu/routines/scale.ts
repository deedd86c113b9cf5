// FRNDINT, FSCALE, FXTRACT. SDM Vol. 2A.
import { denormalTrap, exponent, isDenormal, isInfinite, isZero, normalize, settleNaN, settleNaNs } from "./classify";
import { DE, IE, RC, SF, ZE } from "./flags";
import { magnitude, tooBig } from "./integer";
import { invalid, raise, raised, setDefaultNaN, setRaised, setResult, signExponent, significand } from "./result";
import { roundExtended } from "./round";
import { control, deliver, isEmpty, push, put, signExponentAt, signal, significandAt, st, suppressed, underflow } from "./stack";
import { fromInteger, sourceM, sourceSe } from "./source";
import { C1 } from "./flags";

/** FRNDINT: ST(0) rounded to an integer by RC. */
export function frndint(): void {
  if (isEmpty(0)) return underflow(0, false);
  const a = st(0);
  integral(significandAt(a), signExponentAt(a));
  deliver(0, false);
}

function integral(m: u64, se: i32): void {
  setRaised(0);
  if (settleNaN(m, se)) return;
  setResult(m, se);
  if (m == 0 || (se & 0x7fff) >= 0x403e) return;
  if (denormalTrap(m, se, m, se, control())) return;
  const whole = magnitude(m, se, control() & RC);
  const shift = <i32>clz(whole);
  setResult(whole == 0 ? 0 : whole << shift, (se & 0x8000) | (whole == 0 ? 0 : 0x403e - shift));
}

/** ST(0) times 2 to the integer part of ST(1). */
export function fscale(): void {
  if (isEmpty(0) || isEmpty(1)) return underflow(0, false);
  const a = st(0);
  const b = st(1);
  scale(significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b));
  deliver(0, false);
}

function scale(m: u64, se: i32, byM: u64, bySe: i32): void {
  setRaised(0);
  if (settleNaNs(m, se, byM, bySe)) return;
  const sign = se & 0x8000;
  if (isInfinite(byM, bySe)) {
    const down = (bySe & 0x8000) != 0;
    if (down ? isInfinite(m, se) : isZero(m, se)) return invalid();
    if (denormalTrap(m, se, m, se, control())) return;
    return down || isInfinite(m, se) || isZero(m, se)
      ? isInfinite(m, se) ? setResult(m, se) : setResult(0, sign)
      : setResult(0x8000000000000000, sign | 0x7fff);
  }
  if (denormalTrap(m, se, byM, bySe, control())) return;
  if (m == 0 || isInfinite(m, se)) return setResult(m, se);
  // Beyond 2^16, all operands overflow or underflow in the same way.
  const shift = 0x403e - (bySe & 0x7fff);
  let by = byM == 0 || shift > 63 ? 0 : shift < 47 ? 0x10000 : <i32>(byM >>> shift);
  if (bySe & 0x8000) by = -by;
  roundExtended(sign, exponent(m, se) + by, normalize(m), 0);
}

/** ST(0) becomes its exponent as a number; the significand, in [1, 2), is pushed. */
export function fxtract(): void {
  if (isEmpty(0) || !isEmpty(7)) {
    setDefaultNaN(isEmpty(0) ? IE | SF : IE | SF | C1);
    return extracted(significand, signExponent);
  }
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  setRaised(0);
  if (settleNaN(m, se)) return extracted(significand, signExponent);
  if (isInfinite(m, se)) {
    setResult(m, 0x7fff);
    return extracted(m, se);
  }
  if (m == 0) {
    raise(ZE);
    setResult(0x8000000000000000, 0xffff);
    return extracted(m, se);
  }
  denormalTrap(m, se, m, se, control());
  fromInteger(exponent(m, se) - 0x3fff);
  setResult(sourceM, sourceSe);
  extracted(normalize(m), (se & 0x8000) | 0x3fff);
}

function extracted(m: u64, se: i32): void {
  signal(raised);
  if (suppressed(raised)) return;
  put(0, significand, signExponent);
  push(m, se);
}

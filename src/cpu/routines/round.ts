// From an exact or sticky 128-bit significand to an 80-bit result: precision and rounding control, overflow,
// underflow. SDM Vol. 1 4.8.4, 4.9.1.4 to 4.9.1.6, 8.5.4 to 8.5.6. Tininess is detected after rounding.
import { C1, OE, PC, PC_DOUBLE, PC_EXTENDED, PC_SINGLE, PE, RC, RC_DOWN, RC_UP, UE } from "./flags";
import { raise, setResult } from "./result";
import { control } from "./stack";
import { low, shiftRightJam } from "./wide";

const HALF: u64 = 0x8000000000000000;
/** The bias that an unmasked overflow subtracts from the exponent and an underflow adds. SDM Vol. 1 8.5.4. */
const WRAP: i32 = 24576;

/** True if the number is rounded away from zero. `fraction` is the part below the last place, times 2^64. */
// @ts-ignore: decorator
@inline export function roundsUp(negative: bool, odd: bool, fraction: u64, rc: i32): bool {
  if (rc == 0) return fraction > HALF || (fraction == HALF && odd);
  return fraction != 0 && rc == (negative ? RC_DOWN : RC_UP);
}

/**
  * The result becomes the rounded (-1)^sign * hi.lo * 2^(exp - 16383). hi has bit 63 set (1.63 fixed point),
  * lo may be sticky. `sign` is 0 or 0x8000; `exp` may be out of range.
 */
export function round(sign: i32, exp: i32, hi: u64, lo: u64): void {
  const cw = control();
  if ((cw & (RC | PC)) != PC_EXTENDED || <u32>(exp - 1) >= 0x7ffd) {
    roundSlow(sign, exp, hi, lo, cw);
    return;
  }
  if (lo != 0) {
    if (lo > HALF || (lo == HALF && (hi & 1) != 0)) {
      raise(PE | C1);
      if (++hi == 0) { hi = HALF; exp++; }
    } else {
      raise(PE);
    }
  }
  setResult(hi, sign | exp);
}

/**
 * The same at full precision, independent of the control word: for all operations but add, subtract,
 * multiply, divide and square root. SDM Vol. 1 8.1.5.2.
 */
export function roundExtended(sign: i32, exp: i32, hi: u64, lo: u64): void {
  roundSlow(sign, exp, hi, lo, control() | PC_EXTENDED);
}

function roundSlow(sign: i32, exp: i32, hi: u64, lo: u64, cw: i32): void {
  const pc = cw & PC;
  const drop = pc == PC_SINGLE ? 40 : pc == PC_DOUBLE ? 11 : 0;
  const rc = cw & RC;
  let tiny = false;
  if (exp <= 0) {
    // Tiny, unless rounding to the precision alone gives the least normal number.
    tiny = exp < 0 || !carries(sign != 0, hi, lo, drop, rc);
    if (tiny && !(cw & UE)) {
      raise(UE);
      exp += WRAP;
      // FSCALE alone goes so far that the adjusted exponent is out of range too. It rounds to nearest then.
      if (exp <= 0) {
        raise(PE);
        return setResult(0, sign);
      }
    } else {
      hi = shiftRightJam(hi, lo, 1 - exp);
      lo = low;
      exp = 0;
    }
  }
  if (drop != 0) {
    lo = (hi << (64 - drop)) | u64(lo != 0);
    hi = (hi >>> drop) << drop;
  }
  const unit = (<u64>1) << drop;
  let inexact = lo != 0 ? PE : 0;
  if (roundsUp(sign != 0, (hi & unit) != 0, lo, rc)) {
    inexact |= C1;
    hi += unit;
    if (hi == 0) { hi = HALF; exp++; }
  }
  if (exp == 0 && <i64>hi < 0) exp = 1;
  if (exp < 1 && hi == 0) exp = 0;
  if (tiny && exp <= 1 && (!(cw & UE) || inexact)) raise(UE);
  if (exp >= 0x7fff) {
    if (cw & OE) return overflow(sign, rc, unit);
    exp -= WRAP;
    if (exp >= 0x7fff) return overflow(sign, 0, unit);
    raise(OE);
  }
  raise(inexact);
  setResult(hi, sign | exp);
}

function carries(negative: bool, hi: u64, lo: u64, drop: i32, rc: i32): bool {
  const unit = (<u64>1) << drop;
  if (drop != 0) {
    lo = (hi << (64 - drop)) | u64(lo != 0);
    hi = (hi >>> drop) << drop;
  }
  return hi + unit == 0 && roundsUp(negative, true, lo, rc);
}

/** Infinity, or the largest finite number if the rounding direction is the other one. */
function overflow(sign: i32, rc: i32, unit: u64): void {
  if (rc == 0 || rc == (sign ? RC_DOWN : RC_UP)) {
    raise(OE | PE | C1);
    setResult(HALF, sign | 0x7fff);
  } else {
    raise(OE | PE);
    setResult(<u64>0 - unit, sign | 0x7ffe);
  }
}

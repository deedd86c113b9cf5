// Arithmetic on finite, nonzero, normalized numbers: one definition for all formats. F is u64 for the 80-bit
// format, else f32 or f64. A number is a sign (0 or 0x8000), a biased exponent, which may be out of range,
// and a significand with bit 63 set.
import { RC, RC_DOWN } from "./flags";
import { setResult } from "./result";
import { round } from "./round";
import { rounding, roundTo } from "./sse/round";
import { control } from "./stack";
import { divide, low, multiply, shiftRightJam, squareRoot } from "./wide";

/** Round hi:lo to the format. */
// @ts-ignore: decorator
@inline function finish<F>(sign: i32, exp: i32, hi: u64, lo: u64): void {
  if (isFloat<F>()) roundTo<F>(sign, exp, hi | u64(lo != 0));
  else round(sign, exp, hi, lo);
}

// @ts-ignore: decorator
@inline function finishZero<F>(sign: i32): void {
  if (isFloat<F>()) setResult(<u64>sign << (sizeof<F>() == 4 ? 16 : 48), 0);
  else setResult(0, sign);
}

/** The sign of x - x, and of 0 - 0. */
// @ts-ignore: decorator
@inline export function zeroSum<F>(): i32 {
  return (isFloat<F>() ? rounding() : control() & RC) == RC_DOWN ? 0x8000 : 0;
}

/** a + b. */
export function addFinite<F>(aM: u64, aExp: i32, aSign: i32, bM: u64, bExp: i32, bSign: i32): void {
  if (aExp < bExp || (aExp == bExp && aM < bM)) {
    const m = aM; aM = bM; bM = m;
    const e = aExp; aExp = bExp; bExp = e;
    const s = aSign; aSign = bSign; bSign = s;
  }
  const distance = aExp - bExp;
  let bLow: u64 = 0;
  if (distance != 0) {
    if (distance < 64) {
      bLow = bM << (64 - distance);
      bM >>>= distance;
    } else {
      bM = shiftRightJam(bM, 0, distance);
      bLow = low;
    }
  }
  if (aSign == bSign) {
    const sum = aM + bM;
    if (sum >= aM) return finish<F>(aSign, aExp, sum, bLow);
    return finish<F>(aSign, aExp + 1, (sum >>> 1) | 0x8000000000000000, (sum << 63) | (bLow >>> 1) | (bLow & 1));
  }
  let difference = aM - bM - u64(bLow != 0);
  let rest = <u64>0 - bLow;
  if (<i64>difference >= 0) {
    if (difference == 0) {
      if (rest == 0) return finishZero<F>(zeroSum<F>());
      difference = rest;
      rest = 0;
      aExp -= 64;
    }
    const shift = <i32>clz(difference);
    if (shift != 0) {
      difference = (difference << shift) | (rest >>> (64 - shift));
      rest <<= shift;
      aExp -= shift;
    }
  }
  finish<F>(aSign, aExp, difference, rest);
}

/** a * b. */
export function timesFinite<F>(sign: i32, aM: u64, aExp: i32, bM: u64, bExp: i32, bias: i32): void {
  const exp = aExp + bExp - (bias - 1);
  const hi = multiply(aM, bM);
  if (<i64>hi < 0) finish<F>(sign, exp, hi, low);
  else finish<F>(sign, exp - 1, (hi << 1) | (low >>> 63), low << 1);
}

/** a / b. */
export function overFinite<F>(sign: i32, aM: u64, aExp: i32, bM: u64, bExp: i32, bias: i32): void {
  let exp = aExp - bExp + bias;
  let q: u64;
  if (aM >= bM) {
    q = divide(aM >>> 1, aM << 63, bM);
  } else {
    q = divide(aM, 0, bM);
    exp--;
  }
  finish<F>(sign, exp, q, remainderFraction(low, bM));
}

/** A remainder as a fraction of 2^64. It compares with one half as the exact remainder does. */
function remainderFraction(r: u64, d: u64): u64 {
  if (r == 0) return 0;
  const rest = d - r;
  return r > rest ? 0xc000000000000000 : r == rest ? 0x8000000000000000 : 1;
}

/** Square root. */
export function rootFinite<F>(biased: i32, m: u64, bias: i32): void {
  const exp = biased - bias;
  const s = exp & 1 ? squareRoot(m, 0) : squareRoot(m >>> 1, m << 63);
  finish<F>(0, (exp >> 1) + bias, s, low << 62);
}

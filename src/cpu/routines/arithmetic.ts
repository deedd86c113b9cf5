// FADD, FSUB, FMUL, FDIV and their reverses, FSQRT: two numbers in, `result` out. The rows of arithmetic-rows' table are in operate.ts.
// SDM Vol. 2A, and Tables 3-xx there for zeros and infinities.
import { denormalTrap, exponent, isDenormal, isInfinite, isNormal, isZero, normalize, settleNaN, settleNaNs } from "./classify";
import { RC, RC_DOWN, ZE } from "./flags";
import { invalid, raise, setRaised, setResult } from "./result";
import { round } from "./round";
import { control } from "./stack";
import { divide, low, multiply, setLow, shiftRightJam, squareRoot } from "./wide";

/** a + b. */
export function add(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) addFinite(aM, aSe & 0x7fff, aSe & 0x8000, bM, bSe & 0x7fff, bSe & 0x8000);
  else addSpecial(aM, aSe, bM, bSe, 0);
}

/** a - b. A NaN keeps its sign. */
export function subtract(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) addFinite(aM, aSe & 0x7fff, aSe & 0x8000, bM, bSe & 0x7fff, ~bSe & 0x8000);
  else addSpecial(aM, aSe, bM, bSe, 0x8000);
}

function addSpecial(aM: u64, aSe: i32, bM: u64, bSe: i32, flip: i32): void {
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  bSe ^= flip;
  if (isInfinite(aM, aSe) && isInfinite(bM, bSe) && aSe != bSe) return invalid();
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (isInfinite(aM, aSe)) return setResult(aM, aSe);
  if (isInfinite(bM, bSe)) return setResult(bM, bSe);
  if (aM == 0 && bM == 0) return setResult(0, aSe == bSe ? aSe : zeroSum());
  const aSign = aSe & 0x8000;
  const bSign = bSe & 0x8000;
  if (aM == 0) return round(bSign, exponent(bM, bSe), normalize(bM), 0);
  if (bM == 0) return round(aSign, exponent(aM, aSe), normalize(aM), 0);
  addFinite(normalize(aM), exponent(aM, aSe), aSign, normalize(bM), exponent(bM, bSe), bSign);
}

/** x - x, and 0 - 0. */
// @ts-ignore: decorator
@inline function zeroSum(): i32 { return (control() & RC) == RC_DOWN ? 0x8000 : 0; }

function addFinite(aM: u64, aExp: i32, aSign: i32, bM: u64, bExp: i32, bSign: i32): void {
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
    if (sum >= aM) return round(aSign, aExp, sum, bLow);
    return round(aSign, aExp + 1, (sum >>> 1) | 0x8000000000000000, (sum << 63) | (bLow >>> 1) | (bLow & 1));
  }
  let difference = aM - bM - u64(bLow != 0);
  let rest = <u64>0 - bLow;
  if (<i64>difference >= 0) {
    if (difference == 0) {
      if (rest == 0) return setResult(0, zeroSum());
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
  round(aSign, aExp, difference, rest);
}

/** a * b. */
export function times(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  const sign = (aSe ^ bSe) & 0x8000;
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) return timesFinite(sign, aM, aSe & 0x7fff, bM, bSe & 0x7fff);
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  const aInfinite = isInfinite(aM, aSe);
  const bInfinite = isInfinite(bM, bSe);
  if ((aInfinite && isZero(bM, bSe)) || (bInfinite && isZero(aM, aSe))) return invalid();
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (aInfinite || bInfinite) return setResult(0x8000000000000000, sign | 0x7fff);
  if (aM == 0 || bM == 0) return setResult(0, sign);
  timesFinite(sign, normalize(aM), exponent(aM, aSe), normalize(bM), exponent(bM, bSe));
}

function timesFinite(sign: i32, aM: u64, aExp: i32, bM: u64, bExp: i32): void {
  const exp = aExp + bExp - 0x3ffe;
  const hi = multiply(aM, bM);
  if (<i64>hi < 0) round(sign, exp, hi, low);
  else round(sign, exp - 1, (hi << 1) | (low >>> 63), low << 1);
}

/** a / b. */
export function over(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  const sign = (aSe ^ bSe) & 0x8000;
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) return overFinite(sign, aM, aSe & 0x7fff, bM, bSe & 0x7fff);
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  const aInfinite = isInfinite(aM, aSe);
  const bInfinite = isInfinite(bM, bSe);
  const bZero = isZero(bM, bSe);
  if ((aInfinite && bInfinite) || (bZero && isZero(aM, aSe))) return invalid();
  if (bZero && !aInfinite) {
    raise(ZE);
    return setResult(0x8000000000000000, sign | 0x7fff);
  }
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (aInfinite) return setResult(0x8000000000000000, sign | 0x7fff);
  if (bInfinite || aM == 0) return setResult(0, sign);
  overFinite(sign, normalize(aM), exponent(aM, aSe), normalize(bM), exponent(bM, bSe));
}

function overFinite(sign: i32, aM: u64, aExp: i32, bM: u64, bExp: i32): void {
  let exp = aExp - bExp + 0x3fff;
  let q: u64;
  if (aM >= bM) {
    q = divide(aM >>> 1, aM << 63, bM);
  } else {
    q = divide(aM, 0, bM);
    exp--;
  }
  round(sign, exp, q, remainderFraction(low, bM));
}

/** A remainder as a fraction of 2^64 that compares with a half as it should. */
export function remainderFraction(r: u64, d: u64): u64 {
  if (r == 0) return 0;
  const rest = d - r;
  return r > rest ? 0xc000000000000000 : r == rest ? 0x8000000000000000 : 1;
}

/** Square root of a. */
export function root(m: u64, se: i32): void {
  setRaised(0);
  if (!isNormal(m, se) || (se & 0x8000) != 0) {
    if (settleNaN(m, se)) return;
    if (isZero(m, se)) return setResult(m, se);
    if (se & 0x8000) return invalid();
    if (isInfinite(m, se)) return setResult(m, se);
    if (denormalTrap(m, se, m, se, control())) return;
  }
  const exp = exponent(m, se) - 0x3fff;
  const n = normalize(m);
  const s = exp & 1 ? squareRoot(n, 0) : squareRoot(n >>> 1, n << 63);
  round(0, (exp >> 1) + 0x3fff, s, low << 62);
}

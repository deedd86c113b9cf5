// FYL2X: y log2 x, and FYL2XP1: y log2(1 + x); y is ST(1), x is ST(0). SDM Vol. 2A.
import { denormalTrap, exponent, isInfinite, isZero, normalize, settleNaNs } from "../classify";
import { PE, ZE } from "../flags";
import { invalid, raise, setRaised, setResult } from "../result";
import { control, deliver, isEmpty, signExponentAt, significandAt, st, underflow } from "../stack";
import { low } from "../wide";
import { ATANH_TERMS, LOG2E_HI, LOG2E_LO, ODD } from "./constants";
import { divideNumbers, exp, fraction, growNumber, hi, lo, multiplyFractions, roundNumber, scaleNumber, series, setNumber, shiftRight } from "./fixed";

const ONE: u64 = 0x8000000000000000;
/**
 * The significand of the square root of 2. A larger significand is halved, so that its logarithm is small.
 */
const SQRT2: u64 = 0xb504f333f9de6484;

/** True if the logarithm in the number of fixed.ts is negative. */
let negative: bool = false;
/** True if the logarithm is an integer. */
let integral: bool = false;

/** FYL2X: ST(1) * log2 ST(0), then a pop. */
export function fyl2x(): void {
  if (isEmpty(0) || isEmpty(1)) return underflow(1, true);
  const x = st(0);
  const y = st(1);
  ylog2x(significandAt(y), signExponentAt(y), significandAt(x), signExponentAt(x));
  deliver(1, true);
}

function ylog2x(yM: u64, ySe: i32, xM: u64, xSe: i32): void {
  setRaised(0);
  if (settleNaNs(xM, xSe, yM, ySe)) return;
  const sign = ySe & 0x8000;
  if (isZero(xM, xSe)) {
    if (isZero(yM, ySe)) return invalid();
    if (!isInfinite(yM, ySe)) {
      raise(ZE);
      return setResult(ONE, (sign ^ 0x8000) | 0x7fff);
    }
    return setResult(ONE, (sign ^ 0x8000) | 0x7fff);
  }
  if (xSe & 0x8000) return invalid();
  const xExp = exponent(xM, xSe) - 0x3fff;
  const isOne = xM == ONE && (xSe & 0x7fff) == 0x3fff;
  if (isInfinite(yM, ySe)) {
    if (isOne) return invalid();
    if (denormalTrap(xM, xSe, xM, xSe, control())) return;
    return setResult(ONE, (xExp < 0 ? sign ^ 0x8000 : sign) | 0x7fff);
  }
  if (isInfinite(xM, xSe)) {
    if (isZero(yM, ySe)) return invalid();
    if (denormalTrap(yM, ySe, yM, ySe, control())) return;
    return setResult(ONE, sign | 0x7fff);
  }
  if (denormalTrap(xM, xSe, yM, ySe, control())) return;
  if (isOne) return setResult(0, sign);
  if (yM == 0) return setResult(0, xExp < 0 ? sign ^ 0x8000 : sign);
  logarithm(normalize(xM), 0, xExp);
  roundProduct(yM, ySe);
}

/** log2 of m:mLo / 2^127 * 2^e, which is not 1. */
function logarithm(m: u64, mLo: u64, e: i32): void {
  // For an argument v in [sqrt 1/2, sqrt 2): s = (v - 1) / (v + 1). The sum is halved.
  const halved = m > SQRT2;
  let top: u64;
  let rest: u64;
  let sum: u64;
  if (halved) {
    e++;
    rest = <u64>0 - mLo;
    top = <u64>0 - m - u64(mLo != 0);
    sum = (m >>> 1) | ONE;
  } else {
    rest = mLo;
    top = m - ONE;
    sum = (m >>> 1) + (ONE >>> 1);
  }
  negative = halved;
  integral = (top | rest) == 0;
  if (integral) {
    negative = e < 0;
    return setNumber(<u64>(negative ? -e : e), 0, 63);
  }
  setNumber(top, rest, 127);
  divideNumbers(hi, lo, exp, sum, (m << 63) | (mLo >>> 1), 128);
  logarithmOfRatio();
  if (e != 0) addInteger(e);
}

/** From s to log2((1 + s) / (1 - s)) = 2 / ln 2 * s (1 + z/3 + z^2/5 + …), z = s^2. */
function logarithmOfRatio(): void {
  const f = fraction();
  const fLo = low;
  const z = multiplyFractions(f, fLo, f, fLo);
  const zLo = low;
  const part = series(ODD, ATANH_TERMS, z, zLo, false);
  growNumber(multiplyFractions(part, low, z, zLo), low, false);
  scaleNumber(LOG2E_HI, LOG2E_LO);
  setNumber(hi, lo, exp + 2);
}

/** Add an integer, not 0, to the logarithm, which is at most 1/2 in size. */
function addInteger(n: i32): void {
  const size = <u64>(n < 0 ? -n : n);
  const shift = <i32>clz(size);
  const part = shiftRight(hi, lo, 63 - shift - exp);
  const whole = size << shift;
  if (negative == n < 0) {
    const sum = whole + part;
    if (sum < whole) setNumber((sum >>> 1) | ONE, (low >>> 1) | (sum << 63), 64 - shift);
    else setNumber(sum, low, 63 - shift);
  } else {
    setNumber(whole - part - u64(low != 0), <u64>0 - low, 63 - shift);
  }
  negative = n < 0;
}

/** Round y times the logarithm to the result. */
function roundProduct(yM: u64, ySe: i32): void {
  scaleNumber(normalize(yM), 0);
  setNumber(hi, lo, exp + exponent(yM, ySe) - 0x3ffe);
  roundNumber((ySe & 0x8000) != 0 != negative, integral);
}

/** FYL2XP1: ST(1) * log2(ST(0) + 1), then a pop. */
export function fyl2xp1(): void {
  if (isEmpty(0) || isEmpty(1)) return underflow(1, true);
  const x = st(0);
  const y = st(1);
  ylog2xp1(significandAt(y), signExponentAt(y), significandAt(x), signExponentAt(x));
  deliver(1, true);
}

function ylog2xp1(yM: u64, ySe: i32, xM: u64, xSe: i32): void {
  setRaised(0);
  if (settleNaNs(xM, xSe, yM, ySe)) return;
  const sign = (ySe ^ xSe) & 0x8000;
  if (isInfinite(xM, xSe)) {
    if ((xSe & 0x8000) != 0 || isZero(yM, ySe)) return invalid();
    if (denormalTrap(yM, ySe, yM, ySe, control())) return;
    return setResult(ONE, sign | 0x7fff);
  }
  if (isInfinite(yM, ySe)) {
    if (isZero(xM, xSe)) return invalid();
    if (denormalTrap(xM, xSe, xM, xSe, control())) return;
    return setResult(ONE, sign | 0x7fff);
  }
  if (denormalTrap(xM, xSe, yM, ySe, control())) return;
  if (xM == 0 || yM == 0) return setResult(0, sign);
  const m = normalize(xM);
  const e = exponent(xM, xSe) - 0x3fff;
  const minus = (xSe & 0x8000) != 0;
  if (e >= (minus ? 0 : 127)) {
    // The SDM leaves these cases undefined: 1 + x is not positive, or equals x.
    if (minus) {
      raise(PE);
      return setResult(xM, xSe);
    }
    logarithm(m, 0, e);
  } else if (e >= -1) {
    onePlus(m, e, minus);
    logarithm(hi, lo, exp);
  } else {
    // s = x / (2 + x); the divisor is in units of 2^-126, or of 2^-127 below 2.
    const part = shiftRight(m, 0, minus ? -e : 1 - e);
    if (minus) divideNumbers(m, 0, e, ~part, <u64>0 - (low | 1), 0);
    else divideNumbers(m, 0, e, ONE + part, low, 1);
    negative = minus;
    integral = false;
    logarithmOfRatio();
  }
  roundProduct(yM, ySe);
}

/** 1 + x for 1/2 <= |x| < 2^127, x > -1. */
function onePlus(m: u64, e: i32, minus: bool): void {
  if (minus) return setNumber(<u64>0 - m, 0, -1);
  if (e < 0) return setNumber(ONE | (m >>> 1), m << 63, 0);
  const one = shiftRight(ONE, 0, e);
  const sum = m + one;
  if (sum < m) setNumber((sum >>> 1) | ONE, (low >>> 1) | (sum << 63), e + 1);
  else setNumber(sum, low, e);
}

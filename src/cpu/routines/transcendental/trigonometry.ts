// FSIN, FCOS, FSINCOS, FPTAN. SDM Vol. 2A; Vol. 1 8.3.8 and 8.3.10: the argument is reduced exactly by a pi
// of 66 bits, as on processors.
import { denormalTrap, exponent, isInfinite, normalize, settleNaN } from "../classify";
import { C1, C2, IE, SF } from "../flags";
import { invalid, raised, setDefaultNaN, setRaised, setResult, signExponent, significand } from "../result";
import { control, deliver, isEmpty, push, put, setStatus, signal, signExponentAt, significandAt, st, status, suppressed, underflow } from "../stack";
import { low } from "../wide";
import { COS, COS_TERMS, SIN, SIN_TERMS } from "./constants";
import { divideNumbers, exp, fraction, growNumber, hi, lo, multiplyFractions, roundNumber, series, setNumber } from "./fixed";

/**
 * Not 0: small arguments as on Intel processors with AMX. sin x and tan x are x and cos x is 1 in every
 * rounding mode; likewise atan x below `SMALL_QUOTIENT`. Other arguments round to nearest, as on AMD. Set by
 * the host: src/cpu/isa/vendor-differences.ts.
 */
export let transcendental_intel: i32 = 0;
const SMALL = -68;
// @ts-ignore: decorator
@inline function isSmall(e: i32): bool { return transcendental_intel != 0 && e < SMALL; }

/** pi / 2 in units of 2^-65: the 66-bit pi. */
const HALF_PI_HI: u64 = 3;
const HALF_PI_LO: u64 = 0x243f6a8885a308d3;

/**
 * The reduced argument: r, at most pi/4 in size, is the number. Its sign and the count of half pis are here.
 */
let negated: bool = false;
let quadrant: i32 = 0;

/** Reduce m * 2^(e - 63), below 2^63. */
function reduce(m: u64, e: i32): void {
  negated = false;
  quadrant = 0;
  if (e < -1) return setNumber(m, 0, e);
  let high: u64 = 0;
  let rest = m;
  let q: u32 = 0;
  for (let n = e + 2; n > 0; n--) {
    high = (high << 1) | (rest >>> 63);
    rest <<= 1;
    q <<= 1;
    if (high > HALF_PI_HI || (high == HALF_PI_HI && rest >= HALF_PI_LO)) {
      high -= HALF_PI_HI + u64(rest < HALF_PI_LO);
      rest -= HALF_PI_LO;
      q |= 1;
    }
  }
  const other = HALF_PI_LO - rest;
  const otherHigh = HALF_PI_HI - high - u64(HALF_PI_LO < rest);
  if (otherHigh < high || (otherHigh == high && other < rest)) {
    high = otherHigh;
    rest = other;
    negated = true;
    q++;
  }
  quadrant = q & 3;
  setNumber(high, rest, 62);
}

/** Sine and cosine of |r|. */
let sinHi: u64 = 0;
let sinLo: u64 = 0;
let sinExp: i32 = 0;
let cosHi: u64 = 0;
let cosLo: u64 = 0;
let cosExp: i32 = 0;

function sineAndCosine(): void {
  const f = fraction();
  const fLo = low;
  const z = multiplyFractions(f, fLo, f, fLo);
  const zLo = low;
  let part = series(SIN, SIN_TERMS, z, zLo, true);
  part = multiplyFractions(part, low, z, zLo);
  // The cosine is less than 1 and the sine less than its argument, by however little.
  growNumber(part, low, true);
  sinHi = hi;
  sinLo = lo;
  sinExp = exp;
  part = series(COS, COS_TERMS, z, zLo, true);
  part = multiplyFractions(part, low, z, zLo);
  const small = low | 1;
  setNumber(~part, <u64>0 - small, -1);
  cosHi = hi;
  cosLo = lo;
  cosExp = exp;
}

/** Round the sine or cosine of the size of the whole argument to the result. */
function roundSine(negative: bool): void {
  if (quadrant & 1) roundCosOfR((quadrant == 3) != negative);
  else roundSinOfR(((quadrant == 2) != negated) != negative);
}
function roundCosine(): void {
  if (quadrant & 1) roundSinOfR((quadrant == 1) != negated);
  else roundCosOfR(quadrant == 2);
}
function roundSinOfR(negative: bool): void {
  setNumber(sinHi, sinLo, sinExp);
  roundNumber(negative);
}
function roundCosOfR(negative: bool): void {
  setNumber(cosHi, cosLo, cosExp);
  roundNumber(negative);
}
/** The tangent. Its period is two quadrants; one quadrant further it is -1 / tan r. */
function roundTangent(negative: bool): void {
  if (quadrant & 1) {
    divideNumbers(cosHi, cosLo, cosExp, sinHi, sinLo, sinExp);
    roundNumber(negated == negative);
  } else {
    divideNumbers(sinHi, sinLo, sinExp, cosHi, cosLo, cosExp);
    roundNumber(negated != negative);
  }
}

/** True if ST(0) is beyond reduction. Then C2 is set and nothing else changes. */
function outOfRange(se: i32, m: u64): bool {
  const beyond = (se & 0x7fff) >= 0x403e && (se & 0x7fff) != 0x7fff && <i64>m < 0;
  setStatus(beyond ? (status() | C2) & ~C1 : status() & ~C2);
  return beyond;
}

/** FSIN. */
export function fsin(): void { one(false); }
/** FCOS. */
export function fcos(): void { one(true); }

function one(wantsCosine: bool): void {
  setStatus(status() & ~C2);
  if (isEmpty(0)) return underflow(0, false);
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  if (outOfRange(se, m)) return;
  setRaised(0);
  if (!settleNaN(m, se)) {
    if (isInfinite(m, se)) invalid();
    else if (m == 0) setResult(wantsCosine ? 0x8000000000000000 : 0, wantsCosine ? 0x3fff : se);
    else if (!denormalTrap(m, se, m, se, control())) {
      const e = exponent(m, se) - 0x3fff;
      if (isSmall(e)) {
        setNumber(wantsCosine ? 0x8000000000000000 : normalize(m), 0, wantsCosine ? 0 : e);
        roundNumber(!wantsCosine && se >>> 15 != 0, true);
        return deliver(0, false);
      }
      reduce(normalize(m), e);
      sineAndCosine();
      if (wantsCosine) roundCosine();
      else roundSine(se >>> 15 != 0);
    }
  }
  deliver(0, false);
}

/** FSINCOS: the sine replaces ST(0), the cosine is pushed. */
export function fsincos(): void { two(false); }
/** FPTAN: the tangent replaces ST(0), 1 is pushed. */
export function fptan(): void { two(true); }

/** Two results: the first replaces ST(0), the second is pushed. */
function two(tangent: bool): void {
  setStatus(status() & ~C2);
  if (isEmpty(0) || !isEmpty(7)) {
    setDefaultNaN(isEmpty(0) ? IE | SF : IE | SF | C1);
    return pushSecond(significand, signExponent);
  }
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  if (outOfRange(se, m)) return;
  setRaised(0);
  if (settleNaN(m, se)) return pushSecond(significand, signExponent);
  if (isInfinite(m, se)) {
    invalid();
    return pushSecond(significand, signExponent);
  }
  if (m == 0) {
    setResult(0, se);
    return pushSecond(0x8000000000000000, 0x3fff);
  }
  if (denormalTrap(m, se, m, se, control())) return pushSecond(0, 0);
  const e = exponent(m, se) - 0x3fff;
  if (isSmall(e)) {
    setNumber(normalize(m), 0, e);
    roundNumber(se >>> 15 != 0, true);
    return pushSecond(0x8000000000000000, 0x3fff);
  }
  reduce(normalize(m), e);
  if (tangent && exp < -60) {
    // The tangent exceeds its argument by less than 128 bits show.
    roundNumber(se >>> 15 != 0);
    return pushSecond(0x8000000000000000, 0x3fff);
  }
  sineAndCosine();
  if (tangent) {
    roundTangent(se >>> 15 != 0);
    return pushSecond(0x8000000000000000, 0x3fff);
  }
  roundCosine();
  const cosM = significand;
  const cosSe = signExponent;
  // C1 is that of the sine.
  setRaised(raised & ~C1);
  roundSine(se >>> 15 != 0);
  pushSecond(cosM, cosSe);
}

function pushSecond(m: u64, se: i32): void {
  signal(raised);
  if (suppressed(raised)) return;
  put(0, significand, signExponent);
  push(m, se);
}

// Fused multiply-add of one lane: a * b + c with one rounding. SDM Vol. 1 14.5.2. A NaN result is the first
// NaN of a, b, c, quieted.
import { zeroSum } from "../finite";
import { IE } from "../flags";
import { raise, setResult, significand as resultBits } from "../result";
import { low, multiply, shiftRightJam } from "../wide";
import { noteSubnormal, seen } from "./arithmetic";
import {
  bias, bits, defaultNaN, exponent, infinity, isInfinity, isNotANumber, isOrdinary, isSignalingNaN, magnitude, quietBit, sign, signBit, significand, value,
} from "./format";
import { begin, end, plain, roundTo } from "./round";

/** Bits of `how`: the product changes its sign; the addend does. A NaN keeps its sign. */
const PRODUCT: i32 = 1;
const ADDEND: i32 = 2;

/** a * b + c with one rounding. */
export function fused<F>(a: u64, b: u64, c: u64, how: i32): u64 {
  if (plain() && isOrdinary<F>(a) && isOrdinary<F>(b) && isOrdinary<F>(c)) {
    const x = how & PRODUCT ? a ^ signBit<F>() : a;
    const z = how & ADDEND ? c ^ signBit<F>() : c;
    const r = sizeof<F>() == 4 ? throughDouble(x, b, z) : withErrors(x, b, z);
    if (r != 0) return r;
  }
  begin();
  return end(fusedExact<F>(a, b, c, how));
}

/**
  * Singles. Their product is exact as a double, and the rounded sum of doubles rounds to the right single,
  * unless it lies halfway between two. 0 in that case, and if the result may be subnormal.
 */
function throughDouble(a: u64, b: u64, c: u64): u64 {
  const sum = <f64>value<f32>(a) * <f64>value<f32>(b) + <f64>value<f32>(c);
  if ((reinterpret<u64>(sum) & 0x1fffffff) == 0x10000000) return 0;
  const r = bits<f32>(<f32>sum);
  return isOrdinary<f32>(r) && magnitude<f32>(r) != <u64>1 << 23 ? r : 0;
}

/**
 * Doubles, if no error term can underflow: the exact product and the exact sum as pairs of doubles, the
 * errors added with rounding to odd. Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums",
 * IEEE Transactions on Computers 57(4), 2008.
 */
function withErrors(a: u64, b: u64, c: u64): u64 {
  const e = exponent<f64>(a) + exponent<f64>(b) - bias<f64>();
  const f = exponent<f64>(c);
  if (e < 200 || e > 1900 || f < 200 || f > 1900 || exponent<f64>(a) > 1900 || exponent<f64>(b) > 1900) return 0;
  const x = value<f64>(a), y = value<f64>(b), z = value<f64>(c);
  // Dekker's product, with halves of 26 bits.
  const xs = x * 134217729.0, ys = y * 134217729.0;
  const xh = xs - (xs - x), yh = ys - (ys - y);
  const xl = x - xh, yl = y - yh;
  const p = x * y;
  const pe = ((xh * yh - p) + xh * yl + xl * yh) + xl * yl;
  // Knuth's exact sums.
  const t = z + pe;
  const tv = t - z;
  const te = (z - (t - tv)) + (pe - tv);
  const s = p + t;
  const sv = s - p;
  const se = (p - (s - sv)) + (t - sv);
  let o = te + se;
  const ov = o - te;
  const oe = (te - (o - ov)) + (se - ov);
  if (oe != 0.0) {
    const w = reinterpret<u64>(o);
    if (!(w & 1)) o = reinterpret<f64>((oe > 0.0) == (o > 0.0) ? w + 1 : w - 1);
  }
  const r = reinterpret<u64>(s + o);
  const magnitudeExponent = <i32>(magnitude<f64>(r) >>> 52);
  return magnitudeExponent > 200 && magnitudeExponent < 2000 ? r : 0;
}

function invalid<F>(): u64 {
  raise(IE);
  return defaultNaN<F>();
}

function fusedExact<F>(a: u64, b: u64, c: u64, how: i32): u64 {
  const aNaN = isNotANumber<F>(a), bNaN = isNotANumber<F>(b), cNaN = isNotANumber<F>(c);
  if (aNaN || bNaN || cNaN) {
    if (isSignalingNaN<F>(a) || isSignalingNaN<F>(b) || isSignalingNaN<F>(c)) raise(IE);
    return (aNaN ? a : bNaN ? b : c) | quietBit<F>();
  }
  a = seen<F>(a);
  b = seen<F>(b);
  c = seen<F>(c);
  const aZero = magnitude<F>(a) == 0, bZero = magnitude<F>(b) == 0, cZero = magnitude<F>(c) == 0;
  const negative = ((a ^ b) & signBit<F>()) ^ (how & PRODUCT ? signBit<F>() : 0);
  if (how & ADDEND) c ^= signBit<F>();
  if ((isInfinity<F>(a) && bZero) || (aZero && isInfinity<F>(b))) return invalid<F>();
  const infinite = isInfinity<F>(a) || isInfinity<F>(b);
  if (infinite && isInfinity<F>(c) && (c & signBit<F>()) != negative) return invalid<F>();
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  noteSubnormal<F>(c);
  if (infinite) return negative | infinity<F>();
  if (isInfinity<F>(c)) return c;
  if (aZero || bZero) {
    if (cZero) return (c & signBit<F>()) == negative ? c : zeroSum<F>() ? signBit<F>() : 0;
    roundTo<F>(sign<F>(c), exponent<F>(c), significand<F>(c));
    return resultBits;
  }
  // The product in 128 bits, bit 127 set.
  let e = exponent<F>(a) + exponent<F>(b) - bias<F>() + 1;
  let hi = multiply(significand<F>(a), significand<F>(b));
  let lo = low;
  if (<i64>hi >= 0) {
    hi = (hi << 1) | (lo >>> 63);
    lo <<= 1;
    e--;
  }
  if (cZero) {
    roundTo<F>(sign<F>(negative), e, hi | u64(lo != 0));
    return resultBits;
  }
  addWide<F>(sign<F>(negative), e, hi, lo, sign<F>(c), exponent<F>(c), significand<F>(c));
  return resultBits;
}

/** The rounded sum of hi:lo * 2^e and m * 2^f, both with their first bit set. Bits beyond 128 are sticky. */
function addWide<F>(aSign: i32, e: i32, aHi: u64, aLo: u64, bSign: i32, f: i32, m: u64): void {
  let bHi = m;
  let bLo: u64 = 0;
  if (e >= f) {
    bHi = shiftRightJam(bHi, 0, e - f);
    bLo = low;
  } else {
    aHi = shiftRightJam(aHi, aLo, f - e);
    aLo = low;
    e = f;
  }
  if (aSign == bSign) {
    const lo = aLo + bLo;
    const carry = u64(lo < aLo);
    let hi = aHi + bHi;
    const over = hi < aHi || hi + carry < hi;
    hi += carry;
    if (!over) return roundTo<F>(aSign, e, hi | u64(lo != 0));
    return roundTo<F>(aSign, e + 1, 0x8000000000000000 | (hi >>> 1) | u64(((hi & 1) | lo) != 0));
  }
  if (aHi < bHi || (aHi == bHi && aLo < bLo)) {
    const h = aHi; aHi = bHi; bHi = h;
    const l = aLo; aLo = bLo; bLo = l;
    aSign = bSign;
  }
  let lo = aLo - bLo;
  let hi = aHi - bHi - u64(aLo < bLo);
  if ((hi | lo) == 0) return setResult(zeroSum<F>() ? signBit<F>() : 0, 0);
  if (hi == 0) {
    hi = lo;
    lo = 0;
    e -= 64;
  }
  const shift = <i32>clz(hi);
  if (shift != 0) {
    hi = (hi << shift) | (lo >>> (64 - shift));
    lo <<= shift;
    e -= shift;
  }
  roundTo<F>(aSign, e, hi | u64(lo != 0));
}

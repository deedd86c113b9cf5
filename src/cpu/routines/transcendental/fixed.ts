// Numbers of the transcendental functions. A 128-bit fraction: the high half is returned, the low half is in
// `low`. A number with relative precision: hi:lo / 2^127 * 2^exp with bit 127 set, in `hi`, `lo` and `exp`.
// Results are truncated, never rounded.
import { PE, UE } from "../flags";
import { raise, signExponent } from "../result";
import { roundExtended } from "../round";
import { divide, low, multiply, setLow } from "../wide";

/** The high half of the number's significand, with bit 63 set. */
export let hi: u64 = 0;
/** The low half of the number's significand. */
export let lo: u64 = 0;
/** The number's exponent: it is (hi:lo) / 2^127 * 2^exp. */
export let exp: i32 = 0;

/** h:l / 2^127 * 2^e, not zero, becomes the number. */
export function setNumber(h: u64, l: u64, e: i32): void {
  if (h == 0) {
    h = l;
    l = 0;
    e -= 64;
  }
  const shift = <i32>clz(h);
  if (shift != 0) {
    h = (h << shift) | (l >>> (64 - shift));
    l <<= shift;
  }
  hi = h;
  lo = l;
  exp = e - shift;
}

/** Round the number to the result. Nearly no value of these functions is exact; PE is raised always. */
export function roundNumber(negative: bool, exact: bool = false): void {
  raise(PE);
  roundExtended(negative ? 0x8000 : 0, exp + 0x3fff, hi, lo | u64(!exact));
  if (exact && (signExponent & 0x7fff) == 0) raise(UE);
}

/** The number times h:l / 2^128. */
export function scaleNumber(h: u64, l: u64): void {
  const product = multiplyFractions(hi, lo, h, l);
  setNumber(product, low, exp);
}

/** The number plus, or minus, (h:l / 2^128) times itself. The difference is smaller than the number. */
export function growNumber(h: u64, l: u64, minus: bool): void {
  const part = multiplyFractions(hi, lo, h, l);
  if (minus) {
    const partLo = low | 1;
    setNumber(hi - part - u64(lo < partLo), lo - partLo, exp);
    return;
  }
  const sum = lo + low;
  const top = hi + part + u64(sum < low);
  if (<i64>top < 0) setNumber(top, sum, exp);
  else setNumber((top >>> 1) | 0x8000000000000000, (sum >>> 1) | (top << 63), exp + 1);
}

/** A number below 1 as a fraction of 2^128. */
export function fraction(): u64 { return shiftRight(hi, lo, -1 - exp); }

/** The high 128 bits of a * b, at most a few units too small. */
export function multiplyFractions(aHi: u64, aLo: u64, bHi: u64, bLo: u64): u64 {
  const cross = multiply(aHi, bLo);
  const cross2 = multiply(aLo, bHi);
  let hi = multiply(aHi, bHi);
  let lo = low + cross;
  hi += u64(lo < cross);
  lo += cross2;
  hi += u64(lo < cross2);
  setLow(lo);
  return hi;
}

/** table[0] ∓ z (table[1] ∓ z (…)) with `terms` terms: alternating signs, or all plus. */
export function series(table: usize, terms: i32, zHi: u64, zLo: u64, alternating: bool): u64 {
  let at = table + (terms << 4) - 16;
  let hi = load<u64>(at);
  let lo = load<u64>(at, 8);
  while (at > table) {
    at -= 16;
    const high = multiplyFractions(hi, lo, zHi, zLo);
    const cHi = load<u64>(at);
    const cLo = load<u64>(at, 8);
    if (alternating) {
      lo = cLo - low;
      hi = cHi - high - u64(cLo < low);
    } else {
      lo = cLo + low;
      hi = cHi + high + u64(lo < cLo);
    }
  }
  setLow(lo);
  return hi;
}

/** hi:lo >> n, truncated. */
export function shiftRight(hi: u64, lo: u64, n: i32): u64 {
  if (n >= 128) { setLow(0); return 0; }
  if (n >= 64) { setLow(hi >>> (n - 64)); return 0; }
  if (n == 0) { setLow(lo); return hi; }
  setLow((hi << (64 - n)) | (lo >>> n));
  return hi >>> n;
}

/** The number becomes n / d; both have bit 127 set. */
export function divideNumbers(nHi: u64, nLo: u64, nExp: i32, dHi: u64, dLo: u64, dExp: i32): void {
  let e = nExp - dExp - 1;
  if (nHi > dHi || (nHi == dHi && nLo >= dLo)) {
    nLo = (nHi << 63) | (nLo >>> 1);
    nHi >>>= 1;
    e++;
  }
  setNumber(divideFractions(nHi, nLo, dHi, dLo), low, e);
}

/** n / d as a fraction of 2^128, for n < d and d with bit 127 set. */
function divideFractions(nHi: u64, nLo: u64, dHi: u64, dLo: u64): u64 {
  const q = digit(nHi, nLo, dHi, dLo);
  const q0 = digit(restHi, restLo, dHi, dLo);
  setLow(q0);
  return q;
}

let restHi: u64 = 0;
let restLo: u64 = 0;
/**
 * One 64-bit digit of n / d, with the remainder in `rest`. The estimate by the high half alone is at most two
 * too large: Knuth, TAOCP 4.3.1, theorem B.
 */
function digit(nHi: u64, nLo: u64, dHi: u64, dLo: u64): u64 {
  let q: u64 = nHi < dHi ? divide(nHi, nLo, dHi) : 0xffffffffffffffff;
  // n * 2^64 - q * d in three digits, negative while q is too large.
  const middle = multiply(q, dLo);
  let r0 = <u64>0 - low;
  const borrow0 = u64(low != 0);
  let top = multiply(q, dHi);
  const p1 = low + middle;
  top += u64(p1 < middle);
  const difference = nLo - p1;
  let r1 = difference - borrow0;
  let r2 = <i64>(nHi - top - u64(nLo < p1) - u64(difference < borrow0));
  while (r2 < 0) {
    q--;
    r0 += dLo;
    const carry0 = u64(r0 < dLo);
    r1 += dHi;
    r2 += i64(r1 < dHi);
    r1 += carry0;
    r2 += i64(r1 < carry0);
  }
  restHi = r1;
  restLo = r0;
  return q;
}

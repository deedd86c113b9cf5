// 128-bit unsigned arithmetic. The low half or second part of a result is in `low`.

/** The low half, or the second part, of the last result. */
export let low: u64 = 0;
// @ts-ignore: decorator
@inline export function setLow(value: u64): void { low = value; }

/** a * b: the high half is returned, the low half is in `low`. */
// @ts-ignore: decorator
@inline export function multiply(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >>> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >>> 32;
  const p00 = a0 * b0;
  const p01 = a0 * b1 + (p00 >>> 32);
  const p10 = a1 * b0 + (p01 & 0xffffffff);
  low = (p10 << 32) | (p00 & 0xffffffff);
  return a1 * b1 + (p01 >>> 32) + (p10 >>> 32);
}

/**
 * (hi:lo) / d for hi < d and d with bit 63 set. The quotient is returned, the remainder is in `low`.
 * Knuth, TAOCP 4.3.1 D, with two 32-bit digits.
 */
export function divide(hi: u64, lo: u64, d: u64): u64 {
  const d1 = d >>> 32;
  const d0 = d & 0xffffffff;
  const q1 = digit(hi, lo >>> 32, d, d1, d0);
  const r1 = (hi << 32) + (lo >>> 32) - q1 * d;
  const q0 = digit(r1, lo & 0xffffffff, d, d1, d0);
  low = (r1 << 32) + (lo & 0xffffffff) - q0 * d;
  return (q1 << 32) + q0;
}

function digit(r: u64, next: u64, d: u64, d1: u64, d0: u64): u64 {
  let q = r / d1;
  let rest = r - q * d1;
  while (q >= 0x100000000 || q * d0 > ((rest << 32) | next)) {
    q--;
    rest += d1;
    if (rest >= 0x100000000) break;
  }
  return q;
}

/**
 * hi:lo >> n for any n >= 0. Bit 0 of the low half is sticky: set if a one was shifted out. The high half is
 * returned, the low half is in `low`.
 */
export function shiftRightJam(hi: u64, lo: u64, n: i32): u64 {
  if (n == 0) { low = lo; return hi; }
  if (n < 64) {
    low = (hi << (64 - n)) | (lo >>> n) | u64((lo << (64 - n)) != 0);
    return hi >>> n;
  }
  if (n == 64) { low = hi | u64(lo != 0); return 0; }
  if (n < 128) {
    low = (hi >>> (n - 64)) | u64(((hi << (128 - n)) | lo) != 0);
    return 0;
  }
  low = u64((hi | lo) != 0);
  return 0;
}

/**
  * Integer square root of hi:lo >= 2^126; the result has bit 63 set. `low` classifies the remainder: 0 none,
  * 1 less than half of the last place, 3 more. Exactly half is impossible.
 */
export function squareRoot(hi: u64, lo: u64): u64 {
  // The hardware gives 52 bits, with an error of at most 2^12. One Newton step follows, rounded down, so that
  // corrections go up only.
  let s = <u64>min<f64>(Math.sqrt(<f64>hi) * 4294967296.0, 18446744073709549568.0);
  const high = multiply(s, s);
  const rest = <f64>(<i64>(hi - high - u64(lo < low))) * 18446744073709551616.0 + <f64>(lo - low);
  s += <u64>(<i64>Math.floor(rest / (2.0 * <f64>s) - 0.5));
  const square = multiply(s, s);
  let r = lo - low;
  let rHigh = hi - square - u64(lo < low);
  while (rHigh > (s >>> 63) || (rHigh == s >>> 63 && r > s << 1)) {
    const step = (s << 1) | 1;
    rHigh -= (s >>> 63) + u64(r < step);
    r -= step;
    s++;
  }
  low = (rHigh | r) == 0 ? 0 : rHigh != 0 || r > s ? 3 : 1;
  return s;
}

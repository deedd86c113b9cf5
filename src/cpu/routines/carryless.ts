// Products of polynomials over GF(2). SDM Vol. 2B PCLMULQDQ.

/**
 * The four bits of a digit, so far apart that the carries of an integer product never reach the next bit.
 * T. Pornin, BearSSL, ghash_ctmul64.c.
 */
const M0: u64 = 0x1111111111111111;

// @ts-ignore: decorator
@inline function product(a: u64, b: u64): u64 {
  const a0 = a & M0, a1 = a & (M0 << 1), a2 = a & (M0 << 2), a3 = a & (M0 << 3);
  const b0 = b & M0, b1 = b & (M0 << 1), b2 = b & (M0 << 2), b3 = b & (M0 << 3);
  return (((a0 * b0) ^ (a1 * b3) ^ (a2 * b2) ^ (a3 * b1)) & M0)
    | (((a0 * b1) ^ (a1 * b0) ^ (a2 * b3) ^ (a3 * b2)) & (M0 << 1))
    | (((a0 * b2) ^ (a1 * b1) ^ (a2 * b0) ^ (a3 * b3)) & (M0 << 2))
    | (((a0 * b3) ^ (a1 * b2) ^ (a2 * b1) ^ (a3 * b0)) & (M0 << 3));
}
function reversed(v: u64): u64 {
  v = ((v >> 1) & 0x5555555555555555) | ((v & 0x5555555555555555) << 1);
  v = ((v >> 2) & 0x3333333333333333) | ((v & 0x3333333333333333) << 2);
  v = ((v >> 4) & 0x0f0f0f0f0f0f0f0f) | ((v & 0x0f0f0f0f0f0f0f0f) << 4);
  return bswap<u64>(v);
}

/** PCLMULQDQ: the low half of the product of two quadwords. */
export function carryless_low(a: i64, b: i64): i64 { return product(a, b); }
/** With all bits reversed, the high half of a product is the low half. */
export function carryless_high(a: i64, b: i64): i64 { return reversed(product(reversed(a), reversed(b))) >> 1; }

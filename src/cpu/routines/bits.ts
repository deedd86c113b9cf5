// PDEP and PEXT. SDM Vol. 2B.

/** The low bits of a, deposited at the ones of mask. */
export function bits_deposit(a: i64, mask: i64): i64 {
  let r: u64 = 0;
  for (let m = <u64>mask, bits = <u64>a; m != 0; m &= m - 1, bits >>>= 1) if (bits & 1) r |= m & (0 - m);
  return r;
}

/** The bits of a at the ones of mask, gathered in the low bits. */
export function bits_extract(a: i64, mask: i64): i64 {
  let r: u64 = 0;
  let to: u64 = 1;
  for (let m = <u64>mask; m != 0; m &= m - 1, to <<= 1) if (a & m & (0 - m)) r |= to;
  return r;
}

// Bytes as elements of GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, and the AES round. FIPS 197, 4 and 5; SDM
// Vol. 2: AESENC, AESENCLAST, AESDEC, AESDECLAST, AESIMC, AESKEYGENASSIST, GF2P8AFFINEINVQB.
//
// A state has two halves of two columns. A rotation by two columns commutes with every step of a round. So a
// routine computes the half `near` of the result; with the halves exchanged it computes the other one.

const inverses = memory.data(256);
const box = memory.data(256);
const inverseBox = memory.data(256);
/**
 * By byte: its contribution to its column after (Inv)SubBytes and (Inv)MixColumns, for row 0. For other rows
 * the contribution is rotated.
 */
const forward = memory.data(1024);
const backward = memory.data(1024);

function times(a: u32, b: u32): u32 {
  let product: u32 = 0;
  for (; b; b >>= 1) {
    if (b & 1) product ^= a;
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0);
  }
  return product;
}

/** 3 generates the multiplicative group, and 0xf6 is its inverse. So counting gives all pairs of inverses. */
function fill(): void {
  let x: u32 = 1;
  let y: u32 = 1;
  for (let i = 0; i < 256; i++) {
    store<u8>(inverses + x, y);
    x = times(x, 3);
    y = times(y, 0xf6);
  }
  for (let i: u32 = 0; i < 256; i++) {
    const v = load<u8>(inverses + i);
    const s = <u32>(v ^ rotl<u8>(v, 1) ^ rotl<u8>(v, 2) ^ rotl<u8>(v, 3) ^ rotl<u8>(v, 4) ^ 0x63);
    store<u8>(box + i, s);
    store<u8>(inverseBox + s, i);
    store<u32>(forward + (i << 2), times(s, 2) | (s << 8) | (s << 16) | (times(s, 3) << 24));
    store<u32>(backward + (s << 2), times(i, 14) | (times(i, 9) << 8) | (times(i, 13) << 16) | (times(i, 11) << 24));
  }
}
// @ts-ignore: decorator
@inline function ready(): void { if (load<u8>(inverses + 1) == 0) fill(); }

// @ts-ignore: decorator
@inline function entry(table: usize, byte: u64): u32 { return load<u32>(table + <usize>((byte & 0xff) << 2)); }
// @ts-ignore: decorator
@inline function mixed(table: usize, a: u64, b: u64, c: u64, d: u64): u64 {
  return <u64>(entry(table, a) ^ rotl<u32>(entry(table, b), 8) ^ rotl<u32>(entry(table, c), 16) ^ rotl<u32>(entry(table, d), 24));
}
// @ts-ignore: decorator
@inline function plain(table: usize, a: u64, b: u64, c: u64, d: u64): u64 {
  return <u64>load<u8>(table + <usize>(a & 0xff)) | (<u64>load<u8>(table + <usize>(b & 0xff)) << 8)
    | (<u64>load<u8>(table + <usize>(c & 0xff)) << 16) | (<u64>load<u8>(table + <usize>(d & 0xff)) << 24);
}

// ShiftRows takes row r of a column from the column r places to the right, InvShiftRows to the left.
/** AESENC without the round key: one half of the state from both halves. */
export function aes_encrypt(near: i64, far: i64): i64 {
  ready();
  const n = <u64>near, f = <u64>far;
  return mixed(forward, n, n >> 40, f >> 16, f >> 56) | (mixed(forward, n >> 32, f >> 8, f >> 48, n >> 24) << 32);
}
/** AESENCLAST without the round key. */
export function aes_encrypt_last(near: i64, far: i64): i64 {
  ready();
  const n = <u64>near, f = <u64>far;
  return plain(box, n, n >> 40, f >> 16, f >> 56) | (plain(box, n >> 32, f >> 8, f >> 48, n >> 24) << 32);
}
/** AESDEC without the round key. */
export function aes_decrypt(near: i64, far: i64): i64 {
  ready();
  const n = <u64>near, f = <u64>far;
  return mixed(backward, n, f >> 40, f >> 16, n >> 56) | (mixed(backward, n >> 32, n >> 8, f >> 48, f >> 24) << 32);
}
/** AESDECLAST without the round key. */
export function aes_decrypt_last(near: i64, far: i64): i64 {
  ready();
  const n = <u64>near, f = <u64>far;
  return plain(inverseBox, n, f >> 40, f >> 16, n >> 56) | (plain(inverseBox, n >> 32, n >> 8, f >> 48, f >> 24) << 32);
}
/** Replace every byte by its table entry. */
function each(table: usize, v: u64): u64 {
  let out: u64 = 0;
  for (let i: u64 = 0; i < 64; i += 8) out |= <u64>load<u8>(table + <usize>((v >> i) & 0xff)) << i;
  return out;
}
/** SubBytes on eight bytes. */
export function aes_substitute(v: i64): i64 { ready(); return each(box, v); }
/** InvMixColumns alone. The backward table includes InvSubBytes, which SubBytes cancels here. */
export function aes_unmix(v: i64): i64 {
  ready();
  const s = each(box, v);
  return mixed(backward, s, s >> 8, s >> 16, s >> 24) | (mixed(backward, s >> 32, s >> 40, s >> 48, s >> 56) << 32);
}
/** The inverses of eight bytes in GF(2^8), 0 for 0. */
export function galois_inverse(v: i64): i64 { ready(); return each(inverses, v); }

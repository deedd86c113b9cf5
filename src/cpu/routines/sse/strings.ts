// The searches of PCMPESTRx and PCMPISTRx. SDM Vol. 2B 4.1, Tables 4-1 to 4-8.
// The immediate: bit 0 words, bit 1 signed, 3:2 aggregation, 5:4 polarity.

const ZF_OUT: i32 = 0x10000;
const SF_OUT: i32 = 0x20000;

let aLow: u64 = 0;
let aHigh: u64 = 0;
let bLow: u64 = 0;
let bHigh: u64 = 0;

/** Element i, extended as the immediate says. */
// @ts-ignore: decorator
@inline function element(low: u64, high: u64, i: i32, how: i32): i32 {
  if (how & 1) {
    const w = <i32>(((i & 4 ? high : low) >>> ((i & 3) << 4)) & 0xffff);
    return how & 2 ? <i32><i16>w : w;
  }
  const v = <i32>(((i & 8 ? high : low) >>> ((i & 7) << 3)) & 0xff);
  return how & 2 ? <i32><i8>v : v;
}
// @ts-ignore: decorator
@inline function a(i: i32, how: i32): i32 { return element(aLow, aHigh, i, how); }
// @ts-ignore: decorator
@inline function b(i: i32, how: i32): i32 { return element(bLow, bHigh, i, how); }

function implicitLength(low: u64, high: u64, count: i32, how: i32): i32 {
  for (let i = 0; i < count; i++) if (element(low, high, i, how & 1) == 0) return i;
  return count;
}

/** "Equal any": the elements of b that occur in a. */
function equalAny(la: i32, lb: i32, how: i32): i32 {
  let found = 0;
  for (let j = 0; j < lb; j++) for (let i = 0; i < la; i++) if (a(i, how) == b(j, how)) found |= 1 << j;
  return found;
}
/** "Ranges": the elements of b within a range; a holds pairs of lower and upper bounds. */
function ranges(la: i32, lb: i32, how: i32): i32 {
  let found = 0;
  for (let j = 0; j < lb; j++) for (let i = 0; i + 1 < la; i += 2) if (a(i, how) <= b(j, how) && b(j, how) <= a(i + 1, how)) found |= 1 << j;
  return found;
}
/** "Equal each": the elements of b that equal their counterparts. Beyond both ends all are equal. */
function equalEach(la: i32, lb: i32, count: i32, how: i32): i32 {
  let found = 0;
  for (let j = 0; j < count; j++) if (j < la && j < lb ? a(j, how) == b(j, how) : j >= la && j >= lb) found |= 1 << j;
  return found;
}
/** "Equal ordered": the positions in b at which a begins. Elements beyond the register count as equal. */
function equalOrdered(la: i32, lb: i32, count: i32, how: i32): i32 {
  let found = 0;
  for (let j = 0; j < count; j++) {
    let here = true;
    for (let i = 0; i < la && i + j < count; i++) if (i + j >= lb || a(i, how) != b(i + j, how)) here = false;
    if (here) found |= 1 << j;
  }
  return found;
}

/**
 * IntRes2; ZF_OUT if b is shorter than a register, SF_OUT if a is. A length of -1 is implicit: up to the
 * first zero.
 */
export function sse_strings(al: i64, ah: i64, bl: i64, bh: i64, la: i32, lb: i32, how: i32): i32 {
  aLow = al;
  aHigh = ah;
  bLow = bl;
  bHigh = bh;
  const count = how & 1 ? 8 : 16;
  const all = (1 << count) - 1;
  la = la < 0 ? implicitLength(al, ah, count, how) : min(la, count);
  lb = lb < 0 ? implicitLength(bl, bh, count, how) : min(lb, count);
  let found: i32;
  switch ((how >> 2) & 3) {
    case 0: found = equalAny(la, lb, how); break;
    case 1: found = ranges(la, lb, how); break;
    case 2: found = equalEach(la, lb, count, how); break;
    default: found = equalOrdered(la, lb, count, how);
  }
  // All bits are negated, or only those of valid elements of b.
  if (how & 16) found ^= how & 32 ? (1 << lb) - 1 : all;
  return found | (lb < count ? ZF_OUT : 0) | (la < count ? SF_OUT : 0);
}

// Memory operands as 80-bit numbers. The conversion is exact, but a signaling NaN or a denormal of the narrow
// format raises its exception. SDM Vol. 1 4.8.3, 8.5.2.
import { DE, IE } from "./flags";

/** Significand of the operand, with the integer bit. */
export let sourceM: u64 = 0;
/** Sign in bit 15, biased exponent in bits 14:0. */
export let sourceSe: i32 = 0;
/** DE if the operand is denormal in its own format. In 80 bits it is not. */
export let sourceRaised: i32 = 0;

/** Converts a number of 64 bits. */
export function fromF64(bits: u64): void {
  const sign = <i32>(bits >>> 48) & 0x8000;
  const exp = <i32>(bits >>> 52) & 0x7ff;
  const fraction = bits << 12 >>> 1;
  if (<u32>(exp - 1) < 0x7fe) {
    sourceM = 0x8000000000000000 | fraction;
    sourceSe = sign | (exp + 0x3c00);
    sourceRaised = 0;
  } else {
    special(sign, exp, fraction, 0x3c01);
  }
}

/** Converts a number of 32 bits. */
export function fromF32(bits: u32): void {
  const sign = <i32>(bits >>> 16) & 0x8000;
  const exp = <i32>(bits >>> 23) & 0xff;
  const fraction = <u64>bits << 41 >>> 1;
  if (<u32>(exp - 1) < 0xfe) {
    sourceM = 0x8000000000000000 | fraction;
    sourceSe = sign | (exp + 0x3f80);
    sourceRaised = 0;
  } else {
    special(sign, exp, fraction, 0x3f81);
  }
}

/** `least` is the 80-bit exponent of the least normal number of the format. */
function special(sign: i32, exp: i32, fraction: u64, least: i32): void {
  sourceRaised = 0;
  if (exp != 0) {
    sourceM = 0x8000000000000000 | fraction;
    sourceSe = sign | 0x7fff;
  } else if (fraction == 0) {
    sourceM = 0;
    sourceSe = sign;
  } else {
    const shift = <i32>clz(fraction);
    sourceM = fraction << shift;
    sourceSe = sign | (least - shift);
    sourceRaised = DE;
  }
}

/** Converts a signed integer. */
export function fromInteger(value: i64): void {
  sourceRaised = 0;
  if (value == 0) {
    sourceM = 0;
    sourceSe = 0;
    return;
  }
  const m = <u64>(value < 0 ? -value : value);
  const shift = <i32>clz(m);
  sourceM = m << shift;
  sourceSe = (value < 0 ? 0x8000 : 0) | (0x403e - shift);
}

/**
 * Eighteen decimal digits and a sign. A digit above 9 counts as its value, as on processors. SDM Vol. 1 4.7.
 */
export function fromBcd(lo: u64, hi: i32): void {
  let value: u64 = 0;
  for (let i = 4; i >= 0; i -= 4) value = value * 10 + ((hi >> i) & 15);
  for (let i = 60; i >= 0; i -= 4) value = value * 10 + ((lo >>> i) & 15);
  fromInteger(value);
  sourceSe |= hi & 0x8000;
}

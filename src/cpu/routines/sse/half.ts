// Half precision: VCVTPH2PS and VCVTPS2PH of one lane. SDM Vol. 2C. FZ has no effect on them, nor has DAZ on
// half-precision operands.
import { IE, PE } from "../flags";
import { raise } from "../result";
import { noteSubnormal, seen } from "./arithmetic";
import { bias, bits, exponent, isInfinity, isNotANumber, isSignalingNaN, isSubnormal, magnitude, quietBit, sign, signBit, significand } from "./format";
import { roundToHalf } from "./round";

const INFINITY: u64 = 0x7c00;
const QUIET: u64 = 0x200;
/**
 * Intel reports a subnormal result as inexact, also if underflow is unmasked and the result would be exact
 * with a larger exponent range.
 */
const AS_INTEL = 8;

/** Exact, also for a subnormal, which raises nothing. */
export function fromHalf(a: u64): u64 {
  const negative = (a & 0x8000) << 16;
  const m = a & 0x7fff;
  if (m > INFINITY) {
    if (!(m & QUIET)) raise(IE);
    return negative | 0x7fc00000 | ((m & 0x3ff) << 13);
  }
  if (m == INFINITY) return negative | 0x7f800000;
  if (m < 0x400) return negative | bits<f32>(<f32>m * <f32>5.9604644775390625e-8);
  return negative | ((m << 13) + ((127 - 15) << 23));
}

/** Rounded by bits 1:0 of `how`, or by MXCSR if bit 2 is set. */
export function toHalf(a: u64, how: i32): u64 {
  const negative = (a & signBit<f32>()) >>> 16;
  if (isNotANumber<f32>(a)) {
    if (isSignalingNaN<f32>(a)) raise(IE);
    return negative | INFINITY | QUIET | ((a & (quietBit<f32>() - 1)) >>> 13);
  }
  a = seen<f32>(a);
  if (isInfinity<f32>(a)) return negative | INFINITY;
  if (magnitude<f32>(a) == 0) return negative;
  noteSubnormal<f32>(a);
  if (how & AS_INTEL && isSubnormal<f32>(a)) raise(PE);
  return roundToHalf(sign<f32>(a), exponent<f32>(a) - bias<f32>() + 15, significand<f32>(a), how);
}

// The IEEE formats as bits: F is f32 or f64. A value is a u64; for f32 its upper half is 0. SDM Vol. 1 4.2.2.

// @ts-ignore: decorator
@inline export function field<F>(): i32 { return sizeof<F>() == 4 ? 23 : 52; }
// @ts-ignore: decorator
@inline export function bias<F>(): i32 { return sizeof<F>() == 4 ? 127 : 1023; }
// @ts-ignore: decorator
@inline export function emax<F>(): i32 { return sizeof<F>() == 4 ? 255 : 2047; }
// @ts-ignore: decorator
@inline export function signBit<F>(): u64 { return <u64>1 << (sizeof<F>() == 4 ? 31 : 63); }
// @ts-ignore: decorator
@inline export function infinity<F>(): u64 { return <u64>emax<F>() << field<F>(); }
// @ts-ignore: decorator
@inline export function quietBit<F>(): u64 { return <u64>1 << (field<F>() - 1); }
/** The real indefinite. */
// @ts-ignore: decorator
@inline export function defaultNaN<F>(): u64 { return signBit<F>() | infinity<F>() | quietBit<F>(); }

// @ts-ignore: decorator
@inline export function magnitude<F>(a: u64): u64 { return a & (signBit<F>() - 1); }
// @ts-ignore: decorator
@inline export function isNegative<F>(a: u64): bool { return (a & signBit<F>()) != 0; }
// @ts-ignore: decorator
@inline export function isNotANumber<F>(a: u64): bool { return magnitude<F>(a) > infinity<F>(); }
// @ts-ignore: decorator
@inline export function isSignalingNaN<F>(a: u64): bool { return isNotANumber<F>(a) && (a & quietBit<F>()) == 0; }
// @ts-ignore: decorator
@inline export function isInfinity<F>(a: u64): bool { return magnitude<F>(a) == infinity<F>(); }
// @ts-ignore: decorator
@inline export function isSubnormal<F>(a: u64): bool { return magnitude<F>(a) - 1 < (<u64>1 << field<F>()) - 1; }
/** Finite, not zero, not subnormal. */
// @ts-ignore: decorator
@inline export function isOrdinary<F>(a: u64): bool { return magnitude<F>(a) - (<u64>1 << field<F>()) < infinity<F>() - (<u64>1 << field<F>()); }

/** The sign, at the position that finite.ts uses. */
// @ts-ignore: decorator
@inline export function sign<F>(a: u64): i32 { return <i32>(a >>> (sizeof<F>() == 4 ? 16 : 48)) & 0x8000; }
/** Biased exponent of a finite number. Below 1 for a subnormal, whose significand `significand` shifts up. */
// @ts-ignore: decorator
@inline export function exponent<F>(a: u64): i32 {
  const e = <i32>(magnitude<F>(a) >>> field<F>());
  return e != 0 ? e : 64 - field<F>() - <i32>clz(magnitude<F>(a));
}
/** Its significand with bit 63 set. */
// @ts-ignore: decorator
@inline export function significand<F>(a: u64): u64 {
  const m = magnitude<F>(a);
  const fraction = m & ((<u64>1 << field<F>()) - 1);
  return m >>> field<F>() ? (fraction << (63 - field<F>())) | 0x8000000000000000 : m << clz(m);
}

/** The bits as a wasm number and back. */
// @ts-ignore: decorator
@inline export function value<F>(a: u64): F { return sizeof<F>() == 4 ? <F>reinterpret<f32>(<u32>a) : <F>reinterpret<f64>(a); }
// @ts-ignore: decorator
@inline export function bits<F>(v: F): u64 { return sizeof<F>() == 4 ? <u64>reinterpret<u32>(<f32>v) : reinterpret<u64>(<f64>v); }

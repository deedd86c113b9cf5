// Floating-point rows: WebAssembly's result where it is the whole effect of an operation, the exact routines
// elsewhere.
//
// MXCSR decides (SDM Vol. 1 10.2.3). It is `plain` if it rounds to nearest, precision exceptions are masked
// and already recorded, nothing is flushed to zero, and underflow is masked. (An unmasked underflow includes
// an exact subnormal sum: 4.9.1.5.) An operation on ordinary numbers with an ordinary result then sets no
// flag and has no choice of NaN: WebAssembly's result is its whole effect. All other cases go to
// src/cpu/routines/sse, lane by lane, and `commitExceptions` ends the instruction.

import { vector } from "../../../machine/state.ts";
import type { Ops } from "../../ops.ts";
import type { SimdName } from "../../simd.ts";

/** The format of a float, by its width in bits. */
export type FloatFormat = 32 | 64;

/** MXCSR bits. */
const PE = 0x20;
const DAZ = 0x40;
const UM = 0x800;
const PM = 0x1000;
const RC = 0x6000;
const FZ = 0x8000;

const mxcsrIs = <V>(o: Ops<V>, mask: number, value: number): V => o.holds("mxcsr", mask, value);
/** Nonzero if MXCSR is plain, as defined above. */
export const plain = <V>(o: Ops<V>): V => mxcsrIs(o, FZ | RC | PM | UM | DAZ | PE, PM | UM | PE);
/** Nonzero if the weaker condition for truncation holds: precision exceptions are masked and recorded. */
export const inexactNoted = <V>(o: Ops<V>): V => mxcsrIs(o, PM | PE, PM | PE);
/** Nonzero if subnormal operands are not treated as zeros. */
export const subnormalsCount = <V>(o: Ops<V>): V => mxcsrIs(o, DAZ, 0);

// Scalars: bits in an integer.

/** The position of the exponent field in 64 bits without the sign. */
const exponentAt = { 32: 56n, 64: 53n } as const;
const top = { 32: 0xffn, 64: 0x7ffn } as const;
const unsigned = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.shl(v, o.imm(w === 64 ? 1 : 33));
/** Nonzero if the exponent field is at least `low` and below infinity's. */
const exponentFrom = <V>(o: Ops<V>, w: FloatFormat, v: V, low: bigint): V =>
  o.ltU(o.sub(unsigned(o, w, v), o.imm(low << exponentAt[w])), o.imm((top[w] - low) << exponentAt[w]));
/** Nonzero for a finite number that is neither zero nor subnormal. */
export const isOrdinary = <V>(o: Ops<V>, w: FloatFormat, v: V): V => exponentFrom(o, w, v, 1n);
/**
 * The same for a rounded result. The smallest normal numbers are excluded, because they may be rounded
 * subnormals: an underflow.
 */
export const isSafe = <V>(o: Ops<V>, w: FloatFormat, v: V): V => exponentFrom(o, w, v, 2n);

// Vectors.

const leastNormal = { 32: 0x0080_0000n, 64: 0x0010_0000_0000_0000n } as const;
const infinity = { 32: 0x7f80_0000n, 64: 0x7ff0_0000_0000_0000n } as const;
type Lanewise = "abs" | "eq" | "lt" | "le" | "add" | "sub" | "mul" | "div" | "sqrt" | "pmin" | "pmax" | "nearest";
/** The name of a lanewise operation of this format. */
export const floatName = (w: FloatFormat, name: Lanewise): SimdName => `${w === 64 ? "f64x2" : "f32x4"}.${name}`;
/** Nonzero if all lanes of a comparison hold. */
export const all = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.simd(w === 64 ? "i64x2.all_true" : "i32x4.all_true", v);
const magnitude = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.simd(floatName(w, "abs"), v);
/** The vector with these bits in each lane. */
export const constant = <V>(o: Ops<V>, w: FloatFormat, bits: bigint): V =>
  w === 64 ? o.vector(o.imm(bits), o.imm(bits)) : o.vector(o.imm(bits | (bits << 32n)), o.imm(bits | (bits << 32n)));
/** Lanes of ones for finite numbers. */
export const areFinite = <V>(o: Ops<V>, w: FloatFormat, v: V): V =>
  o.simd(floatName(w, "lt"), magnitude(o, w, v), constant(o, w, infinity[w]));
/** Lanes of ones for values not below the least normal number, or a multiple of it. */
const areNormal = <V>(o: Ops<V>, w: FloatFormat, v: V, times = 1n): V =>
  o.simd(floatName(w, "le"), constant(o, w, leastNormal[w] * times), magnitude(o, w, v));
/** Lanes of ones for ordinary numbers: finite and normal. */
export const areOrdinary = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.simd("v128.and", areNormal(o, w, v), areFinite(o, w, v));
/** Lanes of ones for safe results, as in `isSafe`. */
export const areSafe = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.simd("v128.and", areNormal(o, w, v, 2n), areFinite(o, w, v));
/** Lanes of ones for values that are neither NaN nor subnormal. Comparisons accept zeros and infinities. */
export const areTame = <V>(o: Ops<V>, w: FloatFormat, v: V): V =>
  o.simd("v128.or", areNormal(o, w, v), o.simd(floatName(w, "eq"), v, constant(o, w, 0n)));
/** Lanes of ones for values of a magnitude below `bits`. */
export const below = <V>(o: Ops<V>, w: FloatFormat, v: V, bits: bigint): V =>
  o.simd(floatName(w, "lt"), magnitude(o, w, v), constant(o, w, bits));

// One test for all operands.

/**
 * This addend sets the upper bit of an exponent field exactly if it is in the middle half of the range:
 * 2^-511 to 2^513, or 2^-63 to 2^65. Operands and results there are ordinary and safe.
 */
const middle = { 32: 0x2000_0000n, 64: 0x2000_0000_0000_0000n } as const;
const toMiddle = <V>(o: Ops<V>, w: FloatFormat, v: V): V => o.simd(w === 64 ? "i64x2.add" : "i32x4.add", v, constant(o, w, middle[w]));
/**
 * Nonzero if the lowest lanes of all these vectors, to which `middle` was added, have that bit, and the mode
 * holds.
 */
const haveUpper = <V>(o: Ops<V>, w: FloatFormat, lanes: number, mode: V, vectors: readonly V[]): V => {
  const name = w === 64 ? "i64x2" : "i32x4";
  const both = vectors.reduce((x, y) => o.simd("v128.and", x, y));
  const upper = o.simd(`${name}.bitmask`, o.simd(`${name}.shl`, both, o.imm(1)));
  if (lanes === 1) return o.and(upper, mode);
  return o.ltU(o.xor(upper, o.imm((1 << lanes) - 1)), mode);
};
/**
 * Nonzero if the lowest lanes of all these vectors are in the middle range, and MXCSR is plain. A cheap first
 * test; it rejects zeros.
 */
export const areMidRange = <V>(o: Ops<V>, w: FloatFormat, lanes: number, ...vectors: V[]): V =>
  haveUpper(
    o,
    w,
    lanes,
    plain(o),
    vectors.map((v) => toMiddle(o, w, v)),
  );
/** The same for comparisons; zeros are accepted. */
export const areComparable = <V>(o: Ops<V>, w: FloatFormat, lanes: number, ...vectors: V[]): V =>
  haveUpper(
    o,
    w,
    lanes,
    subnormalsCount(o),
    vectors.map((v) => o.simd("v128.or", toMiddle(o, w, v), o.simd(floatName(w, "eq"), v, constant(o, w, 0n)))),
  );
/** Nonzero if no value is a NaN, and subnormals are absent or not treated as zeros. */
export const areTrulyComparable = <V>(o: Ops<V>, w: FloatFormat, lanes: number, a: V, b: V): V => {
  const tame = o.simd("v128.and", areTame(o, w, a), areTame(o, w, b));
  return o.and(subnormalsCount(o), lanes === 1 ? o.and(lane0(o, w, tame), o.imm(1)) : all(o, w, tame));
};
const lane0 = <V>(o: Ops<V>, w: FloatFormat, v: V): V => (w === 64 ? o.lane(v, 64, 0) : o.zext(o.lane(v, 32, 0), 32));

// Routines.

/**
 * Moves the exceptions of routines to MXCSR. If one is unmasked, raises #XM and leaves the destination
 * unchanged. SDM Vol. 1 11.5.3.
 */
export const commitExceptions = <V>(o: Ops<V>): void => o.when(o.call("sse_commit"), () => o.fault(vector.XM), undefined, false);

/** The vector of the `count` lanes of w bits that `lane` returns, in order; zeros above. */
export const gather = <V>(o: Ops<V>, w: FloatFormat, count: number, lane: (n: number) => V): V => {
  const parts = Array.from({ length: count }, (_, n) => lane(n));
  const half = (n: number): V => {
    if (w === 64) return parts[n] ?? o.imm(0);
    const [low, high] = [parts[n * 2], parts[n * 2 + 1]];
    return low === undefined ? o.imm(0) : high === undefined ? low : o.or(low, o.shl(high, o.imm(32)));
  };
  return o.vector(half(0), half(1));
};
/** `fast` if `ok` holds, else the routine's result. */
export const exactly = <V>(o: Ops<V>, ok: V, fast: V, slow: () => V): V =>
  o.either(
    ok,
    () => fast,
    () => {
      const v = o.let("exact", slow());
      commitExceptions(o);
      return v;
    },
    true,
  );
/** The same with a cheap test `soon` before the complete one. */
export const exactlySoon = <V>(o: Ops<V>, soon: V, ok: () => V, fast: V, slow: () => V): V =>
  o.either(
    soon,
    () => fast,
    () => exactly(o, ok(), fast, slow),
    true,
  );

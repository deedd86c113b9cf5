// Common parts of rows on vector registers: MMX and SSE2 rows with one meaning, the x87 side of MMX, masks
// from immediates.

import type { Vendor } from "../../../machine/model.ts";
import { vector } from "../../../machine/state.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";

const ES = 0x80;
const TOP = 0x3800;

/** Pending x87 exceptions precede an MMX instruction. SDM Vol. 3A 12.5. */
export const isPending = <V>(o: Ops<V>): V => o.holds("fpuStatus", ES, ES);
/** Raises a pending x87 exception. */
export const pending = <V>(o: Ops<V>): void => o.when(isPending(o), () => o.fault(vector.MF), undefined, false);
/** The effect of an MMX instruction on the x87: TOP is 0, no register is empty. SDM Vol. 3A 12.2. */
export const transition = <V>(o: Ops<V>): void => {
  o.setField("fpuStatus", o.and(o.field("fpuStatus"), o.imm(~TOP)));
  o.setField("fpuEmpty", o.imm(0));
};
/** The meaning of an instruction on MMX registers. A memory fault precedes the transition. */
export const mmx =
  (does: Meaning): Meaning =>
  (o, i) => {
    pending(o);
    does(o, i);
    transition(o);
  };

/** The meaning of a store of an MMX register. On Intel's processors TOP is 0 before the memory access. */
export const mmxStore =
  (vendor: Vendor, does: Meaning): Meaning =>
  (o, i) => {
    pending(o);
    if (vendor === "intel" && i.memory(0)) o.setField("fpuStatus", o.and(o.field("fpuStatus"), o.imm(~TOP)));
    does(o, i);
    transition(o);
  };

/** `op dst, src` on MMX and on XMM registers. */
export const mmxAndSse = (name: string, opcode: string, does: Meaning): readonly Row[] => [
  row(name, `NP 0F ${opcode} Pq,Qq`, mmx(does)),
  row(name, `66 0F ${opcode} Vx,Wx`, does),
];

/** A function of one vector. */
export type Vector1 = <V>(o: Ops<V>, a: V) => V;
/** A function of two vectors. */
export type Vector2 = <V>(o: Ops<V>, a: V, b: V) => V;

/** dst = f(dst, src). */
export const two =
  (f: Vector2): Meaning =>
  (o) => {
    const b = o.get(1);
    const a = o.get(0);
    o.set(0, f(o, a, b));
  };
/** dst = f(src). */
export const one =
  (f: Vector1): Meaning =>
  (o) =>
    o.set(0, f(o, o.get(1)));
/** dst = a vector operation on dst and src. */
export const simd2 = (name: SimdName): Meaning => two((o, a, b) => o.simd(name, a, b));

/**
 * The byte numbers of lanes of w bits, for `shuffle`. The second vector's lanes are numbered after the
 * first's.
 */
export const bytesOf = (w: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((l) => Array.from({ length: w / 8 }, (_, i) => (l * w) / 8 + i));

/** The vector of byte numbers in order. */
export const identity = <V>(o: Ops<V>): V => o.vector(o.imm(0x0706050403020100n), o.imm(0x0f0e0d0c0b0a0908n));

/** A half of a swizzle mask: the two 32-bit lanes selected by the low four bits of `sel`. */
const dwords = <V>(o: Ops<V>, sel: V): V => {
  const spread = o.or(o.and(sel, o.imm(3)), o.shl(o.and(sel, o.imm(0xc)), o.imm(30)));
  return o.add(o.mul(spread, o.imm(0x04040404)), o.imm(0x0302010003020100n));
};
/** The swizzle mask of the order byte of PSHUFD and SHUFPS: two bits per lane. */
export const order32 = <V>(o: Ops<V>, imm: V): V => o.vector(dwords(o, imm), dwords(o, o.shr(imm, o.imm(4))));
/** The same for four 16-bit lanes; `base` is the number of the first byte, in every byte. */
export const order16 = <V>(o: Ops<V>, imm: V, base: number): V => {
  const at = (shift: number, mask: number) => o.shl(o.and(imm, o.imm(mask)), o.imm(shift));
  const spread = o.or(o.or(at(0, 0x03), at(14, 0x0c)), o.or(at(28, 0x30), at(42, 0xc0)));
  return o.add(o.mul(spread, o.imm(0x0202)), o.imm(0x0100010001000100n + 0x0101010101010101n * BigInt(base)));
};
/** All ones in lane n of w bits. n is a computed value, taken modulo the number of lanes. */
export const laneMask = <V>(o: Ops<V>, w: 8 | 16 | 32, n: V): V => {
  const numbers = {
    8: identity(o),
    16: o.vector(o.imm(0x0003000200010000n), o.imm(0x0007000600050004n)),
    32: o.vector(o.imm(0x1_0000_0000n), o.imm(0x3_0000_0002n)),
  }[w];
  return o.simd(w === 8 ? "i8x16.eq" : w === 16 ? "i16x8.eq" : "i32x4.eq", numbers, o.splat(w, o.and(n, o.imm(128 / w - 1))));
};

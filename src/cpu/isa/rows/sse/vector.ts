// What rows on vector registers share: the MMX and SSE2 sisters, the x87 side of MMX, masks made from immediates.

import type { Vendor } from "../../../machine/model.ts";
import { vector } from "../../../machine/state.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";

const ES = 0x80;
const TOP = 0x3800;

/** Pending x87 exceptions come before an MMX instruction. SDM Vol. 3A 12.5. */
export const isPending = <V>(o: Ops<V>): V => o.holds("fpuStatus", ES, ES);
export const pending = <V>(o: Ops<V>): void => o.when(isPending(o), () => o.fault(vector.MF), undefined, false);
/** What it does to the x87: TOP is 0, no register is empty. SDM Vol. 3A 12.2. */
export const transition = <V>(o: Ops<V>): void => {
  o.setField("fpuStatus", o.and(o.field("fpuStatus"), o.imm(~TOP)));
  o.setField("fpuEmpty", o.imm(0));
};
/** An instruction on MMX registers. A memory fault comes before the transition. */
export const mmx =
  (does: Meaning): Meaning =>
  (o, i) => {
    pending(o);
    does(o, i);
    transition(o);
  };

/** A store of one: on Intel's, TOP is 0 before its memory is asked for. */
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

export type Vector1 = <V>(o: Ops<V>, a: V) => V;
export type Vector2 = <V>(o: Ops<V>, a: V, b: V) => V;

/** dst = f(dst, src). */
export const two =
  (f: Vector2): Meaning =>
  (o) => {
    const b = o.get(1);
    const a = o.get(0);
    o.set(0, f(o, a, b));
  };
export const one =
  (f: Vector1): Meaning =>
  (o) =>
    o.set(0, f(o, o.get(1)));
export const simd2 = (name: SimdName): Meaning => two((o, a, b) => o.simd(name, a, b));

/** Bytes of lanes given by number, w bits each: for `shuffle`. Lanes of the second vector go on counting. */
export const bytesOf = (w: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((l) => Array.from({ length: w / 8 }, (_, i) => (l * w) / 8 + i));

/** The byte numbers of a vector in their places. */
export const identity = <V>(o: Ops<V>): V => o.vector(o.imm(0x0706050403020100n), o.imm(0x0f0e0d0c0b0a0908n));

/** A half of a swizzle mask: the two 32-bit lanes that the low four bits of `sel` name. */
const dwords = <V>(o: Ops<V>, sel: V): V => {
  const spread = o.or(o.and(sel, o.imm(3)), o.shl(o.and(sel, o.imm(0xc)), o.imm(30)));
  return o.add(o.mul(spread, o.imm(0x04040404)), o.imm(0x0302010003020100n));
};
/** Swizzle mask of the order byte of PSHUFD and SHUFPS: two bits a lane. */
export const order32 = <V>(o: Ops<V>, imm: V): V => o.vector(dwords(o, imm), dwords(o, o.shr(imm, o.imm(4))));
/** The same of four 16-bit lanes; `base` is the number of the first byte, in every byte. */
export const order16 = <V>(o: Ops<V>, imm: V, base: number): V => {
  const at = (shift: number, mask: number) => o.shl(o.and(imm, o.imm(mask)), o.imm(shift));
  const spread = o.or(o.or(at(0, 0x03), at(14, 0x0c)), o.or(at(28, 0x30), at(42, 0xc0)));
  return o.add(o.mul(spread, o.imm(0x0202)), o.imm(0x0100010001000100n + 0x0101010101010101n * BigInt(base)));
};
/** All ones in lane n of w bits, n computed and cut to the number of lanes. */
export const laneMask = <V>(o: Ops<V>, w: 8 | 16 | 32, n: V): V => {
  const numbers = {
    8: identity(o),
    16: o.vector(o.imm(0x0003000200010000n), o.imm(0x0007000600050004n)),
    32: o.vector(o.imm(0x1_0000_0000n), o.imm(0x3_0000_0002n)),
  }[w];
  return o.simd(w === 8 ? "i8x16.eq" : w === 16 ? "i16x8.eq" : "i32x4.eq", numbers, o.splat(w, o.and(n, o.imm(128 / w - 1))));
};

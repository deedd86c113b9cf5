// Bit fields of vector registers, scalar non-temporal stores: only on AMD's processors. AMD APM Vol. 4: EXTRQ
// INSERTQ MOVNTSS MOVNTSD.
import type { Meaning, Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";

/** A field's length and lowest bit: six bits each; a length of 0 means 64. */
const field = <V>(o: Ops<V>, length: V, index: V) => ({
  mask: o.let("mask", o.shr(o.imm(-1), o.and(o.sub(o.imm(64), o.and(length, o.imm(63))), o.imm(63)))),
  index: o.let("index", o.and(index, o.imm(63))),
});
/**
 * Fields end at the top bit of the low half. The upper half becomes undefined: zeros, as on the processor.
 */
const extract = <V>(o: Ops<V>, v: V, length: V, index: V): V => {
  const f = field(o, length, index);
  return o.and(o.shr(v, f.index), f.mask);
};
const insert = <V>(o: Ops<V>, into: V, from: V, length: V, index: V): V => {
  const f = field(o, length, index);
  const place = o.let("place", o.shl(f.mask, f.index));
  return o.or(o.and(into, o.not(place)), o.and(o.shl(from, f.index), place));
};
const low = <V>(o: Ops<V>, n: number): V => o.lane(o.get(n), 64, 0);
const setLow = <V>(o: Ops<V>, v: V): void => o.set(0, o.vector(v, o.imm(0)));

const extractBy: Meaning = (o) => setLow(o, extract(o, low(o, 0), o.get(1), o.get(2)));
const extractByRegister: Meaning = (o) => {
  const how = o.let("how", low(o, 1));
  setLow(o, extract(o, low(o, 0), how, o.shr(how, o.imm(8))));
};
const insertBy: Meaning = (o) => setLow(o, insert(o, low(o, 0), low(o, 1), o.get(2), o.get(3)));
const insertByRegister: Meaning = (o) => {
  const how = o.let("how", o.lane(o.get(1), 64, 1));
  setLow(o, insert(o, low(o, 0), low(o, 1), how, o.shr(how, o.imm(8))));
};
const move: Meaning = (o) => o.set(0, o.get(1));

const sse4a_ = { feature: "sse4a" } as const;

/** The rows of SSE4A. */
// biome-ignore format: table
export const sse4a = family(() => [
  row("extrq", "66 0F 78 /0 Ux,Ib,Ib", extractBy, sse4a_), row("extrq", "66 0F 79 Vx,Ux", extractByRegister, sse4a_),
  row("insertq", "F2 0F 78 Vx,Ux,Ib,Ib", insertBy, sse4a_), row("insertq", "F2 0F 79 Vx,Ux", insertByRegister, sse4a_),
  row("movntss", "F3 0F 2B Md,Vd", move, sse4a_), row("movntsd", "F2 0F 2B Mq,Vq", move, sse4a_),
]);

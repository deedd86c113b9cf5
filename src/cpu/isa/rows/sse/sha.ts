// SHA-1 and SHA-256 rounds and message schedules. SDM Vol. 2: SHA1RNDS4 SHA1NEXTE SHA1MSG1 SHA1MSG2
// SHA256RNDS2 SHA256MSG1 SHA256MSG2; FIPS 180-4, 4.1 and 6.
import type { Meaning, Ops } from "../../ops.ts";
import { type Attributes, family, ofEachVendor, type Row, row } from "../../row.ts";
import { bytesOf, two, type Vector2 } from "./vector.ts";

const word = <V>(o: Ops<V>, v: V, n: number): V => o.let("word", o.lane(v, 32, n));
const sum = <V>(o: Ops<V>, ...terms: readonly V[]): V =>
  o.let(
    "sum",
    o.zext(
      terms.reduce((a, b) => o.add(a, b)),
      32,
    ),
  );
const xor = <V>(o: Ops<V>, ...terms: readonly V[]): V => terms.reduce((a, b) => o.xor(a, b));
/** A 32-bit word above itself: a shift of it rotates. */
const twice = <V>(o: Ops<V>, x: V): V => o.let("twice", o.or(x, o.shl(x, o.imm(32))));
/** The sum of the word rotated right by each count. */
const turns = <V>(o: Ops<V>, x: V, ...by: readonly number[]): V => {
  const both = twice(o, x);
  return o.zext(xor(o, ...by.map((n) => o.shr(both, o.imm(n)))), 32);
};
const left = <V>(o: Ops<V>, x: V, by: number): V => o.let("turned", turns(o, x, 32 - by));
const words = <V>(o: Ops<V>, w0: V, w1: V, w2: V, w3: V): V => o.vector(o.or(w0, o.shl(w1, o.imm(32))), o.or(w2, o.shl(w3, o.imm(32))));

const choose = <V>(o: Ops<V>, x: V, y: V, z: V): V => o.xor(z, o.and(x, o.xor(y, z)));
const majority = <V>(o: Ops<V>, x: V, y: V, z: V): V => o.or(o.and(x, y), o.and(z, o.or(x, y)));

/** The constants of the four stages of 20 rounds. */
const stages = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6] as const;
/** Words A to D from the top down; E is in the first of the four message words. */
const rounds1: Meaning = (o) => {
  const b = o.get(1);
  const state = o.get(0);
  const stage = o.let("stage", o.and(o.get(2), o.imm(3)));
  const is = (n: number) => o.eq(stage, o.imm(n));
  const k = o.let(
    "k",
    o.select(is(0), o.imm(stages[0]), o.select(is(1), o.imm(stages[1]), o.select(is(2), o.imm(stages[2]), o.imm(stages[3])))),
  );
  let [x, y, z, w] = [word(o, state, 3), word(o, state, 2), word(o, state, 1), word(o, state, 0)];
  let e = o.imm(0);
  for (let n = 0; n < 4; n++) {
    const f = o.select(is(0), choose(o, y, z, w), o.select(is(2), majority(o, y, z, w), xor(o, y, z, w)));
    const next = sum(o, f, left(o, x, 5), word(o, b, 3 - n), e, k);
    [x, y, z, w, e] = [next, x, left(o, y, 30), z, w];
  }
  o.set(0, words(o, w, z, y, x));
};
const next1: Vector2 = (o, a, b) => o.withLane(b, 32, 3, o.add(o.lane(b, 32, 3), left(o, word(o, a, 3), 30)));
const message1: Vector2 = (o, a, b) => o.simd("v128.xor", a, o.shuffle(b, a, bytesOf(64, [1, 2])));
const schedule1: Vector2 = (o, a, b) => {
  const w16 = left(o, o.xor(word(o, a, 3), word(o, b, 2)), 1);
  const [w17, w18, w19] = [o.xor(word(o, a, 2), word(o, b, 1)), o.xor(word(o, a, 1), word(o, b, 0)), o.xor(word(o, a, 0), w16)];
  return words(o, left(o, w19, 1), left(o, w18, 1), left(o, w17, 1), w16);
};

/**
 * A B E F from the source and C D G H from the destination, from the top down; message words plus constants
 * in XMM0.
 */
const rounds256: Meaning = (o) => {
  const abef = o.get(1);
  const cdgh = o.get(0);
  const wk = o.xmm(0);
  let [a, b, e, f] = [word(o, abef, 3), word(o, abef, 2), word(o, abef, 1), word(o, abef, 0)];
  let [c, d, g, h] = [word(o, cdgh, 3), word(o, cdgh, 2), word(o, cdgh, 1), word(o, cdgh, 0)];
  for (let n = 0; n < 2; n++) {
    const t = sum(o, choose(o, e, f, g), turns(o, e, 6, 11, 25), word(o, wk, n), h);
    [h, g, f, e, d, c, b, a] = [g, f, e, sum(o, t, d), c, b, a, sum(o, t, majority(o, a, b, c), turns(o, a, 2, 13, 22))];
  }
  o.set(0, words(o, f, e, b, a));
};
/** σ0 of every word. */
const small0 = <V>(o: Ops<V>, v: V): V => {
  const turned = (by: number) => o.simd("v128.or", o.simd("i32x4.shr_u", v, o.imm(by)), o.simd("i32x4.shl", v, o.imm(32 - by)));
  return o.simd("v128.xor", o.simd("v128.xor", turned(7), turned(18)), o.simd("i32x4.shr_u", v, o.imm(3)));
};
const message256: Vector2 = (o, a, b) => o.simd("i32x4.add", a, small0(o, o.let("later", o.shuffle(a, b, bytesOf(32, [1, 2, 3, 4])))));
const small1 = <V>(o: Ops<V>, x: V): V => o.xor(turns(o, x, 17, 19), o.shr(x, o.imm(10)));
const schedule256: Vector2 = (o, a, b) => {
  const w16 = sum(o, word(o, a, 0), small1(o, word(o, b, 2)));
  const w17 = sum(o, word(o, a, 1), small1(o, word(o, b, 3)));
  return words(o, w16, w17, sum(o, word(o, a, 2), small1(o, w16)), sum(o, word(o, a, 3), small1(o, w17)));
};

/** AMD's processors do not require alignment here; Intel's do (SDM Vol. 2 exception class 4). */
const alignment = { amd: { unaligned: true, feature: "sha_ni" }, intel: { feature: "sha_ni" } } as const;

// biome-ignore format: table
const of = (sha_ni: Attributes): readonly Row[] => [
  row("sha1rnds4", "NP 0F 3A CC Vx,Wx,Ib", rounds1, sha_ni), row("sha1nexte", "NP 0F 38 C8 Vx,Wx", two(next1), sha_ni),
  row("sha1msg1", "NP 0F 38 C9 Vx,Wx", two(message1), sha_ni), row("sha1msg2", "NP 0F 38 CA Vx,Wx", two(schedule1), sha_ni),
  row("sha256rnds2", "NP 0F 38 CB Vx,Wx,XMM0", rounds256, sha_ni), row("sha256msg1", "NP 0F 38 CC Vx,Wx", two(message256), sha_ni), row("sha256msg2", "NP 0F 38 CD Vx,Wx", two(schedule256), sha_ni),
];
/** The rows of SHA. */
export const sha = family(() => ofEachVendor((vendor) => of(alignment[vendor])));

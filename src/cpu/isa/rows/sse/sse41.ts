// SSE4.1, and PCMPGTQ. SDM Vol. 2: BLENDx PBLENDx PTEST PMOVSXx PMOVZXx PMULDQ PMULLD PCMPEQQ PACKUSDW PMINx
// PMAXx PHMINPOSUW MPSADBW, PEXTRx PINSRx EXTRACTPS INSERTPS, ROUNDx DPPx.
import type { Vendor } from "../../../machine/model.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";
import { commitExceptions, type FloatFormat, gather } from "./float.ts";
import { bytesOf, identity, laneMask, one, simd2, two } from "./vector.ts";

type Lane = 8 | 16 | 32 | 64;
const zero = <V>(o: Ops<V>): V => o.vector(o.imm(0), o.imm(0));

// Blends.

/** src in lanes where xmm0 is negative. */
const blendBySign =
  (negative: SimdName): Meaning =>
  (o) => {
    const mask = o.simd(negative, zero(o), o.xmm(0));
    const b = o.get(1);
    o.set(0, o.simd("v128.bitselect", b, o.get(0), mask));
  };
/** All ones in lane n where bit n of the immediate is set. */
export const bitMask = <V>(o: Ops<V>, w: 16 | 32 | 64, imm: V): V => {
  const bits = {
    16: o.vector(o.imm(0x0008000400020001n), o.imm(0x0080004000200010n)),
    32: o.vector(o.imm(0x2_0000_0001n), o.imm(0x8_0000_0004n)),
    64: o.vector(o.imm(1), o.imm(2)),
  }[w];
  return o.simd(w === 16 ? "i16x8.eq" : w === 32 ? "i32x4.eq" : "i64x2.eq", o.simd("v128.and", o.splat(w, imm), bits), bits);
};
const blendByBits =
  (w: 16 | 32 | 64): Meaning =>
  (o) => {
    const mask = bitMask(o, w, o.get(2));
    const b = o.get(1);
    o.set(0, o.simd("v128.bitselect", b, o.get(0), mask));
  };

// Integers.

/** ZF: no common bit. CF: no bit of src that dst lacks. */
const ptest: Meaning = (o) => {
  const b = o.get(1);
  const a = o.get(0);
  const none = <V>(o: Ops<V>, v: V) => o.eq(o.simd("v128.any_true", v), o.imm(0));
  o.flags("word", 64, o.or(o.shl(none(o, o.simd("v128.and", a, b)), o.imm(6)), none(o, o.simd("v128.andnot", b, a))));
};
const evenDwords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
const multiplyEven = two((o, a, b) => o.simd("i64x2.extmul_low_i32x4_s", o.shuffle(a, a, evenDwords), o.shuffle(b, b, evenDwords)));

const wider = { 8: "i16x8.extend_low_i8x16", 16: "i32x4.extend_low_i16x8", 32: "i64x2.extend_low_i32x4" } as const;
/** Low lanes of `from` bits, widened step by step. */
const extend = (from: Lane, to: Lane, sign: "s" | "u"): Meaning =>
  one((o, a) => {
    let v = a;
    for (let w = from; w < to; w = (w * 2) as Lane) v = o.simd(`${wider[w as 8 | 16 | 32]}_${sign}`, v);
    return v;
  });
const extensions = (name: string, first: number, sign: "s" | "u"): readonly Row[] =>
  (
    [
      ["bw", "Wq", 8, 16],
      ["bd", "Wd", 8, 32],
      ["bq", "Ww", 8, 64],
      ["wd", "Wq", 16, 32],
      ["wq", "Wd", 16, 64],
      ["dq", "Wq", 32, 64],
    ] as const
  ).map(([suffix, source, from, to], n) =>
    row(`${name}${suffix}`, `66 0F 38 ${(first + n).toString(16)} Vx,${source}`, extend(from, to, sign)),
  );

/**
 * The least word and the position of its first occurrence. A 32-bit lane holds the word above its position,
 * so that one minimum finds both.
 */
const minimumPosition: Meaning = one((o, a) => {
  const places = o.vector(o.imm(0x0003000200010000n), o.imm(0x0007000600050004n));
  const pairs = (first: number) =>
    bytesOf(
      16,
      Array.from({ length: 8 }, (_, n) => first + (n >> 1) + (n & 1 ? 8 : 0)),
    );
  const four = o.let("four", o.simd("i32x4.min_u", o.shuffle(places, a, pairs(0)), o.shuffle(places, a, pairs(4))));
  const two = o.let("two", o.simd("i32x4.min_u", four, o.shuffle(four, four, bytesOf(32, [2, 3, 0, 1]))));
  const least = o.let("least", o.lane(o.simd("i32x4.min_u", two, o.shuffle(two, two, bytesOf(32, [1, 0, 3, 2]))), 32, 0));
  return o.vector(o.or(o.shr(least, o.imm(16)), o.shl(o.and(least, o.imm(0xffff)), o.imm(16))), o.imm(0));
});

/** Lane n of w bits, for a computed n. */
const laneAt = <V>(o: Ops<V>, v: V, w: Lane, n: V): V => {
  const half = o.select(o.and(n, o.imm(64 / w)), o.lane(v, 64, 1), o.lane(v, 64, 0));
  return w === 64 ? half : o.zext(o.shr(half, o.mul(o.and(n, o.imm(64 / w - 1)), o.imm(w))), w);
};
/**
 * Sums of four absolute differences at eight positions of dst, from byte 0 or 4 on, with one dword of src.
 */
const sumsAtPlaces: Meaning = (o) => {
  const imm = o.get(2);
  const dword = o.let("dword", laneAt(o, o.get(1), 32, o.and(imm, o.imm(3))));
  const from = o.simd("i8x16.add", identity(o), o.splat(8, o.and(imm, o.imm(4))));
  const a = o.let("a", o.simd("i8x16.swizzle", o.get(0), from));
  const sums = [0, 1, 2, 3].map((j) => {
    const x = o.let(
      "x",
      o.shuffle(
        a,
        a,
        Array.from({ length: 16 }, (_, i) => (i + j) & 15),
      ),
    );
    const y = o.let("y", o.splat(8, o.shr(dword, o.imm(8 * j))));
    return o.simd("i16x8.extend_low_i8x16_u", o.simd("v128.or", o.simd("i8x16.sub_sat_u", x, y), o.simd("i8x16.sub_sat_u", y, x)));
  });
  o.set(
    0,
    sums.reduce((x, y) => o.simd("i16x8.add", x, y)),
  );
};

// Single lanes.

const extract =
  (w: Lane): Meaning =>
  (o) =>
    o.set(0, laneAt(o, o.get(1), w, o.get(2)));
const insert =
  (w: 8 | 32): Meaning =>
  (o) => {
    const v = o.get(1);
    o.set(0, o.simd("v128.bitselect", o.splat(w, v), o.get(0), laneMask(o, w, o.get(2))));
  };
const insertQuad: Meaning = (o) => {
  const v = o.get(1);
  const high = o.and(o.get(2), o.imm(1));
  const a = o.get(0);
  o.set(0, o.vector(o.select(high, o.lane(a, 64, 0), v), o.select(high, v, o.lane(a, 64, 1))));
};
/**
 * Bits 7:6 select the lane of a register source, 5:4 the destination lane, 3:0 the lanes that become zero.
 */
const insertps: Meaning = (o, i) => {
  const imm = o.get(2);
  const source = o.get(1);
  const v = i.memory(1) ? source : laneAt(o, source, 32, o.shr(imm, o.imm(6)));
  const placed = o.simd("v128.bitselect", o.splat(32, v), o.get(0), laneMask(o, 32, o.shr(imm, o.imm(4))));
  o.set(0, o.simd("v128.andnot", placed, bitMask(o, 32, imm)));
};

// Floats.

const round =
  (w: FloatFormat, lanes: number): Meaning =>
  (o) => {
    const how = o.get(2);
    const a = o.get(1);
    const r = o.let(
      "r",
      gather(o, w, lanes, (n) => o.call(`sse_round${w}`, o.lane(a, w, n), o.and(how, o.imm(15)))),
    );
    commitExceptions(o);
    o.set(0, r);
  };
/**
 * Products of the lanes in bits 7:4; their sum goes to the lanes in bits 3:0, zeros to the rest. Each step
 * rounds and may fault; a step covers both halves. If two values are NaNs, AMD's processors return one of the
 * first products for all lanes; Intel's add each lane in its own order.
 */
const dotProducts = <V>(o: Ops<V>, vendor: Vendor, w: FloatFormat, imm: V, halves: readonly (readonly [V, V])[]): V[] => {
  const products = halves.map(([a, b]) =>
    Array.from({ length: 128 / w }, (_, n) =>
      o.either(
        o.and(imm, o.imm(16 << n)),
        () => o.call(`sse_mul${w}`, o.lane(a, w, n), o.lane(b, w, n)),
        () => o.imm(0),
      ),
    ),
  );
  commitExceptions(o);
  const add = (x: V, y: V): V => o.call(`sse_add${w}`, x, y);
  if (vendor === "intel") {
    const pairs = w === 64 ? products : products.map((p) => p.map((x, n) => o.let("pair", add(p[n ^ 1]!, x))));
    if (w === 32) commitExceptions(o);
    const lanes = pairs.map((p) => gather(o, w, 128 / w, (n) => add(p[n]!, p[n ^ (64 / w)]!)));
    commitExceptions(o);
    return lanes.map((v) => o.simd("v128.and", v, bitMask(o, w, imm)));
  }
  const sums = products.map((p) => (w === 64 ? p : [add(p[0]!, p[1]!), add(p[2]!, p[3]!)]));
  if (w === 32) commitExceptions(o);
  const whole = sums.map(([low, high]) => add(low!, high!));
  commitExceptions(o);
  return whole.map((sum) => o.simd("v128.and", o.splat(w, sum), bitMask(o, w, imm)));
};
const dot =
  (vendor: Vendor, w: FloatFormat): Meaning =>
  (o) => {
    const imm = o.get(2);
    const b = o.get(1);
    const a = o.get(0);
    o.set(0, dotProducts(o, vendor, w, imm, [[a, b]])[0]!);
  };
/** VEX.256: an exception in one half's products ends the sums of both. */
export const wideDot =
  (vendor: Vendor): Meaning =>
  (o) => {
    const imm = o.get(3);
    const b = o.wide(2);
    const a = o.wide(1);
    const [low, high] = dotProducts(o, vendor, 32, imm, [
      [a[0], b[0]],
      [a[1], b[1]],
    ]);
    o.setWide(0, low!, high!);
  };

/** The rows of SSE4.1. */
// biome-ignore format: table
export const sse41 = family(() => [
  row("pblendvb", "66 0F 38 10 Vx,Wx,XMM0", blendBySign("i8x16.gt_s")), row("blendvps", "66 0F 38 14 Vx,Wx,XMM0", blendBySign("i32x4.gt_s")), row("blendvpd", "66 0F 38 15 Vx,Wx,XMM0", blendBySign("i64x2.gt_s")),
  row("blendps", "66 0F 3A 0C Vx,Wx,Ib", blendByBits(32)), row("blendpd", "66 0F 3A 0D Vx,Wx,Ib", blendByBits(64)), row("pblendw", "66 0F 3A 0E Vx,Wx,Ib", blendByBits(16)),
  row("ptest", "66 0F 38 17 Vx,Wx", ptest), ...extensions("pmovsx", 0x20, "s"), ...extensions("pmovzx", 0x30, "u"),
  row("pmuldq", "66 0F 38 28 Vx,Wx", multiplyEven), row("pmulld", "66 0F 38 40 Vx,Wx", simd2("i32x4.mul")), row("pcmpeqq", "66 0F 38 29 Vx,Wx", simd2("i64x2.eq")), row("pcmpgtq", "66 0F 38 37 Vx,Wx", simd2("i64x2.gt_s")),
  row("packusdw", "66 0F 38 2B Vx,Wx", simd2("i16x8.narrow_i32x4_u")), row("phminposuw", "66 0F 38 41 Vx,Wx", minimumPosition), row("mpsadbw", "66 0F 3A 42 Vx,Wx,Ib", sumsAtPlaces),
  row("pminsb", "66 0F 38 38 Vx,Wx", simd2("i8x16.min_s")), row("pminsd", "66 0F 38 39 Vx,Wx", simd2("i32x4.min_s")), row("pminuw", "66 0F 38 3A Vx,Wx", simd2("i16x8.min_u")), row("pminud", "66 0F 38 3B Vx,Wx", simd2("i32x4.min_u")),
  row("pmaxsb", "66 0F 38 3C Vx,Wx", simd2("i8x16.max_s")), row("pmaxsd", "66 0F 38 3D Vx,Wx", simd2("i32x4.max_s")), row("pmaxuw", "66 0F 38 3E Vx,Wx", simd2("i16x8.max_u")), row("pmaxud", "66 0F 38 3F Vx,Wx", simd2("i32x4.max_u")),
  row("pextrb", "66 0F 3A 14 Ry,Vx,Ib", extract(8)), row("pextrb", "66 0F 3A 14 Mb,Vx,Ib", extract(8)), row("pextrw", "66 0F 3A 15 Ry,Vx,Ib", extract(16)), row("pextrw", "66 0F 3A 15 Mw,Vx,Ib", extract(16)),
  row("pextrd", "66 W0 0F 3A 16 Ed,Vx,Ib", extract(32)), row("pextrq", "66 REX.W 0F 3A 16 Eq,Vx,Ib", extract(64)), row("extractps", "66 0F 3A 17 Ry,Vx,Ib", extract(32)), row("extractps", "66 0F 3A 17 Md,Vx,Ib", extract(32)),
  row("pinsrb", "66 0F 3A 20 Vx,Ry,Ib", insert(8)), row("pinsrb", "66 0F 3A 20 Vx,Mb,Ib", insert(8)), row("pinsrd", "66 W0 0F 3A 22 Vx,Ed,Ib", insert(32)), row("pinsrq", "66 REX.W 0F 3A 22 Vx,Eq,Ib", insertQuad),
  row("insertps", "66 0F 3A 21 Vx,Ux,Ib", insertps), row("insertps", "66 0F 3A 21 Vx,Md,Ib", insertps),
  row("roundps", "66 0F 3A 08 Vx,Wx,Ib", round(32, 4)), row("roundpd", "66 0F 3A 09 Vx,Wx,Ib", round(64, 2)), row("roundss", "66 0F 3A 0A Vd,Wd,Ib", round(32, 1)), row("roundsd", "66 0F 3A 0B Vq,Wq,Ib", round(64, 1)),
  ...ofEachVendor((vendor) => [row("dpps", "66 0F 3A 40 Vx,Wx,Ib", dot(vendor, 32)), row("dppd", "66 0F 3A 41 Vx,Wx,Ib", dot(vendor, 64))]),
]);

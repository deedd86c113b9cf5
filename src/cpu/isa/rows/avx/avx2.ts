// Instructions of AVX and AVX2 without an SSE counterpart. SDM Vol. 2: VPBLENDD, VPSLLVx VPSRAVD VPSRLVx,
// VPERMILPx, VBROADCASTx VPBROADCASTx, VPERMx, VINSERTx VEXTRACTx, VMASKMOVPx VPMASKMOVx, VTESTPx, VZEROx;
// VPTEST, VMOVMSKPx and VPMOVMSKB of 256 bits.
import type { Vendor } from "../../../machine/model.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { type Attributes, family, ofEachVendor, type Row, row, rows2 } from "../../row.ts";
import { gather } from "../sse/float.ts";
import { bitMask } from "../sse/sse41.ts";
import { order32 } from "../sse/vector.ts";
import { bothLengths } from "./vex.ts";

const avx2: Attributes = { feature: "avx2" };
const avx: Attributes = { feature: "avx" };
/** Masked moves are never misaligned on AMD's processors. */
const avxMasked: Attributes = { ...avx, unaligned: true };
const avx2Masked: Attributes = { ...avx2, unaligned: true };
const zero = <V>(o: Ops<V>): V => o.vector(o.imm(0), o.imm(0));

const three =
  (f: <V>(o: Ops<V>, a: V, b: V) => V): Meaning =>
  (o) => {
    const b = o.get(2);
    o.set(0, f(o, o.get(1), b));
  };

// Instructions on each half.

/** Each lane is shifted by its own count. A count beyond the width leaves zeros, or signs. */
const shift = (w: 32 | 64, how: "shl" | "shr" | "sar"): Meaning =>
  three((o, a, b) =>
    gather(o, w, 128 / w, (n) => {
      const count = o.let("count", o.zext(o.lane(b, w, n), w));
      const v = o.zext(o.lane(a, w, n), w);
      const within = o.ltU(count, o.imm(w));
      if (how === "sar") return o.zext(o.sar(o.sext(v, w), o.select(within, count, o.imm(w - 1))), w);
      return o.select(within, o.zext(how === "shl" ? o.shl(v, count) : o.shr(v, count), w), o.imm(0));
    }),
  );
const blend: Meaning = (o) => {
  const mask = bitMask(o, 32, o.get(3));
  const b = o.get(2);
  o.set(0, o.simd("v128.bitselect", b, o.get(1), mask));
};
/**
 * The byte numbers of the 32-bit lanes that the low bits of each lane of `order` select. `bits`: the
 * significant bits.
 */
const dwords = <V>(o: Ops<V>, order: V, bits: 3 | 7): V => {
  const number = o.simd("v128.and", order, o.splat(32, o.imm(bits)));
  return o.let("bytes", o.simd("i32x4.add", o.simd("i32x4.mul", number, o.splat(32, o.imm(0x04040404))), o.splat(32, o.imm(0x03020100))));
};
const permilps = three((o, a, b) => o.simd("i8x16.swizzle", a, dwords(o, b, 3)));
const permilpsBy: Meaning = (o) => {
  const order = order32(o, o.get(2));
  o.set(0, o.simd("i8x16.swizzle", o.get(1), order));
};
const either = <V>(o: Ops<V>, bit: V, v: V): V => o.select(bit, o.lane(v, 64, 1), o.lane(v, 64, 0));
const permilpd = three((o, a, b) => {
  const bit = (n: number) => o.and(o.lane(b, 64, n), o.imm(2));
  return o.vector(either(o, bit(0), a), either(o, bit(1), a));
});
const permilpdBy: Meaning = (o) => {
  const imm = o.get(2);
  const a = o.get(1);
  o.set(0, o.vector(either(o, o.and(imm, o.imm(1)), a), either(o, o.and(imm, o.imm(2)), a)));
};

// Instructions across the halves.

const broadcast =
  (w: 8 | 16 | 32 | 64) =>
  (l: 128 | 256): Meaning =>
  (o) => {
    const v = o.let("v", o.splat(w, o.get(1)));
    if (l === 128) o.set(0, v);
    else o.setWide(0, v, v);
  };
const broadcast128: Meaning = (o) => {
  const v = o.get(1);
  o.setWide(0, v, v);
};
const insert: Meaning = (o) => {
  const upper = o.and(o.get(3), o.imm(1));
  const v = o.get(2);
  const [low, high] = o.wide(1);
  o.setWide(0, o.select(upper, low, v), o.select(upper, v, high));
};
const extract: Meaning = (o) => {
  const [low, high] = o.wide(1);
  o.set(0, o.select(o.and(o.get(2), o.imm(1)), high, low));
};
/** Each half is one of the four source halves, or zero. */
const permute128: Meaning = (o) => {
  const imm = o.get(3);
  const [c, d] = o.wide(2);
  const [a, b] = o.wide(1);
  const half = (at: number) => {
    const bit = (n: number) => o.and(imm, o.imm(1 << (at + n)));
    return o.select(bit(3), zero(o), o.select(bit(1), o.select(bit(0), d, c), o.select(bit(0), b, a)));
  };
  o.setWide(0, half(0), half(4));
};
const permuteDwords: Meaning = <V>(o: Ops<V>) => {
  const [low, high] = o.wide(2);
  const half = (order: V) => {
    const bytes = dwords(o, order, 7);
    // A byte number of 16 or more gives 0, also after the subtraction.
    const above = o.simd("i8x16.sub", bytes, o.splat(8, o.imm(16)));
    return o.simd("v128.or", o.simd("i8x16.swizzle", low, bytes), o.simd("i8x16.swizzle", high, above));
  };
  const [a, b] = o.wide(1);
  o.setWide(0, half(a), half(b));
};
const permuteQuads: Meaning = (o) => {
  const imm = o.get(2);
  const [low, high] = o.wide(1);
  const lane = (n: number) => {
    const odd = o.and(imm, o.imm(1 << (2 * n)));
    return o.select(o.and(imm, o.imm(2 << (2 * n))), either(o, odd, high), either(o, odd, low));
  };
  o.setWide(0, o.vector(lane(0), lane(1)), o.vector(lane(2), lane(3)));
};

const parts = <V>(o: Ops<V>, i: Form, n: number): readonly V[] => (i.widths[n] === 256 ? o.wide(n) : [o.get(n)]);
/**
 * ZF: no common bit among those that `seen` selects. CF: no bit of the second operand that the first lacks.
 */
const test =
  (seen: <V>(o: Ops<V>, v: V) => V): Meaning =>
  <V>(o: Ops<V>, i: Form) => {
    const b = parts(o, i, 1);
    const a = parts(o, i, 0);
    const none = (of: (x: V, y: V) => V): V => {
      const some = b.map((y, n) => seen(o, of(a[n] as V, y))).reduce((x, y) => o.or(x, y));
      return o.eq(some, o.imm(0));
    };
    const zf = none((x, y) => o.simd("v128.and", x, y));
    const cf = none((x, y) => o.simd("v128.andnot", y, x));
    o.flags("word", 64, o.or(o.shl(zf, o.imm(6)), cf));
  };
const signs =
  (name: "i8x16.bitmask" | "i32x4.bitmask" | "i64x2.bitmask", lanes: number): Meaning =>
  (o) => {
    const [low, high] = o.wide(1);
    o.set(0, o.or(o.simd(name, low), o.shl(o.simd(name, high), o.imm(lanes))));
  };

// Masked moves.

interface Lane<V> {
  readonly wanted: V;
  readonly address: V;
}
/** For each lane of w bits: the sign bit of its mask, and the address of its memory. */
const masked = <V>(o: Ops<V>, i: Form, vendor: Vendor, w: 32 | 64, mask: number, memory: number): Lane<V>[] => {
  // On Intel's processors lanes beyond the end of the address size do not wrap to its start, except at the
  // end of all linear addresses. AMD's processors do the same for a load in 64-bit code if the whole vector
  // is present. Otherwise AMD's accesses the lanes one by one, and they wrap; that case is not modelled.
  const goesOn = vendor === "intel" ? i.mode === 64 || i.addressSize === 16 : i.mode === 64 && memory !== 0;
  const within = (address: V): V => (goesOn ? address : o.zext(address, i.addressSize));
  const masks = parts(o, i, mask);
  const start = o.address(memory);
  return masks.flatMap((m, half) =>
    Array.from({ length: 128 / w }, (_, n) => ({
      wanted: o.let("wanted", o.shr(o.zext(o.lane(m, w, n), w), o.imm(w - 1))),
      address: o.let("address", within(o.add(start, o.imm(half * 16 + (n * w) / 8)))),
    })),
  );
};
const inVector = <V>(o: Ops<V>, w: 32 | 64, lanes: readonly V[]): V => gather(o, w, 128 / w, (n) => lanes[n] as V);
interface AddressRange<V> {
  /** Nonzero if the mask selects any lane. */
  readonly some: V;
  readonly first: V;
  readonly last: V;
}
/** The addresses of the first and of the last selected byte. */
const rangeOf = <V>(o: Ops<V>, w: 32 | 64, lanes: readonly Lane<V>[]): AddressRange<V> => {
  const none = lanes[0]!.address;
  const first = lanes.reduceRight((found, { wanted, address }) => o.select(wanted, address, found), none);
  const last = lanes.reduce(
    (found, { wanted, address }) => o.select(wanted, o.add(address, o.imm(w / 8 - 1)), found),
    o.sub(none, o.imm(1)),
  );
  const some = lanes.map(({ wanted }) => wanted).reduce((x, y) => o.or(x, y));
  return { some: o.let("some", some), first: o.let("first", first), last: o.let("last", last) };
};
/**
 * Intel's processors check all selected lanes before any access: they must be canonical with the segment's
 * base, and inside a 64 KiB segment.
 */
const checkEnd = <V>(o: Ops<V>, i: Form, memory: number, { some, last }: AddressRange<V>, look: (at: V) => void): void => {
  let bad: V;
  if (i.mode === 64) {
    const linear = o.let("linear", o.add(o.linear(memory, false), o.sub(last, o.address(memory))));
    bad = o.ne(o.sext(linear, 48), linear);
  } else if (i.addressSize === 16 && !i.flat) bad = o.ltU(o.imm(0xffff), last);
  else return;
  o.when(o.and(some, bad), () => look(last), undefined, false);
};
const maskedLoad =
  (vendor: Vendor, w: 32 | 64) =>
  (l: 128 | 256): Meaning =>
  (o, i) => {
    const all = masked(o, i, vendor, w, 1, 2);
    if (vendor === "intel") checkEnd(o, i, 2, rangeOf(o, w, all), (at) => o.load(undefined, at, 8));
    const lanes = all.map(({ wanted, address }) =>
      o.either(
        wanted,
        () => o.load(undefined, address, w),
        () => o.imm(0),
      ),
    );
    const low = inVector(o, w, lanes.slice(0, 128 / w));
    if (l === 128) o.set(0, low);
    else o.setWide(0, low, inVector(o, w, lanes.slice(128 / w)));
  };
/**
 * All selected lanes must be writable before one is written. Intel's processors access the first and the last
 * byte, so that a fault on the second of two pages reports the last byte.
 */
const maskedStore = (vendor: Vendor, w: 32 | 64) => (): Meaning => (o, i) => {
  const lanes = masked(o, i, vendor, w, 1, 0);
  const values = parts(o, i, 2);
  if (vendor === "intel") {
    const range = rangeOf(o, w, lanes);
    o.when(range.some, () => {
      const look = (at: typeof range.last): void => {
        o.loadRmw(undefined, at, 8);
      };
      checkEnd(o, i, 0, range, look);
      look(range.first);
      look(range.last);
    });
  }
  for (const { wanted, address } of lanes)
    o.when(wanted, () => {
      o.loadRmw(undefined, address, w);
    });
  lanes.forEach(({ wanted, address }, n) => {
    const v = o.lane(values[Math.floor((n * w) / 128)]!, w, n % (128 / w));
    o.when(wanted, () => o.store(undefined, address, w, v));
  });
};

const clear =
  (all: boolean): Meaning =>
  (o, i) => {
    for (let r = 0; r < (i.mode === 64 ? 16 : 8); r++) {
      if (all) o.setXmm(r, zero(o));
      o.setUpper(r, zero(o));
    }
  };

const anyBit = <V>(o: Ops<V>, v: V): V => o.simd("v128.any_true", v);
// biome-ignore format: table
const maskedMoves = (vendor: Vendor): readonly Row[] => [
  ...rows2("vmaskmovps", "VEX.{128_256}.66.0F38.W0 2C Vx,Hx,Mx", maskedLoad(vendor, 32), avxMasked), ...rows2("vmaskmovps", "VEX.{128_256}.66.0F38.W0 2E Mx,Hx,Vx", maskedStore(vendor, 32), avxMasked),
  ...rows2("vmaskmovpd", "VEX.{128_256}.66.0F38.W0 2D Vx,Hx,Mx", maskedLoad(vendor, 64), avxMasked), ...rows2("vmaskmovpd", "VEX.{128_256}.66.0F38.W0 2F Mx,Hx,Vx", maskedStore(vendor, 64), avxMasked),
  ...rows2("vpmaskmovd", "VEX.{128_256}.66.0F38.W0 8C Vx,Hx,Mx", maskedLoad(vendor, 32), avx2Masked), ...rows2("vpmaskmovd", "VEX.{128_256}.66.0F38.W0 8E Mx,Hx,Vx", maskedStore(vendor, 32), avx2Masked),
  ...rows2("vpmaskmovq", "VEX.{128_256}.66.0F38.W1 8C Vx,Hx,Mx", maskedLoad(vendor, 64), avx2Masked), ...rows2("vpmaskmovq", "VEX.{128_256}.66.0F38.W1 8E Mx,Hx,Vx", maskedStore(vendor, 64), avx2Masked),
];
/** The rows without an SSE counterpart. */
// biome-ignore format: table
export const avxOnly = family(() => [
  ...bothLengths("vpsllvd", "VEX.{128_256}.66.0F38.W0 47 Vx,Hx,Wx", shift(32, "shl"), avx2), ...bothLengths("vpsllvq", "VEX.{128_256}.66.0F38.W1 47 Vx,Hx,Wx", shift(64, "shl"), avx2),
  ...bothLengths("vpsrlvd", "VEX.{128_256}.66.0F38.W0 45 Vx,Hx,Wx", shift(32, "shr"), avx2), ...bothLengths("vpsrlvq", "VEX.{128_256}.66.0F38.W1 45 Vx,Hx,Wx", shift(64, "shr"), avx2),
  ...bothLengths("vpsravd", "VEX.{128_256}.66.0F38.W0 46 Vx,Hx,Wx", shift(32, "sar"), avx2), ...bothLengths("vpblendd", "VEX.{128_256}.66.0F3A.W0 02 Vx,Hx,Wx,Ib", blend, avx2, { perHalf: 4 }),
  ...bothLengths("vpermilps", "VEX.{128_256}.66.0F38.W0 0C Vx,Hx,Wx", permilps, avx), ...bothLengths("vpermilps", "VEX.{128_256}.66.0F3A.W0 04 Vx,Wx,Ib", permilpsBy, avx),
  ...bothLengths("vpermilpd", "VEX.{128_256}.66.0F38.W0 0D Vx,Hx,Wx", permilpd, avx), ...bothLengths("vpermilpd", "VEX.{128_256}.66.0F3A.W0 05 Vx,Wx,Ib", permilpdBy, avx, { perHalf: 2 }),

  ...rows2("vbroadcastss", "VEX.{128_256}.66.0F38.W0 18 Vx,Md", broadcast(32), avx), ...rows2("vbroadcastss", "VEX.{128_256}.66.0F38.W0 18 Vx,Ud", broadcast(32), avx2),
  row("vbroadcastsd", "VEX.256.66.0F38.W0 19 Vx,Mq", broadcast(64)(256), avx), row("vbroadcastsd", "VEX.256.66.0F38.W0 19 Vx,Uq", broadcast(64)(256), avx2),
  row("vbroadcastf128", "VEX.256.66.0F38.W0 1A Vx,Mdq", broadcast128, avx), row("vbroadcasti128", "VEX.256.66.0F38.W0 5A Vx,Mdq", broadcast128, avx2),
  ...rows2("vpbroadcastb", "VEX.{128_256}.66.0F38.W0 78 Vx,Wb", broadcast(8), avx2), ...rows2("vpbroadcastw", "VEX.{128_256}.66.0F38.W0 79 Vx,Ww", broadcast(16), avx2),
  ...rows2("vpbroadcastd", "VEX.{128_256}.66.0F38.W0 58 Vx,Wd", broadcast(32), avx2), ...rows2("vpbroadcastq", "VEX.{128_256}.66.0F38.W0 59 Vx,Wq", broadcast(64), avx2),
  row("vinsertf128", "VEX.256.66.0F3A.W0 18 Vx,Hx,Wdq,Ib", insert, avx), row("vinserti128", "VEX.256.66.0F3A.W0 38 Vx,Hx,Wdq,Ib", insert, avx2),
  row("vextractf128", "VEX.256.66.0F3A.W0 19 Wdq,Vx,Ib", extract, avx), row("vextracti128", "VEX.256.66.0F3A.W0 39 Wdq,Vx,Ib", extract, avx2),
  row("vperm2f128", "VEX.256.66.0F3A.W0 06 Vx,Hx,Wx,Ib", permute128, avx), row("vperm2i128", "VEX.256.66.0F3A.W0 46 Vx,Hx,Wx,Ib", permute128, avx2),
  row("vpermd", "VEX.256.66.0F38.W0 36 Vx,Hx,Wx", permuteDwords, avx2), row("vpermps", "VEX.256.66.0F38.W0 16 Vx,Hx,Wx", permuteDwords, avx2),
  row("vpermq", "VEX.256.66.0F3A.W1 00 Vx,Wx,Ib", permuteQuads, avx2), row("vpermpd", "VEX.256.66.0F3A.W1 01 Vx,Wx,Ib", permuteQuads, avx2),

  ...ofEachVendor(maskedMoves),

  ...rows2("vtestps", "VEX.{128_256}.66.0F38.W0 0E Vx,Wx", () => test((o, v) => o.simd("i32x4.bitmask", v)), avx), ...rows2("vtestpd", "VEX.{128_256}.66.0F38.W0 0F Vx,Wx", () => test((o, v) => o.simd("i64x2.bitmask", v)), avx),
  row("vptest", "VEX.256.66.0F38.WIG 17 Vx,Wx", test(anyBit), avx), row("vpmovmskb", "VEX.256.66.0F.WIG D7 Gy,Ux", signs("i8x16.bitmask", 16), avx2),
  row("vmovmskps", "VEX.256.NP.0F.WIG 50 Gy,Ux", signs("i32x4.bitmask", 4), avx), row("vmovmskpd", "VEX.256.66.0F.WIG 50 Gy,Ux", signs("i64x2.bitmask", 2), avx),
  row("vzeroupper", "VEX.128.NP.0F.WIG 77", clear(false), { ...avx, context: true }), row("vzeroall", "VEX.256.NP.0F.WIG 77", clear(true), { ...avx, context: true }),
]);

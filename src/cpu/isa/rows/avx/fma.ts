// Fused multiply-add, and conversions from and to half precision. SDM Vol. 1 14.4, 14.5; Vol. 2C VFMADD132PD
// …, VCVTPH2PS VCVTPS2PH.
import type { CpuFeature, Vendor } from "../../../machine/model.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";
import { all, areSafe, areTame, commitExceptions, exactly, type FloatFormat, gather, plain } from "../sse/float.ts";
import { bytesOf } from "../sse/vector.ts";
import { bothLengths, commitGathered } from "./vex.ts";

/** Bits of the routine's argument `how`: negate the product, negate the addend. */
const PRODUCT = 1;
const ADDEND = 2;
/** The `how` of a lane; it may alternate. */
type Kind = (lane: number) => number;

// biome-ignore format: table
const kinds: readonly (readonly [name: string, low: number, of: Kind, scalar: boolean])[] = [
  ["fmaddsub", 0x6, (n) => (n & 1 ? 0 : ADDEND), false], ["fmsubadd", 0x7, (n) => (n & 1 ? ADDEND : 0), false],
  ["fmadd", 0x8, () => 0, true], ["fmsub", 0xa, () => ADDEND, true], ["fnmadd", 0xc, () => PRODUCT, true], ["fnmsub", 0xe, () => PRODUCT | ADDEND, true],
];
/**
 * The operands, by number, that are multiplicand, multiplier and addend: 1 is the destination, 2 VEX.vvvv, 3
 * may be memory.
 */
const orders = [
  ["132", 0x90, [1, 3, 2]],
  ["213", 0xa0, [2, 1, 3]],
  ["231", 0xb0, [2, 3, 1]],
] as const;
type Order = (typeof orders)[number][2];

const gathered = <V>(o: Ops<V>, w: FloatFormat, of: Kind, [a, b, c]: readonly [V, V, V]): V =>
  gather(o, w, 128 / w, (n) => o.call(`sse_fma${w}`, o.lane(a, w, n), o.lane(b, w, n), o.lane(c, w, n), o.imm(of(n))));

/** The lanes with their sign changed where the kind requires it. */
const signed = <V>(o: Ops<V>, v: V, of: Kind, bit: number): V => {
  const sign = (n: number) => (of(n) & bit ? 0x8000_0000n << BigInt(32 * (n & 1)) : 0n);
  const [low, high] = [sign(0) | sign(1), sign(2) | sign(3)];
  return (low | high) === 0n ? v : o.simd("v128.xor", v, o.vector(o.imm(low), o.imm(high)));
};
/**
 * Singles in double arithmetic. Products are exact. The sum is rounded twice, which is correct unless the
 * first rounding ends halfway between two singles.
 */
const singles = <V>(o: Ops<V>, of: Kind, [a, b, c]: readonly [V, V, V]): V => {
  const x = o.let("x", signed(o, a, of, PRODUCT));
  const z = o.let("z", signed(o, c, of, ADDEND));
  const wide = (v: V, half: 0 | 1) => o.simd("f64x2.promote_low_f32x4", half === 0 ? v : o.shuffle(v, v, bytesOf(64, [1, 1])));
  const sums = ([0, 1] as const).map((h) => o.let("sum", o.simd("f64x2.add", o.simd("f64x2.mul", wide(x, h), wide(b, h)), wide(z, h))));
  const [low, high] = sums.map((s) => o.simd("f32x4.demote_f64x2_zero", s)) as [V, V];
  const r = o.let("r", o.shuffle(low, high, bytesOf(64, [0, 2])));
  const mask = o.splat(64, o.imm(0x1fff_ffff));
  const halfway = sums.map((s) => o.simd("i64x2.eq", o.simd("v128.and", s, mask), o.splat(64, o.imm(0x1000_0000))));
  const clear = o.eq(o.simd("v128.any_true", o.simd("v128.or", halfway[0]!, halfway[1]!)), o.imm(0));
  const tame = [areTame(o, 32, a), areTame(o, 32, b), areTame(o, 32, c), areSafe(o, 32, r)].reduce((u, v) => o.simd("v128.and", u, v));
  return exactly(o, o.and(o.and(plain(o), clear), all(o, 32, tame)), r, () => gathered(o, 32, of, [a, b, c]));
};

const packed =
  (w: FloatFormat, order: Order, of: Kind): Meaning =>
  <V>(o: Ops<V>) => {
    const third = o.get(2);
    const operands = [o.get(0), o.get(1), third] as const;
    const inOrder = order.map((n) => operands[n - 1]) as unknown as readonly [V, V, V];
    if (w === 32) return o.set(0, singles(o, of, inOrder));
    const r = o.let("r", gathered(o, w, of, inOrder));
    commitExceptions(o);
    o.set(0, r);
  };
/** The other lanes are unchanged. */
const scalar =
  (w: FloatFormat, order: Order, of: Kind): Meaning =>
  <V>(o: Ops<V>) => {
    const third = o.get(2);
    const destination = o.get(0);
    const operands = [o.lane(destination, w, 0), o.lane(o.get(1), w, 0), third] as const;
    const [a, b, c] = order.map((n) => operands[n - 1]) as unknown as readonly [V, V, V];
    const r = o.let("r", o.call(`sse_fma${w}`, a, b, c, o.imm(of(0))));
    commitGathered(o);
    o.set(0, o.withLane(destination, w, 0, r));
  };

const feature = (f: CpuFeature) => ({ feature: f });
const hex = (n: number): string => n.toString(16).toUpperCase();
const fused = (): readonly Row[] =>
  kinds.flatMap(([name, low, of, single]) =>
    orders.flatMap(([digits, high, order]) =>
      ([32, 64] as const).flatMap((w) => {
        const [p, s, W, size] = w === 32 ? (["ps", "ss", "W0", "d"] as const) : (["pd", "sd", "W1", "q"] as const);
        const many = bothLengths(
          `v${name}${digits}${p}`,
          `VEX.{128_256}.66.0F38.${W} ${hex(high + low)} Vx,Hx,Wx`,
          packed(w, order, of),
          feature("fma"),
          { reads: true },
        );
        if (!single) return many;
        return [
          ...many,
          row(`v${name}${digits}${s}`, `VEX.LIG.66.0F38.${W} ${hex(high + low + 1)} Vx,Hx,W${size}`, scalar(w, order, of), feature("fma")),
        ];
      }),
    ),
  );

const fromHalves: Meaning = (o) => {
  const a = o.get(1);
  const r = o.let(
    "r",
    gather(o, 32, 4, (n) => o.call("sse_fromHalf", o.and(o.shr(a, o.imm(16 * n)), o.imm(0xffff)))),
  );
  commitExceptions(o);
  o.set(0, r);
};
const toHalves =
  (vendor: Vendor): Meaning =>
  <V>(o: Ops<V>, i: Form) => {
    // On AMD's processors a fault of the store precedes the conversion's exceptions.
    if (vendor === "amd" && i.memory(0)) o.rmw(0);
    const how = o.get(2);
    const a = o.get(1);
    const rounding = o.and(how, o.imm(7));
    const mode = vendor === "amd" ? rounding : o.or(rounding, o.imm(8));
    const half = (n: number): V => o.shl(o.zext(o.call("sse_toHalf", o.lane(a, 32, n), mode), 16), o.imm(16 * n));
    const r = o.let(
      "r",
      [0, 1, 2, 3].map(half).reduce((x, y) => o.or(x, y)),
    );
    commitExceptions(o);
    o.set(0, r);
  };

/** Intel's processors ignore the alignment of their memory operand under EFLAGS.AC. */
const withHalves = (vendor: Vendor): readonly Row[] => {
  const attributes = vendor === "amd" ? feature("f16c") : ({ ...feature("f16c"), unaligned: true } as const);
  return [
    ...bothLengths("vcvtph2ps", "VEX.{128_256}.66.0F38.W0 13 Vx,W{q_dq}", fromHalves, attributes, { part: "widen" }),
    ...bothLengths("vcvtps2ph", "VEX.{128_256}.66.0F3A.W0 1D W{q_dq},Vx,Ib", toHalves(vendor), attributes, { part: "narrow" }),
  ];
};

/** The rows of FMA and F16C. */
export const fma = family(() => [...fused(), ...ofEachVendor(withHalves)]);

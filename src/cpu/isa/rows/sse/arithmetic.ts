// Floating-point arithmetic. SDM Vol. 2: ADDx SUBx MULx DIVx SQRTx MINx MAXx of PS, PD, SS and SD; RCPxS
// RSQRTxS; HADDPx HSUBPx ADDSUBPx.
import type { Vendor } from "../../../machine/model.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";
import {
  all,
  areComparable,
  areFinite,
  areMidRange,
  areSafe,
  areTame,
  areTrulyComparable,
  constant,
  exactly,
  exactlySoon,
  type FloatFormat,
  floatName,
  gather,
  plain,
} from "./float.ts";
import { bytesOf } from "./vector.ts";

type Arithmetic = "add" | "sub" | "mul" | "div";

/**
 * True for sums. A sum of normal numbers and zeros is correct unless it overflows; a subnormal sum is exact.
 * Products may underflow.
 */
const sums = (name: Arithmetic): boolean => name === "add" || name === "sub";

/** The values that must be in the middle range. The sum of two such numbers cannot overflow. */
const needed = <V>(name: Arithmetic, a: V, b: V, r: V): V[] => (sums(name) ? [a, b] : [a, b, r]);

const lowOf = <V>(o: Ops<V>, w: FloatFormat, v: V): V => (w === 64 ? o.lane(v, 64, 0) : o.lane(v, 32, 0));
/** The operation on the low lanes of vectors. The other lanes are computed, too, and ignored. */
const scalar =
  (name: Arithmetic, w: FloatFormat): Meaning =>
  (o) => {
    const b = o.vec(1);
    const a = o.vec(0);
    const r = o.let("r", o.simd(floatName(w, name), a, b));
    if (o.assured(name, w, 1, r, a, b) === true) return o.set(0, r);
    const slow = () => o.call(`sse_${name}${w}`, lowOf(o, w, a), lowOf(o, w, b));
    o.set(0, exactly(o, areMidRange(o, w, 1, ...needed(name, a, b, r)), r, slow));
  };

/** True if a zero product or quotient has a zero operand. */
const areSafeOrOfZero = <V>(o: Ops<V>, name: Arithmetic, w: FloatFormat, a: V, b: V, r: V): V => {
  const isZero = (v: V): V => o.simd(floatName(w, "eq"), v, constant(o, w, 0n));
  return [areSafe(o, w, r), isZero(a), ...(name === "mul" ? [isZero(b)] : [])].reduce((x, y) => o.simd("v128.or", x, y));
};
const packedValue = <V>(o: Ops<V>, name: Arithmetic, w: FloatFormat, a: V, b: V): V => {
  const r = o.let("r", o.simd(floatName(w, name), a, b));
  if (o.assured(name, w, 128 / w, r, a, b) === true) return r;
  const tame = (): V[] => [
    areTame(o, w, a),
    areTame(o, w, b),
    areFinite(o, w, r),
    ...(sums(name) ? [] : [areSafeOrOfZero(o, name, w, a, b, r)]),
  ];
  const ok = () =>
    o.and(
      plain(o),
      all(
        o,
        w,
        tame().reduce((x, y) => o.simd("v128.and", x, y)),
      ),
    );
  return exactlySoon(o, areMidRange(o, w, 128 / w, ...needed(name, a, b, r)), ok, r, () =>
    gather(o, w, 128 / w, (n) => o.call(`sse_${name}${w}`, o.lane(a, w, n), o.lane(b, w, n))),
  );
};
const packed =
  (name: Arithmetic, w: FloatFormat): Meaning =>
  (o) => {
    const b = o.get(1);
    const a = o.get(0);
    o.set(0, packedValue(o, name, w, a, b));
  };

/** The result for a negative number is a NaN. */
const sqrt =
  (w: FloatFormat): Meaning =>
  (o) => {
    const a = o.vec(1);
    const r = o.let("r", o.simd(floatName(w, "sqrt"), a));
    if (o.assured("sqrt", w, 1, r, a) === true) return o.set(0, r);
    o.set(
      0,
      exactly(o, areMidRange(o, w, 1, a, r), r, () => o.call(`sse_sqrt${w}`, lowOf(o, w, a))),
    );
  };
const sqrtPacked =
  (w: FloatFormat): Meaning =>
  (o) => {
    const a = o.get(1);
    const r = o.let("r", o.simd(floatName(w, "sqrt"), a));
    if (o.assured("sqrt", w, 128 / w, r, a) === true) return o.set(0, r);
    const ok = areMidRange(o, w, 128 / w, a, r);
    o.set(
      0,
      exactly(o, ok, r, () => gather(o, w, 128 / w, (n) => o.call(`sse_sqrt${w}`, o.lane(a, w, n)))),
    );
  };

/**
 * The second operand, unless the first is strictly beyond it: WebAssembly's pmin and pmax with exchanged
 * operands.
 */
const extreme =
  (name: "min" | "max", w: FloatFormat, lanes: number): Meaning =>
  (o) => {
    const b = o.vec(1);
    const a = o.vec(0);
    const ok = () => areTrulyComparable(o, w, lanes, a, b);
    o.set(
      0,
      exactlySoon(o, areComparable(o, w, lanes, a, b), ok, o.simd(floatName(w, `p${name}`), b, a), () =>
        gather(o, w, lanes, (n) => o.call(`sse_${name}${w}`, o.lane(a, w, n), o.lane(b, w, n))),
      ),
    );
  };

/** The processor's own approximations of 1/x and 1/sqrt(x). */
const approximate =
  (name: "rcp" | "rsqrt", vendor: Vendor, lanes: number): Meaning =>
  (o) => {
    const a = o.get(1);
    o.set(
      0,
      gather(o, 32, lanes, (n) => o.call(`sse_${name}_${vendor}`, o.lane(a, 32, n))),
    );
  };
const approximations = (vendor: Vendor): readonly Row[] =>
  (["rsqrt", "rcp"] as const).flatMap((name, n) => [
    row(`${name}ps`, `NP 0F 5${n + 2} Vx,Wx`, approximate(name, vendor, 4)),
    row(`${name}ss`, `F3 0F 5${n + 2} Vd,Wd`, approximate(name, vendor, 1)),
  ]);

/** Combines neighbours: those of dst in the lower half, those of src in the upper. */
const horizontal =
  (name: "add" | "sub", w: FloatFormat): Meaning =>
  (o) => {
    const b = o.get(1);
    const a = o.get(0);
    const lanes = Array.from({ length: 128 / w }, (_, n) => n * 2);
    const even = o.let("even", o.shuffle(a, b, bytesOf(w, lanes)));
    const odd = o.let(
      "odd",
      o.shuffle(
        a,
        b,
        bytesOf(
          w,
          lanes.map((n) => n + 1),
        ),
      ),
    );
    o.set(0, packedValue(o, name, w, even, odd));
  };
/** Even lanes subtract, odd lanes add. */
const alternating =
  (w: FloatFormat): Meaning =>
  (o) => {
    const b = o.get(1);
    const a = o.get(0);
    const signs = w === 64 ? o.vector(o.imm(1n << 63n), o.imm(0)) : o.vector(o.imm(1n << 31n), o.imm(1n << 31n));
    const r = o.let("r", o.simd(floatName(w, "add"), a, o.simd("v128.xor", b, signs)));
    const ok = o.and(
      plain(o),
      all(
        o,
        w,
        [areTame(o, w, a), areTame(o, w, b), areFinite(o, w, r)].reduce((x, y) => o.simd("v128.and", x, y)),
      ),
    );
    o.set(
      0,
      exactly(o, ok, r, () =>
        gather(o, w, 128 / w, (n) => o.call(n & 1 ? `sse_add${w}` : `sse_sub${w}`, o.lane(a, w, n), o.lane(b, w, n))),
      ),
    );
  };

const four = (
  name: string,
  opcode: string,
  of: (w: FloatFormat, lanes: number) => Meaning,
  single: (w: FloatFormat) => Meaning,
): readonly Row[] => [
  row(`${name}ps`, `NP 0F ${opcode} Vx,Wx`, of(32, 4)),
  row(`${name}pd`, `66 0F ${opcode} Vx,Wx`, of(64, 2)),
  row(`${name}ss`, `F3 0F ${opcode} Vd,Wd`, single(32)),
  row(`${name}sd`, `F2 0F ${opcode} Vq,Wq`, single(64)),
];
const arithmetic = (name: Arithmetic, opcode: string): readonly Row[] =>
  four(
    name,
    opcode,
    (w) => packed(name, w),
    (w) => scalar(name, w),
  );
const extremes = (name: "min" | "max", opcode: string): readonly Row[] =>
  four(
    name,
    opcode,
    (w, lanes) => extreme(name, w, lanes),
    (w) => extreme(name, w, 1),
  );

/** The rows of floating-point arithmetic. */
// biome-ignore format: table
export const sseArithmetic = family(() => [
  ...arithmetic("add", "58"), ...arithmetic("mul", "59"), ...arithmetic("sub", "5C"), ...arithmetic("div", "5E"),
  ...four("sqrt", "51", sqrtPacked, sqrt), ...extremes("min", "5D"), ...extremes("max", "5F"),
  ...ofEachVendor(approximations),
  row("haddps", "F2 0F 7C Vx,Wx", horizontal("add", 32)), row("haddpd", "66 0F 7C Vx,Wx", horizontal("add", 64)),
  row("hsubps", "F2 0F 7D Vx,Wx", horizontal("sub", 32)), row("hsubpd", "66 0F 7D Vx,Wx", horizontal("sub", 64)),
  row("addsubps", "F2 0F D0 Vx,Wx", alternating(32)), row("addsubpd", "66 0F D0 Vx,Wx", alternating(64)),
]);

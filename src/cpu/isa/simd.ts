// Vector and floating-point operations of the vocabulary: WebAssembly's names, opcodes and types, and their
// meaning on bigints. https://webassembly.github.io/spec/core/exec/numerics.html. A float is its bits. A NaN
// result may be any NaN, so a meaning whose NaN is visible to a guest calls a routine instead.
import { type WasmType, wt } from "../../wasm/encoder.ts";

/** An operation: opcode, types, and meaning on unsigned bigints. */
export interface SimdOp {
  readonly opcode: number;
  readonly params: readonly WasmType[];
  readonly result: WasmType;
  readonly meaning: (...args: bigint[]) => bigint;
}

const u = (w: number, v: bigint): bigint => BigInt.asUintN(w, v);
const s = (w: number, v: bigint): bigint => BigInt.asIntN(w, v);
const { i32, i64, f32, f64, v128 } = wt;

/** The lanes of w bits in a vector, lowest first, unsigned. */
export const lanes = (w: number, v: bigint): bigint[] => Array.from({ length: 128 / w }, (_, i) => u(w, v >> BigInt(i * w)));
/** The vector with these lanes of w bits. */
export const joined = (w: number, from: readonly bigint[]): bigint => from.reduce((v, x, i) => v | (u(w, x) << BigInt(i * w)), 0n);

const view = new DataView(new ArrayBuffer(8));
const toF64 = (v: bigint): number => (view.setBigUint64(0, u(64, v)), view.getFloat64(0));
const ofF64 = (v: number): bigint => (view.setFloat64(0, v), view.getBigUint64(0));
const toF32 = (v: bigint): number => (view.setUint32(0, Number(u(32, v))), view.getFloat32(0));
const ofF32 = (v: number): bigint => (view.setFloat32(0, v), BigInt(view.getUint32(0)));
const toFloat = (w: number, v: bigint): number => (w === 32 ? toF32(v) : toF64(v));
const ofFloat = (w: number, v: number): bigint => (w === 32 ? ofF32(v) : ofF64(v));

type One = (a: bigint) => bigint;
type Two = (a: bigint, b: bigint) => bigint;
const vector = 0xfd00;
const ones = (w: number, c: boolean): bigint => (c ? (1n << BigInt(w)) - 1n : 0n);

const each = (opcode: number, w: number, f: One): SimdOp => ({
  opcode: vector + opcode,
  params: [v128],
  result: v128,
  meaning: (a) => joined(w, lanes(w, a!).map(f)),
});
const both = (opcode: number, w: number, f: Two): SimdOp => ({
  opcode: vector + opcode,
  params: [v128, v128],
  result: v128,
  meaning: (a, b) => {
    const y = lanes(w, b!);
    return joined(
      w,
      lanes(w, a!).map((x, i) => f(x, y[i]!)),
    );
  },
});
const signed =
  (w: number, f: Two): Two =>
  (a, b) =>
    f(s(w, a), s(w, b));
const compare = (opcode: number, w: number, f: (a: bigint, b: bigint) => boolean): SimdOp => both(opcode, w, (a, b) => ones(w, f(a, b)));
const compareS = (opcode: number, w: number, f: (a: bigint, b: bigint) => boolean): SimdOp =>
  compare(opcode, w, (a, b) => f(s(w, a), s(w, b)));
const shift = (opcode: number, w: number, f: Two): SimdOp => ({
  opcode: vector + opcode,
  params: [v128, i32],
  result: v128,
  meaning: (a, n) =>
    joined(
      w,
      lanes(w, a!).map((x) => f(x, n! & BigInt(w - 1))),
    ),
});
const whole = (opcode: number, f: Two): SimdOp => ({ opcode: vector + opcode, params: [v128, v128], result: v128, meaning: f });
const test = (opcode: number, f: (a: bigint) => bigint): SimdOp => ({ opcode: vector + opcode, params: [v128], result: i32, meaning: f });

const clampS =
  (w: number) =>
  (v: bigint): bigint => {
    const top = (1n << BigInt(w - 1)) - 1n;
    return v > top ? top : v < -top - 1n ? -top - 1n : v;
  };
const clampU =
  (w: number) =>
  (v: bigint): bigint =>
    v < 0n ? 0n : v > ones(w, true) ? ones(w, true) : v;
/** Both operands' lanes of w bits, signed, clamped into half the width. */
const narrow = (opcode: number, w: number, clamp: One): SimdOp =>
  whole(opcode, (a, b) =>
    joined(
      w / 2,
      [...lanes(w, a), ...lanes(w, b)].map((x) => clamp(s(w, x))),
    ),
  );
/** The low or high lanes of w bits, widened. */
const half = (w: number, high: boolean, v: bigint): bigint[] => (high ? lanes(w, v).slice(64 / w) : lanes(w, v).slice(0, 64 / w));
const extend = (opcode: number, w: number, high: boolean, f: One): SimdOp => ({
  opcode: vector + opcode,
  params: [v128],
  result: v128,
  meaning: (a) => joined(w * 2, half(w, high, a!).map(f)),
});
const product = (opcode: number, w: number, high: boolean, f: One): SimdOp =>
  whole(opcode, (a, b) => {
    const y = half(w, high, b);
    return joined(
      w * 2,
      half(w, high, a).map((x, i) => f(x) * f(y[i]!)),
    );
  });
/** Sums of neighbours, twice as wide. */
const pairs = (opcode: number, w: number, f: One): SimdOp => ({
  opcode: vector + opcode,
  params: [v128],
  result: v128,
  meaning: (a) => {
    const x = lanes(w, a!).map(f);
    return joined(
      w * 2,
      Array.from({ length: 64 / w }, (_, i) => x[i * 2]! + x[i * 2 + 1]!),
    );
  },
});
/** Lanes of 64 bits made half as wide, with zeros above them. */
const halve = (opcode: number, f: One): SimdOp => ({
  opcode: vector + opcode,
  params: [v128],
  result: v128,
  meaning: (a) => joined(32, lanes(64, a!).map(f)),
});
const same: One = (a) => a;
const signOf =
  (w: number): One =>
  (a) =>
    s(w, a);
// biome-ignore lint/complexity/useMathMinMax: Math knows no bigints
const min: Two = (a, b) => (a < b ? a : b);
// biome-ignore lint/complexity/useMathMinMax: Math knows no bigints
const max: Two = (a, b) => (a > b ? a : b);
const abs =
  (w: number): One =>
  (a) =>
    s(w, a) < 0n ? -s(w, a) : a;
const bitmask =
  (w: number): One =>
  (a) =>
    lanes(w, a).reduce((m, x, i) => m | ((x >> BigInt(w - 1)) << BigInt(i)), 0n);
const allTrue =
  (w: number): One =>
  (a) =>
    lanes(w, a).every((x) => x !== 0n) ? 1n : 0n;

// Floats are rounded to nearest even. Double arithmetic rounded once more is correctly rounded for 32 bits,
// too.
const nearest = (v: number): number => {
  const r = Math.round(v);
  const even = Math.abs(v % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
  return even === 0 ? (Object.is(v, -0) || v < 0 ? -0 : 0) : even;
};
const float1 =
  (w: number, f: (a: number) => number): One =>
  (a) =>
    ofFloat(w, f(toFloat(w, a)));
const float2 =
  (w: number, f: (a: number, b: number) => number): Two =>
  (a, b) =>
    ofFloat(w, f(toFloat(w, a), toFloat(w, b)));
const floatTest =
  (w: number, f: (a: number, b: number) => boolean) =>
  (a: bigint, b: bigint): boolean =>
    f(toFloat(w, a), toFloat(w, b));
const truncated = (w: number, v: number): bigint =>
  Number.isNaN(v) ? 0n : clampS(w)(Math.abs(v) === Infinity ? (v > 0 ? 1n : -1n) << 64n : BigInt(Math.trunc(v)));
const scalar = (opcode: number, params: readonly WasmType[], result: WasmType, meaning: SimdOp["meaning"]): SimdOp => ({
  opcode,
  params,
  result,
  meaning,
});
const scalar1 = (opcode: number, t: WasmType, f: (a: number) => number): SimdOp => scalar(opcode, [t], t, float1(t === f32 ? 32 : 64, f));
const scalar2 = (opcode: number, t: WasmType, f: (a: number, b: number) => number): SimdOp =>
  scalar(opcode, [t, t], t, float2(t === f32 ? 32 : 64, f));
const relation = (opcode: number, t: WasmType, f: (a: number, b: number) => boolean): SimdOp =>
  scalar(opcode, [t, t], i32, (a, b) => (floatTest(t === f32 ? 32 : 64, f)(a!, b!) ? 1n : 0n));

const add = (a: number, b: number): number => a + b;
const sub = (a: number, b: number): number => a - b;
const mul = (a: number, b: number): number => a * b;
const div = (a: number, b: number): number => a / b;

/** The operations by WebAssembly's name. */
// biome-ignore format: table
export const simd = {
  "i8x16.swizzle": whole(0x0e, (a, b) => { const x = lanes(8, a); return joined(8, lanes(8, b).map((i) => x[Number(i)] ?? 0n)); }),

  "i8x16.eq": compare(0x23, 8, (a, b) => a === b), "i8x16.gt_s": compareS(0x27, 8, (a, b) => a > b),
  "i16x8.eq": compare(0x2d, 16, (a, b) => a === b), "i16x8.gt_s": compareS(0x31, 16, (a, b) => a > b),
  "i32x4.eq": compare(0x37, 32, (a, b) => a === b), "i32x4.gt_s": compareS(0x3b, 32, (a, b) => a > b),
  "i64x2.eq": compare(0xd6, 64, (a, b) => a === b), "i64x2.gt_s": compareS(0xd9, 64, (a, b) => a > b),

  "v128.and": whole(0x4e, (a, b) => a & b), "v128.andnot": whole(0x4f, (a, b) => a & u(128, ~b)),
  "v128.or": whole(0x50, (a, b) => a | b), "v128.xor": whole(0x51, (a, b) => a ^ b),
  /** Bits of a under ones of c, else of b. */
  "v128.bitselect": { opcode: vector + 0x52, params: [v128, v128, v128], result: v128, meaning: (a: bigint, b: bigint, c: bigint) => (a & c) | (b & u(128, ~c)) },
  "v128.any_true": test(0x53, (a) => (a === 0n ? 0n : 1n)),

  "i8x16.popcnt": each(0x62, 8, (a) => BigInt(a.toString(2).replaceAll("0", "").length)),
  "i8x16.abs": each(0x60, 8, abs(8)), "i16x8.abs": each(0x80, 16, abs(16)), "i32x4.abs": each(0xa0, 32, abs(32)),
  "i32x4.all_true": test(0xa3, allTrue(32)), "i64x2.all_true": test(0xc3, allTrue(64)),
  "i8x16.bitmask": test(0x64, bitmask(8)), "i32x4.bitmask": test(0xa4, bitmask(32)), "i64x2.bitmask": test(0xc4, bitmask(64)),

  "i8x16.narrow_i16x8_s": narrow(0x65, 16, clampS(8)), "i8x16.narrow_i16x8_u": narrow(0x66, 16, clampU(8)),
  "i16x8.narrow_i32x4_s": narrow(0x85, 32, clampS(16)), "i16x8.narrow_i32x4_u": narrow(0x86, 32, clampU(16)),

  "i8x16.add": both(0x6e, 8, (a, b) => a + b), "i16x8.add": both(0x8e, 16, (a, b) => a + b), "i32x4.add": both(0xae, 32, (a, b) => a + b), "i64x2.add": both(0xce, 64, (a, b) => a + b),
  "i8x16.sub": both(0x71, 8, (a, b) => a - b), "i16x8.sub": both(0x91, 16, (a, b) => a - b), "i32x4.sub": both(0xb1, 32, (a, b) => a - b), "i64x2.sub": both(0xd1, 64, (a, b) => a - b),
  "i8x16.add_sat_s": both(0x6f, 8, signed(8, (a, b) => clampS(8)(a + b))), "i8x16.add_sat_u": both(0x70, 8, (a, b) => clampU(8)(a + b)),
  "i16x8.add_sat_s": both(0x8f, 16, signed(16, (a, b) => clampS(16)(a + b))), "i16x8.add_sat_u": both(0x90, 16, (a, b) => clampU(16)(a + b)),
  "i8x16.sub_sat_s": both(0x72, 8, signed(8, (a, b) => clampS(8)(a - b))), "i8x16.sub_sat_u": both(0x73, 8, (a, b) => clampU(8)(a - b)),
  "i16x8.sub_sat_s": both(0x92, 16, signed(16, (a, b) => clampS(16)(a - b))), "i16x8.sub_sat_u": both(0x93, 16, (a, b) => clampU(16)(a - b)),
  "i8x16.min_s": both(0x76, 8, signed(8, min)), "i8x16.min_u": both(0x77, 8, min), "i8x16.max_s": both(0x78, 8, signed(8, max)), "i8x16.max_u": both(0x79, 8, max),
  "i16x8.min_s": both(0x96, 16, signed(16, min)), "i16x8.min_u": both(0x97, 16, min), "i16x8.max_s": both(0x98, 16, signed(16, max)), "i16x8.max_u": both(0x99, 16, max),
  "i32x4.min_s": both(0xb6, 32, signed(32, min)), "i32x4.min_u": both(0xb7, 32, min), "i32x4.max_s": both(0xb8, 32, signed(32, max)), "i32x4.max_u": both(0xb9, 32, max),
  "i8x16.avgr_u": both(0x7b, 8, (a, b) => (a + b + 1n) >> 1n), "i16x8.avgr_u": both(0x9b, 16, (a, b) => (a + b + 1n) >> 1n),
  "i16x8.mul": both(0x95, 16, (a, b) => a * b), "i32x4.mul": both(0xb5, 32, (a, b) => a * b),
  /** Signed Q15 product, rounded, saturated. */
  "i16x8.q15mulr_sat_s": both(0x82, 16, signed(16, (a, b) => clampS(16)((a * b + 0x4000n) >> 15n))),
  "i32x4.dot_i16x8_s": whole(0xba, (a, b) => {
    const x = lanes(16, a).map(signOf(16));
    const y = lanes(16, b).map(signOf(16));
    return joined(32, [0, 2, 4, 6].map((i) => x[i]! * y[i]! + x[i + 1]! * y[i + 1]!));
  }),

  "i16x8.extend_low_i8x16_s": extend(0x87, 8, false, signOf(8)), "i16x8.extend_low_i8x16_u": extend(0x89, 8, false, same),
  "i32x4.extend_low_i16x8_s": extend(0xa7, 16, false, signOf(16)), "i32x4.extend_low_i16x8_u": extend(0xa9, 16, false, same),
  "i64x2.extend_low_i32x4_s": extend(0xc7, 32, false, signOf(32)), "i64x2.extend_low_i32x4_u": extend(0xc9, 32, false, same),
  "i32x4.extmul_low_i16x8_s": product(0xbc, 16, false, signOf(16)), "i32x4.extmul_high_i16x8_s": product(0xbd, 16, true, signOf(16)),
  "i32x4.extmul_low_i16x8_u": product(0xbe, 16, false, same), "i32x4.extmul_high_i16x8_u": product(0xbf, 16, true, same),
  "i64x2.extmul_low_i32x4_s": product(0xdc, 32, false, signOf(32)), "i64x2.extmul_low_i32x4_u": product(0xde, 32, false, same),
  "i16x8.extadd_pairwise_i8x16_u": pairs(0x7d, 8, same), "i32x4.extadd_pairwise_i16x8_u": pairs(0x7f, 16, same),

  "i16x8.shl": shift(0x8b, 16, (a, n) => a << n), "i16x8.shr_s": shift(0x8c, 16, (a, n) => s(16, a) >> n), "i16x8.shr_u": shift(0x8d, 16, (a, n) => a >> n),
  "i32x4.shl": shift(0xab, 32, (a, n) => a << n), "i32x4.shr_s": shift(0xac, 32, (a, n) => s(32, a) >> n), "i32x4.shr_u": shift(0xad, 32, (a, n) => a >> n),
  "i64x2.shl": shift(0xcb, 64, (a, n) => a << n), "i64x2.shr_u": shift(0xcd, 64, (a, n) => a >> n),

  "f32x4.eq": compare(0x41, 32, floatTest(32, (a, b) => a === b)), "f32x4.lt": compare(0x43, 32, floatTest(32, (a, b) => a < b)), "f32x4.le": compare(0x45, 32, floatTest(32, (a, b) => a <= b)),
  "f64x2.eq": compare(0x47, 64, floatTest(64, (a, b) => a === b)), "f64x2.lt": compare(0x49, 64, floatTest(64, (a, b) => a < b)), "f64x2.le": compare(0x4b, 64, floatTest(64, (a, b) => a <= b)),
  "f32x4.abs": each(0xe0, 32, float1(32, Math.abs)), "f64x2.abs": each(0xec, 64, float1(64, Math.abs)),
  "f32x4.sqrt": each(0xe3, 32, float1(32, Math.sqrt)), "f64x2.sqrt": each(0xef, 64, float1(64, Math.sqrt)),
  "f32x4.add": both(0xe4, 32, float2(32, add)), "f32x4.sub": both(0xe5, 32, float2(32, sub)), "f32x4.mul": both(0xe6, 32, float2(32, mul)), "f32x4.div": both(0xe7, 32, float2(32, div)),
  "f64x2.add": both(0xf0, 64, float2(64, add)), "f64x2.sub": both(0xf1, 64, float2(64, sub)), "f64x2.mul": both(0xf2, 64, float2(64, mul)), "f64x2.div": both(0xf3, 64, float2(64, div)),
  /** b < a ? b : a, and a < b ? b : a. */
  "f32x4.pmin": both(0xea, 32, (a, b) => (floatTest(32, (x, y) => y < x)(a, b) ? b : a)), "f32x4.pmax": both(0xeb, 32, (a, b) => (floatTest(32, (x, y) => x < y)(a, b) ? b : a)),
  "f64x2.pmin": both(0xf6, 64, (a, b) => (floatTest(64, (x, y) => y < x)(a, b) ? b : a)), "f64x2.pmax": both(0xf7, 64, (a, b) => (floatTest(64, (x, y) => x < y)(a, b) ? b : a)),
  "f32x4.convert_i32x4_s": each(0xfa, 32, (a) => ofF32(Number(s(32, a)))),
  "i32x4.trunc_sat_f32x4_s": each(0xf8, 32, (a) => truncated(32, toF32(a))),
  "f32x4.nearest": each(0x6a, 32, float1(32, nearest)), "f64x2.nearest": each(0x94, 64, float1(64, nearest)),
  "f64x2.convert_low_i32x4_s": extend(0xfe, 32, false, (a) => ofF64(Number(s(32, a)))), "f64x2.promote_low_f32x4": extend(0x5f, 32, false, (a) => ofF64(toF32(a))),
  "f32x4.demote_f64x2_zero": halve(0x5e, (a) => ofF32(toF64(a))), "i32x4.trunc_sat_f64x2_s_zero": halve(0xfc, (a) => u(32, truncated(32, toF64(a)))),

  "f32.add": scalar2(0x92, f32, add), "f32.sub": scalar2(0x93, f32, sub), "f32.mul": scalar2(0x94, f32, mul), "f32.div": scalar2(0x95, f32, div), "f32.sqrt": scalar1(0x91, f32, Math.sqrt),
  "f64.add": scalar2(0xa0, f64, add), "f64.sub": scalar2(0xa1, f64, sub), "f64.mul": scalar2(0xa2, f64, mul), "f64.div": scalar2(0xa3, f64, div), "f64.sqrt": scalar1(0x9f, f64, Math.sqrt),
  "f32.abs": scalar1(0x8b, f32, Math.abs), "f64.abs": scalar1(0x99, f64, Math.abs), "f32.nearest": scalar1(0x90, f32, nearest), "f64.nearest": scalar1(0x9e, f64, nearest),
  "f32.eq": relation(0x5b, f32, (a, b) => a === b), "f32.lt": relation(0x5d, f32, (a, b) => a < b),
  "f64.eq": relation(0x61, f64, (a, b) => a === b), "f64.lt": relation(0x63, f64, (a, b) => a < b),
  "f32.convert_i64_s": scalar(0xb4, [i64], f32, (a) => ofF32(fromInt64ToF32(s(64, a!)))), "f64.convert_i64_s": scalar(0xb9, [i64], f64, (a) => ofF64(Number(s(64, a!)))),
  "f32.demote_f64": scalar(0xb6, [f64], f32, (a) => ofF32(toF64(a!))), "f64.promote_f32": scalar(0xbb, [f32], f64, (a) => ofF64(toF32(a!))),
  "i64.trunc_sat_f32_s": scalar(0xfc04, [f32], i64, (a) => u(64, truncated(64, toF32(a!)))), "i64.trunc_sat_f64_s": scalar(0xfc06, [f64], i64, (a) => u(64, truncated(64, toF64(a!)))),
} as const satisfies Record<string, SimdOp>;
/** The name of an operation. */
export type SimdName = keyof typeof simd;

/** Rounds to odd at 53 bits first, so that only the second rounding, to 24 bits, is effective. */
function fromInt64ToF32(v: bigint): number {
  const m = v < 0n ? -v : v;
  const spare = BigInt(Math.max(0, m.toString(2).length - 53));
  const kept = m >> spare;
  const sticky = kept << spare === m ? kept : kept | 1n;
  return Math.fround(Number(sticky << spare) * (v < 0n ? -1 : 1));
}

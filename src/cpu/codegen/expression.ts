// Expressions of WebAssembly for the pure part of the vocabulary. Facts known at compile time are used:
// constants, bits that are zero, and 64-bit arithmetic with an unused upper half, which becomes 32-bit
// arithmetic. V8 does some of this, too, but not the last, and it costs compilation time.

import { bitsOf, constant, i32c, i64c, node, noted, type Origin, op, type WasmNode, type WasmType, wt } from "../../wasm/encoder.ts";
import { repeatIterations } from "../decode/operand-slots.ts";
import type { Pure } from "../isa/flags.ts";
import { integers } from "../isa/integers.ts";

/** A constant vector of 128 bits. */
export const vectorOf = (bits: bigint): WasmNode =>
  node(wt.v128, op.v128const, [], new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, bits), BigInt.asUintN(64, bits >> 64n)).buffer));
/** The bytes of a constant vector; undefined for other expressions. */
export const vectorConstant = (n: WasmNode): Uint8Array | undefined => (n.op === op.v128const ? (n.k as Uint8Array) : undefined);
/** The integer of a vector's bytes. */
export const bitsOfVector = (v: Uint8Array): bigint => v.reduceRight((r, byte) => (r << 8n) | BigInt(byte), 0n);
/** The vector of zeros. */
export const zeroVector = vectorOf(0n);
/** The lanes of w bits: opcodes of splat, unsigned extract and replace, and their scalar type. */
export const laneOps = {
  8: { splat: 0xfd0f, extract: 0xfd16, replace: 0xfd17, t: wt.i32 },
  16: { splat: 0xfd10, extract: 0xfd19, replace: 0xfd1a, t: wt.i32 },
  32: { splat: 0xfd11, extract: 0xfd1b, replace: 0xfd1c, t: wt.i32 },
  64: { splat: 0xfd12, extract: 0xfd1d, replace: 0xfd1e, t: wt.i64 },
} as const;
/** The immediate of a lane operation. */
export const laneIndex = (n: number): Uint8Array => Uint8Array.of(n);

/** The same expression, with the fact that it has at most this many bits. */
const below = (n: WasmNode, bits: number): WasmNode => (bits < (n.t === wt.i32 ? 32 : 64) ? noted(n, bits, n.from) : n);
const isConstant = (n: WasmNode): boolean => n.op === op.i64const || n.op === op.i32const;
const isBit = (n: WasmNode): boolean => n.t === wt.i32 && bitsOf(n) <= 1;

/**
 * Converts between the types of a value. Booleans are i32, integers i64, floats their bits; a vector holds
 * any of them in the low lane.
 */
export const as = (t: WasmType, n: WasmNode): WasmNode => {
  if (n.t === t) return n;
  if (t === wt.v128) {
    if (n.t === wt.f64) return node(t, op.f64x2replace, [zeroVector, n], laneIndex(0));
    const l = n.t === wt.i64 ? 64 : 32;
    return node(t, laneOps[l].replace, [zeroVector, as(laneOps[l].t, n)], laneIndex(0));
  }
  if (n.t === wt.v128) {
    if (t === wt.f64) return node(t, op.f64x2extract, [n], laneIndex(0));
    if (t === wt.f32) return node(t, op.f32x4extract, [n], laneIndex(0));
    const l = t === wt.i64 ? 64 : 32;
    return as(t, node(laneOps[l].t, laneOps[l].extract, [n], laneIndex(0)));
  }
  if (t === wt.i64) {
    if (n.op === op.i32const) return i64c(constant(n)!);
    if (n.t === wt.i32) return node(t, op.i64extendI32u, [n]);
    if (n.t === wt.f64) return node(t, op.i64reinterpretF64, [n]);
    if (n.t === wt.f32) return node(t, op.i64extendI32u, [node(wt.i32, op.i32reinterpretF32, [n])]);
  }
  if (t === wt.i32 && n.t === wt.i64) return low(n);
  if (t === wt.f64 && (n.t === wt.i64 || n.t === wt.i32)) return node(t, op.f64reinterpretI64, [as(wt.i64, n)]);
  if (t === wt.f32 && n.t === wt.i64) return node(t, op.f32reinterpretI32, [node(wt.i32, op.i32wrap, [n])]);
  if (t === wt.f32 && n.t === wt.i32) return node(t, op.f32reinterpretI32, [n]);
  if (t === wt.i32 && n.t === wt.f32) return node(t, op.i32reinterpretF32, [n]);
  throw new Error(`no conversion of wasm type ${n.t} to ${t}`);
};

/** 32-bit operators for 64-bit ones whose low half depends only on low halves. */
const narrower: ReadonlyMap<number, number> = new Map([
  [op.i64add, op.i32add],
  [op.i64sub, op.i32sub],
  [op.i64mul, op.i32mul],
  [op.i64and, op.i32and],
  [op.i64or, op.i32or],
  [op.i64xor, op.i32xor],
]);
const extends32: ReadonlyMap<number, number> = new Map([
  [op.i64extend8s, op.i32extend8s],
  [op.i64extend16s, op.i32extend16s],
]);
/** True if the value is below 32: a shift by it is equal in 32 bits. */
const isCount = (n: WasmNode): boolean => bitsOf(n) <= 5;
/** The low 32 bits of an i64. */
const low = (n: WasmNode): WasmNode => {
  if (n.t === wt.i32) return n;
  const [a, b] = n.args;
  const same = narrower.get(n.op);
  if (same !== undefined) return rotation(node(wt.i32, same, [low(a!), low(b!)]));
  const count = b && constant(b);
  switch (n.op) {
    case op.i64const:
      return i32c(Number(BigInt.asIntN(32, n.k as bigint)));
    case op.i64extendI32u:
    case op.i64extendI32s:
      return a!;
    case op.i64extend32s:
      return low(a!);
    case op.i64extend8s:
    case op.i64extend16s:
      return node(wt.i32, extends32.get(n.op)!, [low(a!)]);
    case op.i64load:
    case op.i64load32u:
      return node(wt.i32, op.i32load, n.args, n.k);
    case op.i64load8u:
      return node(wt.i32, op.i32load8u, n.args, n.k);
    case op.i64load16u:
      return node(wt.i32, op.i32load16u, n.args, n.k);
    case op.i64shl:
      if (isCount(b!)) return node(wt.i32, op.i32shl, [low(a!), low(b!)]);
      if (count === undefined) break;
      return count >= 32n ? i32c(0) : node(wt.i32, op.i32shl, [low(a!), i32c(Number(count))]);
    case op.i64shrU:
      if (bitsOf(a!) <= 32 && isCount(b!)) return node(wt.i32, op.i32shrU, [low(a!), low(b!)]);
      if (count === undefined || bitsOf(a!) > 32) break;
      return count >= 32n ? i32c(0) : node(wt.i32, op.i32shrU, [low(a!), i32c(Number(count))]);
    case op.i64shrS:
      if (!isCount(b!) || (a!.op !== op.i64extend32s && a!.op !== op.i64extendI32s)) break;
      return node(wt.i32, op.i32shrS, [low(a!), low(b!)]);
    case op.select:
      return node(wt.i32, op.select, [low(a!), low(b!), n.args[2]!]);
  }
  return node(wt.i32, op.i32wrap, [n]);
};

const sameLocal = (a: WasmNode, b: WasmNode): boolean => a.op === op.localGet && b.op === op.localGet && a.k === b.k;
/** x << n | x >> w - n with constant counts is a rotation. */
const rotation = (n: WasmNode): WasmNode => {
  const w = n.t === wt.i32 ? 32 : 64;
  const [or, shl, shr, rotl] = w === 32 ? [op.i32or, op.i32shl, op.i32shrU, op.i32rotl] : [op.i64or, op.i64shl, op.i64shrU, op.i64rotl];
  if (n.op !== or) return n;
  const left = n.args.find((x) => x.op === shl);
  const right = n.args.find((x) => x.op === shr);
  const [by, back] = [left && constant(left.args[1]!), right && constant(right.args[1]!)];
  if (by === undefined || back === undefined || by + back !== BigInt(w)) return n;
  const [x, y] = [left!.args[0]!, right!.args[0]!];
  const unwrapped = (v: WasmNode): WasmNode => (v.op === op.i32wrap ? v.args[0]! : v);
  return sameLocal(unwrapped(x), unwrapped(y)) ? node(n.t, rotl, [x, left!.args[1]!]) : n;
};

const inverse: ReadonlyMap<number, number> = new Map([
  [op.i64eq, op.i64ne],
  [op.i64ltS, op.i64geS],
  [op.i64ltU, op.i64geU],
  [op.i64leS, op.i64gtS],
  [op.i64leU, op.i64gtU],
  [op.i32eq, op.i32ne],
  [op.i32ltS, op.i32geS],
  [op.i32ltU, op.i32geU],
  [op.i32leS, op.i32gtS],
  [op.i32leU, op.i32gtU],
]);
const inverses: ReadonlyMap<number, number> = new Map([...inverse].flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));
/** The negation of a bit. */
const negated = (n: WasmNode): WasmNode => {
  const o = inverses.get(n.op);
  return o === undefined ? bit(node(wt.i32, op.i32eqz, [n])) : bit(node(wt.i32, o, n.args));
};
const bit = (n: WasmNode): WasmNode => below(n, 1);

/** The value as a condition: nonzero is true. */
export const truth = (n: WasmNode): WasmNode => {
  if (n.t === wt.i32) return n;
  const c = constant(n);
  if (c !== undefined) return i32c(c === 0n ? 0 : 1);
  if (n.op === op.i64extendI32u) return n.args[0]!;
  return bit(bitsOf(n) <= 32 ? node(wt.i32, op.i32ne, [low(n), i32c(0)]) : node(wt.i32, op.i64ne, [n, i64c(0n)]));
};

type Binary = "add" | "sub" | "mul" | "and" | "or" | "xor" | "shl" | "shr" | "sar";
type Comparison = "eq" | "ne" | "ltU" | "leU" | "ltS" | "leS";
const imm = (n: number | bigint): WasmNode => i64c(BigInt.asIntN(64, BigInt(n)));

/** The result of an operation on two constants. */
const computed = (by: Binary | Comparison, a: WasmNode, b: WasmNode): bigint | undefined =>
  isConstant(a) && isConstant(b) ? integers[by](constant(a)!, constant(b)!) : undefined;
const all = (1n << 64n) - 1n;
const neutral: Record<Binary, bigint | undefined> = { add: 0n, sub: 0n, mul: 1n, and: all, or: 0n, xor: 0n, shl: 0n, shr: 0n, sar: 0n };
const commutes: ReadonlySet<Binary> = new Set(["add", "mul", "and", "or", "xor"]);
const bitwise = { and: op.i32and, or: op.i32or, xor: op.i32xor } as const;

const moved = ({ of, plus }: Origin, by: bigint): Origin => ({ of, plus: plus + Number(BigInt.asIntN(64, by)) });

const widthOf = (by: Binary, a: WasmNode, b: WasmNode): number => {
  const [x, y] = [bitsOf(a), bitsOf(b)];
  const count = constant(b);
  if (by === "and") return Math.min(x, y);
  if (by === "or" || by === "xor") return Math.max(x, y);
  if (by === "add") return Math.max(x, y) + 1;
  if (by === "mul") return x + y;
  if (by === "shr") return count === undefined ? x : Math.max(1, x - Number(count));
  if (by === "shl" && count !== undefined) return x + Number(count);
  return 64;
};
const binary =
  (by: Binary, o: number) =>
  (a: WasmNode, b: WasmNode): WasmNode => {
    const value = computed(by, a, b);
    if (value !== undefined) return imm(value);
    const [x, y] = isConstant(a) && commutes.has(by) ? [b, a] : [a, b];
    const c = constant(y);
    if (c !== undefined && c === neutral[by]) return x.t === wt.i32 || x.t === wt.i64 ? x : as(wt.i64, x);
    if (by === "and" && c === 0n) return imm(0);
    if (by === "sub" && c !== undefined) return pure.add(x, imm(-c));
    // (x + c) + d; (x & c) & d; and so on.
    const inner = x.op === o && (by === "add" || by === "and" || by === "or" || by === "xor") ? constant(x.args[1]!) : undefined;
    if (c !== undefined && inner !== undefined) return binary(by, o)(x.args[0]!, imm(integers[by as "add"](inner, c)));
    if (by === "xor" && c === 1n && isBit(x)) return negated(x);
    if ((by === "and" || by === "or" || by === "xor") && isBit(x) && (isBit(y) || (c !== undefined && c <= 1n)))
      return bit(node(wt.i32, bitwise[by], [x, as(wt.i32, y)]));
    const bits = widthOf(by, x, y);
    const wide = node(wt.i64, o, [as(wt.i64, x), as(wt.i64, y)]);
    const narrow = bits <= 32 && (by === "and" || by === "or" || by === "xor");
    const result = below(narrow ? as(wt.i64, low(wide)) : rotation(wide), bits);
    return x.from && by === "add" && c !== undefined ? noted(result, result.below, moved(x.from, c)) : result;
  };
/** Comparisons of values that fit into 32 bits compare 32 bits. */
const compare =
  (by: Comparison, o: number, narrow?: number) =>
  (a: WasmNode, b: WasmNode): WasmNode => {
    const value = computed(by, a, b);
    if (value !== undefined) return i32c(Number(value));
    if (narrow !== undefined && bitsOf(a) <= 32 && bitsOf(b) <= 32) return bit(node(wt.i32, narrow, [as(wt.i32, a), as(wt.i32, b)]));
    return bit(node(wt.i32, o, [as(wt.i64, a), as(wt.i64, b)]));
  };
const eq = compare("eq", op.i64eq, op.i32eq);
const ne = compare("ne", op.i64ne, op.i32ne);
const arithmetic =
  (o: number) =>
  (a: WasmNode, b: WasmNode): WasmNode =>
    node(wt.i64, o, [as(wt.i64, a), as(wt.i64, b)]);
const unary =
  (o: number) =>
  (a: WasmNode): WasmNode =>
    below(node(wt.i64, o, [as(wt.i64, a)]), 7);

const extend: Record<number, number> = { 8: op.i64extend8s, 16: op.i64extend16s, 32: op.i64extend32s };

/** The pure part of the vocabulary. */
export const pure = {
  imm,
  add: binary("add", op.i64add),
  sub: binary("sub", op.i64sub),
  mul: binary("mul", op.i64mul),
  divU: arithmetic(op.i64divU),
  remU: arithmetic(op.i64remU),
  divS: arithmetic(op.i64divS),
  remS: arithmetic(op.i64remS),
  and: binary("and", op.i64and),
  or: binary("or", op.i64or),
  xor: binary("xor", op.i64xor),
  not: (a: WasmNode): WasmNode => binary("xor", op.i64xor)(a, imm(-1)),
  shl: binary("shl", op.i64shl),
  shr: binary("shr", op.i64shrU),
  sar: binary("sar", op.i64shrS),
  zext: (a: WasmNode, w: number): WasmNode => {
    if ((a.t === wt.i32 || a.t === wt.i64) && bitsOf(a) <= w) return a;
    const v = as(wt.i64, a);
    const c = constant(v);
    if (c !== undefined) return imm(integers.zext(c, w));
    if (w >= 64) return v;
    return w === 32 ? node(wt.i64, op.i64extendI32u, [low(v)]) : pure.and(v, imm((1n << BigInt(w)) - 1n));
  },
  sext: (a: WasmNode, w: number): WasmNode => {
    const v = as(wt.i64, a);
    const c = constant(v);
    if (c !== undefined) return imm(integers.sext(c, w));
    if (w >= 64 || bitsOf(v) < w) return v;
    const o = extend[w];
    if (w === 32) return node(wt.i64, op.i64extendI32s, [low(v)]);
    if (o) return node(wt.i64, o, [v]);
    const n = imm(64 - w);
    return pure.sar(pure.shl(v, n), n);
  },
  clz: unary(op.i64clz),
  ctz: unary(op.i64ctz),
  popcnt: unary(op.i64popcnt),
  eq: (a: WasmNode, b: WasmNode): WasmNode => {
    const [x, y] = isConstant(a) ? [b, a] : [a, b];
    if (isConstant(x) || constant(y) !== 0n) return eq(x, y);
    if (isBit(x)) return negated(x);
    return bit(bitsOf(x) <= 32 ? node(wt.i32, op.i32eqz, [as(wt.i32, x)]) : node(wt.i32, op.i64eqz, [as(wt.i64, x)]));
  },
  ne,
  ltU: compare("ltU", op.i64ltU, op.i32ltU),
  leU: compare("leU", op.i64leU, op.i32leU),
  ltS: compare("ltS", op.i64ltS),
  leS: compare("leS", op.i64leS),
  select: (c: WasmNode, a: WasmNode, b: WasmNode): WasmNode => {
    const k = constant(c);
    if (k !== undefined) return k === 0n ? b : a;
    const t = a.t === b.t ? a.t : wt.i64;
    const v = node(t, op.select, [as(t, a), as(t, b), truth(c)]);
    return t === wt.i64 || t === wt.i32 ? below(v, Math.max(bitsOf(a), bitsOf(b))) : v;
  },
};
const _pure: Pure<WasmNode> = pure;
void _pure;

const compareLow =
  (by: Comparison, o: number) =>
  (a: WasmNode, b: WasmNode): WasmNode => {
    const value = computed(by, a, b);
    return value === undefined ? bit(node(wt.i32, o, [as(wt.i32, a), as(wt.i32, b)])) : i32c(Number(value));
  };
/** The same for values sign-extended from 32 bits or fewer: comparisons need only their low halves. */
export const pureLow: typeof pure = {
  ...pure,
  eq: compareLow("eq", op.i32eq),
  ne: compareLow("ne", op.i32ne),
  ltU: compareLow("ltU", op.i32ltU),
  leU: compareLow("leU", op.i32leU),
  ltS: compareLow("ltS", op.i32ltS),
  leS: compareLow("leS", op.i32leS),
};

/** Iterations of a repeated string instruction with this count before the dispatcher gets control. */
export const iterationsLeftIn = (count: WasmNode): WasmNode =>
  as(wt.i32, pure.add(pure.and(pure.sub(count, pure.imm(1)), pure.imm(repeatIterations - 1)), pure.imm(1)));

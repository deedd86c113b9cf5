// The integer operations of the vocabulary on bigints: 64 bits, unsigned.
import type { Pure } from "./flags.ts";
import type { Ops } from "./ops.ts";

const u = (w: number, v: bigint): bigint => BigInt.asUintN(w, v);
const s = (w: number, v: bigint): bigint => BigInt.asIntN(w, v);
const bool = (b: boolean): bigint => (b ? 1n : 0n);

/** The operations by name. Operands and results are in 0 … 2^64 - 1. */
export const integers = {
  imm: (n: number | bigint) => u(64, BigInt(n)),
  add: (a: bigint, b: bigint) => u(64, a + b),
  sub: (a: bigint, b: bigint) => u(64, a - b),
  mul: (a: bigint, b: bigint) => u(64, a * b),
  mulHighU: (a: bigint, b: bigint) => (a * b) >> 64n,
  mulHighS: (a: bigint, b: bigint) => u(64, (s(64, a) * s(64, b)) >> 64n),
  divU: (a: bigint, b: bigint) => a / b,
  remU: (a: bigint, b: bigint) => a % b,
  divS: (a: bigint, b: bigint) => u(64, s(64, a) / s(64, b)),
  remS: (a: bigint, b: bigint) => u(64, s(64, a) % s(64, b)),
  and: (a: bigint, b: bigint) => a & b,
  or: (a: bigint, b: bigint) => a | b,
  xor: (a: bigint, b: bigint) => a ^ b,
  not: (a: bigint) => u(64, ~a),
  shl: (a: bigint, n: bigint) => u(64, a << (n & 63n)),
  shr: (a: bigint, n: bigint) => a >> (n & 63n),
  sar: (a: bigint, n: bigint) => u(64, s(64, a) >> (n & 63n)),
  zext: (a: bigint, w: number) => u(w, a),
  sext: (a: bigint, w: number) => u(64, s(w, a)),
  clz: (a: bigint) => BigInt(a === 0n ? 64 : 64 - a.toString(2).length),
  ctz: (a: bigint) => BigInt(a === 0n ? 64 : (a & -a).toString(2).length - 1),
  popcnt: (a: bigint) => BigInt(a.toString(2).replaceAll("0", "").length),
  eq: (a: bigint, b: bigint) => bool(a === b),
  ne: (a: bigint, b: bigint) => bool(a !== b),
  ltU: (a: bigint, b: bigint) => bool(a < b),
  leU: (a: bigint, b: bigint) => bool(a <= b),
  ltS: (a: bigint, b: bigint) => bool(s(64, a) < s(64, b)),
  leS: (a: bigint, b: bigint) => bool(s(64, a) <= s(64, b)),
  select: (c: bigint, a: bigint, b: bigint) => (c !== 0n ? a : b),
} as const satisfies Pure<bigint> & Partial<Ops<bigint>>;

// 80-bit numbers in compiled regions, with inline code for normal numbers: arithmetic to the nearest at full
// precision, conversions, and comparison. `withSlowPath` calls a routine for all others. SDM Vol. 1 4.2.2,
// 8.2.

import { type Body, i32c, i64c, localGet, node, op, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";
import { highProduct } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";

/** The significand of 1: the integer bit alone. */
export const HALF = 1n << 63n;
/** An operation with an i32 result. */
export const i32 = (o: number, ...args: WasmNode[]): WasmNode => node(wt.i32, o, args);
/** 32-bit addition. */
export const add = (a: WasmNode, b: WasmNode): WasmNode => i32(op.i32add, a, b);
/** 32-bit AND. */
export const and = (a: WasmNode, b: WasmNode): WasmNode => i32(op.i32and, a, b);
/** 32-bit OR. */
export const or = (a: WasmNode, b: WasmNode): WasmNode => i32(op.i32or, a, b);
const f64 = (o: number, ...args: WasmNode[]): WasmNode => node(wt.f64, o, args);
const f64c = (v: number): WasmNode => node(wt.f64, op.f64const, [], new Uint8Array(Float64Array.of(v).buffer));

/**
 * A number in two locals: its significand, and its exponent with the sign in bit 31. So the sum of two such
 * exponents has the sign of a product. `canonical`: its integer bit is set unless its exponent is 0 (SDM Vol.
 * 1 Table 8-3 has the others). `zero`: it is the constant 0.
 */
export interface Value {
  readonly m: WasmNode;
  readonly se: WasmNode;
  readonly canonical: boolean;
  readonly zero?: boolean;
}
const SIGN = -0x8000_0000;
const EXPONENT = 0x7fff;
/** Sign and exponent from their 16 bits in memory, sign-extended or not. */
export const unpacked = (v: WasmNode): WasmNode => and(i32(op.i32extend16s, v), i32c(SIGN | EXPONENT));
/** The 16 bits in memory of a sign and exponent, with other bits above them. */
export const packed = (se: WasmNode): WasmNode => or(i32(op.i32shrU, se, i32c(16)), se);
/** The biased exponent without the sign. */
export const exponentOf = (v: Value): WasmNode => and(v.se, i32c(EXPONENT));
/** A sign and exponent with the other sign. */
export const negated = (se: WasmNode): WasmNode => i32(op.i32xor, se, i32c(SIGN));
/** A sign and exponent with a clear sign. */
export const magnitude = (se: WasmNode): WasmNode => and(se, i32c(~SIGN));

/** Added to a number below 2^51, it leaves the nearest integer in the low bits. */
const ROUNDER = 6755399441055744;
const rounderBits = 0x4338_0000_0000_0000n;

/** Emits arithmetic on 80-bit numbers into a function. */
export class X87Numbers {
  readonly #b: Body;
  /**
   * Receives the remainder of a result, which is not 0 if it was inexact, and whether its magnitude was
   * rounded up.
   */
  readonly #rounded: (inexact: WasmNode, up: WasmNode) => void;
  constructor(b: Body, rounded: (inexact: WasmNode, up: WasmNode) => void) {
    this.#b = b;
    this.#rounded = rounded;
  }
  #set(to: WasmNode, v: WasmNode): void {
    this.#b.set(to.k as number, as(to.t, v));
  }
  assign(to: Value, m: WasmNode, se: WasmNode): void {
    this.#set(to.m, m);
    this.#set(to.se, se);
  }
  #select(t: WasmType, c: WasmNode, a: WasmNode, b: WasmNode): WasmNode {
    return node(t, op.select, [a, b, c]);
  }

  /**
   * Emits `fast`, and `slow` for when one of its conditions holds. `label`: labels that `fast` has opened
   * before the condition.
   */
  withSlowPath(fast: (slowPathIf: (c: WasmNode, label?: number) => void) => void, slow: () => void): void {
    const b = this.#b;
    for (let n = 0; n < 2; n++) {
      b.opcode(op.block);
      b.code.byte(0x40);
    }
    fast((c, label = 0) => b.goIf(c, label, false));
    b.opcode(op.br);
    b.code.u(1);
    b.end();
    slow();
    b.end();
  }

  /**
   * True for exponents from 0x3000 to 0x4fff. Results of two such numbers do not overflow or underflow. Zeros
   * are excluded, because the exponent is above 0.
   */
  isOrdinary(...values: readonly Value[]): WasmNode {
    const range = [...new Set(values.map((v) => v.se.k))].map((k) => add(localGet(wt.i32, k as number), i32c(0x3000))).reduce(and);
    return i32(op.i32eq, and(range, i32c(0x6000)), i32c(0x6000));
  }
  /** Takes the slow path for all other numbers. */
  requireOrdinary(slowPathIf: (c: WasmNode) => void, ...values: readonly Value[]): void {
    const range = [...new Set(values.map((v) => v.se.k))].map((k) => add(localGet(wt.i32, k as number), i32c(0x3000))).reduce(and);
    slowPathIf(i32(op.i32ne, and(range, i32c(0x6000)), i32c(0x6000)));
    const integer = values.filter((v) => !v.canonical).map((v) => v.m);
    if (integer.length) slowPathIf(i32(op.i64geS, integer.reduce(pure.and), i64c(0n)));
  }

  // ---- arithmetic on numbers of middle magnitude ----

  multiply(x: Value, y: Value, to: Value): void {
    const b = this.#b;
    const hi = b.bind(highProduct(b, x.m, y.m));
    const lo = b.bind(pure.mul(x.m, y.m));
    // Doubled if it is below 2.
    const whole = b.bind(i32(op.i64ltS, hi, i64c(0n)));
    const carry = pure.shr(lo, pure.imm(63));
    const high = b.bind(this.#select(wt.i64, whole, hi, pure.add(pure.add(hi, hi), carry)));
    const low = b.bind(this.#select(wt.i64, whole, lo, pure.add(lo, lo)));
    const se = b.bind(add(add(x.se, y.se), add(as(wt.i32, pure.shr(hi, pure.imm(63))), i32c(-0x3fff))));
    // To the nearest. Ties are rare and are corrected afterwards.
    const up = b.local(wt.i64);
    b.set(up, pure.shr(low, pure.imm(63)));
    const m = b.local(wt.i64);
    b.set(m, pure.add(high, localGet(wt.i64, up)));
    b.if(i32(op.i64eq, low, i64c(BigInt.asIntN(64, HALF))), false);
    b.set(m, pure.and(localGet(wt.i64, m), pure.imm(-2)));
    b.set(up, pure.and(high, pure.imm(1)));
    b.end();
    this.#deliver(to, localGet(wt.i64, m), se, low, localGet(wt.i64, up));
  }
  /** Stores a result. A significand of 2^64 appears as 0. */
  #deliver(to: Value, m: WasmNode, se: WasmNode, inexact: WasmNode, up: WasmNode): void {
    const b = this.#b;
    this.#rounded(inexact, up);
    this.assign(to, m, se);
    b.if(i32(op.i64eqz, m), false);
    this.assign(to, i64c(BigInt.asIntN(64, HALF)), add(se, i32c(1)));
    b.end();
  }
  /** hi.lo to the nearest, ties to even; hi has its upper bit set. */
  #round(to: Value, se: WasmNode, hi: WasmNode, lo: WasmNode): void {
    const b = this.#b;
    const up = b.bind(i32(op.i64ltU, pure.sub(pure.imm(HALF), pure.and(hi, pure.imm(1))), lo));
    this.#deliver(to, b.bind(pure.add(hi, as(wt.i64, up))), se, lo, up);
  }

  add(x: Value, y: Value, to: Value, slowPathIf: (c: WasmNode, label?: number) => void): void {
    const b = this.#b;
    const distance = b.bind(i32(op.i32sub, exponentOf(x), exponentOf(y)));
    // The operand with the larger exponent first.
    const less = b.bind(i32(op.i32shrS, distance, i32c(31)));
    const swap = b.bind(pure.and(pure.xor(x.m, y.m), node(wt.i64, op.i64extendI32s, [less])));
    const m = b.bind(pure.xor(x.m, swap));
    const n = b.bind(pure.xor(y.m, swap));
    const signs = b.bind(i32(op.i32xor, x.se, y.se));
    const se = b.bind(i32(op.i32xor, x.se, and(signs, less)));
    const far = b.bind(i32(op.i32sub, i32(op.i32xor, distance, less), less));
    slowPathIf(i32(op.i32geU, far, i32c(64)));
    const shift = b.bind(as(wt.i64, far));
    const rest = b.bind(node(wt.i64, op.i64shl, [pure.add(n, n), pure.not(shift)]));
    const near = b.bind(pure.shr(n, shift));
    b.if(i32(op.i32geS, signs, i32c(0)));
    {
      const sum = b.bind(pure.add(m, near));
      const carry = b.bind(as(wt.i64, i32(op.i64ltU, sum, m)));
      const high = pure.or(pure.shr(sum, carry), pure.shl(carry, pure.imm(63)));
      const low = pure.or(pure.or(pure.shr(rest, carry), pure.and(rest, carry)), pure.shl(pure.and(sum, carry), pure.imm(63)));
      this.#round(to, b.bind(add(se, as(wt.i32, carry))), b.bind(high), b.bind(low));
    }
    b.else();
    {
      // Below 0 only if the exponents are equal, and then no bit is lost.
      const signed = b.bind(pure.sub(m, near));
      const minus = b.bind(as(wt.i64, i32(op.i64ltU, m, near)));
      const size = pure.add(pure.xor(signed, pure.sub(pure.imm(0), minus)), minus);
      const difference = b.bind(pure.sub(size, as(wt.i64, i32(op.i64ne, rest, i64c(0n)))));
      slowPathIf(i32(op.i64eqz, difference), 1);
      const zeros = b.bind(pure.clz(difference));
      const below = b.bind(pure.sub(pure.imm(0), rest));
      const moved = pure.shr(pure.shr(below, pure.imm(1)), pure.not(zeros));
      const high = pure.or(pure.shl(difference, zeros), moved);
      const sign = i32(op.i32shl, as(wt.i32, minus), i32c(31));
      const at = b.bind(i32(op.i32sub, i32(op.i32xor, se, sign), as(wt.i32, zeros)));
      this.#round(to, at, b.bind(high), b.bind(pure.shl(below, zeros)));
    }
    b.end();
  }

  /** The integer nearest to a number below 2^51, as an integer and as a number. */
  #nearest(v: WasmNode): { readonly whole: WasmNode; readonly number: WasmNode } {
    const shifted = this.#b.bind(f64(op.f64add, v, f64c(ROUNDER)));
    return {
      whole: this.#b.bind(pure.sub(node(wt.i64, op.i64reinterpretF64, [shifted]), pure.imm(rounderBits))),
      number: f64(op.f64sub, shifted, f64c(ROUNDER)),
    };
  }
  /**
   * x / y: two digits of 32 bits, each the nearest integer to the quotient in double precision, and the
   * remainder. Remainders are within half of y, and fit into 64 bits with their sign, unless y is close to
   * 2^64. A quotient of two significands is never a tie.
   */
  divide(x: Value, y: Value, to: Value, slowPathIf: (c: WasmNode, label?: number) => void): void {
    const b = this.#b;
    slowPathIf(i32(op.i64geU, y.m, i64c(BigInt.asIntN(64, 0xffff_0000_0000_0000n))));
    const less = b.bind(as(wt.i64, i32(op.i64ltU, x.m, y.m)));
    const converted = (v: WasmNode): WasmNode => f64(op.f64convertI64s, v);
    // 2^32 / y; a quarter of x, or half of it if it is the smaller one.
    const inverse = b.bind(f64(op.f64div, f64c(2 ** 31), converted(pure.shr(y.m, pure.imm(1)))));
    const dividend = b.bind(converted(pure.shr(pure.shr(x.m, pure.imm(1)), pure.xor(less, pure.imm(1)))));
    const first = this.#nearest(f64(op.f64mul, f64(op.f64add, dividend, dividend), inverse)).whole;
    const remainder = b.bind(pure.sub(pure.shl(pure.shl(x.m, pure.imm(31)), less), pure.mul(first, y.m)));
    const second = this.#nearest(f64(op.f64mul, converted(remainder), inverse)).whole;
    const rest = b.bind(pure.sub(pure.shl(remainder, pure.imm(32)), pure.mul(second, y.m)));
    const minus = b.bind(pure.sar(rest, pure.imm(63)));
    const size = b.bind(pure.sub(pure.xor(rest, minus), minus));
    slowPathIf(i32(op.i64geU, pure.add(size, size), y.m));
    this.#rounded(rest, as(wt.i32, pure.shr(rest, pure.imm(63))));
    const se = b.bind(i32(op.i32sub, add(i32(op.i32sub, x.se, y.se), i32c(0x3fff)), as(wt.i32, less)));
    this.assign(to, pure.add(pure.shl(first, pure.imm(32)), second), se);
  }
  /** The square root, in the same way. It is never a tie either. Close to a tie, the slow path is taken. */
  root(x: Value, to: Value, slowPathIf: (c: WasmNode, label?: number) => void): void {
    const b = this.#b;
    slowPathIf(i32(op.i32ne, and(add(x.se, i32c(0x3000)), i32c(SIGN | 0x6000)), i32c(0x6000)));
    if (!x.canonical) slowPathIf(i32(op.i64geS, x.m, i64c(0n)));
    // The root of x.m * 2^63, or of double that if the exponent is odd.
    const odd = b.bind(as(wt.i64, and(add(x.se, i32c(1)), i32c(1))));
    const part = b.bind(f64(op.f64convertI64s, pure.shr(pure.shr(x.m, pure.imm(1)), pure.xor(odd, pure.imm(1)))));
    const about = b.bind(f64(op.f64sqrt, f64(op.f64add, part, part)));
    const first = this.#nearest(about);
    const remainder = b.bind(pure.sub(pure.shl(x.m, odd), pure.shl(pure.mul(first.whole, first.whole), pure.imm(1))));
    const scaled = f64(op.f64mul, f64(op.f64convertI64s, remainder), f64c(2 ** 31));
    const more = b.bind(f64(op.f64div, scaled, f64(op.f64add, first.number, about)));
    const second = this.#nearest(more);
    slowPathIf(i32(op.i32eqz, i32(op.f64lt, f64(op.f64abs, f64(op.f64sub, more, second.number)), f64c(0.4999))));
    // The remainder: upper * 2^33 minus a square.
    const upper = b.bind(pure.sub(pure.shl(remainder, pure.imm(30)), pure.mul(first.whole, second.whole)));
    const square = b.bind(pure.mul(second.whole, second.whole));
    const below = pure.ne(pure.and(square, pure.imm((1n << 33n) - 1n)), pure.imm(0));
    const rest = pure.sub(pure.shl(pure.sub(upper, pure.shr(square, pure.imm(33))), pure.imm(1)), below);
    this.#rounded(b.bind(pure.sub(pure.shl(upper, pure.imm(33)), square)), b.bind(as(wt.i32, pure.ltS(rest, pure.imm(0)))));
    const se = b.bind(add(i32(op.i32shrS, add(x.se, i32c(-0x3fff)), i32c(1)), i32c(0x3fff)));
    this.assign(to, pure.add(pure.shl(first.whole, pure.imm(32)), second.whole), se);
  }

  // ---- conversions ----

  /** An integer, sign-extended. The conversion is exact. */
  integer(value: WasmNode): Value {
    const b = this.#b;
    const v = b.bind(as(wt.i64, value));
    const sign = b.bind(pure.sar(v, pure.imm(63)));
    const size = b.bind(pure.sub(pure.xor(v, sign), sign));
    const zeros = b.bind(pure.clz(size));
    const se = add(i32(op.i32shl, as(wt.i32, sign), i32c(31)), i32(op.i32sub, i32c(0x403e), as(wt.i32, zeros)));
    return {
      m: b.bind(pure.shl(size, zeros)),
      se: b.bind(node(wt.i32, op.select, [se, i32c(0), i32(op.i64ne, v, i64c(0n))])),
      canonical: true,
    };
  }
  /**
   * A number of 32 or 64 bits. `strange`: it is zero, subnormal, infinite or NaN, and the rest is not valid.
   */
  widened(
    source: WasmNode,
    w: 32 | 64,
  ): { readonly bits: WasmNode; readonly strange: WasmNode; readonly m: WasmNode; readonly se: WasmNode } {
    const b = this.#b;
    const bits = b.bind(as(wt.i64, source));
    const [field, top, bias] = w === 64 ? [52, 0x7ff, 0x3c00] : [23, 0xff, 0x3f80];
    const signed = w === 64 ? pure.sar(bits, pure.imm(field)) : i32(op.i32shrS, as(wt.i32, bits), i32c(field));
    const at = b.bind(and(as(wt.i32, signed), i32c(SIGN | top)));
    return {
      bits,
      strange: i32(op.i32eqz, and(add(at, i32c(1)), i32c(top - 1))),
      m: pure.or(pure.shl(bits, pure.imm(63 - field)), pure.imm(HALF)),
      se: add(at, i32c(bias)),
    };
  }
  /** The bits of a number in a narrower format, the lost bits, and whether it was rounded up. */
  narrowed(
    a: Value,
    w: 32 | 64,
    slowPathIf: (c: WasmNode) => void,
  ): { readonly bits: WasmNode; readonly inexact: WasmNode; readonly up: WasmNode } {
    const b = this.#b;
    const [drop, least, count, field] = w === 64 ? [11, 0x3c01, 0x7fd, 52] : [40, 0x3f81, 0xfd, 23];
    const exponent = b.bind(add(exponentOf(a), i32c(-least)));
    slowPathIf(i32(op.i32geU, exponent, i32c(count)));
    if (!a.canonical) slowPathIf(i32(op.i64geS, a.m, i64c(0n)));
    const whole = b.bind(pure.shr(a.m, pure.imm(drop)));
    const fraction = b.bind(pure.and(a.m, pure.imm((1n << BigInt(drop)) - 1n)));
    const nearly = pure.add(pure.add(fraction, pure.and(whole, pure.imm(1))), pure.imm((1n << BigInt(drop - 1)) - 1n));
    const up = b.bind(pure.shr(nearly, pure.imm(drop)));
    const sign = pure.shl(as(wt.i64, and(a.se, i32c(SIGN))), pure.imm(w - 32));
    // The integer bit, and a carry out of the significand, increase the exponent.
    const size = pure.add(pure.shl(as(wt.i64, exponent), pure.imm(field)), pure.add(whole, up));
    return { bits: pure.or(sign, size), inexact: fraction, up };
  }

  // ---- comparison ----

  /** CF and ZF at their positions, as after FCOMI. */
  compared(x: Value, y: Value, slowPathIf: (c: WasmNode) => void): WasmNode {
    const b = this.#b;
    if (x.zero || y.zero) {
      const other = x.zero ? y : x;
      if (!other.zero) {
        this.requireOrdinary(slowPathIf, other);
        const minus = b.bind(i32(op.i32shrU, other.se, i32c(31)));
        return x.zero ? i32(op.i32xor, minus, i32c(1)) : minus;
      }
    }
    const ordinaryOrZero = (v: Value): WasmNode => {
      const zero = i32(op.i64eqz, v.m);
      const ordinary = v.canonical ? this.isOrdinary(v) : and(this.isOrdinary(v), i32(op.i64ltS, v.m, i64c(0n)));
      return v.canonical ? or(ordinary, zero) : or(ordinary, and(zero, i32(op.i32eqz, exponentOf(v))));
    };
    slowPathIf(i32(op.i32eqz, and(ordinaryOrZero(x), ordinaryOrZero(y))));
    // The exponent with the number's sign decides, if they differ.
    const signed = (v: Value): WasmNode => {
      const minus = b.bind(i32(op.i32shrS, v.se, i32c(31)));
      return b.bind(i32(op.i32sub, i32(op.i32xor, exponentOf(v), minus), minus));
    };
    const [p, q] = [signed(x), signed(y)];
    const same = b.bind(i32(op.i32eq, p, q));
    const equal = b.bind(and(same, i32(op.i64eq, x.m, y.m)));
    const below = i32(op.i32xor, i32(op.i64ltU, x.m, y.m), i32(op.i32ltS, p, i32c(0)));
    const less = node(wt.i32, op.select, [and(below, i32(op.i32eqz, equal)), i32(op.i32ltS, p, q), same]);
    return or(less, i32(op.i32shl, equal, i32c(6)));
  }
}

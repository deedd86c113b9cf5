// Comparison of strings in vector registers. SDM Vol. 2B 4.1: PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM. The
// routine compares; the rows store its result.

import { EF, R } from "../../../machine/state.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";

/**
 * The routine's result: one bit per element, and above them the flags for a and b being shorter than a
 * register.
 */
const SHORT_B = 16;
const SHORT_A = 17;

/** An explicit length: the absolute value, at most 16. */
const length = <V>(o: Ops<V>, r: number, w: 32 | 64): V => {
  const v = o.let("length", o.sext(o.reg(r, w), w));
  const size = o.let("size", o.select(o.ltS(v, o.imm(0)), o.sub(o.imm(0), v), v));
  return o.select(o.ltU(size, o.imm(16)), size, o.imm(16));
};

const find = <V>(o: Ops<V>, lengths: 0 | 32 | 64): V => {
  const [b, a, how] = [o.get(1), o.get(0), o.get(2)];
  const la = lengths === 0 ? o.imm(-1) : length(o, R.ax, lengths);
  const lb = lengths === 0 ? o.imm(-1) : length(o, R.dx, lengths);
  return o.let("found", o.call("sse_strings", o.lane(a, 64, 0), o.lane(a, 64, 1), o.lane(b, 64, 0), o.lane(b, 64, 1), la, lb, how));
};
const flags = <V>(o: Ops<V>, found: V): void => {
  const bit = (n: number, to: number) => o.select(o.and(found, o.imm(1 << n)), o.imm(to), o.imm(0));
  const any = o.select(o.and(found, o.imm(0xffff)), o.imm(EF.CF), o.imm(0));
  o.flags("word", 64, o.or(o.or(any, bit(0, EF.OF)), o.or(bit(SHORT_B, EF.ZF), bit(SHORT_A, EF.SF))));
};

/** ECX: the first or last element found, or their number. */
const index =
  (lengths: 0 | 32 | 64): Meaning =>
  (o) => {
    const found = find(o, lengths);
    const how = o.get(2);
    const bits = o.let("bits", o.and(found, o.imm(0xffff)));
    const place = o.select(o.and(how, o.imm(0x40)), o.sub(o.imm(63), o.clz(bits)), o.ctz(bits));
    const count = o.select(o.and(how, o.imm(1)), o.imm(8), o.imm(16));
    o.setReg(R.cx, 32, o.select(bits, place, count));
    flags(o, found);
  };
/** XMM0: a bit per found element, or with bit 6 a whole element. */
const mask =
  (lengths: 0 | 32 | 64): Meaning =>
  (o) => {
    const found = find(o, lengths);
    const how = o.get(2);
    const bits = o.let("bits", o.and(found, o.imm(0xffff)));
    const byteBits = o.vector(o.imm(0x8040201008040201n), o.imm(0x8040201008040201n));
    const spread = o.vector(
      o.mul(o.and(bits, o.imm(0xff)), o.imm(0x0101010101010101n)),
      o.mul(o.shr(bits, o.imm(8)), o.imm(0x0101010101010101n)),
    );
    const bytes = o.simd("i8x16.eq", o.simd("v128.and", spread, byteBits), byteBits);
    const wordBits = o.vector(o.imm(0x0008000400020001n), o.imm(0x0080004000200010n));
    const words = o.simd("i16x8.eq", o.simd("v128.and", o.splat(16, bits), wordBits), wordBits);
    const elements = o.select(o.and(how, o.imm(1)), words, bytes);
    o.setXmm(0, o.select(o.and(how, o.imm(0x40)), elements, o.vector(bits, o.imm(0))));
    flags(o, found);
  };

const unaligned = { unaligned: true } as const;
/** The rows of string comparisons. */
// biome-ignore format: table
export const sse42 = family(() => [
  row("pcmpestrm", "66 W0 0F 3A 60 Vx,Wx,Ib", mask(32), unaligned), row("pcmpestrm64", "66 REX.W 0F 3A 60 Vx,Wx,Ib", mask(64), unaligned),
  row("pcmpestri", "66 W0 0F 3A 61 Vx,Wx,Ib", index(32), unaligned), row("pcmpestri64", "66 REX.W 0F 3A 61 Vx,Wx,Ib", index(64), unaligned),
  row("pcmpistrm", "66 0F 3A 62 Vx,Wx,Ib", mask(0), unaligned), row("pcmpistri", "66 0F 3A 63 Vx,Wx,Ib", index(0), unaligned),
]);

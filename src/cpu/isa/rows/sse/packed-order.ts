// Packing, interleaving and shuffling. SDM Vol. 2: PACKx, PUNPCKx, UNPCKxPx, PSHUFx, SHUFPx, PEXTRW, PINSRW.
import type { Meaning, Ops } from "../../ops.ts";
import { family, type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";
import { bytesOf, laneMask, mmx, order16, order32, two, type Vector2 } from "./vector.ts";

/** Lanes of a and b in turns, from lane `first`. MMX registers are the low halves of vectors. */
const interleave = (w: number, first: number): Vector2 => {
  const count = 128 / w;
  const lanes = Array.from({ length: count }, (_, i) => ((first + (i >> 1)) % count) + (i & 1 ? count : 0));
  return (o, a, b) => o.shuffle(a, b, bytesOf(w, lanes));
};
const unpackLow = (name: string, opcode: string, w: 8 | 16 | 32): readonly Row[] => [
  row(name, `NP 0F ${opcode} Pq,Qd`, mmx(two(interleave(w, 0)))),
  row(name, `66 0F ${opcode} Vx,Wx`, two(interleave(w, 0))),
];
const unpackHigh = (name: string, opcode: string, w: 8 | 16 | 32): readonly Row[] => [
  row(name, `NP 0F ${opcode} Pq,Qq`, mmx(two(interleave(w, 32 / w)))),
  row(name, `66 0F ${opcode} Vx,Wx`, two(interleave(w, 64 / w))),
];

/** The lanes of both operands, narrowed. Two MMX registers form one vector. */
const pack = (name: string, opcode: string, how: SimdName): readonly Row[] => [
  row(name, `NP 0F ${opcode} Pq,Qq`, mmx(two((o, a, b) => o.simd(how, o.vector(a, b), o.vector(a, b))))),
  row(
    name,
    `66 0F ${opcode} Vx,Wx`,
    two((o, a, b) => o.simd(how, a, b)),
  ),
];

const swizzle =
  (mask: <V>(o: Ops<V>, imm: V) => V): Meaning =>
  (o) => {
    const imm = o.get(2);
    o.set(0, o.simd("i8x16.swizzle", o.get(1), mask(o, imm)));
  };
/** Lanes 0 and 1 from dst, 2 and 3 from src. */
const shufps: Meaning = (o) => {
  const mask = o.let("mask", order32(o, o.get(2)));
  const b = o.get(1);
  const a = o.get(0);
  o.set(0, o.shuffle(o.simd("i8x16.swizzle", a, mask), o.simd("i8x16.swizzle", b, mask), bytesOf(64, [0, 3])));
};
const shufpd: Meaning = (o) => {
  const imm = o.get(2);
  const b = o.get(1);
  const a = o.get(0);
  const half = <V>(o: Ops<V>, v: V, bit: V) => o.select(o.and(bit, o.imm(1)), o.lane(v, 64, 1), o.lane(v, 64, 0));
  o.set(0, o.vector(half(o, a, imm), half(o, b, o.shr(imm, o.imm(1)))));
};

const extractWord =
  (lanes: number): Meaning =>
  (o) => {
    const at = o.let("at", o.and(o.get(2), o.imm(lanes - 1)));
    const a = o.get(1);
    const half = lanes === 4 ? o.lane(a, 64, 0) : o.select(o.and(at, o.imm(4)), o.lane(a, 64, 1), o.lane(a, 64, 0));
    o.set(0, o.zext(o.shr(half, o.shl(o.and(at, o.imm(3)), o.imm(4))), 16));
  };
const insertWord =
  (lanes: number): Meaning =>
  (o) => {
    const at = o.and(o.get(2), o.imm(lanes - 1));
    const word = o.get(1);
    o.set(0, o.simd("v128.bitselect", o.splat(16, word), o.get(0), laneMask(o, 16, at)));
  };

const identityHigh = 0x0f0e0d0c0b0a0908n;
const identityLow = 0x0706050403020100n;

/** The rows of packing, interleaving and shuffling. */
// biome-ignore format: table
export const packedOrder = family(() => [
  ...unpackLow("punpcklbw", "60", 8), ...unpackLow("punpcklwd", "61", 16), ...unpackLow("punpckldq", "62", 32), row("punpcklqdq", "66 0F 6C Vx,Wx", two(interleave(64, 0))),
  ...unpackHigh("punpckhbw", "68", 8), ...unpackHigh("punpckhwd", "69", 16), ...unpackHigh("punpckhdq", "6A", 32), row("punpckhqdq", "66 0F 6D Vx,Wx", two(interleave(64, 1))),
  row("unpcklps", "NP 0F 14 Vx,Wx", two(interleave(32, 0))), row("unpckhps", "NP 0F 15 Vx,Wx", two(interleave(32, 2))),
  row("unpcklpd", "66 0F 14 Vx,Wx", two(interleave(64, 0))), row("unpckhpd", "66 0F 15 Vx,Wx", two(interleave(64, 1))),
  ...pack("packsswb", "63", "i8x16.narrow_i16x8_s"), ...pack("packuswb", "67", "i8x16.narrow_i16x8_u"), ...pack("packssdw", "6B", "i16x8.narrow_i32x4_s"),
  row("pshufd", "66 0F 70 Vx,Wx,Ib", swizzle(order32)),
  row("pshuflw", "F2 0F 70 Vx,Wx,Ib", swizzle((o, imm) => o.vector(order16(o, imm, 0), o.imm(identityHigh)))),
  row("pshufhw", "F3 0F 70 Vx,Wx,Ib", swizzle((o, imm) => o.vector(o.imm(identityLow), order16(o, imm, 8)))),
  row("pshufw", "NP 0F 70 Pq,Qq,Ib", mmx(swizzle((o, imm) => o.vector(order16(o, imm, 0), o.imm(-1))))),
  row("shufps", "NP 0F C6 Vx,Wx,Ib", shufps), row("shufpd", "66 0F C6 Vx,Wx,Ib", shufpd),
  row("pextrw", "NP 0F C5 Gy,Nq,Ib", mmx(extractWord(4))), row("pextrw", "66 0F C5 Gy,Ux,Ib", extractWord(8)),
  row("pinsrw", "NP 0F C4 Pq,Ry,Ib", mmx(insertWord(4))), row("pinsrw", "NP 0F C4 Pq,Mw,Ib", mmx(insertWord(4))),
  row("pinsrw", "66 0F C4 Vx,Ry,Ib", insertWord(8)), row("pinsrw", "66 0F C4 Vx,Mw,Ib", insertWord(8)),
]);

// Packed integers: MMX, and SSE2 with the same meaning on twice the width. SDM Vol. 2: PADD… PSUB… PMUL…
// PMADDWD PSADBW PAVG PMIN PMAX PCMP… PAND PANDN POR PXOR, PSLL PSRL PSRA.
import type { Meaning } from "../../ops.ts";
import { family, type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";
import { identity, mmx, mmxAndSse, simd2, two, type Vector2 } from "./vector.ts";

/** Low lanes of 32 bits, brought together. */
const evenDwords = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
const multiplyEven =
  (name: SimdName): Vector2 =>
  (o, a, b) =>
    o.simd(name, o.shuffle(a, a, evenDwords), o.shuffle(b, b, evenDwords));
/** Upper halves of 32-bit products, low products in the first vector. */
const upperWords = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31];
const multiplyHigh =
  (sign: "s" | "u"): Vector2 =>
  (o, a, b) =>
    o.shuffle(o.simd(`i32x4.extmul_low_i16x8_${sign}`, a, b), o.simd(`i32x4.extmul_high_i16x8_${sign}`, a, b), upperWords);

/** Sum of the absolute differences of eight bytes, in each half. */
const sumOfDifferences: Vector2 = (o, a, b) => {
  const differences = o.simd("v128.or", o.simd("i8x16.sub_sat_u", a, b), o.simd("i8x16.sub_sat_u", b, a));
  const sums = o.let("sums", o.simd("i32x4.extadd_pairwise_i16x8_u", o.simd("i16x8.extadd_pairwise_i8x16_u", differences)));
  const low = o.vector(o.imm(0xffff_ffff), o.imm(0xffff_ffff));
  return o.simd("i64x2.add", o.simd("v128.and", sums, low), o.simd("i64x2.shr_u", sums, o.imm(32)));
};

type Shift = "shl" | "shr_u" | "shr_s";
const lanesName = { 16: "i16x8", 32: "i32x4", 64: "i64x2" } as const;
/**
 * Shifts all lanes by one count, the low 64 bits of the operand. A count beyond the width leaves zeros, or
 * signs.
 */
const shift =
  (w: 16 | 32 | 64, how: Shift): Meaning =>
  (o) => {
    const count = o.let("count", o.zext(o.lane(o.get(1), 64, 0), 64));
    const a = o.get(0);
    const name = `${lanesName[w]}.${how}` as SimdName;
    const within = o.ltU(count, o.imm(w));
    if (how === "shr_s") return o.set(0, o.simd(name, a, o.select(within, count, o.imm(w - 1))));
    o.set(0, o.select(within, o.simd(name, a, count), o.vector(o.imm(0), o.imm(0))));
  };
/** Shifts the whole register by bytes: byte i comes from byte i + or - count; zeros beyond the ends. */
const shiftBytes =
  (direction: "left" | "right"): Meaning =>
  (o) => {
    const imm = o.get(1);
    const count = o.splat(8, o.select(o.ltU(imm, o.imm(16)), imm, o.imm(16)));
    o.set(0, o.simd("i8x16.swizzle", o.get(0), o.simd(direction === "left" ? "i8x16.sub" : "i8x16.add", identity(o), count)));
  };
/** By a register or memory, and by an immediate. */
const shifts = (name: string, opcode: string, group: string, w: 16 | 32 | 64, how: Shift): readonly Row[] => {
  const does = shift(w, how);
  return [...mmxAndSse(name, opcode, does), row(name, `NP 0F ${group} Nq,Ib`, mmx(does)), row(name, `66 0F ${group} Ux,Ib`, does)];
};

// biome-ignore format: table
const lanewise: readonly (readonly [string, string, SimdName])[] = [
  ["paddb", "FC", "i8x16.add"], ["paddw", "FD", "i16x8.add"], ["paddd", "FE", "i32x4.add"], ["paddq", "D4", "i64x2.add"],
  ["psubb", "F8", "i8x16.sub"], ["psubw", "F9", "i16x8.sub"], ["psubd", "FA", "i32x4.sub"], ["psubq", "FB", "i64x2.sub"],
  ["paddsb", "EC", "i8x16.add_sat_s"], ["paddsw", "ED", "i16x8.add_sat_s"], ["paddusb", "DC", "i8x16.add_sat_u"], ["paddusw", "DD", "i16x8.add_sat_u"],
  ["psubsb", "E8", "i8x16.sub_sat_s"], ["psubsw", "E9", "i16x8.sub_sat_s"], ["psubusb", "D8", "i8x16.sub_sat_u"], ["psubusw", "D9", "i16x8.sub_sat_u"],
  ["pmullw", "D5", "i16x8.mul"], ["pmaddwd", "F5", "i32x4.dot_i16x8_s"],
  ["pavgb", "E0", "i8x16.avgr_u"], ["pavgw", "E3", "i16x8.avgr_u"],
  ["pminub", "DA", "i8x16.min_u"], ["pmaxub", "DE", "i8x16.max_u"], ["pminsw", "EA", "i16x8.min_s"], ["pmaxsw", "EE", "i16x8.max_s"],
  ["pcmpeqb", "74", "i8x16.eq"], ["pcmpeqw", "75", "i16x8.eq"], ["pcmpeqd", "76", "i32x4.eq"],
  ["pcmpgtb", "64", "i8x16.gt_s"], ["pcmpgtw", "65", "i16x8.gt_s"], ["pcmpgtd", "66", "i32x4.gt_s"],
  ["pand", "DB", "v128.and"], ["por", "EB", "v128.or"], ["pxor", "EF", "v128.xor"],
];
/** dst = not dst and src. */
const andNot = two((o, a, b) => o.simd("v128.andnot", b, a));

/** The rows of packed integers. */
// biome-ignore format: table
export const packed = family(() => [
  ...lanewise.flatMap(([name, opcode, does]) => mmxAndSse(name, opcode, simd2(does))),
  ...mmxAndSse("pandn", "DF", andNot), ...mmxAndSse("pmulhw", "E5", two(multiplyHigh("s"))), ...mmxAndSse("pmulhuw", "E4", two(multiplyHigh("u"))),
  ...mmxAndSse("pmuludq", "F4", two(multiplyEven("i64x2.extmul_low_i32x4_u"))), ...mmxAndSse("psadbw", "F6", two(sumOfDifferences)),
  row("andps", "NP 0F 54 Vx,Wx", simd2("v128.and")), row("andpd", "66 0F 54 Vx,Wx", simd2("v128.and")), row("andnps", "NP 0F 55 Vx,Wx", andNot), row("andnpd", "66 0F 55 Vx,Wx", andNot),
  row("orps", "NP 0F 56 Vx,Wx", simd2("v128.or")), row("orpd", "66 0F 56 Vx,Wx", simd2("v128.or")), row("xorps", "NP 0F 57 Vx,Wx", simd2("v128.xor")), row("xorpd", "66 0F 57 Vx,Wx", simd2("v128.xor")),
  ...shifts("psrlw", "D1", "71 /2", 16, "shr_u"), ...shifts("psrld", "D2", "72 /2", 32, "shr_u"), ...shifts("psrlq", "D3", "73 /2", 64, "shr_u"),
  ...shifts("psraw", "E1", "71 /4", 16, "shr_s"), ...shifts("psrad", "E2", "72 /4", 32, "shr_s"),
  ...shifts("psllw", "F1", "71 /6", 16, "shl"), ...shifts("pslld", "F2", "72 /6", 32, "shl"), ...shifts("psllq", "F3", "73 /6", 64, "shl"),
  row("psrldq", "66 0F 73 /3 Ux,Ib", shiftBytes("right")), row("pslldq", "66 0F 73 /7 Ux,Ib", shiftBytes("left")),
]);

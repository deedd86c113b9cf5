// SSSE3 on MMX and XMM registers. SDM Vol. 2: PSHUFB PHADDx PHSUBx PMADDUBSW PSIGNx PMULHRSW PABSx PALIGNR.
import type { Meaning, Ops } from "../../ops.ts";
import { family, type Row, row } from "../../row.ts";
import type { SimdName } from "../../simd.ts";
import { bytesOf, identity, mmx, one, two, type Vector2 } from "./vector.ts";

const zero = <V>(o: Ops<V>): V => o.vector(o.imm(0), o.imm(0));

/** Rows whose meaning depends on the width of the register. */
const widths = (name: string, opcode: string, of: (w: 64 | 128) => Meaning): readonly Row[] => [
  row(name, `NP 0F 38 ${opcode} Pq,Qq`, mmx(of(64))),
  row(name, `66 0F 38 ${opcode} Vx,Wx`, of(128)),
];
const alike = (name: string, opcode: string, does: Meaning): readonly Row[] => widths(name, opcode, () => does);

/** Byte i is byte b[i] of a, or zero where b[i] has its top bit set. */
const shuffleBytes = (w: 64 | 128): Meaning =>
  two((o, a, b) => {
    const bits = o.imm(w === 64 ? 0x8787878787878787n : 0x8f8f8f8f8f8f8f8fn);
    return o.simd("i8x16.swizzle", a, o.simd("v128.and", b, o.vector(bits, bits)));
  });

/**
 * Combines neighbours, those of dst in the lower half and of src in the upper. Two MMX registers form one
 * vector.
 */
const horizontal =
  (lane: 16 | 32, name: SimdName) =>
  (w: 64 | 128): Meaning =>
    two((o, a, b) => {
      const [x, y] = w === 64 ? [o.let("both", o.vector(a, b)), undefined] : [a, b];
      const even = Array.from({ length: 128 / lane }, (_, n) => n * 2);
      return o.simd(
        name,
        o.shuffle(x, y ?? x, bytesOf(lane, even)),
        o.shuffle(
          x,
          y ?? x,
          bytesOf(
            lane,
            even.map((n) => n + 1),
          ),
        ),
      );
    });

/** Unsigned bytes of a times signed bytes of b, neighbours added and saturated. */
const multiplyAdd: Vector2 = (o, a, b) => {
  const low = o.vector(o.imm(0x00ff00ff00ff00ffn), o.imm(0x00ff00ff00ff00ffn));
  const even = o.simd("i16x8.mul", o.simd("v128.and", a, low), o.simd("i16x8.shr_s", o.simd("i16x8.shl", b, o.imm(8)), o.imm(8)));
  const odd = o.simd("i16x8.mul", o.simd("i16x8.shr_u", a, o.imm(8)), o.simd("i16x8.shr_s", b, o.imm(8)));
  return o.simd("i16x8.add_sat_s", even, odd);
};
/** WebAssembly saturates -1 times -1; x86 does not. */
const multiplyRound: Vector2 = (o, a, b) => {
  const least = o.splat(16, o.imm(0x8000));
  const both = o.simd("v128.and", o.simd("i16x8.eq", a, least), o.simd("i16x8.eq", b, least));
  return o.simd("v128.xor", o.simd("i16x8.q15mulr_sat_s", a, b), both);
};
/** a where b is positive, -a where it is negative, else 0. */
const sign =
  (lanes: "i8x16" | "i16x8" | "i32x4"): Vector2 =>
  (o, a, b) => {
    const negative = o.let("negative", o.simd(`${lanes}.gt_s`, zero(o), b));
    const signed = o.simd(`${lanes}.sub`, o.simd("v128.xor", a, negative), negative);
    return o.simd("v128.andnot", signed, o.simd(`${lanes}.eq`, b, zero(o)));
  };

/** dst above src, shifted right by bytes. */
const align =
  (w: 64 | 128): Meaning =>
  (o) => {
    const imm = o.get(2);
    const b = o.get(1);
    const a = o.get(0);
    const from = o.let("from", o.simd("i8x16.add", identity(o), o.splat(8, o.select(o.ltU(imm, o.imm(w / 4)), imm, o.imm(w / 4)))));
    if (w === 64) return o.set(0, o.simd("i8x16.swizzle", o.vector(b, a), from));
    const high = o.simd("i8x16.swizzle", a, o.simd("i8x16.sub", from, o.splat(8, o.imm(16))));
    o.set(0, o.simd("v128.or", o.simd("i8x16.swizzle", b, from), high));
  };

/** The rows of SSSE3. */
// biome-ignore format: table
export const ssse3 = family(() => [
  ...widths("pshufb", "00", shuffleBytes),
  ...widths("phaddw", "01", horizontal(16, "i16x8.add")), ...widths("phaddd", "02", horizontal(32, "i32x4.add")), ...widths("phaddsw", "03", horizontal(16, "i16x8.add_sat_s")),
  ...widths("phsubw", "05", horizontal(16, "i16x8.sub")), ...widths("phsubd", "06", horizontal(32, "i32x4.sub")), ...widths("phsubsw", "07", horizontal(16, "i16x8.sub_sat_s")),
  ...alike("pmaddubsw", "04", two(multiplyAdd)), ...alike("pmulhrsw", "0B", two(multiplyRound)),
  ...alike("psignb", "08", two(sign("i8x16"))), ...alike("psignw", "09", two(sign("i16x8"))), ...alike("psignd", "0A", two(sign("i32x4"))),
  ...alike("pabsb", "1C", one((o, a) => o.simd("i8x16.abs", a))), ...alike("pabsw", "1D", one((o, a) => o.simd("i16x8.abs", a))), ...alike("pabsd", "1E", one((o, a) => o.simd("i32x4.abs", a))),
  row("palignr", "NP 0F 3A 0F Pq,Qq,Ib", mmx(align(64))), row("palignr", "66 0F 3A 0F Vx,Wx,Ib", align(128)),
]);

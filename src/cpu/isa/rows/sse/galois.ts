// Bytes as elements of GF(2^8). SDM Vol. 2A: GF2P8MULB GF2P8AFFINEQB GF2P8AFFINEINVQB.
import type { Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";
import { two, type Vector1, type Vector2 } from "./vector.ts";

/**
 * The product of bytes. Horner's rule from the top bit of b down: a bit shifted out of the byte is reduced by
 * x^4 + x^3 + x + 1.
 */
export const galoisProduct: Vector2 = (o, a, b) => {
  const zero = o.vector(o.imm(0), o.imm(0));
  const top = <V>(p: Ops<V>, v: V, z: V): V => p.simd("i8x16.gt_s", z, v);
  let bits = b;
  let product = o.let("product", o.simd("v128.and", a, top(o, bits, zero)));
  for (let n = 1; n < 8; n++) {
    bits = o.let("bits", o.simd("i8x16.add", bits, bits));
    const over = o.simd("v128.and", top(o, product, zero), o.splat(8, o.imm(0x1b)));
    const shifted = o.simd("v128.xor", o.simd("i8x16.add", product, product), over);
    product = o.let("product", o.simd("v128.xor", shifted, o.simd("v128.and", a, top(o, bits, zero))));
  }
  return product;
};
/**
 * The affine transformation. Bit i of each byte: the parity of the byte and row 7 - i of the matrix in the
 * same half; then the immediate is added.
 */
export const galoisAffine = <V>(o: Ops<V>, a: V, matrix: V, imm: V): V => {
  let out = o.splat(8, imm);
  for (let n = 0; n < 8; n++) {
    const row = o.shuffle(
      matrix,
      matrix,
      Array.from({ length: 16 }, (_, i) => (i & 8) + 7 - n),
    );
    const parity = o.simd("v128.and", o.simd("i8x16.popcnt", o.simd("v128.and", a, row)), o.splat(8, o.imm(1)));
    out = o.let("out", o.simd("v128.xor", out, o.simd("i16x8.shl", parity, o.imm(n))));
  }
  return out;
};
/** The inverses of all bytes. */
export const galoisInverse: Vector1 = (o, a) =>
  o.let("inverse", o.vector(o.call("galois_inverse", o.lane(a, 64, 0)), o.call("galois_inverse", o.lane(a, 64, 1))));

const gfni = { feature: "gfni" } as const;

/** The rows of GFNI. */
// biome-ignore format: table
export const galois = family(() => [
  row("gf2p8mulb", "66 0F 38 CF Vx,Wx", two(galoisProduct), gfni),
  row("gf2p8affineqb", "66 0F 3A CE Vx,Wx,Ib", (o) => { const m = o.get(1); o.set(0, galoisAffine(o, o.get(0), m, o.get(2))); }, gfni),
  row("gf2p8affineinvqb", "66 0F 3A CF Vx,Wx,Ib", (o) => { const m = o.get(1); o.set(0, galoisAffine(o, galoisInverse(o, o.get(0)), m, o.get(2))); }, gfni),
]);

// AES rounds and carry-less products. SDM Vol. 2: AESENC AESENCLAST AESDEC AESDECLAST AESIMC AESKEYGENASSIST
// PCLMULQDQ.
import type { Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";
import { one, two, type Vector1, type Vector2 } from "./vector.ts";

type Round = "aes_encrypt" | "aes_encrypt_last" | "aes_decrypt" | "aes_decrypt_last";

/** An AES round. The routine returns the half of its first argument (routines/galois.ts). */
export const aesRound =
  (name: Round): Vector2 =>
  (o, state, key) => {
    const [low, high] = [o.lane(state, 64, 0), o.lane(state, 64, 1)];
    return o.simd("v128.xor", o.vector(o.call(name, low, high), o.call(name, high, low)), key);
  };
const unmixed: Vector1 = (o, a) => o.vector(o.call("aes_unmix", o.lane(a, 64, 0)), o.call("aes_unmix", o.lane(a, 64, 1)));
/** For the dwords X1 and X3: SubWord(X), and RotWord(SubWord(X)) XOR RCON above it. */
const assist = <V>(o: Ops<V>, a: V, rcon: V): V => {
  const half = (n: number): V => {
    const x = o.let("x", o.shr(o.call("aes_substitute", o.lane(a, 64, n)), o.imm(32)));
    const turned = o.zext(o.shr(o.or(x, o.shl(x, o.imm(32))), o.imm(8)), 32);
    return o.or(x, o.shl(o.xor(turned, rcon), o.imm(32)));
  };
  return o.vector(half(0), half(1));
};
/**
 * A carry-less product. Bits 0 and 4 of the immediate select the halves of the first and the second source.
 */
export const carryless = <V>(o: Ops<V>, a: V, b: V, imm: V): V => {
  const half = (v: V, bit: number): V => o.let("half", o.select(o.and(imm, o.imm(bit)), o.lane(v, 64, 1), o.lane(v, 64, 0)));
  const [x, y] = [half(a, 0x01), half(b, 0x10)];
  return o.vector(o.call("carryless_low", x, y), o.call("carryless_high", x, y));
};

/** The rows of AES and PCLMULQDQ. */
// biome-ignore format: table
export const aes = family(() => [
  row("aesimc", "66 0F 38 DB Vx,Wx", one(unmixed), { feature: "aes" }),
  row("aesenc", "66 0F 38 DC Vx,Wx", two(aesRound("aes_encrypt")), { feature: "aes" }), row("aesenclast", "66 0F 38 DD Vx,Wx", two(aesRound("aes_encrypt_last")), { feature: "aes" }),
  row("aesdec", "66 0F 38 DE Vx,Wx", two(aesRound("aes_decrypt")), { feature: "aes" }), row("aesdeclast", "66 0F 38 DF Vx,Wx", two(aesRound("aes_decrypt_last")), { feature: "aes" }),
  row("aeskeygenassist", "66 0F 3A DF Vx,Wx,Ib", (o) => o.set(0, assist(o, o.get(1), o.get(2))), { feature: "aes" }),
  row("pclmulqdq", "66 0F 3A 44 Vx,Wx,Ib", (o) => { const b = o.get(1); o.set(0, carryless(o, o.get(0), b, o.get(2))); }, { feature: "pclmulqdq" }),
]);

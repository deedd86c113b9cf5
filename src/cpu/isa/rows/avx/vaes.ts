// AES, carry-less products and GF(2^8) with VEX. SDM Vol. 2: VAESENC …, VPCLMULQDQ, VGF2P8x.
import { family, type Row } from "../../row.ts";
import { aes } from "../sse/aes.ts";
import { galois } from "../sse/galois.ts";
import { derived, type Sources, type VexDifferences } from "./vex.ts";

const of = (names: string, sources: Sources, d: VexDifferences): readonly Row[] =>
  [...aes(), ...galois()].filter((r) => names.split(" ").includes(r.name)).flatMap((r) => derived(r, sources, d));

/** The rows derived from AES, PCLMULQDQ and GFNI. */
export const vaes = family(() => [
  ...of("aesenc aesenclast aesdec aesdeclast", "three", { length: "both", feature: ["avx", "aes"], wide: "vaes" }),
  ...of("aesimc aeskeygenassist", "two", { length: "128", feature: ["avx", "aes"] }),
  ...of("pclmulqdq", "three", { length: "both", feature: ["avx", "pclmulqdq"], wide: "vpclmulqdq" }),
  ...of("gf2p8mulb", "three", { length: "both", feature: ["avx", "gfni"], opcode: "0F38.W0 CF" }),
  ...of("gf2p8affineqb", "three", { length: "both", feature: ["avx", "gfni"], opcode: "0F3A.W1 CE" }),
  ...of("gf2p8affineinvqb", "three", { length: "both", feature: ["avx", "gfni"], opcode: "0F3A.W1 CF" }),
]);

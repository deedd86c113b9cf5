// AVX and AVX2 forms of SSE instructions: the list. SDM Vol. 1 Tables 14-2 to 14-8.
import { type Family, family, ofEachVendor, type Row, row } from "../../row.ts";
import { sseArithmetic } from "../sse/arithmetic.ts";
import { comparisons, sseCompare } from "../sse/compare.ts";
import { sseConvert } from "../sse/convert.ts";
import { sseMoves } from "../sse/move.ts";
import { packed } from "../sse/packed.ts";
import { packedOrder } from "../sse/packed-order.ts";
import { sse41, wideDot } from "../sse/sse41.ts";
import { sse42 } from "../sse/sse42.ts";
import { ssse3 } from "../sse/ssse3.ts";
import { derived, type Sources, type VexDifferences } from "./vex.ts";

const compares: Family = () => sseCompare().filter((r) => !r.name.startsWith("cmp"));
const legacy = family(() =>
  [packed, packedOrder, sseArithmetic, () => comparisons(32), compares, sseConvert, sseMoves, sse41, sse42, ssse3].flatMap((rows) =>
    rows(),
  ),
);
const usesMmx = (r: Row): boolean => r.operands.some((o) => o.kind.startsWith("mm"));

/** All legacy rows of these names, or those of them that `only` accepts, with VEX. */
const of = (names: string, sources: Sources, d: VexDifferences, only?: (r: Row) => boolean): readonly Row[] =>
  names.split(" ").flatMap((name) => {
    const rows = legacy().filter((r) => r.name === name && !usesMmx(r) && (only?.(r) ?? true));
    if (rows.length === 0) throw new Error(`no row ${name}`);
    return rows.flatMap((r) => derived(r, sources, d));
  });

const both = { length: "both" } as const;
const integer = { length: "both", wide: "avx2" } as const;
const short = { length: "128" } as const;
const scalar = { length: "LIG" } as const;
const store = (r: Row): boolean => r.operands[0]!.kind === "xmmrm";
const fromRegister = (r: Row): boolean => r.operands.some((o) => o.kind === "xmmU");
const fromMemory = (r: Row): boolean => r.operands.some((o) => o.kind === "mem");

/** The rows derived from SSE's. */
// biome-ignore format: table
export const avx = family(() => [
  // Integers.
  ...of("paddb paddw paddd paddq psubb psubw psubd psubq paddsb paddsw paddusb paddusw psubsb psubsw psubusb psubusw", "three", integer),
  ...of("pmullw pmulhw pmulhuw pmuludq pmuldq pmulld pmaddwd pmaddubsw pmulhrsw psadbw pavgb pavgw", "three", integer),
  ...of("pminub pmaxub pminsw pmaxsw pminsb pminsd pminuw pminud pmaxsb pmaxsd pmaxuw pmaxud", "three", integer),
  ...of("pcmpeqb pcmpeqw pcmpeqd pcmpeqq pcmpgtb pcmpgtw pcmpgtd pcmpgtq pand por pxor pandn psignb psignw psignd", "three", integer),
  ...of("punpcklbw punpcklwd punpckldq punpcklqdq punpckhbw punpckhwd punpckhdq punpckhqdq packsswb packuswb packssdw packusdw", "three", integer),
  ...of("pshufb phaddw phaddd phaddsw phsubw phsubd phsubsw palignr pblendw psrldq pslldq", "three", integer),
  ...of("psrlw psrld psrlq psraw psrad psllw pslld psllq", "three", integer, fromRegister),
  ...of("psrlw psrld psrlq psraw psrad psllw pslld psllq", "three", { ...integer, operands: "Vx,Wdq" }, (r) => !fromRegister(r)),
  ...of("mpsadbw", "three", { ...integer, perHalf: 3 }), ...of("pblendvb", "three", { ...integer, operands: "Vx,Wx,Lx", opcode: "0F3A.W0 4C" }),
  ...of("pabsb pabsw pabsd pshufd pshuflw pshufhw", "two", integer), ...of("phminposuw ptest", "two", short),
  ...of("pmovsxbw pmovsxwd pmovsxdq pmovzxbw pmovzxwd pmovzxdq", "two", { ...integer, operands: "Vx,W{q_dq}", part: "widen" }),
  ...of("pmovsxbd pmovsxwq pmovzxbd pmovzxwq", "two", { ...integer, operands: "Vx,W{d_q}", part: "widen" }),
  ...of("pmovsxbq pmovzxbq", "two", { ...integer, operands: "Vx,W{w_d}", part: "widen" }),
  ...of("pinsrb pinsrw", "three", short), ...of("pextrd", "two", { ...short, wCounts: true }), ...of("pextrq", "two", { ...short, wCounts: true, only: "64" }),
  ...of("pinsrd", "three", { ...short, wCounts: true }), ...of("pinsrq", "three", { ...short, wCounts: true, only: "64" }), ...of("pextrb pextrw pmovmskb maskmovdqu", "two", short),
  ...of("pcmpestrm pcmpestrm64 pcmpestri pcmpestri64", "two", { ...short, sizesImplied: true }), ...of("pcmpistrm pcmpistri", "two", short),

  // Floats.
  ...of("addps addpd mulps mulpd subps subpd divps divpd minps minpd maxps maxpd haddps haddpd hsubps hsubpd addsubps addsubpd", "three", both),
  ...of("andps andpd andnps andnpd orps orpd xorps xorpd unpcklps unpcklpd unpckhps unpckhpd shufps", "three", both),
  ...of("shufpd blendpd", "three", { ...both, perHalf: 2 }), ...of("blendps", "three", { ...both, perHalf: 4 }), ...of("dpps", "three", short), ...ofEachVendor((vendor) => [row("vdpps", "VEX.256.66.0F3A.WIG 40 Vx,Hx,Wx,Ib", wideDot(vendor), { feature: "avx" })]), ...of("dppd", "three", short), ...of("cmpps cmppd", "three", both), ...of("cmpss cmpsd", "three", scalar),
  ...of("blendvps", "three", { ...both, operands: "Vx,Wx,Lx", opcode: "0F3A.W0 4A" }), ...of("blendvpd", "three", { ...both, operands: "Vx,Wx,Lx", opcode: "0F3A.W0 4B" }),
  ...of("addss addsd mulss mulsd subss subsd divss divsd minss minsd maxss maxsd sqrtss sqrtsd rsqrtss rcpss roundss roundsd", "three", scalar),
  ...of("sqrtps sqrtpd rsqrtps rcpps roundps roundpd cvtdq2ps cvtps2dq cvttps2dq", "two", both),
  ...of("comiss comisd ucomiss ucomisd cvttss2si cvttsd2si cvtss2si cvtsd2si", "two", scalar),
  ...of("cvtsi2ss cvtsi2sd cvtss2sd cvtsd2ss", "three", scalar), 
  ...of("cvtdq2pd cvtps2pd", "two", { ...both, operands: "Vx,W{q_dq}", part: "widen" }), ...of("cvtpd2dq cvttpd2dq cvtpd2ps", "two", { ...both, operands: "Vdq,Wx", part: "narrow" }),
  ...of("insertps", "three", short), ...of("extractps", "two", short),

  // Moves.
  ...of("movups movupd movdqu movaps movapd movdqa movntps movntpd movntdq lddqu movsldup movshdup", "two", both), ...of("movntdqa", "two", integer),
  ...of("movddup", "two", { ...both, operands: "Vx,W{q_x}" }), ...of("movmskps movmskpd movd movq", "two", short), ...of("ldmxcsr stmxcsr", "two", short),
  ...of("movss movsd", "three", scalar, fromRegister), ...of("movss", "two", { ...scalar, operands: "Vx,Md" }, fromMemory), ...of("movsd", "two", { ...scalar, operands: "Vx,Mq" }, fromMemory),
  ...of("movss", "three", { ...scalar, operands: "Ux,Vd" }, store), ...of("movsd", "three", { ...scalar, operands: "Ux,Vq" }, store),
  ...of("movss", "two", { ...scalar, operands: "Md,Vd" }, store), ...of("movsd", "two", { ...scalar, operands: "Mq,Vq" }, store),
  ...of("movlps movlpd", "three", short, (r) => r.opcode === 0x12), ...of("movhps movhpd", "three", short, (r) => r.opcode === 0x16), ...of("movhlps movlhps", "three", short),
  ...of("movlps movlpd", "two", short, (r) => r.opcode === 0x13), ...of("movhps movhpd", "two", short, (r) => r.opcode === 0x17),
]);

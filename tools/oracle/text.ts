// Judges the disassembler by iced-x86's formatter (Intel syntax): the same text, after differences of taste
// are removed.
import { Code, DecoderOptions, Formatter, FormatterSyntax, Decoder as Iced, Instruction, MemorySizeOptions } from "iced-x86";
import type { Decoder } from "../../src/cpu/decode/decoder.ts";
import { instructionText, plainDecoder } from "../../src/cpu/text/disassemble.ts";
import { type Scope, scopeOf } from "./scope.ts";
import type { Mode } from "./world.ts";

const intelFormatter = (): Formatter => {
  const f = new Formatter(FormatterSyntax.Intel);
  f.hexPrefix = "0x";
  f.hexSuffix = "";
  f.uppercaseHex = false;
  f.smallHexNumbersInDecimal = false;
  f.addLeadingZeroToHexNumbers = false;
  f.branchLeadingZeros = false;
  f.spaceAfterOperandSeparator = true;
  f.ripRelativeAddresses = true;
  f.showBranchSize = false;
  f.usePseudoOps = false;
  f.memorySizeOptions = MemorySizeOptions.Always;
  return f;
};

type Rewrite = readonly [RegExp, string];
/**
 * Changes of iced's text: its names of prefixes; prefixes without effect on our processors; the operands that
 * strings, XLAT and x87 instructions imply; names of later instructions for earlier hints and NOPs; forms
 * with fewer operands.
 */
const rewrites: readonly Rewrite[] = [
  [/\bdata(16|32|64) /, "o$1 "],
  [/\baddr(16|32|64) /, "a$1 "],
  [/\b(bnd|notrack|xacquire|xrelease|hint-taken|hint-not-taken) /g, ""],
  [/^wait$/, "fwait"],
  [/^(pushf|popf|pusha|popa|iret)$/, "$1w"],
  [/^wbnoinvd$/, "wbinvd"],
  [/^(sysret|sysexit)q$/, "$1"],
  [/\bret far\b/, "retf"],
  [/ far (0x\w+), (0x\w+)$/, " $2:$1"],
  [/^xchg (rax|eax|ax), \1$/, "nop"],
  [/^(prefetchwt1|prefetch_\w+) /, "prefetch "],
  [/^(lidt|lgdt|sidt|sgdt) fword ptr /, "$1 "],
  [/^invlpg \w\w:/, "invlpg "],
  [/^rep ret/, "ret"],
  [/^o(\d\d) rep ret/, "o$1 ret"],
  [/^((?:a\d\d )?maskmov\w+ \w+, \w+), (\w\w)$/, "$2 $1"],
  // iced tells the address size of an absolute address only where it has 8 or 2 bytes of its own.
  [/^(lock )?a\d\d (.*[: ]\[0x)/, "$1$2"],
  // A NOP of the hint space. We name none of those that came after our models.
  [/^(prefetchit[01]|rdssp[dq]|cldemote) .*/, "reservednop"],
  [/^nop .*, .*/, "reservednop"],
  [/^((?:s|r)\w+) (.*), 0x1$/, "$1 $2, 1"],
  [/^imul (\w+), (-?0x\w+)$/, "imul $1, $1, $2"],
  [/^fxch$/, "fxch st(1)"],
  [/^(f\w+p)$/, "$1 st(1), st"],
  [/ fpu(env|state)\d+ ptr /, " "],
  [/^clzero \w+$/, "clzero"],
];
/** Changes of our text. */
const ourRewrites: readonly Rewrite[] = [
  [/^repn?e ((?:[ao]\d\d )*loop)/, "$1"],
  [/^((?:a\d\d )?p?blendv\w+ .*, .*|sha256rnds2 .*, .*), xmm0$/, "$1"],
  [/^o\d\d (frstor|fnsave|fldenv|fnstenv|[ls][gi]dt) /, "$1 "],
  [/^(a\d\d )?reservednop .*/, "reservednop"],
  [/^a\d\d clzero$/, "clzero"],
];
/** x87 operands that are always the same. */
const impliedStack: readonly Rewrite[] = [
  [/, st$/, ""],
  [/ st, /, " "],
];

/**
 * String instructions and XLAT have their operands in the name: of those, the segment and the address size.
 */
const plainString = (text: string, mode: Mode): string => {
  const found = /^((?:rep\w* )?)((?:movs|cmps|stos|lods|scas|ins|outs)[bwdq]|xlat)( .*\[.*)$/.exec(text);
  if (!found || text.includes("xmm")) return text;
  const [, rep, name, operands] = found as unknown as [string, string, string, string];
  const segment = /ptr (\w\w):\[[er]?(?:si|bx)/.exec(operands)?.[1];
  const size = /\[r/.test(operands) ? 64 : /\[e/.test(operands) ? 32 : 16;
  const address = size === mode ? "" : `a${size} `;
  return `${rep}${segment === undefined || segment === "ds" ? "" : `${segment} `}${address}${name === "xlat" ? "xlatb" : name}`;
};

export interface TextVerdict {
  readonly scope: Scope | "other";
  readonly theirs: string;
  readonly ours: string;
  readonly same: boolean;
}

const ip = 0x1000_0000;

export class TextJudge {
  readonly #decoder: Decoder = plainDecoder();
  readonly #instruction = new Instruction();
  readonly #formatter = intelFormatter();

  /** Judge every 16-byte slot of a buffer that both take for an instruction. */
  judge(mode: Mode, buffer: Uint8Array, see: (v: TextVerdict, bytes: Uint8Array) => void): void {
    const theirs = new Iced(mode, buffer, DecoderOptions.AMD);
    const i = this.#instruction;
    for (let at = 0; at + 16 <= buffer.length; at += 16) {
      theirs.position = at;
      theirs.ip = BigInt(ip);
      theirs.decodeOut(i);
      if (i.code === Code.INVALID || this.#decoder.decode(buffer, at, at + 16, ip, mode) !== "ok") continue;
      const want = this.#formatter.format(i);
      const have = instructionText(this.#decoder.d);
      // On AMD, REX.B turns PAUSE into XCHG.
      const same = level(want, mode) === level(have, mode) || (want === "pause" && have.startsWith("xchg r8"));
      see({ scope: scopeOf(i) ?? "other", theirs: want, ours: have, same }, buffer.subarray(at, at + i.length));
    }
    theirs.free();
  }
}

const apply = (text: string, by: readonly Rewrite[]): string => by.reduce((t, [what, to]) => t.replace(what, to), text);

/** Registers of which only the low half counts, or whose upper half is zeroed whichever width is written. */
const anyWidth = /^(lar|lsl|v?(pinsr[bw]|pextr[bw]|extractps|movmskp[sd]|pmovmskb)|movsxd) /;
const narrow = (text: string): string =>
  text.replace(/\br(\d+)[dw]?\b|\b[re](\w[xpi])\b/g, (_, n, name) => name ?? `r${n}`).replace(/ (dword|word) ptr/, " ptr");
/** An absolute address that is not canonical need not be exact: it faults. */
const canonical = (text: string): string =>
  text.replace(/\[0x(\w{13,16})\]/, (same, digits) => {
    const v = BigInt(`0x${digits}`);
    return BigInt.asIntN(48, v) === BigInt.asIntN(64, v) ? same : "[not canonical]";
  });

const level = (text: string, mode: Mode): string => {
  const plain = canonical(apply(plainString(apply(text, ourRewrites), mode), rewrites));
  return plain.startsWith("f") ? apply(plain, impliedStack) : anyWidth.test(plain) ? narrow(plain) : plain;
};

// Judges the project's decoder by iced-x86: the same length, mnemonic and operands, or both find the bytes
// invalid.
import { Code, DecoderOptions, Decoder as Iced, Instruction, Mnemonic, OpKind, Register, RegisterExt } from "iced-x86";
import { type Decoded, Decoder, decodeTables, noRegister } from "../../src/cpu/decode/decoder.ts";
import { rep } from "../../src/cpu/isa/ops.ts";
import type { Operand } from "../../src/cpu/isa/row.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { S, segNames } from "../../src/cpu/machine/state.ts";
import { nameOf } from "../../src/cpu/text/syntax.ts";
import { type Scope, scopeOf } from "./scope.ts";
import type { Mode } from "./world.ts";

// ---- ours, as text -----------------------------------------------------------------------------------

const general = (d: Decoded, r: number, width: number): string =>
  width === 8 && !d.rex && r >= 4 && r < 8 ? `g8h:${r - 4}` : `g${width}:${r}`;

const vector = (width: number, r: number): string => `${width === 256 ? "y" : "x"}:${r}`;

/** In 64-bit mode es, cs, ss and ds are one: iced still names an override. */
const segmentText = (s: string, mode: number): string => (mode === 64 && s !== "fs" && s !== "gs" ? "flat" : s);

/** An absolute offset that is not canonical need not be exact: it faults. */
const displacement = (v: bigint): string => (BigInt.asIntN(48, v) === BigInt.asIntN(64, v) ? v.toString(16) : "not canonical");

const ourMemory = (d: Decoded): string => {
  const base = d.base === noRegister ? "" : `+${d.base}`;
  const vsib = d.row.shape.vsib;
  const index = vsib ? `+${vector(vsib.widths[0], d.vindex)}*${1 << d.scale}` : d.index === noRegister ? "" : `+${d.index}*${1 << d.scale}`;
  const segment = segmentText(segNames[d.memorySegment] as string, d.mode);
  // iced does not report the address size of an absolute address.
  return `m${base + (vsib ? "" : index) === "" ? "" : d.addressSize}:${segment}${base}${index}+${displacement(BigInt.asUintN(d.addressSize, BigInt(d.disp)))}`;
};
const ourImmediate = (d: Decoded, o: Operand, width: number, first: boolean): string => {
  const bits = o.kind === "simm" || o.spec === "Iz" ? d.size : width;
  const v = first ? (BigInt(d.immHi) << 32n) | BigInt(d.immLo >>> 0) : BigInt(d.imm2);
  return `i:${BigInt.asUintN(bits, v).toString(16)}`;
};

const ourOperand = (d: Decoded, n: number, immediates: { count: number }): string => {
  const o = d.row.operands[n] as Operand;
  const width = d.width(n);
  switch (o.kind) {
    case "rm":
      return d.isMemory ? ourMemory(d) : general(d, d.rm, width);
    case "mem":
    case "vsib":
    case "moffs":
      return ourMemory(d);
    case "rmreg":
      return general(d, d.rm, width);
    case "reg":
      return general(d, d.reg, width);
    case "opreg":
      return general(d, d.opreg, width);
    case "fixed":
      return `g${width}:${o.register}`;
    case "xmmrm":
      return d.isMemory ? ourMemory(d) : vector(width, d.rm);
    case "xmmU":
      return vector(width, d.rm);
    case "xmm":
      return vector(width, d.reg);
    case "xmmH":
      return vector(width, d.vvvv);
    case "xmmL":
      return vector(width, (d.immLo >> 4) & (d.mode === 64 ? 15 : 7));
    case "vreg":
      return general(d, d.vvvv, width);
    case "mmrm":
      return d.isMemory ? ourMemory(d) : `mm:${d.rm & 7}`;
    case "mmN":
      return `mm:${d.rm & 7}`;
    case "mm":
      return `mm:${d.reg & 7}`;
    case "st":
      return "st:0";
    case "sti":
      return `st:${d.rm & 7}`;
    case "creg":
    case "dreg":
      return `c:${d.reg + (d.lock ? 8 : 0)}`;
    case "sreg":
      return `s:${d.reg & 7}`;
    case "imm":
    case "simm":
      return ourImmediate(d, o, width, immediates.count++ === 0);
    case "one":
      return "i:1";
    case "rel":
      return `t:${BigInt.asUintN(64, BigInt(d.target)).toString(16)}`;
    case "named":
      return o.spec.startsWith("XMM") ? "" : `s:${segNames.indexOf(o.spec.toLowerCase() as "es")}`;
    case "far":
      return `f:${d.imm2.toString(16)}:${(d.immLo >>> 0).toString(16)}`;
    case "strX":
      return `X${d.addressSize}:${segmentText(segNames[d.segment < 0 ? S.ds : d.segment] as string, d.mode)}`;
    case "strY":
      return `Y${d.addressSize}`;
    default:
      return o.kind;
  }
};

export interface Reading {
  readonly length: number;
  readonly name: string;
  readonly operands: string;
  readonly rep: string;
}

const ours = (d: Decoded): Reading => {
  const immediates = { count: 0 };
  return {
    length: d.length,
    name: nameOf(d.row, d.size, d.addressSize),
    operands: d.row.operands.map((_, n) => ourOperand(d, n, immediates)).join(" "),
    rep: !d.row.operands.some((o) => o.kind === "strX" || o.kind === "strY")
      ? ""
      : d.rep === rep.rep
        ? "rep"
        : d.rep === rep.repne
          ? "repne"
          : "",
  };
};

// ---- iced's, as text ---------------------------------------------------------------------------------

const segmentName = (r: Register): string => segNames[r - Register.ES] as string;

const registerText = (r: Register): string => {
  const n = RegisterExt.number(r);
  if (RegisterExt.isGPR8(r))
    return r >= Register.AH && r <= Register.BH ? `g8h:${r - Register.AH}` : `g8:${RegisterExt.number(RegisterExt.fullRegister(r))}`;
  if (RegisterExt.isGPR(r)) return `g${RegisterExt.size(r) * 8}:${n}`;
  if (RegisterExt.isXMM(r)) return `x:${n}`;
  if (RegisterExt.isYMM(r)) return `y:${n}`;
  if (RegisterExt.isMM(r)) return `mm:${n}`;
  if (RegisterExt.isST(r)) return `st:${n}`;
  if (RegisterExt.isSegmentRegister(r)) return `s:${n}`;
  if (RegisterExt.isCR(r) || RegisterExt.isDR(r)) return `c:${n}`;
  return `?${Register[r]}`;
};

const memoryText = (i: Instruction, mode: Mode): string => {
  const { memoryBase: base, memoryIndex: index } = i;
  const isVector = RegisterExt.isXMM(index) || RegisterExt.isYMM(index);
  const by = base !== Register.None || isVector ? base : index;
  const bits =
    by !== Register.None ? RegisterExt.size(by) * 8 : i.memoryDisplSize === 2 ? 16 : i.memoryDisplSize === 8 ? 64 : mode === 64 ? 64 : 32;
  const baseText = base === Register.None || RegisterExt.isIP(base) ? "" : `+${RegisterExt.number(base)}`;
  const indexText = index === Register.None ? "" : `+${isVector ? registerText(index) : RegisterExt.number(index)}*${i.memoryIndexScale}`;
  return `m${by === Register.None || RegisterExt.isIP(by) ? "" : bits}:${segmentText(segmentName(i.memorySegment), mode)}${baseText}${indexText}+${displacement(BigInt.asUintN(bits, i.memoryDisplacement))}`;
};

const K = OpKind;
const stringKinds: Partial<Record<OpKind, string>> = {
  [K.MemorySegSI]: "X16",
  [K.MemorySegESI]: "X32",
  [K.MemorySegRSI]: "X64",
  [K.MemoryESDI]: "Y16",
  [K.MemoryESEDI]: "Y32",
  [K.MemoryESRDI]: "Y64",
  [K.MemorySegDI]: "D",
  [K.MemorySegEDI]: "D",
  [K.MemorySegRDI]: "D",
};
const icedOperand = (i: Instruction, n: number, mode: Mode): string => {
  const kind = i.opKind(n);
  const string = stringKinds[kind];
  if (string) return string.startsWith("X") ? `${string}:${segmentText(segmentName(i.memorySegment), mode)}` : string;
  switch (kind) {
    case K.Register:
      return registerText(i.opRegister(n));
    case K.Memory:
      return memoryText(i, mode);
    case K.NearBranch16:
    case K.NearBranch32:
    case K.NearBranch64:
      return `t:${i.nearBranchTarget.toString(16)}`;
    case K.FarBranch16:
      return `f:${i.farBranchSelector.toString(16)}:${i.farBranch16.toString(16)}`;
    case K.FarBranch32:
      return `f:${i.farBranchSelector.toString(16)}:${i.farBranch32.toString(16)}`;
    default: {
      const bits =
        kind === K.Immediate8 || kind === K.Immediate8_2nd
          ? 8
          : kind === K.Immediate16 || kind === K.Immediate8to16
            ? 16
            : kind === K.Immediate32 || kind === K.Immediate8to32
              ? 32
              : 64;
      return `i:${BigInt.asUintN(bits, i.immediate(n)).toString(16)}`;
    }
  }
};

/**
 * The same instruction by another name: iced's aliases, and its operand sizes in names (its PUSHF is the
 * 16-bit one).
 */
// biome-ignore format: table
const aliases: Readonly<Record<string, string>> = {
  wait: "fwait", sysretq: "sysret", sysexitq: "sysexit", wbnoinvd: "wbinvd", prefetchit0: "reservednop", prefetchit1: "reservednop", cldemote: "reservednop",
  prefetchwt1: "prefetch", sal: "shl", pushf: "pushfw", popf: "popfw", pusha: "pushaw", popa: "popaw", iret: "iretw", rdsspd: "reservednop", rdsspq: "reservednop",
};
const icedName = (i: Instruction): string => {
  const name = (Mnemonic[i.mnemonic] as string).toLowerCase();
  return aliases[name] ?? name;
};

const iced = (i: Instruction, mode: Mode): Reading => ({
  length: i.length,
  name: icedName(i),
  operands: Array.from({ length: i.opCount }, (_, n) => icedOperand(i, n, mode)).join(" "),
  rep: i.isStringInstruction ? (i.hasRepPrefix ? "rep" : i.hasRepnePrefix ? "repne" : "") : "",
});

// ---- the comparison ----------------------------------------------------------------------------------

export interface Verdict {
  readonly scope: Scope | "invalid" | "other";
  readonly mnemonic: string;
  /** The difference, or undefined. */
  readonly problem: string | undefined;
}

const ip = 0x1000_0000;

export class DecoderJudge {
  readonly #decoder = new Decoder(decodeTables(rows));
  readonly #instruction = new Instruction();

  /** Judge every 16-byte slot of a buffer. */
  judge(mode: Mode, buffer: Uint8Array, see: (v: Verdict, bytes: Uint8Array) => void): void {
    const theirs = new Iced(mode, buffer, DecoderOptions.AMD);
    const i = this.#instruction;
    for (let at = 0; at + 16 <= buffer.length; at += 16) {
      theirs.position = at;
      theirs.ip = BigInt(ip);
      theirs.decodeOut(i);
      const result = this.#decoder.decode(buffer, at, at + 16, ip, mode);
      see(this.#compare(mode, i, result), buffer.subarray(at, at + 16));
    }
    theirs.free();
  }

  #compare(mode: Mode, i: Instruction, result: string): Verdict {
    const { d } = this.#decoder;
    if (i.code === Code.INVALID) {
      return {
        scope: "invalid",
        mnemonic: "(invalid)",
        problem: result === "ok" ? `should be invalid, is ${d.row.encoding} ${d.row.name}` : undefined,
      };
    }
    const scope = scopeOf(i) ?? "other";
    const want = iced(i, mode);
    const verdict = (problem: string | undefined): Verdict => ({ scope, mnemonic: want.name, problem });
    if (result !== "ok" && (absent.has(i.code) || isWideInsertion(i, mode) || isPrefixedClzero(i))) return verdict(undefined);
    if (result !== "ok") return verdict(scope === "other" ? undefined : `missing (${result})`);
    const have = ours(d);
    // On AMD, REX.B turns PAUSE into XCHG.
    if (want.name === "pause" && have.name === "xchg") return verdict(undefined);
    for (const key of ["length", "name", "rep"] as const)
      if (have[key] !== want[key]) return verdict(`${key}: iced ${want[key]}, ours ${have[key]}`);
    // A row without operands implies them.
    if (d.row.operands.length === 0 || impliedOperands.has(d.row.name)) return verdict(undefined);
    const [a, b] = [want.operands, have.operands].map((text) => comparable(text, d.row.name)) as [string, string];
    return verdict(a === b ? undefined : `operands: iced ${a}, ours ${b}`);
  }
}

/**
 * Instructions that iced has and the processors of our models have not: 3DNow!, and on AMD a prefetch of a
 * register.
 */
const absent = new Set<Code>([Code.Femms, Code.Reservednop_rm16_r16_0F0D, Code.Reservednop_rm32_r32_0F0D, Code.Reservednop_rm64_r64_0F0D]);
/** VPINSRD and VPEXTRD with W outside 64-bit mode: the manual ignores W, AMD's processors do not. */
const isWideInsertion = (i: Instruction, mode: Mode): boolean =>
  mode !== 64 && (i.code === Code.VEX_Vpinsrd_xmm_xmm_rm32_imm8 || i.code === Code.VEX_Vpextrd_rm32_xmm_imm8);
/** CLZERO with F2 or F3: iced ignores the prefix, AMD's family 1Ah does not (undefined.ts). */
const isPrefixedClzero = (i: Instruction): boolean => i.mnemonic === Mnemonic.Clzero && (i.hasRepPrefix || i.hasRepnePrefix);
/** Rows whose operand is there for its size only, or not looked at. */
const impliedOperands = new Set(["cbw", "cwd", "reservednop"]);
/** The width of a general register operand is a matter of taste where only 16 bits of it, or none, count. */
const unsized = new Set([
  "lsl",
  "lar",
  "arpl",
  "verr",
  "verw",
  "lldt",
  "ltr",
  "lmsw",
  "movsxd",
  "in",
  "out",
  "lss",
  "lfs",
  "lgs",
  "mov",
  "str",
  "sldt",
  "smsw",
  "push",
  "pop",
]);

/** Removes operands that iced lists and rows imply: st(0), and the memory operand of MASKMOV. */
const comparable = (operands: string, name: string): string => {
  const text = operands
    .replace(/\bst:0\b/g, "")
    .replace(/\bD\b/g, "")
    .replace(/ +/g, " ")
    .trim();
  return unsized.has(name) ? text.replace(/\bg(16|32|64):/g, "g:") : text;
};

// Judge the project's decoder by iced-x86: the same length, mnemonic and operands, or both find the bytes invalid.
import { Code, Decoder as Iced, DecoderOptions, Instruction, MemorySizeExt, OpKind, Register, RegisterExt } from "iced-x86";
import { Mnemonic } from "iced-x86";
import { Decoder, type Decoded, decodeTables, noRegister } from "../../src/cpu/decode.ts";
import { rep } from "../../src/cpu/ops.ts";
import type { Operand } from "../../src/cpu/row.ts";
import { rows } from "../../src/cpu/rows/index.ts";
import { segNames } from "../../src/cpu/state.ts";
import { type Scope, scopeOf } from "./scope.ts";
import type { Mode } from "./world.ts";

// ---- ours, as text ---------------------------------------------------------------------------------------------------------

const general = (d: Decoded, r: number, width: number): string => (width === 8 && !d.rex && r >= 4 && r < 8 ? `g8h:${r - 4}` : `g${width}:${r}`);

const ourMemory = (d: Decoded): string => {
  const base = d.base === noRegister ? "" : `+${d.base}`;
  const index = d.index === noRegister ? "" : `+${d.index}*${1 << d.scale}`;
  const disp = BigInt.asUintN(d.addressSize, BigInt(d.disp));
  return `m${d.addressSize}:${segNames[d.memorySegment]}${base}${index}+${disp.toString(16)}`;
};
const ourImmediate = (d: Decoded, o: Operand, width: number, first: boolean): string => {
  const bits = o.kind === "simm" ? d.size : width;
  const v = first ? (BigInt(d.immHi) << 32n) | BigInt(d.immLo >>> 0) : BigInt(d.imm2);
  return `i:${BigInt.asUintN(bits, v).toString(16)}`;
};

const ourOperand = (d: Decoded, n: number, immediates: { count: number }): string => {
  const o = d.row.operands[n] as Operand;
  const width = d.width(n);
  switch (o.kind) {
    case "rm": return d.isMemory ? ourMemory(d) : general(d, d.rm, width);
    case "mem": case "moffs": return ourMemory(d);
    case "rmreg": return general(d, d.rm, width);
    case "reg": return general(d, d.reg, width);
    case "opreg": return general(d, d.opreg, width);
    case "fixed": return `g${width}:${o.register}`;
    case "xmmrm": return d.isMemory ? ourMemory(d) : `x:${d.rm}`;
    case "xmmU": return `x:${d.rm}`;
    case "xmm": return `x:${d.reg}`;
    case "mmrm": return d.isMemory ? ourMemory(d) : `mm:${d.rm & 7}`;
    case "mmN": return `mm:${d.rm & 7}`;
    case "mm": return `mm:${d.reg & 7}`;
    case "st": return "st:0";
    case "sti": return `st:${d.rm & 7}`;
    case "sreg": return `s:${d.reg & 7}`;
    case "imm": case "simm": return ourImmediate(d, o, width, immediates.count++ === 0);
    case "one": return "i:1";
    case "rel": return `t:${BigInt.asUintN(64, BigInt(d.target)).toString(16)}`;
    case "far": return `f:${d.imm2.toString(16)}:${(d.immLo >>> 0).toString(16)}`;
    case "strX": return `X${d.addressSize}:${segNames[d.segment < 0 ? 3 : d.segment]}`;
    case "strY": return `Y${d.addressSize}`;
    default: return o.kind;
  }
};

export interface Reading { readonly length: number; readonly name: string; readonly operands: string; readonly rep: string }

/** Names that depend on the operand size: the row is one. */
const sizedNames: Readonly<Record<string, readonly [string, string, string]>> = {
  cbw: ["cbw", "cwde", "cdqe"], cwd: ["cwd", "cdq", "cqo"],
  pusha: ["pushaw", "pushad", "pushad"], popa: ["popaw", "popad", "popad"], pushf: ["pushf", "pushfd", "pushfq"], popf: ["popf", "popfd", "popfq"],
  iret: ["iret", "iretd", "iretq"],
  movs: ["movsw", "movsd", "movsq"], cmps: ["cmpsw", "cmpsd", "cmpsq"], stos: ["stosw", "stosd", "stosq"], lods: ["lodsw", "lodsd", "lodsq"],
  scas: ["scasw", "scasd", "scasq"], ins: ["insw", "insd", "insd"], outs: ["outsw", "outsd", "outsd"],
  cmpxchg8b: ["cmpxchg8b", "cmpxchg8b", "cmpxchg16b"],
};
const addressNames: Readonly<Record<string, readonly [string, string, string]>> = { jrcxz: ["jcxz", "jecxz", "jrcxz"] };
const sizeIndex = (bits: number): 0 | 1 | 2 => (bits === 16 ? 0 : bits === 32 ? 1 : 2);

const ours = (d: Decoded): Reading => {
  const immediates = { count: 0 };
  const name = sizedNames[d.row.name]?.[sizeIndex(d.size)] ?? addressNames[d.row.name]?.[sizeIndex(d.addressSize)] ?? d.row.name;
  return {
    length: d.length, name, operands: d.row.operands.map((_, n) => ourOperand(d, n, immediates)).join(" "),
    rep: d.rep === rep.rep ? "rep" : d.rep === rep.repne ? "repne" : "",
  };
};

// ---- iced's, as text -------------------------------------------------------------------------------------------------------

const segmentName = (r: Register): string => segNames[r - Register.ES] as string;

const registerText = (r: Register): string => {
  const n = RegisterExt.number(r);
  if (RegisterExt.isGPR8(r)) return r >= Register.AH && r <= Register.BH ? `g8h:${r - Register.AH}` : `g8:${RegisterExt.number(RegisterExt.fullRegister(r))}`;
  if (RegisterExt.isGPR(r)) return `g${RegisterExt.size(r) * 8}:${n}`;
  if (RegisterExt.isXMM(r)) return `x:${n}`;
  if (RegisterExt.isMM(r)) return `mm:${n}`;
  if (RegisterExt.isST(r)) return `st:${n}`;
  if (RegisterExt.isSegmentRegister(r)) return `s:${n}`;
  return `?${Register[r]}`;
};

const memoryText = (i: Instruction, mode: Mode): string => {
  const { memoryBase: base, memoryIndex: index } = i;
  const by = base !== Register.None ? base : index;
  const bits = by !== Register.None ? RegisterExt.size(by) * 8 : i.memoryDisplSize === 2 ? 16 : i.memoryDisplSize === 8 ? 64 : mode === 64 ? 64 : 32;
  const baseText = base === Register.None || RegisterExt.isIP(base) ? "" : `+${RegisterExt.number(base)}`;
  const indexText = index === Register.None ? "" : `+${RegisterExt.number(index)}*${i.memoryIndexScale}`;
  return `m${bits}:${segmentName(i.memorySegment)}${baseText}${indexText}+${BigInt.asUintN(bits, i.memoryDisplacement).toString(16)}`;
};

const K = OpKind;
const stringKinds: Partial<Record<OpKind, string>> = {
  [K.MemorySegSI]: "X16", [K.MemorySegESI]: "X32", [K.MemorySegRSI]: "X64", [K.MemoryESDI]: "Y16", [K.MemoryESEDI]: "Y32", [K.MemoryESRDI]: "Y64",
  [K.MemorySegDI]: "D16", [K.MemorySegEDI]: "D32", [K.MemorySegRDI]: "D64",
};
const icedOperand = (i: Instruction, n: number, mode: Mode): string => {
  const kind = i.opKind(n);
  const string = stringKinds[kind];
  if (string) return string.startsWith("X") ? `${string}:${segmentName(i.memorySegment)}` : string;
  switch (kind) {
    case K.Register: return registerText(i.opRegister(n));
    case K.Memory: return memoryText(i, mode);
    case K.NearBranch16: case K.NearBranch32: case K.NearBranch64: return `t:${i.nearBranchTarget.toString(16)}`;
    case K.FarBranch16: return `f:${i.farBranchSelector.toString(16)}:${i.farBranch16.toString(16)}`;
    case K.FarBranch32: return `f:${i.farBranchSelector.toString(16)}:${i.farBranch32.toString(16)}`;
    default: {
      const bits = kind === K.Immediate8 || kind === K.Immediate8_2nd ? 8 : kind === K.Immediate16 || kind === K.Immediate8to16 ? 16 : kind === K.Immediate32 || kind === K.Immediate8to32 ? 32 : 64;
      return `i:${BigInt.asUintN(bits, i.immediate(n)).toString(16)}`;
    }
  }
};

const iced = (i: Instruction, mode: Mode): Reading => ({
  length: i.length,
  name: (Mnemonic[i.mnemonic] as string).toLowerCase(),
  operands: Array.from({ length: i.opCount }, (_, n) => icedOperand(i, n, mode)).join(" "),
  rep: i.isStringInstruction ? (i.hasRepPrefix ? "rep" : i.hasRepnePrefix ? "repne" : "") : "",
});

// ---- the comparison --------------------------------------------------------------------------------------------------------

export interface Verdict {
  readonly scope: Scope | "invalid" | "other";
  readonly mnemonic: string;
  /** What is wrong, or undefined. */
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
    if (i.code === Code.INVALID) {
      return { scope: "invalid", mnemonic: "(invalid)", problem: result === "ok" ? `should be invalid, is ${this.#decoder.d.row.encoding} ${this.#decoder.d.row.name}` : undefined };
    }
    const scope = scopeOf(i) ?? "other";
    const want = iced(i, mode);
    const verdict = (problem: string | undefined): Verdict => ({ scope, mnemonic: want.name, problem });
    if (result !== "ok") return verdict(scope === "other" ? undefined : `missing (${result})`);
    if (scope === "other") return verdict(`not in any scope, yet decoded as ${this.#decoder.d.row.name}`);
    const have = ours(this.#decoder.d);
    for (const key of ["length", "name", "rep", "operands"] as const) {
      if (have[key] !== want[key]) return verdict(`${key}: iced ${want[key]}, ours ${have[key]}`);
    }
    return verdict(undefined);
  }
}

export const memorySizeOf = (i: Instruction): number => MemorySizeExt.size(i.memorySize);

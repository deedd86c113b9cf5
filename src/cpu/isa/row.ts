// Instruction rows: encoding and operands in the manual's notation (SDM Vol. 2, 3.1.1 and appendix A.2), and
// meaning.
import { type CpuFeature, type Vendor, vendors } from "../machine/model.ts";
import { featureOf } from "./features.ts";
import type { Meaning } from "./ops.ts";

/** The source of an operand. SDM Vol. 2D appendix A.2.1, the capital letters. */
export type OperandKind =
  | "rm"
  | "reg"
  | "opreg"
  | "mem"
  | "rmreg" // general registers: E, G, Z (low opcode bits), M, R
  | "xmmrm"
  | "xmm"
  | "xmmU"
  | "xmmH"
  | "xmmL" // W, V, U, H (VEX.vvvv), L (bits 7:4 of an immediate)
  | "vreg" // B: a general register by VEX.vvvv
  | "vsib" // vm32x … vm64y: memory at a vector of indices. SDM Vol. 2A 2.3.12
  | "mmrm"
  | "mm"
  | "mmN" // Q, P, N
  | "st"
  | "sti" // x87 stack top and ST(i) by the rm field
  | "sreg"
  | "creg"
  | "dreg" // S, C, D
  | "imm"
  | "simm"
  | "one"
  | "rel"
  | "moffs"
  | "far" // I, sign-extended I, the constant 1, J, O, A
  | "fixed" // a general register named by the row
  | "named" // another register named by the row, known to its meaning
  | "strX"
  | "strY"; // DS:rSI and ES:rDI

/** An operand of a row. */
export interface Operand {
  readonly kind: OperandKind;
  /** Width in bits for operand sizes 16, 32 and 64. */
  readonly widths: readonly [number, number, number];
  /** The register number of a "fixed" operand. */
  readonly register: number;
  /** Its spec in the row, for messages. */
  readonly spec: string;
}

/** "NFx": neither F3 nor F2 is allowed; 66 keeps its usual function. SDM Vol. 2A 3.1.1.1 */
export type Prefix = "none" | "NFx" | "66" | "F3" | "F2";
/** The properties of a row that its encoding does not show. */
export interface Attributes {
  /** LOCK is allowed when operand 0 is memory. */
  readonly lock?: true | undefined;
  /** Default operand size in 64-bit mode: 64 (near branches, push, pop). "force": 64 for all prefixes. */
  readonly size64?: "default" | "force" | undefined;
  /**
   * A near branch. In 64-bit mode the prefix 66 makes it 16 bits wide on AMD's processors, and has no effect
   * on Intel's (model.ts).
   */
  readonly nearBranch?: true | undefined;
  /** The operand size, independent of prefixes. */
  readonly size?: 16 | 32 | 64 | undefined;
  /** Modes in which the row exists; absent: all. */
  readonly only?: "64" | "not64" | undefined;
  /** Reads F2/F3 as a repeat prefix: plain rep, or repe/repne by ZF. */
  readonly repeat?: "rep" | "zf" | undefined;
  /** The meaning depends on the mode or the stack pointer's width: one handler per context. */
  readonly context?: true | undefined;
  /**
   * The meaning reads registers at the address size without a memory operand (LOOP, JrCXZ, XLAT, MASKMOVDQU).
   */
  readonly addressed?: true | undefined;
  /**
   * A 128-bit memory operand may be misaligned. Default: it must be aligned. SDM Vol. 1 4.1.1, Vol. 2A 2.4.
   * With VEX: EFLAGS.AC does not check it either.
   */
  readonly unaligned?: true | undefined;
  /** The reverse with VEX: a vector in memory must be aligned. SDM Vol. 1 14.9 */
  readonly aligned?: true | undefined;
  /** VEX.W is significant outside 64-bit mode, too, although no wide general register exists there: AMD. */
  readonly wCounts?: true | undefined;
  /** VEX.W sizes implied general registers, and is ignored outside 64-bit mode. */
  readonly sizesImplied?: true | undefined;
  /** modrm.mod is ignored: always a register (MOV of a control or debug register). */
  readonly registerOnly?: true | undefined;
  /** Delays the single-step trap until the next instruction has run. SDM Vol. 3A 7.8.3 */
  readonly holdsTrap?: true | undefined;
  /** Ends a block: control never falls through to the next record without a dispatch. */
  readonly ends?: true | undefined;
  /** The meaning reads its own address and modrm byte; the row has no immediate. */
  readonly located?: true | undefined;
  /**
   * Names by operand size 16, 32 and 64, if they differ (CBW CWDE CDQE). They imply the operands, which are
   * not written. The row's own name is then an assembler's name for the usual size (PUSHF).
   */
  readonly sizedNames?: readonly [string, string, string] | undefined;
  /** Names by address size (JCXZ JECXZ JRCXZ). */
  readonly addressNames?: readonly [string, string, string] | undefined;
  /**
   * CPUID features that it needs: without them the instruction is #UD, or another one. Absent: implied by the
   * encoding (isa/features.ts).
   */
  readonly feature?: CpuFeature | readonly CpuFeature[] | undefined;
  /** The vendor whose processors behave so; absent: all. */
  readonly vendor?: Vendor | undefined;
}

/** VEX.L and VEX.W; undefined where they are ignored (LIG, WIG). SDM Vol. 2A 3.1.1.2 */
export interface Vex {
  readonly l: 0 | 1 | undefined;
  readonly w: 0 | 1 | undefined;
}

/** Properties of a list of operands. Equal lists share one shape, which is computed once. */
export interface Shape {
  readonly operands: readonly Operand[];
  /** The operands whose bytes follow the address, in order. */
  readonly immediates: readonly Operand[];
  /** An operand can be memory (by modrm, or always). */
  readonly memory: boolean;
  /** modrm.mod may select a register, or memory. */
  readonly registerAllowed: boolean;
  readonly memoryAllowed: boolean;
  /** The operand whose vector of indices replaces an address's index. */
  readonly vsib: Operand | undefined;
  /** VEX.vvvv names an operand. */
  readonly vvvv: boolean;
  /** modrm or VEX.vvvv names a general register. */
  readonly general: boolean;
  /** An operand is an SSE register, or an MMX register. */
  readonly xmm: boolean;
  readonly mm: boolean;
  /** An operand belongs to string instructions. */
  readonly strings: boolean;
  /** A width depends on the operand size. */
  readonly varies: boolean;
}

/** One encoding of an instruction with its operands and its meaning. */
export interface Row extends Attributes {
  readonly name: string;
  readonly encoding: string;
  /** VEX.L and VEX.W of a VEX encoding, whose prefix also implies `map` and `prefix`. */
  readonly vex: Vex | undefined;
  readonly map: 0 | 1 | 2 | 3; // one-byte, 0F, 0F38, 0F3A
  readonly opcode: number;
  readonly prefix: Prefix | undefined;
  readonly rexW: boolean | undefined;
  readonly rexB: boolean | undefined;
  /** "/digit": the reg field; undefined for "/r" or no modrm. */
  readonly digit: number | undefined;
  /** A second opcode byte in place of modrm (D9 E8): the whole modrm byte. */
  readonly modrm: number | undefined;
  readonly hasModrm: boolean;
  readonly operands: readonly Operand[];
  readonly shape: Shape;
  readonly does: Meaning;
  readonly cc: number;
}

const sizes: Record<string, readonly [number, number, number]> = {
  b: [8, 8, 8],
  w: [16, 16, 16],
  d: [32, 32, 32],
  q: [64, 64, 64],
  v: [16, 32, 64],
  z: [16, 32, 32],
  y: [32, 32, 64],
  p: [32, 48, 48], // AMD: an offset in a far pointer has at most 32 bits
  pl: [32, 48, 80], // Intel
  a: [32, 64, 64],
  s: [48, 48, 80],
  t: [80, 80, 80],
  dq: [128, 128, 128],
  ps: [128, 128, 128],
  pd: [128, 128, 128],
  x: [128, 128, 128],
  ss: [32, 32, 32],
  sd: [64, 64, 64],
  pi: [64, 64, 64],
  qq: [256, 256, 256],
  env: [112, 224, 224],
  state: [752, 864, 864],
  fx: [4096, 4096, 4096],
  xs: [4608, 4608, 4608],
};
const letters: Record<string, OperandKind> = {
  E: "rm",
  G: "reg",
  Z: "opreg",
  M: "mem",
  R: "rmreg",
  W: "xmmrm",
  V: "xmm",
  U: "xmmU",
  H: "xmmH",
  L: "xmmL",
  B: "vreg",
  Q: "mmrm",
  P: "mm",
  N: "mmN",
  S: "sreg",
  C: "creg",
  D: "dreg",
  I: "imm",
  s: "simm",
  J: "rel",
  O: "moffs",
  A: "far",
  X: "strX",
  Y: "strY",
};
const fixedNames: Record<string, readonly [number, string]> = {
  AL: [0, "b"],
  CL: [1, "b"],
  AX: [0, "w"],
  DX: [2, "w"],
  EAX: [0, "d"],
  eAX: [0, "z"],
  rAX: [0, "v"],
  rCX: [1, "v"],
  rDX: [2, "v"],
  RAX: [0, "q"],
};

/** Segment registers, and the implied mask register of SSE4.1. They are written in text, but not encoded. */
const namedRegisters: Record<string, readonly [number, number, number]> = {
  ES: sizes["w"]!,
  CS: sizes["w"]!,
  SS: sizes["w"]!,
  DS: sizes["w"]!,
  FS: sizes["w"]!,
  GS: sizes["w"]!,
  XMM0: sizes["x"]!,
};

const parseOperand = (spec: string, wide: boolean): Operand => {
  const fixed = fixedNames[spec];
  const named = namedRegisters[spec];
  if (named) return { kind: "named", widths: named, register: 0, spec };
  if (fixed) return { kind: "fixed", widths: sizes[fixed[1]]!, register: fixed[0], spec };
  if (spec === "1") return { kind: "one", widths: [8, 8, 8], register: 0, spec };
  if (spec === "ST") return { kind: "st", widths: [80, 80, 80], register: 0, spec };
  if (spec === "STi") return { kind: "sti", widths: [80, 80, 80], register: 0, spec };
  const vsib = /^vm(?:32|64)([xy])$/.exec(spec);
  if (vsib) return { kind: "vsib", widths: sizes[vsib[1] === "y" ? "qq" : "dq"]!, register: 0, spec };
  const kind = letters[spec[0]!];
  const size = spec.length === 1 ? "w" : spec.slice(1);
  const widths = sizes[wide && (size === "x" || size === "ps" || size === "pd") ? "qq" : size];
  if (!kind || !widths) throw new Error(`row operand ${spec}`);
  return { kind, widths, register: 0, spec };
};

const hasModrmOperand = new Set<OperandKind>([
  "rm",
  "reg",
  "mem",
  "rmreg",
  "xmmrm",
  "xmm",
  "xmmU",
  "mmrm",
  "mm",
  "mmN",
  "sreg",
  "creg",
  "dreg",
  "sti",
]);

const memoryOperands = new Set<OperandKind>(["rm", "mem", "vsib", "xmmrm", "mmrm", "moffs"]);
/** True if this operand can be memory (by modrm, or always). */
export const isMemoryOperand = (o: Operand): boolean => memoryOperands.has(o.kind);

const immediates = new Set<OperandKind>(["imm", "simm", "rel", "far", "moffs", "xmmL"]);
const alwaysMemory = new Set<OperandKind>(["mem", "vsib"]);
const alwaysRegister = new Set<OperandKind>(["rmreg", "xmmU", "mmN", "sti"]);
const generalRegisters = new Set<OperandKind>(["rm", "reg", "rmreg", "vreg"]);
const shapeFrom = (operands: readonly Operand[]): Shape => {
  const has = (kinds: ReadonlySet<OperandKind>): boolean => operands.some((o) => kinds.has(o.kind));
  return {
    operands,
    immediates: operands.filter((o) => immediates.has(o.kind)),
    memory: has(memoryOperands),
    registerAllowed: !has(alwaysMemory),
    memoryAllowed: !has(alwaysRegister),
    vsib: operands.find((o) => o.kind === "vsib"),
    vvvv: operands.some((o) => o.kind === "xmmH" || o.kind === "vreg"),
    general: has(generalRegisters),
    xmm: operands.some((o) => o.kind.startsWith("xmm")),
    mm: operands.some((o) => o.kind.startsWith("mm")),
    strings: operands.some((o) => o.kind === "strX" || o.kind === "strY"),
    varies: operands.some(({ widths: [a, b, c] }) => a !== b || a !== c),
  };
};
const noOperands = shapeFrom([]);
/** Shapes by their text, because many rows share a list of operands. */
const shapes: readonly Map<string, Shape>[] = [new Map(), new Map()];
/** `wide`: for a VEX.256 row, whose vectors (x, ps, pd) have 256 bits. */
const shapeOf = (list: string, wide: boolean): Shape => {
  const known = shapes[Number(wide)]!;
  let shape = known.get(list);
  if (!shape) known.set(list, (shape = shapeFrom(list.split(",").map((spec) => parseOperand(spec, wide)))));
  return shape;
};

const vexMaps: Readonly<Record<string, 1 | 2 | 3>> = { "0F": 1, "0F38": 2, "0F3A": 3 };
const vexLengths: Readonly<Record<string, Vex["l"]>> = { 128: 0, L0: 0, LZ: 0, 256: 1, LIG: undefined };
const vexWs: Readonly<Record<string, Vex["w"]>> = { W0: 0, W1: 1, WIG: undefined };

interface VexWord {
  readonly vex: Vex;
  readonly prefix: Prefix;
  readonly map: 1 | 2 | 3;
}
const vexWords = new Map<string, VexWord>();
const vexOf = (word: string): VexWord => {
  const old = vexWords.get(word);
  if (old) return old;
  const parsed = parseVex(word);
  vexWords.set(word, parsed);
  return parsed;
};
/** "VEX.256.66.0F38.W0": length, mandatory prefix, map and W, in this order. SDM Vol. 2A 3.1.1.2 */
const parseVex = (word: string): VexWord => {
  const [, l = "", prefix = "", map = "", w = ""] = word.split(".");
  if (!(l in vexLengths) || !["NP", "66", "F3", "F2"].includes(prefix) || !(map in vexMaps) || !(w in vexWs))
    throw new Error(`row encoding ${word}`);
  return { vex: { l: vexLengths[l], w: vexWs[w] }, prefix: prefix === "NP" ? "none" : (prefix as Prefix), map: vexMaps[map]! };
};

/**
 * `row("add", "01 Ev,Gv", add, { lock: true })`, `row("rol", "C1 /0 Ev,Ib", rol)`, `row("addsd", "F2 0F 58
 * Vsd,Wsd", addsd)`. Before the opcode: NP, 66, F3 or F2 if it is part of the opcode; REX.W; REX.B0 for a
 * clear REX.B; or the VEX word, "VEX.128.66.0F.WIG". Operand letters as in SDM appendix A.2, plus `s` for an
 * immediate that is sign-extended to the operand size. VEX.vvvv is 1111 unless H or B is there.
 */
export const row = (name: string, encoding: string, does: Meaning, attributes: Attributes & { cc?: number } = {}): Row => {
  const words = encoding.split(" ");
  let prefix: Prefix | undefined;
  let rexW: boolean | undefined;
  let rexB: boolean | undefined;
  const opcodes: number[] = [];
  let digit: number | undefined;
  let shape = noOperands;
  let vex: Vex | undefined;
  let map: number = 0;
  for (const word of words) {
    if (word.startsWith("VEX.")) ({ vex, prefix, map } = vexOf(word));
    else if (word === "NP") prefix = "none";
    else if (word === "NFx") prefix = word;
    else if (word === "REX.W") rexW = true;
    else if (word === "W0") rexW = false;
    else if (word === "REX.B0") rexB = false;
    else if (!vex && (word === "66" || word === "F3" || word === "F2") && opcodes.length === 0) prefix = word;
    else if (/^[0-9A-F]{2}$/.test(word)) opcodes.push(Number.parseInt(word, 16));
    else if (word.startsWith("/")) digit = word === "/r" ? undefined : Number(word[1]);
    else shape = shapeOf(word, vex?.l === 1);
  }
  if (opcodes[0] === 0x0f && opcodes.length > 1) {
    opcodes.shift();
    map = 1;
    const escape: number = opcodes[0]!;
    if (opcodes.length > 1 && (escape === 0x38 || escape === 0x3a)) {
      opcodes.shift();
      map = escape === 0x38 ? 2 : 3;
    }
  }
  const modrm = opcodes[1];
  const { operands } = shape;
  const hasModrm =
    modrm !== undefined || digit !== undefined || encoding.includes("/r") || operands.some((o) => hasModrmOperand.has(o.kind));
  // All rows have the same fields in the same order, which makes the decoder's reads faster.
  return {
    name,
    encoding,
    vex,
    map: map as Row["map"],
    opcode: opcodes[0]!,
    prefix,
    rexW,
    rexB,
    digit,
    modrm,
    hasModrm,
    operands,
    shape,
    does,
    cc: attributes.cc ?? -1,
    lock: attributes.lock,
    size64: attributes.size64,
    nearBranch: attributes.nearBranch,
    size: attributes.size,
    only: attributes.only,
    repeat: attributes.repeat,
    context: attributes.context,
    addressed: attributes.addressed,
    unaligned: attributes.unaligned,
    aligned: attributes.aligned,
    wCounts: attributes.wCounts,
    sizesImplied: attributes.sizesImplied,
    registerOnly: attributes.registerOnly,
    holdsTrap: attributes.holdsTrap,
    ends: attributes.ends,
    located: attributes.located,
    sizedNames: attributes.sizedNames,
    addressNames: attributes.addressNames,
    vendor: attributes.vendor,
    feature: attributes.feature ?? featureOf({ name, vex, map: map as Row["map"], opcode: opcodes[0]!, prefix, shape }),
  };
};

/** Rows that differ between vendors, with their vendor. */
export const ofEachVendor = (rows: (vendor: Vendor) => readonly Row[]): readonly Row[] =>
  vendors.flatMap((vendor) => rows(vendor).map((r) => ({ ...r, vendor })));

/** Both lengths of an instruction: `{a_b}` in the encoding is a with VEX.128, b with VEX.256. */
export const rows2 = (name: string, encoding: string, does: (l: 128 | 256) => Meaning, attributes: Attributes = {}): readonly Row[] =>
  ([128, 256] as const).map((l, n) => row(name, encoding.replace(/\{(\w*)_(\w*)\}/g, n === 0 ? "$1" : "$2"), does(l), attributes));

/** Rows of one subject, evaluated at the first use: a program uses few subjects. */
export type Family = () => readonly Row[];
/** A family that evaluates `rows` once. */
export const family = (rows: Family): Family => {
  let known: readonly Row[] | undefined;
  return () => (known ??= rows());
};

/**
 * Width in bits to which an immediate is cut: the operand size if the row sign-extends it (Iz, Iv, s), else
 * its own.
 */
export const immediateWidth = (o: Operand, size: 16 | 32 | 64): number =>
  o.kind === "simm" || o.spec === "Iz" || o.spec === "Iv" ? size : o.widths[0];

/** Index of an operand size in `Operand.widths`. */
export const sizeIndex = (bits: number): 0 | 1 | 2 => (bits === 16 ? 0 : bits === 64 ? 2 : 1);

/** True if the operand size changes the row's effect. */
export const sized = (r: Row): boolean => r.size === undefined && r.size64 !== "force" && r.shape.varies;

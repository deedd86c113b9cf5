// The decoder, driven by the rows. SDM Vol. 2A chapter 2 (instruction format), AMD APM Vol. 3 chapter 1.

import { type Rep, rep } from "../isa/ops.ts";
import { type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { type Vendor, type VendorRules, vendorRules } from "../machine/model.ts";
import { S } from "../machine/state.ts";

/** The base or index of a memory operand without one. */
export const noRegister = -1;

/** The segment of an address without an override. SDM Vol. 1 Table 3-5 */
export const defaultSegment = (base: number): number => (base === 4 || base === 5 ? S.ss : S.ds);

/**
 * One decoded instruction. Reused by the decoder: copy what must last.
 *
 * @example
 * const decoder = plainDecoder();
 * decoder.decode(Uint8Array.of(0xff, 0xc9), 0, 2, 0x401000, 64);   // "ok"
 * const instruction = decoder.d.copy();
 */
export class Decoded {
  row!: Row;
  /** Length in bytes. */
  length = 0;
  ip = 0;
  mode: 16 | 32 | 64 = 64;
  /** Operand size in bits, 16, 32 or 64; a row with byte operands ignores it. */
  size: 16 | 32 | 64 = 32;
  addressSize: 16 | 32 | 64 = 64;
  /** Segment override, or -1. */
  segment = -1;
  rep: Rep = rep.none;
  lock = false;
  prefix66 = false;
  rex = 0;
  /** VEX.vvvv, not inverted: the register it names, or 0. */
  vvvv = 0;
  /** Number of the vector register with the indices, for rows with one; `index` is then absent. */
  vindex = 0;
  modrm = 0;
  /** The modrm byte (`modrm` is 0xff if the row fixes the whole byte). */
  modrmByte = 0;
  /** Register numbers with REX applied: modrm.reg, modrm.rm (mod 3), opcode low bits. */
  reg = 0;
  rm = 0;
  opreg = 0;
  /** The memory operand: base + (index << scale) + disp. rip-relative: no base, disp is the address. */
  base = noRegister;
  index = noRegister;
  scale = 0;
  disp = 0;
  /** Immediate: low and high half, sign-extended. */
  immLo = 0;
  immHi = 0;
  /** Target of a relative branch, an offset in CS. Signed, so that the top of the address space is exact. */
  target = 0;
  /** Second immediate (ENTER), or a far pointer's selector. */
  imm2 = 0;
  /** True if modrm selects memory; also for an absolute offset (moffs). */
  get isMemory(): boolean {
    return this.modrm < 0xc0;
  }
  /** Segment of the memory operand: the override, else SS for rsp- and rbp-based addresses, else DS. */
  get memorySegment(): number {
    return this.segment >= 0 ? this.segment : defaultSegment(this.base);
  }
  width(n: number): number {
    return (this.row.operands[n] as Operand).widths[sizeIndex(this.size)];
  }
  /**
   * A copy that the decoder does not reuse. Written out, because the JIT copies every instruction that it
   * analyses before V8 has optimised much.
   */
  copy(): Decoded {
    const c = new Decoded();
    c.row = this.row;
    c.length = this.length;
    c.ip = this.ip;
    c.mode = this.mode;
    c.size = this.size;
    c.addressSize = this.addressSize;
    c.segment = this.segment;
    c.rep = this.rep;
    c.lock = this.lock;
    c.prefix66 = this.prefix66;
    c.rex = this.rex;
    c.vvvv = this.vvvv;
    c.vindex = this.vindex;
    c.modrm = this.modrm;
    c.modrmByte = this.modrmByte;
    c.reg = this.reg;
    c.rm = this.rm;
    c.opreg = this.opreg;
    c.base = this.base;
    c.index = this.index;
    c.scale = this.scale;
    c.disp = this.disp;
    c.immLo = this.immLo;
    c.immHi = this.immHi;
    c.target = this.target;
    c.imm2 = this.imm2;
    return c;
  }
}

/**
 * The result of decoding: an instruction, an undefined opcode (#UD), bytes that end in the middle, or more
 * than 15 bytes (#GP).
 */
export type DecodeResult = "ok" | "undefined" | "more" | "long";

/** Rows of an opcode, in the order in which they are tried. */
type Slot = readonly Row[];
/** The number of an opcode in a map, without VEX or with it. */
const slotOf = (vex: boolean, map: number, opcode: number): number => ((vex ? 4 : 0) + map) * 256 + opcode;
/** The number of all such opcodes. */
export const decodeSlots = slotOf(true, 4, 0);

/** Tables from opcodes to rows. */
export class DecodeTables {
  readonly #slots = new Array<Slot | undefined>(decodeSlots).fill(undefined);
  readonly #find: (slot: number) => Slot;
  readonly rules: VendorRules;
  /** `find` is called once per opcode, at its first use. */
  constructor(find: (slot: number) => Slot, rules: VendorRules) {
    this.#find = find;
    this.rules = rules;
  }
  at(vex: boolean, map: number, opcode: number): Slot {
    const slot = slotOf(vex, map, opcode);
    return (this.#slots[slot] ??= this.#find(slot));
  }
}

/** The numbers, in `rows`, of each opcode's rows. */
export const opcodeIndex = (rows: readonly Row[]): readonly (readonly number[])[] => {
  const slots: number[][] = Array.from({ length: decodeSlots }, () => []);
  rows.forEach((r, number) => {
    const span = r.operands.some((o) => o.kind === "opreg") ? 8 : 1;
    for (let i = 0; i < span; i++) slots[slotOf(r.vex !== undefined, r.map, r.opcode + i)]!.push(number);
  });
  // A row with a mandatory prefix, a fixed modrm byte or a digit is more specific than one without, and is
  // tried first.
  const weight = (r: Row) =>
    r.vex
      ? 0
      : (r.modrm === undefined ? 0 : 4) +
        (r.prefix === undefined ? 0 : 2) +
        (r.rexW || r.rexB === false ? 1 : 0) +
        (r.digit === undefined ? 0 : 1);
  for (const slot of slots) slot.sort((a, b) => weight(rows[b]!) - weight(rows[a]!));
  return slots;
};

/** The tables of these rows for a vendor's processors. */
export const decodeTables = (rows: readonly Row[], vendor: Vendor = "amd"): DecodeTables => {
  const index = opcodeIndex(rows);
  const theirs = (slot: number) => index[slot]!.map((number) => rows[number]!).filter((row) => (row.vendor ?? vendor) === vendor);
  return new DecodeTables(theirs, vendorRules[vendor]);
};

/** VEX.pp. */
const vexPrefixes = ["none", "66", "F3", "F2"] as const;

/** Effective addresses of 16-bit modrm: base, index. SDM Vol. 2A Table 2-1. */
export const rm16: readonly (readonly [number, number])[] = [
  [3, 6],
  [3, 7],
  [5, 6],
  [5, 7],
  [6, -1],
  [7, -1],
  [5, -1],
  [3, -1],
];

// The state of the decoder, for one instruction at a time. Module variables, because a program's start
// decodes thousands of instructions before V8 optimises this code. Until then private fields are slow, and a
// loop by `of` allocates.
let tables: DecodeTables;
let code: Uint8Array = new Uint8Array(0);
let at = 0;
let start = 0;
let end = 0;
/** True if the immediate is a branch displacement; the number of immediates read so far. */
let relative = false;
let immediates = 0;

/**
 * Decodes instructions into `d`. `plainDecoder` makes one.
 *
 * @example
 * const decoder = plainDecoder();
 * const { d } = decoder;
 * if (decoder.decode(Uint8Array.of(0x90), 0, 1, 0, 64) === "ok") console.log(d.row.name, d.length);
 */
export class Decoder {
  readonly d = new Decoded();
  readonly #tables: DecodeTables;
  constructor(tables: DecodeTables) {
    this.#tables = tables;
  }

  /**
   * Decodes at `offset` of `bytes`, of which the bytes before `limit` are readable. `ip`: the instruction's
   * offset in CS.
   */
  decode(bytes: Uint8Array, offset: number, limit: number, ip: number, mode: 16 | 32 | 64): DecodeResult {
    const { d } = this;
    tables = this.#tables;
    code = bytes;
    at = offset;
    start = offset;
    end = Math.min(limit, offset + 15);
    d.mode = mode;
    d.ip = ip;
    const result = decodeInstruction(d, ip);
    d.length = at - offset;
    return result === "more" && limit >= offset + 15 ? "long" : result;
  }
}

const decodeInstruction = (d: Decoded, ip: number): DecodeResult => {
  const mode = d.mode;
  let segment = -1;
  let p66 = false;
  let p67 = false;
  let pRep: Rep = rep.none;
  let lock = false;
  let rex = 0;
  let byte = 0;
  // Legacy prefixes in any order; REX is effective only directly before the opcode.
  for (;;) {
    if (at >= end) return "more";
    byte = code[at++] as number;
    if (mode === 64 && (byte & 0xf0) === 0x40) {
      rex = byte;
      continue;
    }
    let prefix = true;
    switch (byte) {
      case 0x66:
        p66 = true;
        break;
      case 0x67:
        p67 = true;
        break;
      case 0xf0:
        lock = true;
        break;
      case 0xf2:
        pRep = rep.repne;
        break;
      case 0xf3:
        pRep = rep.rep;
        break;
      case 0x2e:
        if (mode !== 64) segment = S.cs;
        break;
      case 0x36:
        if (mode !== 64) segment = S.ss;
        break;
      case 0x3e:
        if (mode !== 64) segment = S.ds;
        break;
      case 0x26:
        if (mode !== 64) segment = S.es;
        break;
      case 0x64:
        segment = S.fs;
        break;
      case 0x65:
        segment = S.gs;
        break;
      default:
        prefix = false;
    }
    if (!prefix) break;
    rex = 0;
  }
  let map = 0;
  d.vvvv = 0;
  if (byte === 0xc4 || byte === 0xc5) {
    if (at >= end) return "more";
    // Outside 64-bit mode these are LES and LDS, unless the next byte has a register in place of memory.
    if (mode === 64 || (code[at] as number) >= 0xc0)
      return decodeVex(d, ip, byte, segment, p67, p66 || pRep !== rep.none || lock || rex !== 0);
  }
  if (byte === 0x0f) {
    if (at >= end) return "more";
    byte = code[at++] as number;
    map = 1;
    if (byte === 0x38 || byte === 0x3a) {
      map = byte === 0x38 ? 2 : 3;
      if (at >= end) return "more";
      byte = code[at++] as number;
    }
  }
  const slot = tables.at(false, map, byte);
  const modrm = at < end ? (code[at] as number) : -1;
  let row: Row | undefined;
  for (let n = 0; n < slot.length; n++) {
    const r = slot[n] as Row;
    if (r.only !== undefined && (r.only === "64") !== (mode === 64)) continue;
    if (r.hasModrm && modrm < 0) return "more";
    if (r.modrm !== undefined && r.modrm !== modrm) continue;
    if (r.digit !== undefined && r.digit !== ((modrm >> 3) & 7)) continue;
    if (r.rexW !== undefined && r.rexW !== ((rex & 8) !== 0)) continue;
    if (r.rexB !== undefined && r.rexB !== ((rex & 1) !== 0) && (r.prefix !== "F3" || tables.rules.pausesWithoutB)) continue;
    if (r.prefix !== undefined) {
      // F2 and F3 outrank 66 as a mandatory prefix.
      const have = pRep === rep.rep ? "F3" : pRep === rep.repne ? "F2" : p66 ? "66" : "none";
      if (r.prefix === "NFx" ? pRep !== rep.none : r.prefix !== have) continue;
    }
    // Control registers 0 to 4 and 8, and debug registers 0 to 7, exist.
    if (r.registerOnly && rex & 4 && (r.digit !== 0 || lock)) continue;
    if (r.hasModrm && r.modrm === undefined && r.registerOnly !== true && !modAllowed(r, modrm >= 0xc0)) continue;
    row = r;
    break;
  }
  if (!row) return "undefined";
  d.row = row;
  d.segment = segment;
  d.prefix66 = p66;
  d.rep = row.repeat ? pRep : rep.none;
  d.lock = lock;
  d.rex = rex;
  const mandatory66 = row.prefix === "66";
  d.size =
    row.size !== undefined
      ? row.size
      : mode === 64
        ? row.size64 === "force" || (row.nearBranch && !tables.rules.narrowBranches)
          ? 64
          : rex & 8
            ? 64
            : p66 && !mandatory66
              ? 16
              : row.size64 === "default"
                ? 64
                : 32
        : (mode === 32) !== (p66 && !mandatory66)
          ? 32
          : 16;
  d.opreg = (byte & 7) | ((rex & 1) << 3);
  return decodeOperands(d, row, ip, modrm, p67);
};

/** The VEX prefix and its opcode. SDM Vol. 2A 2.3.5. `refused`: after a prefix that must not precede it. */
const decodeVex = (d: Decoded, ip: number, first: number, segment: number, p67: boolean, refused: boolean): DecodeResult => {
  if (refused) return "undefined";
  const long = first === 0xc4;
  const { mode } = d;
  if (at + (long ? 3 : 2) > end) return "more";
  const p1 = code[at++] as number;
  const p2 = long ? (code[at++] as number) : p1 & 0x7f;
  const opcode = code[at++] as number;
  const map = long ? p1 & 0x1f : 1;
  const w = long ? p2 >> 7 : 0;
  if (map > 3) return "undefined";
  const slot = tables.at(true, map, opcode);
  const modrm = at < end ? (code[at] as number) : -1;
  const prefix = vexPrefixes[p2 & 3];
  const l = (p2 >> 2) & 1;
  let row: Row | undefined;
  for (const r of slot) {
    if (r.only !== undefined && (r.only === "64") !== (mode === 64)) continue;
    if (r.prefix !== prefix || (r.vex?.l !== undefined && r.vex.l !== l)) continue;
    // Outside 64-bit mode no wide general registers exist, so W does not select them.
    if (
      r.vex?.w !== undefined &&
      r.vex.w !== (mode !== 64 && !(r.wCounts && tables.rules.wideLanesRefused) && (r.sizesImplied || r.shape.general) ? 0 : w)
    )
      continue;
    if (r.hasModrm && modrm < 0) return "more";
    if (r.digit !== undefined && r.digit !== ((modrm >> 3) & 7)) continue;
    if (r.hasModrm && !modAllowed(r, modrm >= 0xc0)) continue;
    row = r;
    break;
  }
  // A vector of indices needs a SIB byte.
  if (!row || (row.shape.vsib && ((modrm & 7) !== 4 || (mode !== 64 && (mode === 16) !== p67)))) return "undefined";
  const vvvv = (~p2 >> 3) & 15;
  if (vvvv !== 0 && !row.shape.vvvv) return "undefined";
  d.vvvv = mode === 64 ? vvvv : vvvv & 7;
  d.row = row;
  d.segment = segment;
  d.prefix66 = false;
  d.rep = rep.none;
  d.lock = false;
  // R, X and B are inverted; the two-byte form has only R.
  d.rex = mode === 64 ? 0x40 | (w << 3) | (long ? (~p1 >> 5) & 7 : (~p1 >> 5) & 4) : 0;
  d.size = d.rex & 8 ? 64 : 32;
  return decodeOperands(d, row, ip, modrm, p67);
};

/** The bytes after the opcode. */
const decodeOperands = (d: Decoded, row: Row, ip: number, modrm: number, p67: boolean): DecodeResult => {
  const { mode, rex, lock } = d;
  d.addressSize = mode === 64 ? (p67 ? 32 : 64) : (mode === 32) !== p67 ? 32 : 16;
  d.modrm = 0xc0;
  d.base = noRegister;
  d.index = noRegister;
  d.scale = 0;
  d.disp = 0;
  d.immLo = 0;
  d.immHi = 0;
  d.imm2 = 0;
  let ripRelative = false;
  if (row.hasModrm) {
    at++;
    d.modrmByte = modrm;
    d.modrm = row.modrm !== undefined ? 0xff : row.registerOnly ? modrm | 0xc0 : modrm;
    d.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
    d.rm = (modrm & 7) | ((rex & 1) << 3);
    if (d.modrm < 0xc0) {
      const r = d.addressSize === 16 ? decodeMemory16(d, modrm) : decodeMemory(d, modrm, rex);
      if (r === "more") return r;
      ripRelative = r === "rip";
    }
  }
  if (row.shape.vsib && (d.reg === d.vvvv || d.reg === d.vindex || d.vvvv === d.vindex)) return "undefined";
  relative = false;
  immediates = 0;
  const those = row.shape.immediates;
  for (let n = 0; n < those.length; n++) if (!decodeImmediate(d, those[n] as Operand)) return "more";
  if (lock && !(row.lock && (d.isMemory || row.registerOnly))) return "undefined";
  if (at > end) return "more";
  const next = ip + at - start;
  if (ripRelative) d.disp = d.addressSize === 32 ? (d.disp + next) >>> 0 : d.disp + next;
  if (relative) {
    const target = next + d.immLo;
    d.target = mode === 64 && d.size !== 16 ? target : d.size === 16 ? target & 0xffff : target >>> 0;
  }
  return "ok";
};

/** 32- and 64-bit addressing. SDM Vol. 2A Tables 2-2 and 2-3. */
const decodeMemory = (d: Decoded, modrm: number, rex: number): "ok" | "more" | "rip" => {
  const mod = modrm >> 6;
  let rm = modrm & 7;
  if (rm === 4) {
    if (at >= end) return "more";
    const sib = code[at++] as number;
    const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (d.row.shape.vsib) {
      d.vindex = index;
      d.scale = sib >> 6;
    } else if (index !== 4) {
      d.index = index;
      d.scale = sib >> 6;
    }
    rm = sib & 7;
    if (mod !== 0 || rm !== 5) d.base = rm | ((rex & 1) << 3);
    else if (!decodeDisplacement(d)) return "more";
  } else if (mod === 0 && rm === 5) {
    if (!decodeDisplacement(d)) return "more";
    if (d.mode === 64) return "rip";
  } else d.base = rm | ((rex & 1) << 3);
  if (mod === 1) {
    if (at >= end) return "more";
    d.disp = ((code[at++] as number) << 24) >> 24;
  } else if (mod === 2 && !decodeDisplacement(d)) return "more";
  return "ok";
};

const decodeMemory16 = (d: Decoded, modrm: number): "ok" | "more" => {
  const mod = modrm >> 6;
  const direct = mod === 0 && (modrm & 7) === 6;
  if (!direct) [d.base, d.index] = rm16[modrm & 7] as readonly [number, number];
  const bytes = direct || mod === 2 ? 2 : mod;
  if (at + bytes > end) return "more";
  if (bytes === 1) d.disp = ((code[at] as number) << 24) >> 24;
  else if (bytes === 2) d.disp = (((code[at] as number) | ((code[at + 1] as number) << 8)) << 16) >> 16;
  at += bytes;
  return "ok";
};

const decodeDisplacement = (d: Decoded): boolean => {
  if (at + 4 > end) return false;
  d.disp = integer(4);
  return true;
};

/** Little-endian signed integer of n bytes, n <= 4. */
const integer = (n: number): number => {
  let v = 0;
  for (let i = 0; i < n; i++) v |= (code[at++] as number) << (8 * i);
  return n === 4 ? v : (v << (32 - 8 * n)) >> (32 - 8 * n);
};

const decodeImmediate = (d: Decoded, o: Operand): boolean => {
  if (o.kind === "far") {
    const n = d.size === 16 ? 2 : 4;
    if (at + n + 2 > end) return false;
    d.immLo = n === 2 ? integer(2) & 0xffff : integer(4);
    d.imm2 = integer(2) & 0xffff;
    return true;
  }
  if (o.kind === "moffs") {
    const n = d.addressSize >> 3;
    if (at + n > end) return false;
    const lo = n === 2 ? integer(2) & 0xffff : integer(4) >>> 0;
    d.modrm = 0;
    d.disp = n === 8 ? integer(4) * 0x1_0000_0000 + lo : lo;
    return true;
  }
  const n = o.kind === "xmmL" ? 1 : o.widths[sizeIndex(d.size)] >> 3;
  if (at + n > end) return false;
  const lo = integer(Math.min(n, 4));
  const hi = n === 8 ? integer(4) : lo >> 31;
  if (immediates++ === 0) {
    d.immLo = lo;
    d.immHi = hi;
  } else d.imm2 = lo & (n === 1 ? 0xff : 0xffff);
  if (o.kind === "rel") relative = true;
  return true;
};

/** True if the row's modrm operand can be a register (mod 3), or memory. */
const modAllowed = ({ shape }: Row, register: boolean): boolean => (register ? shape.registerAllowed : shape.memoryAllowed);

// The predecode cache. Most instructions of a program have an equal prefix, up to modrm or SIB and without
// register numbers, with an earlier instruction. A routine (routines/alike.ts) copies the earlier record. V8
// compiles the routine at its first call; the table-driven decoder is optimised only late in a program's
// start.

import { type Decoded, type DecodeTables, noRegister } from "../decode/decoder.ts";
import { immediateWidth, type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { contexts } from "../machine/context.ts";
import { displacements, layout, opcodeKind, predecodeEntry, record, registerIn } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import type { Records } from "./records.ts";

/** The routines in routines/alike.ts and routines/blocks.ts. */
export interface PredecodeRoutines {
  block_behind(rec: number): number;
  block_jumped(rec: number): number;
  decode_alike(rec: number, done: number, most: number, from: number, end: number, ip: number, context: number): number;
  decode_learn(at: number, bytes: number, end: number, context: number, rec: number): number;
  decode_know(from: number, count: number): void;
}

/**
 * Entries of one context that the build computed: opcode kinds (`PredecodeCache.opcodes`), then entries, the
 * most frequent first. Undefined if there are none.
 */
export type Preload = (context: number) => Uint8Array | undefined;

/**
 * Legacy prefixes except that of the address size, which changes the length of the address. SDM Vol. 2A 2.1.1
 */
const prefixes = [0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66];

/** The predecode cache of one processor. */
export class PredecodeCache {
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #tables: DecodeTables;
  readonly #routines: PredecodeRoutines;
  readonly decode: PredecodeRoutines["decode_alike"];
  readonly #preloads: Preload[] = [];
  /** Per context: the number of preloads already entered. */
  readonly #loaded = contexts.map(() => 0);
  constructor(state: State, tables: DecodeTables, routines: PredecodeRoutines) {
    this.#u8 = state.u8;
    this.#i32 = state.i32;
    this.#tables = tables;
    this.#routines = routines;
    this.decode = routines.decode_alike;
    for (let n = 0; n < prefixes.length; n++) {
      this.#u8[layout.opcodeKinds + (prefixes[n] as number)] = opcodeKind.prefix;
      this.#u8[layout.opcodeKinds + opcodeKind.modes + (prefixes[n] as number)] = opcodeKind.prefix;
    }
    this.#u8.fill(opcodeKind.prefix, layout.opcodeKinds + 0x40, layout.opcodeKinds + 0x50);
    this.#u8[layout.opcodeKinds + 0x0f] = this.#u8[layout.opcodeKinds + opcodeKind.modes + 0x0f] = opcodeKind.escape;
  }

  /** Registers entries of another processor with the same rows and handlers. */
  preload(entries: Preload): void {
    this.#preloads.push(entries);
    this.known = 0;
  }
  /** A bit for each context whose preloads have been entered. */
  known = 0;
  /**
   * Enters the preloads of a context before its instructions are decoded. `room` is the address of unused
   * records, used as a buffer.
   */
  enterContext(context: number, room: number): void {
    while ((this.#loaded[context] as number) < this.#preloads.length) {
      const list = (this.#preloads[(this.#loaded[context] as number)++] as Preload)(context);
      if (list) this.#load(list, context, room);
    }
    this.known |= 1 << context;
  }
  #load(list: Uint8Array, context: number, room: number): void {
    const entries = list.subarray(opcodeKind.modes);
    if (room + entries.length > layout.recordsEnd) return;
    this.#u8.set(list.subarray(0, opcodeKind.modes), opcodesOf(context));
    this.#u8.set(entries, room);
    this.#routines.decode_know(room, entries.length / predecodeEntry.size);
  }
  /** The opcode kinds of a context. */
  opcodes(context: number): Uint8Array {
    for (let map = 0; map < 4; map++) for (let opcode = 0; opcode < 256; opcode++) this.#addOpcodeKind(map, opcode, context);
    return this.#u8.slice(opcodesOf(context), opcodesOf(context) + opcodeKind.modes);
  }

  /**
   * Adds an entry for an instruction at an address in memory, which ends before `end`, with its record and
   * note. An instruction has no entry if more than a displacement and an immediate follow its prefix, or if
   * more than the prefix determines its decoding. Returns the entry's address; 0: none.
   */
  addEntry(d: Decoded, at: number, end: number, context: number, rec: number, note: number, records: Records): number {
    const { row, mode } = d;
    if (mode === 16 || d.addressSize !== mode || row.vex !== undefined || row.located || row.registerOnly) return 0;
    if (d.isMemory && !row.shape.memory) return 0;
    const { immediates } = row.shape;
    const immediate = immediates[0];
    const branch = immediate !== undefined && immediate.kind === "rel";
    const absolute = immediate !== undefined && immediate.kind === "moffs";
    if (immediates.length > 1 || (branch && d.size === 16) || (absolute && mode === 64)) return 0;
    if (immediate !== undefined && !branch && !absolute && immediate.kind !== "imm" && immediate.kind !== "simm") return 0;
    const displacement = displacementOf(d);
    const bytes = immediate === undefined || absolute ? 0 : immediate.widths[sizeIndex(d.size)] >> 3;
    this.#addOpcodeKind(row.map, namesRegister(row) ? row.opcode + (d.opreg & 7) : row.opcode, context);
    const t = this.#routines.decode_learn(at, d.length - displacement - bytes, end, context, rec);
    if (t === 0) return 0;
    const u8 = this.#u8;
    u8[t + predecodeEntry.displacement] = displacement;
    u8[t + predecodeEntry.immediate] = bytes;
    const relative = mode === 64 && displacement === 4 && (d.modrmByte & 0xc7) === 5;
    u8[t + predecodeEntry.counts] = relative ? displacements.relative : absolute ? displacements.absolute : displacements.signed;
    u8[t + predecodeEntry.branch] = Number(branch);
    // As in `Records.write`.
    u8[t + predecodeEntry.next] = Number(row.ends === true && (branch ? row.cc < 0 && !row.addressed : bytes === 0));
    u8[t + predecodeEntry.ends] = Number(row.ends === true);
    const kept = immediate === undefined || branch || absolute ? 0 : immediateWidth(immediate, d.size);
    this.#i32[(t + predecodeEntry.mask) >> 2] = kept >= 32 ? -1 : (1 << kept) - 1;
    this.#i32[(t + predecodeEntry.mask + 4) >> 2] = kept === 64 ? -1 : 0;
    this.#i32[(t + predecodeEntry.note) >> 2] = note;
    this.#i32[(t + predecodeEntry.registers) >> 2] = 0;
    const slots = records.slotsOf(note);
    for (let n = 0; n < slots.length; n++) {
      const slot = slots[n];
      if (slot !== undefined) u8[t + predecodeEntry.registers + (slot - record.r0) / 2] = registerOf(row.operands[n] as Operand);
    }
    return t;
  }
  #addOpcodeKind(map: number, opcode: number, context: number): void {
    const there = opcodesOf(context) + map * 256 + opcode;
    if (this.#u8[there] === opcodeKind.unknown) this.#u8[there] = this.#kindOf(map, opcode, contexts[context]!.mode);
  }
  #kindOf(map: number, opcode: number, mode: number): number {
    const rows = this.#rows(map, opcode, mode);
    if (rows.length === 0) return opcodeKind.unknown;
    const every = (holds: (row: Row) => boolean): boolean => rows.every(holds);
    const modrm = (rows[0] as Row).hasModrm;
    // A row that fixes all of modrm has no memory operand.
    if (!every((row) => row.hasModrm === modrm && !row.registerOnly && (row.modrm === undefined || row.modrm >= 0xc0)))
      return opcodeKind.never;
    const without = (...kinds: readonly Operand["kind"][]) => every((row) => !row.operands.some(({ kind }) => kinds.includes(kind)));
    const whole = every((row) => row.modrm === undefined);
    const reg = whole && every((row) => row.digit === undefined) && without("sreg", "creg", "dreg");
    // Eight opcodes share an entry if all of them have the same rows.
    const first = opcode & 0xf8;
    const eight = every((row) => namesRegister(row) && row.opcode === first);
    const same = (n: number): boolean => {
      const others = this.#rows(map, first + n, mode);
      return others.length === rows.length && every((row) => others.includes(row));
    };
    const names = (modrm && reg ? opcodeKind.reg : 0) | (modrm && whole && without("sti") ? opcodeKind.rm : 0);
    const byOpcode = eight && [0, 1, 2, 3, 4, 5, 6, 7].every(same) ? opcodeKind.opcode : 0;
    return (modrm ? opcodeKind.modrm : opcodeKind.plain) | names | byOpcode | (every((row) => row.rexB === undefined) ? 0 : opcodeKind.rex);
  }
  #rows(map: number, opcode: number, mode: number): readonly Row[] {
    return this.#tables.at(false, map, opcode).filter(({ only }) => only === undefined || (only === "64") === (mode === 64));
  }
}

/** The address of a context's opcode kinds. */
const opcodesOf = (context: number): number => layout.opcodeKinds + (contexts[context]!.mode === 64 ? 0 : opcodeKind.modes);

const namesRegister = (row: Row): boolean => row.operands.some((o) => o.kind === "opreg");

/** Bytes of an instruction's displacement, or of its absolute address. SDM Vol. 2A Tables 2-2 and 2-3 */
export const displacementOf = ({ row, modrm, modrmByte, base, addressSize }: Decoded): number => {
  if (row.shape.immediates[0]?.kind === "moffs") return addressSize >> 3;
  if (!row.hasModrm || modrm >= 0xc0) return 0;
  const mod = modrmByte >> 6;
  return mod === 1 ? 1 : mod === 2 || base === noRegister ? 4 : 0;
};

/**
 * The source of a register operand, as in `registerOffset`. 0: equal for all instructions with this prefix.
 */
const registerOf = (o: Operand): number => {
  const general = o.widths[0] === 8 && o.widths[2] === 8 ? registerIn.bytes : registerIn.general;
  switch (o.kind) {
    case "rm":
    case "rmreg":
      return registerIn.rm + general;
    case "reg":
      return registerIn.reg + general;
    case "opreg":
      return registerIn.opcode + general;
    case "xmm":
      return registerIn.reg + registerIn.vectors;
    case "xmmrm":
    case "xmmU":
      return registerIn.rm + registerIn.vectors;
    case "mm":
      return registerIn.reg + registerIn.mmx;
    case "mmrm":
    case "mmN":
      return registerIn.rm + registerIn.mmx;
    default:
      return 0;
  }
};

// Instructions like those that have been decoded. Most instructions of a program begin as another one did, up to modrm or SIB and but for the numbers of
// registers: a routine (routines/alike.ts) makes their records from what that one became. V8 compiles the routine when it is first called, and comes to
// optimise what decodes by the rows when most of a start is over.

import { type Decoded, type DecodeTables, noRegister } from "../decode/decoder.ts";
import { immediateWidth, type Operand, type Row, sizeIndex } from "../isa/row.ts";
import { contexts } from "../machine/context.ts";
import { displacements, layout, opcodeKind, predecodeEntry, record, registerIn } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import type { Records } from "./records.ts";

export interface AlikeRoutines {
  decode_alike(rec: number, done: number, most: number, from: number, end: number, ip: number, context: number): number;
  decode_learn(at: number, bytes: number, end: number, context: number, rec: number): number;
  decode_know(from: number, count: number): void;
}

/** Of one context, what another processor has learned: `Templates.opcodes` and then templates, the most frequent ones first. Undefined: nothing. */
export type Learned = (context: number) => Uint8Array | undefined;

/** Legacy prefixes but that of the address size, by which other bytes follow. SDM Vol. 2A 2.1.1 */
const prefixes = [0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66];

export class Templates {
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #tables: DecodeTables;
  readonly #routines: AlikeRoutines;
  readonly decode: AlikeRoutines["decode_alike"];
  readonly #offered: Learned[] = [];
  /** By context, how many of them are known. */
  readonly #taken = contexts.map(() => 0);
  constructor(state: State, tables: DecodeTables, routines: AlikeRoutines) {
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

  /** What another has learned, of the same instructions with the same handlers. */
  offer(learned: Learned): void {
    this.#offered.push(learned);
  }
  /** Instructions of a context will be decoded; at `room` are records that nobody has yet. */
  meet(context: number, room: number): void {
    while ((this.#taken[context] as number) < this.#offered.length) {
      const list = (this.#offered[(this.#taken[context] as number)++] as Learned)(context);
      if (list) this.#know(list, context, room);
    }
  }
  #know(list: Uint8Array, context: number, room: number): void {
    const learned = list.subarray(opcodeKind.modes);
    if (room + learned.length > layout.recordsEnd) return;
    this.#u8.set(list.subarray(0, opcodeKind.modes), opcodesOf(context));
    this.#u8.set(learned, room);
    this.#routines.decode_know(room, learned.length / predecodeEntry.size);
  }
  /** What is known of every opcode's beginnings in a context. */
  opcodes(context: number): Uint8Array {
    for (let map = 0; map < 4; map++) for (let opcode = 0; opcode < 256; opcode++) this.#meetOpcode(map, opcode, context);
    return this.#u8.slice(opcodesOf(context), opcodesOf(context) + opcodeKind.modes);
  }

  /**
   * An instruction at a place in memory, which ends before `end`, became this record, with this note. It stands for others unless more than a displacement
   * and an immediate follows its first bytes, or more than those make it what it is. Returns the template; 0: there is none.
   */
  learn(d: Decoded, at: number, end: number, context: number, rec: number, note: number, records: Records): number {
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
    this.#meetOpcode(row.map, namesRegister(row) ? row.opcode + (d.opreg & 7) : row.opcode, context);
    const t = this.#routines.decode_learn(at, d.length - displacement - bytes, end, context, rec);
    if (t === 0) return 0;
    const u8 = this.#u8;
    u8[t + predecodeEntry.displacement] = displacement;
    u8[t + predecodeEntry.immediate] = bytes;
    const relative = mode === 64 && displacement === 4 && (d.modrmByte & 0xc7) === 5;
    u8[t + predecodeEntry.counts] = relative ? displacements.relative : absolute ? displacements.absolute : displacements.signed;
    u8[t + predecodeEntry.branch] = Number(branch);
    // As `Records.write` has it.
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
  #meetOpcode(map: number, opcode: number, context: number): void {
    const there = opcodesOf(context) + map * 256 + opcode;
    if (this.#u8[there] === opcodeKind.unknown) this.#u8[there] = this.#kindOf(map, opcode, contexts[context]!.mode);
  }
  #kindOf(map: number, opcode: number, mode: number): number {
    const rows = this.#rows(map, opcode, mode);
    if (rows.length === 0) return opcodeKind.unknown;
    const every = (holds: (row: Row) => boolean): boolean => rows.every(holds);
    const modrm = (rows[0] as Row).hasModrm;
    // What names all of modrm has no memory operand, whatever its bits say.
    if (!every((row) => row.hasModrm === modrm && !row.registerOnly && (row.modrm === undefined || row.modrm >= 0xc0)))
      return opcodeKind.never;
    const without = (...kinds: readonly Operand["kind"][]) => every((row) => !row.operands.some(({ kind }) => kinds.includes(kind)));
    const whole = every((row) => row.modrm === undefined);
    const reg = whole && every((row) => row.digit === undefined) && without("sreg", "creg", "dreg");
    // Eight opcodes are one if all of them have the same rows.
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

/** Where `begins` of a context's opcodes are. */
const opcodesOf = (context: number): number => layout.opcodeKinds + (contexts[context]!.mode === 64 ? 0 : opcodeKind.modes);

const namesRegister = (row: Row): boolean => row.operands.some((o) => o.kind === "opreg");

/** Bytes of an instruction's displacement, which an absolute address is too. SDM Vol. 2A Tables 2-2 and 2-3 */
export const displacementOf = ({ row, modrm, modrmByte, base, addressSize }: Decoded): number => {
  if (row.shape.immediates[0]?.kind === "moffs") return addressSize >> 3;
  if (!row.hasModrm || modrm >= 0xc0) return 0;
  const mod = modrmByte >> 6;
  return mod === 1 ? 1 : mod === 2 || base === noRegister ? 4 : 0;
};

/** As `registerOffset` has it; 0: the same for all that begin alike. */
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

// Instructions like those that have been decoded. Most instructions of a program begin as another one did, up to modrm or SIB and but for the numbers of
// registers: a routine (routines/alike.ts) makes their records from what that one became. V8 compiles the routine when it is first called, and comes to
// optimise what decodes by the rows when most of a start is over.
import { type Decoded, type DecodeTables, noRegister } from "./decode.ts";
import { begins, layout, record, registerIn, template } from "./layout.ts";
import type { Records } from "./records.ts";
import { immediateWidth, type Operand, type Row, sizeIndex } from "./row.ts";
import type { State } from "./state.ts";

export interface AlikeRoutines {
  decode_alike(rec: number, done: number, most: number, from: number, end: number, ip: number, context: number): number;
  decode_learn(at: number, bytes: number, end: number, context: number, rec: number): number;
}

/** Legacy prefixes but that of the address size, by which other bytes follow. SDM Vol. 2A 2.1.1 */
const prefixes = [0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66];

const beginningBytes = 2 * begins.modes;
const learnedBytes = beginningBytes + (1 << template.bits) * template.size;

export class Templates {
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #tables: DecodeTables;
  readonly #learn: AlikeRoutines["decode_learn"];
  readonly decode: AlikeRoutines["decode_alike"];
  constructor(state: State, tables: DecodeTables, routines: AlikeRoutines) {
    this.#u8 = state.u8;
    this.#i32 = state.i32;
    this.#tables = tables;
    this.#learn = routines.decode_learn;
    this.decode = routines.decode_alike;
    for (let n = 0; n < prefixes.length; n++) {
      this.#u8[layout.beginnings + (prefixes[n] as number)] = begins.prefix;
      this.#u8[layout.beginnings + begins.modes + (prefixes[n] as number)] = begins.prefix;
    }
    this.#u8.fill(begins.prefix, layout.beginnings + 0x40, layout.beginnings + 0x50);
    this.#u8[layout.beginnings + 0x0f] = this.#u8[layout.beginnings + begins.modes + 0x0f] = begins.escape;
  }

  /** All that has been learned, as data. */
  get learned(): Uint8Array {
    const whole = new Uint8Array(learnedBytes);
    whole.set(this.#u8.subarray(layout.beginnings, layout.beginnings + beginningBytes));
    whole.set(this.#u8.subarray(layout.templates, layout.templates + learnedBytes - beginningBytes), beginningBytes);
    return whole;
  }
  /** Know what another has learned, of the same instructions with the same handlers, besides nothing. */
  know(learned: Uint8Array): void {
    this.#u8.set(learned.subarray(0, beginningBytes), layout.beginnings);
    this.#u8.set(learned.subarray(beginningBytes), layout.templates);
  }

  /**
   * An instruction at a place in memory, which ends before `end`, became this record, with this note. It stands for others unless more than a displacement
   * and an immediate follows its first bytes, or more than those make it what it is.
   */
  learn(d: Decoded, at: number, end: number, context: number, rec: number, note: number, records: Records): void {
    const { row, mode } = d;
    if (mode === 16 || d.addressSize !== mode || row.vex !== undefined || row.located || row.registerOnly) return;
    if (d.isMemory && !row.shape.memory) return;
    const { immediates } = row.shape;
    const immediate = immediates[0];
    const branch = immediate !== undefined && immediate.kind === "rel";
    if (immediates.length > 1 || (branch && d.size === 16)) return;
    if (immediate !== undefined && !branch && immediate.kind !== "imm" && immediate.kind !== "simm") return;
    const displacement = displacementOf(d);
    const bytes = immediate === undefined ? 0 : immediate.widths[sizeIndex(d.size)] >> 3;
    this.#meet(d);
    const t = this.#learn(at, d.length - displacement - bytes, end, context, rec);
    if (t === 0) return;
    const u8 = this.#u8;
    u8[t + template.displacement] = displacement;
    u8[t + template.immediate] = bytes;
    u8[t + template.relative] = Number(mode === 64 && displacement === 4 && (d.modrmByte & 0xc7) === 5);
    u8[t + template.branch] = Number(branch);
    // As `Records.write` has it.
    u8[t + template.next] = Number(row.ends === true && (branch ? row.cc < 0 && !row.addressed : bytes === 0));
    u8[t + template.ends] = Number(row.ends === true);
    const kept = immediate === undefined || branch ? 0 : immediateWidth(immediate, d.size);
    this.#i32[(t + template.mask) >> 2] = kept >= 32 ? -1 : (1 << kept) - 1;
    this.#i32[(t + template.mask + 4) >> 2] = kept === 64 ? -1 : 0;
    this.#i32[(t + template.note) >> 2] = note;
    this.#i32[(t + template.registers) >> 2] = 0;
    const slots = records.slotsOf(note);
    for (let n = 0; n < slots.length; n++) {
      const slot = slots[n];
      if (slot !== undefined) u8[t + template.registers + (slot - record.r0) / 2] = registerOf(row.operands[n] as Operand);
    }
  }
  /** An opcode: what is known of all that have it. */
  #meet({ row, mode, opreg }: Decoded): void {
    const { map } = row;
    const opcode = namesRegister(row) ? row.opcode + (opreg & 7) : row.opcode;
    const there = layout.beginnings + (mode === 64 ? 0 : begins.modes) + map * 256 + opcode;
    if (this.#u8[there] === begins.unknown) this.#u8[there] = this.#kindOf(map, opcode, mode);
  }
  #kindOf(map: number, opcode: number, mode: number): number {
    const rows = this.#rows(map, opcode, mode);
    const every = (holds: (row: Row) => boolean): boolean => rows.every(holds);
    const modrm = (rows[0] as Row).hasModrm;
    // What names all of modrm has no memory operand, whatever its bits say.
    if (!every((row) => row.hasModrm === modrm && !row.registerOnly && (row.modrm === undefined || row.modrm >= 0xc0))) return begins.never;
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
    const names = (modrm && reg ? begins.reg : 0) | (modrm && whole && without("sti") ? begins.rm : 0);
    const byOpcode = eight && [0, 1, 2, 3, 4, 5, 6, 7].every(same) ? begins.opcode : 0;
    return (modrm ? begins.modrm : begins.plain) | names | byOpcode | (every((row) => row.rexB === undefined) ? 0 : begins.rex);
  }
  #rows(map: number, opcode: number, mode: number): readonly Row[] {
    return this.#tables.at(false, map, opcode).filter(({ only }) => only === undefined || (only === "64") === (mode === 64));
  }
}

const namesRegister = (row: Row): boolean => row.operands.some((o) => o.kind === "opreg");

/** Bytes of an instruction's displacement. SDM Vol. 2A Tables 2-2 and 2-3 */
export const displacementOf = ({ row, modrm, modrmByte, base }: Decoded): number => {
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

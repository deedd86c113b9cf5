// Records: decoded instructions in the form that the interpreter's handlers read (layout.ts), with side
// tables for the dispatcher.
import { type Decoded, noRegister } from "../decode/decoder.ts";
import { formOf, registerOffset } from "../decode/instance.ts";
import type { InstructionRows } from "../decode/instructions.ts";
import { executionsIn } from "../decode/operand-slots.ts";
import { immediateWidth, type Operand, type Row } from "../isa/row.ts";
import { layout, note, record } from "../machine/layout.ts";
import { at, S, type State } from "../machine/state.ts";

/** The number of a row in a note. */
export const rowIn = (word: number): number => (word >> note.numberShift) & note.numberMask;

/** Handlers from a table index on that are loaded on demand. */
export interface MoreHandlers {
  readonly first: number;
  readonly load: () => void;
}

/** The records of one processor. */
export class Records {
  /** Instruction pointer (offset in CS) and note of each record, by record number. */
  readonly #ip: Float64Array;
  readonly #notes: Int32Array;
  readonly #state: State;
  readonly #instructions: InstructionRows;
  readonly #more: readonly MoreHandlers[];
  readonly #firstMore: number;
  readonly #loaded = new Set<MoreHandlers>();
  /** The range of the most recently loaded handlers. */
  #latest = 0;
  #latestEnd = 0;

  constructor(state: State, instructions: InstructionRows, more: readonly MoreHandlers[]) {
    this.#state = state;
    const count = (layout.recordsEnd - layout.records) / record.size;
    this.#ip = new Float64Array(state.memory.buffer, layout.recordIps, count);
    this.#notes = new Int32Array(state.memory.buffer, layout.recordNotes, count);
    this.#instructions = instructions;
    this.#more = more;
    this.#firstMore = more[0]?.first ?? Number.POSITIVE_INFINITY;
  }

  #numberOf(rec: number): number {
    return (rec - layout.records) / record.size;
  }
  ipOf(rec: number): number {
    return this.#ip[(rec - layout.records) / record.size] as number;
  }
  nextIpOf(rec: number): number {
    const n = (rec - layout.records) / record.size;
    return (this.#ip[n] as number) + ((this.#notes[n] as number) & note.length);
  }
  rowOf(rec: number): Row {
    return this.#instructions.row(this.rowNumberOf(rec));
  }
  row(number: number): Row {
    return this.#instructions.row(number);
  }
  /** The number of the record's row. */
  rowNumberOf(rec: number): number {
    return rowIn(this.#notes[(rec - layout.records) / record.size] as number);
  }
  isConditional(rec: number): boolean {
    return ((this.#notes[(rec - layout.records) / record.size] as number) & note.conditional) !== 0;
  }
  /** Marks the first record of a block that crosses into another page. */
  markCrossing(head: number): void {
    (this.#notes[this.#numberOf(head)] as number) |= note.crosses;
  }
  /**
   * The interpreter's count of executions of a block's end, given its first record. Undefined if it is not
   * counted.
   */
  executionsOf(head: number): number | undefined {
    const count = this.countOf(head);
    return count < 0 ? undefined : this.#state.u32[count >> 2] || undefined;
  }
  /** The address of that count; negative if there is none. */
  countOf(head: number): number {
    const remaining = this.remainingOf(head);
    if (remaining === 0) return -1;
    const last = head + (remaining - 1) * record.size;
    const memory = (this.#notes[(last - layout.records) / record.size] as number) < 0;
    const row = this.rowOf(last);
    const where = row.ends ? executionsIn(memory, this.#instructions.info(row).memory) : record.size + record.executions;
    // The count is at least 1 if it is kept at all. A block that ends otherwise than by a branch is not
    // counted.
    return where === undefined ? -1 : last + where;
  }
  remainingOf(rec: number): number {
    return this.#state.u16[(rec + record.remaining) >> 1] as number;
  }
  targetOf(rec: number): number {
    return Number(this.#state.i64[(rec + record.disp) >> 3]);
  }

  /** Writes the record of a decoded instruction. Returns its note, for `finishBlock`. */
  write(rec: number, d: Decoded, ip: number, context: number): number {
    const s = this.#state;
    const info = this.#instructions.info(d.row);
    const { memory, key } = formOf(d, context);
    const handler = info.handler(key);
    if (handler >= this.#firstMore && (handler < this.#latest || handler >= this.#latestEnd)) this.#loadMore(handler);
    const { u32, u64 } = s;
    // Unrolled: V8 counts loop iterations, and would optimise this function in the middle of a short program.
    u64[rec >> 3] = 0n;
    u64[(rec >> 3) + 1] = 0n;
    u64[(rec >> 3) + 2] = 0n;
    u64[(rec >> 3) + 3] = 0n;
    u32[(rec + record.handler) >> 2] = handler;
    const slots = memory ? info.memory : info.plain;
    if (memory) {
      s.u16[(rec + record.base) >> 1] = d.base === noRegister ? at.zero : at.gpr + d.base * 8;
      s.u16[(rec + record.index) >> 1] = d.index === noRegister ? at.zero : at.gpr + d.index * 8;
      s.u8[rec + record.scale] = d.scale;
      storeInteger(s.i32, rec + record.disp, d.disp);
    }
    s.u8[rec + record.segment] = d.segment >= S.fs || d.mode !== 64 ? (memory ? d.memorySegment : d.segment >= 0 ? d.segment : S.ds) : 6;
    for (let n = 0; n < slots.length; n++) {
      const slot = slots[n];
      if (slot !== undefined) s.u16[(rec + slot) >> 1] = registerOffset(d, n);
    }
    this.#writeImmediate(rec, d);
    if (d.row.ends && d.row.operands.length === 0) storeInteger(s.i32, rec + record.imm, ip + d.length);
    const word = (info.number << note.numberShift) | d.length | (d.row.cc >= 0 && d.row.ends ? note.conditional : 0);
    return memory ? word | note.memory : word;
  }
  /** The register slots of records with this note. */
  slotsOf(word: number): readonly (number | undefined)[] {
    const info = this.#instructions.info(this.#instructions.row(rowIn(word)));
    return word < 0 ? info.memory : info.plain;
  }
  /** Makes `count` records from `first` on a block. `layout.notes` holds their notes. */
  finishBlock(first: number, count: number, ip: number): void {
    const { u16, i32 } = this.#state;
    const number = this.#numberOf(first + (count - 1) * record.size) - count + 1;
    const ips = this.#ip;
    const notes = this.#notes;
    let at = ip;
    for (let n = 0; n < count; n++) {
      const word = i32[(layout.notes >> 2) + n] as number;
      u16[(first + n * record.size + record.remaining) >> 1] = count - n;
      ips[number + n] = at;
      notes[number + n] = word;
      at += word & note.length;
    }
  }

  #loadMore(handler: number): void {
    const part = this.#more.findLastIndex(({ first }) => first <= handler);
    const more = this.#more[part] as MoreHandlers;
    this.#latest = more.first;
    this.#latestEnd = this.#more[part + 1]?.first ?? Number.POSITIVE_INFINITY;
    if (this.#loaded.has(more)) return;
    more.load();
    this.#loaded.add(more);
  }

  #writeImmediate(rec: number, d: Decoded): void {
    const s = this.#state;
    if (d.row.ends) storeInteger(s.i32, rec + record.imm, (d.ip + d.length) % (d.mode === 64 ? Number.MAX_SAFE_INTEGER : 0x1_0000_0000));
    if (d.row.located) {
      storeInteger(s.i32, rec + record.imm, d.ip);
      s.u8[rec + record.imm + 6] = d.modrmByte;
      s.u8[rec + record.imm + 7] = d.isMemory ? d.memorySegment : S.ds;
    }
    const { immediates } = d.row.shape;
    // Not by `of`, as in decoder.ts.
    for (let n = 0; n < immediates.length; n++) {
      const o = immediates[n] as Operand;
      if (o.kind === "rel") {
        storeInteger(s.i32, rec + record.disp, d.target);
        // A conditional branch has two links and does not need the next address; a call needs it.
        if (d.row.cc >= 0 || d.row.addressed) storeInteger(s.i32, rec + record.imm, 0);
      } else if (o.kind === "imm" || o.kind === "simm") {
        const bits = immediateWidth(o, d.size);
        s.i32[(rec + record.imm) >> 2] = bits === 8 ? d.immLo & 0xff : bits === 16 ? d.immLo & 0xffff : d.immLo;
        s.i32[(rec + record.imm + 4) >> 2] = bits === 64 ? d.immHi : 0;
        break;
      } else if (o.kind === "far") {
        s.i32[(rec + record.imm) >> 2] = d.immLo;
        s.i32[(rec + record.imm + 4) >> 2] = 0;
        s.u32[(rec + record.disp) >> 2] = d.imm2;
      }
    }
    if (immediates.length > 1) s.u32[(rec + record.disp) >> 2] = d.imm2;
  }

  /** Writes the end record of a block. It is no instruction and has no remaining ones. */
  writeEnd(rec: number, ip: number, handler: number): void {
    const s = this.#state;
    s.u32.fill(0, rec >> 2, (rec + record.size) >> 2);
    s.u32[(rec + record.handler) >> 2] = handler;
    storeInteger(s.i32, rec + record.disp, ip);
    const number = this.#numberOf(rec);
    this.#ip[number] = ip;
    this.#notes[number] = 0;
  }
  /** Copies records to another address. */
  copy(to: number, from: number, count: number): void {
    this.#state.u8.copyWithin(to, from, from + count * record.size);
    const [there, here] = [this.#numberOf(from), this.#numberOf(to)];
    for (const side of [this.#ip, this.#notes]) side.copyWithin(here, there, there + count);
  }
}

/** Stores an integer as 64 bits, in halves. A bigint would cost more than the rest. */
const storeInteger = (i32: Int32Array, address: number, n: number): void => {
  i32[address >> 2] = n | 0;
  i32[(address >> 2) + 1] = Math.floor(n / 0x1_0000_0000);
};

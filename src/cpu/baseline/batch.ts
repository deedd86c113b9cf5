// A batch: many small functions for one WebAssembly module, each a run of templates, or a group of blocks.
// Plain loops over byte arrays: the price of an instruction is that of copying its template.

import { op } from "../../wasm/encoder.ts";
import { record } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import { type BatchFrame, type CommonFunctions, commonCode, moduleOf } from "./batch-module.ts";
import { RecordCode } from "./record-code.ts";
import { functions, handlerTypeIndex, hole, localTypes, type Template } from "./template.ts";

/** The most blocks of a group. */
export const mostBlocks = 64;
/** The templates of consecutive records, and the slot of their function in the table. */
export interface Part {
  readonly first: number;
  readonly templates: readonly Template[];
  readonly slot: number;
}
/** What a batch needs to know of functions, its own and others. */
export interface BatchPlan {
  /** The slot of its first function, and the function index of its first group. */
  readonly firstSlot: number;
  readonly firstGroup: number;
  /**
   * Blocks of its groups by first record: the number of the group times `mostBlocks`, plus that in the group.
   */
  readonly places: ReadonlyMap<number, number>;
  /** The slot of the function that begins a block; negative if there is none. */
  readonly slotOf: (head: number) => number;
  /** The interpreter's handler for the instruction of a record. */
  readonly handlerOf: (rec: number) => number;
}

/** Writes modules. One writer serves all batches of a processor. */
export class BatchWriter extends RecordCode {
  readonly #frame: BatchFrame;
  readonly #common: CommonFunctions;
  #plan!: BatchPlan;
  /** Functions, and those of them that have a slot in the table. They come first. */
  #count = 0;
  #elements = 0;
  /** Of the function in progress: the first local and the number of locals of each type. */
  readonly #base = new Int32Array(localTypes.length);
  readonly #most = localTypes.map(() => 0);
  /** The locals of each type that the template in progress uses. */
  #used: readonly number[] = this.#most;
  /** Of the group in progress: its blocks by first record, their number, and the one in progress. */
  readonly #group = new Map<number, number>();
  #blocks = 0;
  #which = 0;

  constructor(state: State, frame: BatchFrame) {
    super(state);
    this.#frame = frame;
    this.#common = commonCode(frame.form);
  }
  /** Begins a batch. Functions with a slot are added before groups. */
  begin(plan: BatchPlan): void {
    this.#plan = plan;
    this.at = this.#count = this.#elements = 0;
  }
  /** The module of the batch. */
  module(): Uint8Array<ArrayBuffer> {
    const code = this.out.subarray(0, this.at);
    return moduleOf(this.#frame, this.#common, {
      code,
      count: this.#count,
      elements: this.#elements,
      firstSlot: this.#plan.firstSlot,
    });
  }
  /**
   * Appends a function: the templates of the records from `first` on, then the record after them. `slot`: its
   * slot in the table. `head`: it begins a block, and others enter it directly.
   */
  add({ first, templates, slot }: Part, head: boolean): void {
    const start = this.#start(templates);
    this.i32c(0);
    this.byte(op.localSet);
    this.byte(0);
    if (head) this.#guard(first, slot);
    this.#part(first, templates);
    this.#finish(start);
    this.#elements++;
  }
  /** Appends a function that enters a group (`addGroup`) at one of its blocks. */
  addEntry(group: number, which: number): void {
    const start = this.#start([]);
    this.i32c(which);
    this.byte(op.localGet);
    this.byte(1);
    this.byte(op.returnCall);
    this.unsigned(this.#plan.firstGroup + group);
    this.#finish(start);
    this.#elements++;
  }
  /** Appends a function of several blocks. Its first parameter is the number of the block to begin with. */
  addGroup(parts: readonly Part[]): void {
    const start = this.#start(parts.flatMap(({ templates }) => templates));
    const last = parts.length - 1;
    this.byte(op.loop);
    this.byte(0x40);
    for (let n = 0; n <= last; n++) {
      this.byte(op.block);
      this.byte(0x40);
    }
    this.byte(op.localGet);
    this.byte(0);
    this.byte(op.brTable);
    this.unsigned(last);
    for (let n = 0; n <= last; n++) this.unsigned(n);
    this.#group.clear();
    for (let n = 0; n <= last; n++) this.#group.set((parts[n] as Part).first, n);
    this.#blocks = parts.length;
    for (let n = 0; n <= last; n++) {
      const { first, templates, slot } = parts[n] as Part;
      this.byte(op.end);
      this.#which = n;
      this.i32c(0);
      this.byte(op.localSet);
      this.byte(0);
      this.#used = this.#most;
      this.#free();
      this.#guard(first, slot);
      this.#part(first, templates);
    }
    this.byte(op.unreachable);
    this.byte(op.end);
    this.byte(op.unreachable);
    this.#group.clear();
    this.#finish(start);
  }
  #start(templates: readonly Template[]): number {
    let room = 256 + 64 * templates.length;
    for (let n = 0; n < templates.length; n++) {
      const t = templates[n] as Template;
      room += 256 + t.code.length + t.holes.length * 30;
    }
    this.reserve(room);
    const start = this.at;
    this.at += 5;
    this.#locals(templates);
    return start;
  }
  #part(first: number, templates: readonly Template[]): void {
    let rec = first;
    for (let n = 0; n < templates.length; n++, rec += record.size) this.#copy(templates[n] as Template, rec);
    if (!(templates[templates.length - 1] as Template).ends) this.#tail(rec);
  }
  #finish(start: number): void {
    this.byte(op.end);
    this.length(start, this.at - start - 5);
    this.#count++;
  }
  #locals(templates: readonly Template[]): void {
    let index = 2;
    let groups = 0;
    const groupsAt = this.at++;
    for (let t = 0; t < localTypes.length; t++) {
      let most = 0;
      for (let n = 0; n < templates.length; n++) most = Math.max(most, (templates[n] as Template).locals[t] as number);
      this.#base[t] = index;
      this.#most[t] = most;
      if (most === 0) continue;
      groups++;
      this.unsigned(most);
      this.byte(localTypes[t] as number);
      index += most;
    }
    this.out[groupsAt] = groups;
  }
  /**
   * Gives the registers of locals back: in baseline code of the engine, a local that holds a constant has
   * none.
   */
  #free(): void {
    for (let t = 0; t < 2; t++) {
      for (let n = 0; n < (this.#used[t] as number); n++) {
        this.byte(t === 0 ? op.i32const : op.i64const);
        this.byte(0);
        this.byte(op.localSet);
        this.byte((this.#base[t] as number) + n);
      }
    }
  }
  #copy({ code, holes, locals, ends }: Template, rec: number): void {
    const out = this.out;
    this.#used = locals;
    let from = 0;
    for (let n = 0; n < holes.length; n += 3) {
      const to = holes[n] as number;
      let p = this.at;
      while (from < to) out[p++] = code[from++] as number;
      this.at = p;
      this.#fill(holes[n + 1] as number, holes[n + 2] as number, rec);
    }
    let p = this.at;
    while (from < code.length) out[p++] = code[from++] as number;
    this.at = p;
    if (!ends) this.#free();
  }
  #fill(kind: number, argument: number, rec: number): void {
    if (kind < hole.u16) return this.byte((this.#base[kind] as number) + argument);
    switch (kind) {
      case hole.interpret:
        this.#free();
        this.i32c(rec);
        this.byte(op.localGet);
        this.byte(1);
        this.i32c(this.#plan.handlerOf(rec));
        this.byte(op.returnCall);
        return this.byte(functions.interpret);
      case hole.taken:
        return this.#edge(this.i32[(rec + record.link) >> 2] as number, rec, functions.taken, argument);
      case hole.after:
        return this.#edge(this.i32[(rec + record.imm) >> 2] as number, rec, functions.after, 0);
      default:
        return this.constant(kind, argument, rec);
    }
  }
  /** Direct entries charge the block, but do not know if it still is this function. */
  #guard(rec: number, slot: number): void {
    this.i32c(0);
    this.byte(op.i32load);
    this.byte(0);
    this.unsigned(rec + record.handler);
    this.i32c(slot);
    this.byte(op.i32xor);
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(31);
    this.byte(op.i32shrS);
    this.byte(op.i32or);
    this.byte(op.if);
    this.byte(0x40);
    this.i32c(rec);
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(this.u16[(rec + record.remaining) >> 1] as number);
    this.byte(op.i32add);
    this.byte(op.returnCall);
    this.unsigned(functions.uncharged);
    this.byte(op.end);
  }
  /** Continues at a linked block, or as the interpreter does. `depth`: nested blocks around this place. */
  #edge(target: number, rec: number, general: number, depth: number): void {
    this.#free();
    const inside = target === 0 ? undefined : this.#group.get(target);
    if (inside !== undefined) return this.#inside(target, inside, depth);
    const place = target === 0 ? undefined : this.#plan.places.get(target);
    const slot = target === 0 || place !== undefined ? -1 : this.#plan.slotOf(target);
    if (place === undefined && slot < 0) {
      this.i32c(rec);
      this.byte(op.localGet);
      this.byte(1);
      this.byte(op.returnCall);
      return this.unsigned(general);
    }
    this.i32c(place === undefined ? target : place & (mostBlocks - 1));
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(this.u16[(target + record.remaining) >> 1] as number);
    this.byte(op.i32sub);
    if (place !== undefined) {
      this.byte(op.returnCall);
      return this.unsigned(this.#plan.firstGroup + Math.floor(place / mostBlocks));
    }
    if (slot >= this.#plan.firstSlot) {
      this.byte(op.returnCall);
      return this.unsigned(functions.count + slot - this.#plan.firstSlot);
    }
    this.i32c(slot);
    this.byte(op.returnCallIndirect);
    this.unsigned(handlerTypeIndex);
    this.byte(0);
  }
  #inside(target: number, which: number, depth: number): void {
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(this.u16[(target + record.remaining) >> 1] as number);
    this.byte(op.i32sub);
    this.byte(op.localSet);
    this.byte(1);
    if (which === this.#which + 1 && depth === 0) return;
    if (which <= this.#which) {
      this.i32c(which);
      this.byte(op.localSet);
      this.byte(0);
    }
    this.byte(op.br);
    this.unsigned(depth + (which > this.#which ? which - this.#which : this.#blocks - this.#which) - 1);
  }
  #tail(rec: number): void {
    this.i32c(rec);
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(0);
    this.byte(op.i32load);
    this.byte(0);
    this.unsigned(rec + record.handler);
    this.byte(op.returnCallIndirect);
    this.unsigned(handlerTypeIndex);
    this.byte(0);
  }
}

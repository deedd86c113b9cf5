// A batch: many small functions for one WebAssembly module, each a run of templates, or a group of blocks.
// Plain loops over byte arrays: the price of an instruction is that of copying its template.

import { op, wt } from "../../wasm/encoder.ts";
import type { HandlerForm } from "../isa/form.ts";
import { record } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import { type BatchFrame, commonTypes, moduleOf } from "./batch-module.ts";
import { ExitCode, exits, firstLocal, targetLocal } from "./exit-code.ts";
import { functions, type Template } from "./template.ts";
import { hole, localTypes } from "./template-body.ts";

/** The most blocks of a group. */
export const mostBlocks = 64;
/** The templates of consecutive records, and the slot of their function in the table. */
export interface BatchPart {
  readonly first: number;
  readonly templates: readonly Template[];
  readonly slot: number;
}
/** The facts about functions that a batch needs, about its own and others. */
export interface BatchPlan {
  /** The slot of its first function, and the function index of its first group. */
  readonly firstSlot: number;
  readonly firstGroup: number;
  /** The slot of the batch's function that begins a block outside of groups; negative if there is none. */
  readonly slotOf: (head: number) => number;
  /** The interpreter's handler for the instruction of a record. */
  readonly handlerOf: (rec: number) => number;
}

/** Writes modules. One writer serves all batches of a processor. */
export class BatchWriter extends ExitCode {
  readonly #frame: BatchFrame;
  readonly #common: readonly number[];
  #plan!: BatchPlan;
  /** Functions, and those of them that have a slot in the table. They come first. */
  #count = 0;
  #elements = 0;
  /** Of the function in progress: the first local and the number of locals of each type. */
  readonly #base = new Int32Array(localTypes.length);
  readonly #most = localTypes.map(() => 0);
  /** The first record of the run in progress. */
  #first = 0;
  /** Of the group in progress: its blocks by first record, their number, and the one in progress. */
  readonly #group = new Map<number, number>();
  #blocks = 0;
  #which = 0;

  /** `form`: any form, which the common functions need. */
  constructor(state: State, frame: BatchFrame, form: HandlerForm) {
    super(state);
    this.#frame = frame;
    this.#common = commonTypes(form);
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
    });
  }
  /**
   * Appends a function: the templates of the records from `first` on, then the record after them. `slot`: its
   * slot in the table. `head`: it begins a block, and others enter it directly.
   */
  add({ first, templates, slot }: BatchPart, head: boolean): void {
    const start = this.#start(templates);
    this.nested = 0;
    if (head) this.#guard(first, slot);
    this.#part(first, templates);
    this.#finish(start);
    this.#elements++;
  }
  /** Appends a function that enters a group (`addGroup`) at one of its blocks. */
  addEntry(group: number, which: number): void {
    this.reserve(64);
    const start = this.at;
    this.at += 5;
    this.byte(0);
    this.i32c(which);
    this.byte(op.localGet);
    this.byte(1);
    this.byte(op.returnCall);
    this.unsigned(this.#plan.firstGroup + group);
    this.#complete(start);
    this.#elements++;
  }
  /** Appends a function of several blocks. Its first parameter is the number of the block to begin with. */
  addGroup(parts: readonly BatchPart[]): void {
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
    for (let n = 0; n <= last; n++) this.#group.set((parts[n] as BatchPart).first, n);
    this.#blocks = parts.length;
    for (let n = 0; n <= last; n++) {
      const { first, templates } = parts[n] as BatchPart;
      this.byte(op.end);
      this.#which = n;
      this.nested = last - n + 1;
      this.#guardBudget(first);
      this.#part(first, templates);
    }
    this.byte(op.unreachable);
    this.byte(op.end);
    this.#group.clear();
    this.#finish(start);
  }
  #start(templates: readonly Template[]): number {
    let room = 512 + 64 * templates.length;
    for (let n = 0; n < templates.length; n++) {
      const t = templates[n] as Template;
      room += 256 + t.code.length + t.holes.length * 30;
    }
    this.reserve(room);
    const start = this.at;
    this.at += 5;
    this.#locals(templates);
    this.openExit();
    return start;
  }
  #part(first: number, templates: readonly Template[]): void {
    this.#first = first;
    let rec = first;
    for (let n = 0; n < templates.length; n++, rec += record.size) this.#copy(templates[n] as Template, rec);
    if (!(templates[templates.length - 1] as Template).ends) this.exit(exits.interpret, rec, 0);
  }
  #finish(start: number): void {
    this.closeExit();
    this.#complete(start);
  }
  #complete(start: number): void {
    this.byte(op.end);
    this.length(start, this.at - start - 5);
    this.#count++;
  }
  #locals(templates: readonly Template[]): void {
    let index = firstLocal;
    let groups = 1;
    const groupsAt = this.at++;
    this.byte(1);
    this.byte(wt.i64);
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
      for (let n = 0; n < (this.#most[t] as number); n++) {
        this.byte(t === 0 ? op.i32const : op.i64const);
        this.byte(0);
        this.byte(op.localSet);
        this.byte((this.#base[t] as number) + n);
      }
    }
  }
  #copy({ code, holes }: Template, rec: number): void {
    const out = this.out;
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
  }
  #fill(kind: number, argument: number, rec: number): void {
    if (kind < hole.u16) return this.byte((this.#base[kind] as number) + argument);
    switch (kind) {
      case hole.interpret:
        if (rec !== this.#first) return this.exit(exits.interpret, rec, argument);
        this.i64c(this.#plan.handlerOf(rec), 0);
        this.byte(op.localSet);
        this.byte(targetLocal);
        return this.exit(exits.interpretFirst, rec, argument);
      case hole.jump:
        this.byte(op.localSet);
        this.byte(targetLocal);
        return this.exit(exits.jump, rec, argument);
      case hole.taken:
        return this.#edge(this.i32[(rec + record.link) >> 2] as number, rec, exits.taken, argument);
      case hole.after:
        return this.#edge(this.i32[(rec + record.imm) >> 2] as number, rec, exits.after, 0);
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
    this.#takeBack(rec);
    this.byte(op.end);
  }
  /**
   * Leaves before a block that is charged. Its record may count no instructions any more: a region begins
   * there.
   */
  #takeBack(rec: number): void {
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(this.u16[(rec + record.remaining) >> 1] as number);
    this.byte(op.i32add);
    this.byte(op.localSet);
    this.byte(1);
    this.exit(exits.uncharged, rec, 1);
  }
  /** The blocks of a group are entered while none of them has lost its function. */
  #guardBudget(rec: number): void {
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(0);
    this.byte(op.i32ltS);
    this.byte(op.if);
    this.byte(0x40);
    this.#takeBack(rec);
    this.byte(op.end);
  }
  /** Continues at a linked block, or as the interpreter does. `depth`: nested blocks around this place. */
  #edge(target: number, rec: number, general: number, depth: number): void {
    const inside = target === 0 ? undefined : this.#group.get(target);
    if (inside !== undefined) return this.#inside(target, inside, depth);
    const slot = target === 0 ? -1 : this.#plan.slotOf(target);
    if (slot < 0) return this.exit(general, rec, depth);
    this.#free();
    this.i32c(target);
    this.byte(op.localGet);
    this.byte(1);
    this.i32c(this.u16[(target + record.remaining) >> 1] as number);
    this.byte(op.i32sub);
    this.byte(op.returnCall);
    return this.unsigned(functions.count + slot - this.#plan.firstSlot);
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
}

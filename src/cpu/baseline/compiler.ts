// The compiler of the baseline tier: records of warm blocks become functions in the table of handlers. A run
// of records with templates is one function, and the handler of its first record. All other records keep
// their handlers, so control may enter a block anywhere.

import { isShared } from "../../wasm/shared-memory.ts";
import type { InstructionRows } from "../decode/instructions.ts";
import { isGone, mostRuns, special } from "../decode/operand-slots.ts";
import type { Blocks } from "../interp/block-cache.ts";
import type { LazyFlagKind } from "../isa/flags.ts";
import { formsOf, type KeyedForm } from "../isa/form.ts";
import type { Row } from "../isa/row.ts";
import { record } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import { type BatchPart, BatchWriter, mostBlocks } from "./batch.ts";
import { type BatchFrame, commonModule, nameOf } from "./batch-module.ts";
import { groupsOf } from "./groups.ts";
import type { BaselineStats } from "./policy.ts";
import { functions, type Template } from "./template.ts";
import { Variants } from "./variants.ts";

/** Slots by which the table grows. */
const grownBy = 1 << 12;
/** Runs of one block, at most: every second instruction of a longest block may lack a template. */
const mostOfBlock = 130;

/** The targets that compiled functions are linked to. */
export interface BaselineLinks {
  readonly state: State;
  readonly instructions: InstructionRows;
  /** The table of handlers, which grows. */
  readonly table: WebAssembly.Table;
  /** Links a module with memory, handlers and other imports, and returns its exports. */
  readonly link: (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Exports;
}

/** A run of records that becomes a function. `head`: it begins a block. */
interface Run {
  readonly first: number;
  readonly length: number;
  readonly head: boolean;
}

/** The functions of one processor. */
export class BaselineCompiler {
  readonly #blocks: Blocks;
  readonly #links: BaselineLinks;
  readonly #stats: BaselineStats;
  readonly #firstSlot: number;
  #nextSlot: number;
  /** The handlers that functions replace, by slot from the first one on. */
  readonly #replaced: number[] = [];
  /** The groups of functions, by slot from the first one on: first records and slots of their blocks. */
  readonly #groups: (readonly BatchPart[] | undefined)[] = [];
  readonly #variants: (Variants | undefined)[] = [];
  readonly #forms = new Map<Row, readonly KeyedForm[]>();
  #writer: BatchWriter | undefined;
  /** The functions that batches have in common. */
  #common: WebAssembly.Exports = {};
  /** The next batch, and the slots of its blocks by first record. */
  readonly #planned: Run[] = [];
  readonly #slots = new Map<number, number>();

  constructor(blocks: Blocks, links: BaselineLinks, stats: BaselineStats) {
    this.#blocks = blocks;
    this.#links = links;
    this.#stats = stats;
    this.#firstSlot = this.#nextSlot = links.table.length;
  }
  /** The handler of an instruction, by that of its record. */
  original(handler: number): number {
    return handler < this.#firstSlot ? handler : (this.#replaced[handler - this.#firstSlot] as number);
  }
  /** True if a function begins with this record. */
  isCompiled(rec: number): boolean {
    return (this.#links.state.u32[(rec + record.handler) >> 2] as number) >= this.#firstSlot;
  }
  /** Forgets all functions: no record leads to them any more. */
  reset(): void {
    this.#nextSlot = this.#firstSlot;
    this.#replaced.length = 0;
    this.#groups.length = 0;
  }
  /**
   * The first record of a block is about to get another handler. Control in the block's group does not look
   * at records, so the group ends. Returns the first records of its other blocks.
   */
  lose(head: number): readonly number[] {
    const { u32 } = this.#links.state;
    const group = this.#groups[(u32[(head + record.handler) >> 2] as number) - this.#firstSlot];
    if (group === undefined) return [];
    const others: number[] = [];
    for (const { first, slot } of group) {
      const n = slot - this.#firstSlot;
      this.#groups[n] = undefined;
      if (u32[(first + record.handler) >> 2] !== slot) continue;
      u32[(first + record.handler) >> 2] = this.#replaced[n] as number;
      if (first !== head) others.push(first);
    }
    return others;
  }
  /** True if the table has room for any block. */
  get hasRoom(): boolean {
    return this.#nextSlot - this.#firstSlot + this.#planned.length + mostOfBlock < mostRuns;
  }

  /** Adds a block to the next batch, by its first record. */
  plan(head: number): void {
    const { u32, u16 } = this.#links.state;
    const count = u16[(head + record.remaining) >> 1] as number;
    const handler = u32[(head + record.handler) >> 2] as number;
    if (count === 0 || handler === special.region || isGone(handler)) return;
    let first = head;
    for (let n = 0; n < count; n++) {
      const rec = head + n * record.size;
      const known = this.#variantsOf(rec).usual !== undefined;
      if (!known) this.#stats.refused++;
      if (known && n < count - 1) continue;
      const length = (rec - first) / record.size + (known ? 1 : 0);
      if (length > 0) {
        if (first === head) this.#slots.set(head, this.#nextSlot + this.#planned.length);
        this.#planned.push({ first, length, head: first === head });
        this.#stats.instructions += length;
      }
      first = rec + record.size;
    }
  }
  /** Compiles the batch, and makes its functions the handlers of their first records. */
  compile(): void {
    const { u32 } = this.#links.state;
    const { table, link } = this.#links;
    const planned = this.#planned;
    if (planned.length === 0) return;
    const missing = this.#nextSlot + planned.length - table.length;
    if (missing > 0) table.grow(Math.min(Math.max(grownBy, missing), this.#firstSlot + mostRuns - table.length));
    const wasm = this.#write();
    const exports = link(new WebAssembly.Module(wasm), { common: this.#common as WebAssembly.ModuleImports });
    this.#stats.bytes += wasm.length;
    this.#stats.modules++;
    this.#stats.functions += planned.length;
    for (const [n, { first }] of planned.entries()) {
      table.set(this.#nextSlot, exports[nameOf(n)]);
      this.#replaced.push(u32[(first + record.handler) >> 2] as number);
      u32[(first + record.handler) >> 2] = this.#nextSlot++;
    }
    planned.length = 0;
    this.#slots.clear();
  }
  #write(): Uint8Array<ArrayBuffer> {
    const { u32 } = this.#links.state;
    const parts = this.#planned.map(
      ({ first, length }, n): BatchPart => ({ first, templates: this.#templatesOf(first, length), slot: this.#nextSlot + n }),
    );
    const isHead = (n: number): boolean => (this.#planned[n] as Run).head;
    const groups = groupsOf(
      parts.filter((_, n) => isHead(n)),
      u32,
      this.#blocks.records,
    );
    /** Blocks of groups by first record: `mostBlocks` times the number of the group, plus that in it. */
    const places = new Map<number, number>();
    groups.forEach((group, g) => {
      group.forEach(({ first, slot }, n) => {
        places.set(first, g * mostBlocks + n);
        this.#groups[slot - this.#firstSlot] = group;
      });
    });
    const writer = this.#writer as BatchWriter;
    writer.begin({
      firstSlot: this.#nextSlot,
      firstGroup: functions.count + parts.length,
      slotOf: this.#slotOf,
      handlerOf: (rec) => this.original(u32[(rec + record.handler) >> 2] as number),
    });
    parts.forEach((part, n) => {
      const place = places.get(part.first);
      if (place === undefined) writer.add(part, isHead(n));
      else writer.addEntry(Math.floor(place / mostBlocks), place % mostBlocks);
    });
    for (const group of groups) writer.addGroup(group);
    return writer.module();
  }
  readonly #slotOf = (head: number): number => {
    const slot = this.#slots.get(head) ?? -1;
    return slot >= 0 && this.#groups[slot - this.#firstSlot] === undefined ? slot : -1;
  };

  /**
   * The templates of a run. The forward pass finds the kind of the flags at each record, the backward pass
   * the unread flags.
   */
  #templatesOf(first: number, length: number): Template[] {
    const run: Template[] = [];
    const kinds: (LazyFlagKind | undefined)[] = [];
    const variants = (n: number): Variants => this.#variantsOf(first + n * record.size);
    let kind: LazyFlagKind | undefined;
    for (let n = 0; n < length; n++) {
      const usual = variants(n).usual as Template;
      run.push(usual.reads && kind !== undefined ? variants(n).of(kind, false) : usual);
      kinds.push(kind);
      kind = usual.mixes ? undefined : (usual.sets ?? kind);
    }
    let live = true;
    for (let n = length - 1; n >= 0; n--) {
      let template = run[n] as Template;
      if (!live && template.sets !== undefined) template = run[n] = variants(n).of(template.reads ? kinds[n] : undefined, true);
      live = template.leaves || template.reads || (live && template.sets === undefined);
    }
    return run;
  }
  #variantsOf(rec: number): Variants {
    const { state, instructions } = this.#links;
    const handler = this.original(state.u32[(rec + record.handler) >> 2] as number);
    const known = this.#variants[handler];
    if (known !== undefined) return known;
    const row = this.#blocks.records.rowOf(rec);
    let forms = this.#forms.get(row);
    if (!forms) this.#forms.set(row, (forms = formsOf(row)));
    const key = instructions.info(row).keyOf(handler);
    const form = forms.find((f) => f.key === key)?.form;
    if (!form) throw new Error(`no form of ${row.name} has handler ${handler}`);
    if (!this.#writer) {
      const { link, table } = this.#links;
      const memoryPages = state.memory.buffer.byteLength >>> 16;
      const frame: BatchFrame = { memoryPages, shared: isShared(state.memory), slots: table.length };
      this.#writer = new BatchWriter(state, frame, form);
      this.#common = link(new WebAssembly.Module(commonModule(frame, form)));
    }
    return (this.#variants[handler] = new Variants(form));
  }
}

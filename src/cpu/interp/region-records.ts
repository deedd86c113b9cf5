// Compiled regions in the records of the interpreter. A region replaces the first record of its entry block.
// So handlers, links and the jump cache enter it like any block.

import { special } from "../decode/operand-slots.ts";
import { record } from "../machine/layout.ts";
import { at, type State } from "../machine/state.ts";
import type { JumpCache } from "./jump-cache.ts";
import type { Records } from "./records.ts";

/** The first records of blocks that are entries of regions. */
export class RegionRecords {
  readonly #state: State;
  readonly #records: Records;
  readonly #jumps: JumpCache;
  constructor(state: State, records: Records, jumps: JumpCache) {
    this.#state = state;
    this.#records = records;
    this.#jumps = jumps;
  }
  /** Makes a block's first record the entry of a region. `word`: the region word (operand-slots.ts). */
  install(head: number, word: number): void {
    const s = this.#state;
    const remaining = s.u16[(head + record.remaining) >> 1] as number;
    if (remaining !== 0) s.u16[(head + record.length) >> 1] = remaining;
    s.u16[(head + record.remaining) >> 1] = 0;
    s.u32[(head + record.link) >> 2] = word;
    s.u32[(head + record.imm) >> 2] = s.u32[at.epoch >> 2] as number;
    s.u32[(head + record.handler) >> 2] = special.region;
    this.#jumps.put(this.#records.ipOf(head), head);
  }
  is(head: number): boolean {
    return this.#state.u32[(head + record.handler) >> 2] === special.region;
  }
  wordOf(head: number): number {
    return this.#state.u32[(head + record.link) >> 2] as number;
  }
  /** Instructions of the block that the region replaces; 0 if their bytes may have changed. */
  lengthOf(head: number): number {
    return this.#state.u16[(head + record.length) >> 1] as number;
  }
  /** The bytes of the block's other records may have changed, so the block has none. */
  dropLength(head: number): void {
    this.#state.u16[(head + record.length) >> 1] = 0;
  }
  /** Marks the region as valid for the current mapping. */
  revalidate(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = this.#state.u32[at.epoch >> 2] as number;
  }
  /** Requires a verification of the region before its next entry. */
  invalidate(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = (this.#state.u32[at.epoch >> 2] as number) - 1;
    this.#jumps.forget(this.#records.ipOf(head));
  }
}

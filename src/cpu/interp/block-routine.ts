// The dispatcher's routine (routines/blocks.ts): the common path from a block to the next one as WebAssembly,
// and what it leaves for other parts to read.
import { dispatch, layout } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import type { PredecodeRoutines } from "./predecode.ts";
import { rowIn } from "./records.ts";

const word = (offset: number): number => (layout.dispatch + offset) >> 2;

/** The routine of one processor. */
export class BlockRoutine {
  readonly #state: State;
  /**
   * The block behind a record that does not branch; rip is there afterwards. 0: the dispatcher must find it.
   */
  readonly behind: (rec: number) => number;
  /** The block at rip after a jump by a record, which is noted. 0: the dispatcher must find it. */
  readonly jumped: (rec: number) => number;

  constructor(state: State, routines: PredecodeRoutines) {
    this.#state = state;
    this.behind = routines.block_behind;
    this.jumped = routines.block_jumped;
    // Another machine may have used this memory. Entries that it displaced are removed already
    // (`Blocks.giveUp`).
    state.u8.fill(0, layout.dispatch, layout.dispatch + dispatch.displaced);
  }
  /** A bit for each context in which it may decode. */
  set contexts(bits: number) {
    this.#state.u32[word(dispatch.contexts)] = bits;
  }
  /** Blocks that it has decoded since boot. */
  get blocks(): number {
    return this.#state.u32[word(dispatch.blocks)] as number;
  }
  /** True if its list of new blocks is full. Then it decodes none until they are taken. */
  get isFull(): boolean {
    return this.#state.u32[word(dispatch.decoded)] === dispatch.mostDecoded;
  }
  /** Passes on the first records of the blocks that it has decoded since the last time. */
  takeDecoded(each: (head: number) => void): void {
    const { u32 } = this.#state;
    const count = u32[word(dispatch.decoded)] as number;
    u32[word(dispatch.decoded)] = 0;
    for (let n = 0; n < count; n++) each(u32[(layout.decoded >> 2) + n] as number);
  }
  /** The same for the transfers of control that it has noted. */
  takeTransfers(each: (row: number, site: number, target: number) => void): void {
    const { u32, view } = this.#state;
    const count = u32[word(dispatch.transfers)] as number;
    u32[word(dispatch.transfers)] = 0;
    for (let n = 0; n < count; n++) {
      const place = layout.transfers + n * dispatch.transferSize;
      each(rowIn(u32[place >> 2] as number), view.getFloat64(place + 8, true), view.getFloat64(place + 16, true));
    }
  }
}

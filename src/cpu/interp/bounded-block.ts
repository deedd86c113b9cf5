// The bounded block: a temporary block that ends in a stop, for exact budgets and single steps. One address
// serves all bounded blocks: only the dispatcher enters it, and only until the next one.

import { special } from "../decode/operand-slots.ts";
import { layout, record } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import { type BlockDecoder, longest } from "./block-decoder.ts";
import type { CodeAddresses } from "./code-addresses.ts";
import type { Records } from "./records.ts";
import type { RegionRecords } from "./region-records.ts";

/** The address of its first record. */
export const boundedBlock = layout.records;

/** Makes bounded blocks. */
export class BoundedBlocks {
  readonly #state: State;
  readonly #records: Records;
  readonly #addresses: CodeAddresses;
  readonly #decoder: BlockDecoder;
  readonly #regions: RegionRecords;
  /** The handler of an instruction, by that of its record, which the baseline tier may have replaced. */
  readonly #originalHandler: (handler: number) => number;
  /** The frame of the last one. */
  frame = -1;
  constructor(
    state: State,
    parts: { records: Records; addresses: CodeAddresses; decoder: BlockDecoder; regions: RegionRecords },
    originalHandler: (handler: number) => number,
  ) {
    this.#state = state;
    this.#records = parts.records;
    this.#addresses = parts.addresses;
    this.#decoder = parts.decoder;
    this.#regions = parts.regions;
    this.#originalHandler = originalHandler;
  }
  /**
   * Makes the block of at most `count` instructions at `ip`. `known`: a valid block there that does not cross
   * into another page, or 0. Returns the number of instructions; 0: fetch fault.
   */
  make(ip: number, linear: number, frame: number, count: number, known: number): number {
    const decoder = this.#decoder;
    const { context } = this.#addresses;
    const resume = decoder.next;
    decoder.enterContext(context, resume);
    decoder.next = boundedBlock;
    let n = known === 0 ? 0 : this.#copyPrefix(known, count, linear);
    if (n === 0) n = decoder.translate(ip, linear, frame, context, Math.min(count, longest), special.stop);
    decoder.next = resume;
    this.frame = frame;
    return n;
  }
  /**
   * Copies the start of a decoded block; 0 if its records are not available. Every time slice ends in a few
   * bounded blocks. Decoding them would cost more than their execution.
   */
  #copyPrefix(from: number, count: number, linear: number): number {
    const s = this.#state;
    const decoder = this.#decoder;
    const records = this.#records;
    const region = this.#regions.is(from);
    const n = Math.min(count, region ? this.#regions.lengthOf(from) : records.remainingOf(from));
    if (n < (region ? 2 : 1)) return 0;
    if (n > 1 && s.u32[(from + record.size + record.handler) >> 2] === special.stale) return 0;
    const to = decoder.next;
    const ip = records.ipOf(from);
    const addresses = this.#addresses;
    // A region occupies the first record.
    const start = region ? decoder.translate(ip, linear, addresses.frame(linear), addresses.context, 1, special.stop) : 0;
    records.copy(to + start * record.size, from + start * record.size, n - start);
    for (let i = 0; i < n; i++) {
      const at = to + i * record.size;
      s.u16[(at + record.remaining) >> 1] = n - i;
      s.u32[(at + record.handler) >> 2] = this.#originalHandler(s.u32[(at + record.handler) >> 2] as number);
    }
    decoder.next = to + n * record.size;
    const last = decoder.next - record.size;
    if (!records.rowOf(last).ends) decoder.writeEnd(addresses.after(records.nextIpOf(last)), special.stop);
    return n;
  }
}

// The bytes that blocks were decoded from. A write to a code frame changes some of its bytes; only the blocks
// with records of these bytes are dropped.

import { contexts } from "../machine/context.ts";
import { record } from "../machine/layout.ts";
import type { BlockLinks } from "./block-links.ts";
import type { BlockTable } from "./block-table.ts";
import { byteUse } from "./code-bytes.ts";
import type { Records } from "./records.ts";
import type { RegionRecords } from "./region-records.ts";

/** Answers which bytes of a frame its blocks depend on. */
export class BlockBytes {
  readonly #blocks: BlockTable;
  readonly #records: Records;
  readonly #regions: RegionRecords;
  readonly #links: BlockLinks;
  constructor(blocks: BlockTable, records: Records, regions: RegionRecords, links: BlockLinks) {
    this.#blocks = blocks;
    this.#records = records;
    this.#regions = regions;
    this.#links = links;
  }
  /** Marks the bytes of a frame that records were decoded from. */
  classify(frame: number, uses: Uint8Array): void {
    this.#blocks.forEach(frame, (head, context) => {
      if (context >= 0 && !contexts[context]!.flat) uses.fill(byteUse.region);
      else uses.fill(byteUse.records, ...this.#extent(head, context));
      return false;
    });
  }
  /**
   * Drops the records of some bytes of a frame. `poison` makes a block invalid. Returns the number of blocks
   * that are left.
   */
  drop(frame: number, from: number, to: number, poison: (head: number) => void): number {
    let left = 0;
    this.#blocks.forEach(frame, (head, context) => {
      const [first, end] = this.#extent(head, context);
      if (first < to && from < end && !this.#regions.is(head)) {
        poison(head);
        return true;
      }
      if (first < to && from < end) this.#regions.dropLength(head);
      left++;
      return false;
    });
    return left;
  }
  /** The range in its frame of the bytes that a block has records of. */
  #extent(head: number, context: number): [from: number, end: number] {
    if (this.#links.isStale(head)) return [0, 0];
    // It begins on the previous page.
    if (context < 0) return [0, 16];
    const count = this.#regions.is(head) ? this.#regions.lengthOf(head) : this.#records.remainingOf(head);
    if (count === 0) return [0, 0];
    const ip = this.#records.ipOf(head);
    const from = ip % 4096;
    return [from, from + this.#records.nextIpOf(head + (count - 1) * record.size) - ip];
  }
}

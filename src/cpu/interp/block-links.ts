// Links between records: a branch holds the address of its target's first record. Only inside a page, where
// both depend on the same frame; other branches use the jump cache.

import { isGone } from "../decode/operand-slots.ts";
import { record } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";
import type { Records } from "./records.ts";

/** Writes links into records. */
export class BlockLinks {
  readonly #state: State;
  readonly #records: Records;
  readonly #crosses: (head: number) => boolean;
  /** `crosses`: true for a block that crosses into another page. */
  constructor(state: State, records: Records, crosses: (head: number) => boolean) {
    this.#state = state;
    this.#records = records;
    this.#crosses = crosses;
  }
  /** True if control never reaches the record again. */
  isStale(rec: number): boolean {
    return isGone(this.#state.u32[(rec + record.handler) >> 2] as number);
  }
  /** Links a branch to its target. False if the target must be found in the jump cache. */
  link(rec: number, target: number): boolean {
    if (!this.#mayLink(rec, target)) return false;
    if (!this.isStale(rec)) this.#state.u32[(rec + record.link) >> 2] = target;
    return true;
  }
  /**
   * The same for the code after a conditional branch, at `ip`. "cache": the handler looks in the jump cache,
   * which therefore must hold the address. "stale": the record is not valid any more.
   */
  linkBehind(rec: number, ip: number, next: number): "linked" | "cache" | "stale" {
    const { i32 } = this.#state;
    const links = this.#mayLink(rec, next);
    if (this.isStale(rec)) return "stale";
    if (links) i32[(rec + record.imm) >> 2] = next;
    else if (Math.floor(ip / 0x1_0000_0000) === i32[(rec + record.disp + 4) >> 2]) i32[(rec + record.imm + 4) >> 2] = ip | 0;
    return links ? "linked" : "cache";
  }
  #mayLink(rec: number, target: number): boolean {
    const from = this.#records.ipOf(rec);
    const to = this.#records.ipOf(target);
    return Math.floor(from / 4096) === Math.floor(to / 4096) && !this.#crosses(target);
  }
}

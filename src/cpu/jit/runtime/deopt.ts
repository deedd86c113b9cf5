// Most of what a program accesses is at home (layout.ts), so a region takes that for granted and leaves to the interpreter where it is not: no other way is
// written for it. That costs a microsecond each time. What does it time and again is noted here, by the block that it is in, and the region is
// written anew with other ways there. Hölzle and Ungar, "Reconciling responsiveness with performance", TOPLAS 1996, on code made for what is usual.
import type { Graph } from "../cfg/graph.ts";
import { blockAround } from "./region-plan.ts";

/** Places that are remembered. */
const most = 4096;

export class Doubts {
  /** How often, by where control left: an instruction, or the block from which on the interpreter begins again. */
  readonly #times = new Map<number, number>();
  /** Since when: a region that was written before still takes it for granted what they access. */
  readonly #blocks = new Map<number, number>();
  #now = 0;
  readonly #key: (ip: number) => number;
  /** `key`: of an address in the present context. */
  constructor(key: (ip: number) => number) {
    this.#key = key;
  }
  /** Once more. True each time that there are twice as many. */
  note(ip: number): boolean {
    const key = this.#key(ip);
    if (this.#times.size === most && !this.#times.has(key)) this.#times.clear();
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.set(key, times);
    return (times & (times - 1)) === 0;
  }
  /** Is a block one that gives up? */
  has(ip: number): boolean {
    return this.#blocks.has(this.#key(ip));
  }
  /** Blocks give up in a region that was made elsewhere. */
  learn(ips: readonly number[]): void {
    for (const ip of ips) if (!this.has(ip)) this.#blocks.set(this.#key(ip), this.#now);
  }
  /** Goes up with what is doubted. */
  get now(): number {
    return this.#now;
  }
  /**
   * What gives up in a region, which was written at a time (`now`), is not to be taken for granted any more, if it has so many times for each instruction.
   * False: it has not. Blocks may be in several regions: those that were doubted later count.
   */
  settle(graph: Graph, written: number, times: number): boolean {
    const blocks = new Map<number, number>();
    let all = 0;
    for (const [key, n] of this.#times) {
      const ip = Math.floor(key / 8);
      const block = this.#key(ip) === key && graph.pages.has(Math.floor(ip / 4096)) ? blockAround(graph, ip) : undefined;
      if (block === undefined || (this.#blocks.get(this.#key(block)) ?? Number.POSITIVE_INFINITY) <= written) continue;
      blocks.set(block, (blocks.get(block) ?? 0) + n);
      all += n;
    }
    if (all === 0 || all < graph.instructions * times) return false;
    this.#now++;
    // Those that matter.
    for (const [block, n] of blocks) if (n * 8 * blocks.size >= all && !this.has(block)) this.#blocks.set(this.#key(block), this.#now);
    return true;
  }
  clear(): void {
    this.#times.clear();
    this.#blocks.clear();
  }
}

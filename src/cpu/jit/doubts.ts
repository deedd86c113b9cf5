// Most of what a program accesses is at home (layout.ts), so a region takes that for granted and leaves to the interpreter where it is not: no other way is
// written for it. That costs a microsecond each time. What does it time and again is noted here, by the block that it is in, and the region is
// written anew with other ways there. Hölzle and Ungar, "Reconciling responsiveness with performance", TOPLAS 1996, on code made for what is usual.
import type { Graph } from "./graph.ts";
import { blockAround } from "./plan.ts";

/** Places that are remembered. */
const most = 4096;

export class Doubts {
  /** How often, by where control left: an instruction, or the block from which on the interpreter begins again. */
  readonly #times = new Map<number, number>();
  readonly #blocks = new Set<number>();
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
  /** What gives up in a region is not to be taken for granted any more, if it has so many times for each instruction. False: it has not. */
  settle(graph: Graph, times: number): boolean {
    const blocks = new Map<number, number>();
    let all = 0;
    for (const [key, n] of this.#times) {
      const ip = Math.floor(key / 8);
      const block = this.#key(ip) === key ? blockAround(graph, ip) : undefined;
      if (block === undefined || this.has(block)) continue;
      blocks.set(block, (blocks.get(block) ?? 0) + n);
      all += n;
    }
    if (all === 0 || all < graph.instructions * times) return false;
    // Those that matter.
    for (const [block, n] of blocks) if (n * 8 * blocks.size >= all) this.#blocks.add(this.#key(block));
    return true;
  }
  clear(): void {
    this.#times.clear();
    this.#blocks.clear();
  }
}

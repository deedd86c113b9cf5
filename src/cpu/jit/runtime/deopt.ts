// Most of what a program accesses is at home (layout.ts), so a region takes that for granted and leaves to the interpreter where it is not: no other way is
// written for it. That costs a microsecond each time. What does it time and again is noted here, by the block that it is in, and the region is
// written anew with other ways there. Hölzle and Ungar, "Reconciling responsiveness with performance", TOPLAS 1996, on code made for what is usual.
import type { Graph } from "../cfg/graph.ts";
import { blockAround } from "./region-plan.ts";

/** Places that are remembered. */
const maxEntries = 4096;

export class DeoptProfile {
  /** How often, by where control left: an instruction, or the block from which on the interpreter begins again. */
  readonly #exits = new Map<number, number>();
  /** Since when: a region that was written before still takes it for granted what they access. */
  readonly #deoptimised = new Map<number, number>();
  #version = 0;
  readonly #key: (ip: number) => number;
  /** `key`: of an address in the present context. */
  constructor(key: (ip: number) => number) {
    this.#key = key;
  }
  /** Once more. True each time that there are twice as many. */
  noteExit(ip: number): boolean {
    const key = this.#key(ip);
    if (this.#exits.size === maxEntries && !this.#exits.has(key)) this.#exits.clear();
    const times = (this.#exits.get(key) ?? 0) + 1;
    this.#exits.set(key, times);
    return (times & (times - 1)) === 0;
  }
  /** Is a block one that gives up? */
  isDeoptimised(ip: number): boolean {
    return this.#deoptimised.has(this.#key(ip));
  }
  /** Blocks give up in a region that was made elsewhere. */
  preload(ips: readonly number[]): void {
    for (const ip of ips) if (!this.isDeoptimised(ip)) this.#deoptimised.set(this.#key(ip), this.#version);
  }
  /** Goes up with what is doubted. */
  get version(): number {
    return this.#version;
  }
  /**
   * What gives up in a region, which was written at a time (`now`), is not to be taken for granted any more, if it has so many times for each instruction.
   * False: it has not. Blocks may be in several regions: those that were doubted later count.
   */
  recompileDue(graph: Graph, written: number, times: number): boolean {
    const blocks = new Map<number, number>();
    let all = 0;
    for (const [key, n] of this.#exits) {
      const ip = Math.floor(key / 8);
      const block = this.#key(ip) === key && graph.pages.has(Math.floor(ip / 4096)) ? blockAround(graph, ip) : undefined;
      if (block === undefined || (this.#deoptimised.get(this.#key(block)) ?? Number.POSITIVE_INFINITY) <= written) continue;
      blocks.set(block, (blocks.get(block) ?? 0) + n);
      all += n;
    }
    if (all === 0 || all < graph.instructions * times) return false;
    this.#version++;
    // Those that matter.
    for (const [block, n] of blocks)
      if (n * 8 * blocks.size >= all && !this.isDeoptimised(block)) this.#deoptimised.set(this.#key(block), this.#version);
    return true;
  }
  clear(): void {
    this.#exits.clear();
    this.#deoptimised.clear();
  }
}

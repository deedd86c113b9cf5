// The deoptimisation profile. Most accesses of a program are to direct-mapped pages (layout.ts). A region
// assumes that for all its accesses and has no slow path inline: if the assumption fails, it takes a side
// exit.
// A side exit is expensive. So exits are counted per block, and a region with too many is recompiled with
// slow paths for those blocks.
// Hölzle and Ungar, "Reconciling responsiveness with performance in pure object-oriented languages", TOPLAS
// 1996.
import type { BlockGraph } from "../cfg/graph.ts";
import { blockAround } from "./region-plan.ts";

/** Upper bound of the addresses with a count. */
const maxEntries = 1 << 14;
const pageOf = (ip: number): number => Math.floor(ip / 4096);

/** Side exits per address and the blocks that are compiled with slow paths because of them. */
export class DeoptProfile {
  /**
   * Side exits by page and then by address: an instruction, or the block at which the interpreter restarts. A
   * region asks for its own pages only: java has thousands of such addresses.
   */
  readonly #exits = new Map<number, Map<number, number>>();
  /** The number of addresses. */
  #entries = 0;
  /**
   * The profile version at which each block was deoptimised. Regions compiled before that version still
   * assume direct-mapped pages.
   */
  readonly #deoptimised = new Map<number, number>();
  #version = 0;
  readonly #key: (ip: number) => number;
  /** `key` combines an address with the present context. */
  constructor(key: (ip: number) => number) {
    this.#key = key;
  }
  /** Counts one side exit. True if the count has reached a power of two. */
  noteExit(ip: number): boolean {
    const key = this.#key(ip);
    let there = this.#exits.get(pageOf(ip));
    let times = there?.get(key);
    if (times === undefined) {
      if (this.#entries === maxEntries) this.#forgetExits();
      this.#entries++;
      there = this.#exits.get(pageOf(ip)) ?? new Map();
      this.#exits.set(pageOf(ip), there);
      times = 0;
    }
    there!.set(key, ++times);
    return (times & (times - 1)) === 0;
  }
  /** True if a block is compiled with slow paths. */
  isDeoptimised(ip: number): boolean {
    return this.#deoptimised.has(this.#key(ip));
  }
  /** Adds the deoptimised blocks of a region from the code cache. */
  preload(ips: readonly number[]): void {
    for (const ip of ips) if (!this.isDeoptimised(ip)) this.#deoptimised.set(this.#key(ip), this.#version);
  }
  /** Increases with each deoptimisation. */
  get version(): number {
    return this.#version;
  }
  /**
   * True if the side exits of a region, which was compiled at the version `compiledAt`, reach `patience` per
   * instruction. It is then to be recompiled. Blocks that were deoptimised at a later version still count,
   * because a block may be in several regions.
   */
  recompileDue(graph: BlockGraph, compiledAt: number, patience: number): boolean {
    const blocks = new Map<number, number>();
    let total = 0;
    for (const page of graph.pages.keys())
      for (const [key, n] of this.#exits.get(page) ?? []) {
        const ip = Math.floor(key / 8);
        const block = this.#key(ip) === key ? blockAround(graph, ip) : undefined;
        if (block === undefined || (this.#deoptimised.get(this.#key(block)) ?? Number.POSITIVE_INFINITY) <= compiledAt) continue;
        blocks.set(block, (blocks.get(block) ?? 0) + n);
        total += n;
      }
    if (total === 0 || total < graph.instructions * patience) return false;
    this.#version++;
    // Only blocks with at least an eighth of the average share are deoptimised.
    for (const [block, n] of blocks)
      if (n * 8 * blocks.size >= total && !this.isDeoptimised(block)) this.#deoptimised.set(this.#key(block), this.#version);
    return true;
  }
  #forgetExits(): void {
    this.#exits.clear();
    this.#entries = 0;
  }
  clear(): void {
    this.#forgetExits();
    this.#deoptimised.clear();
  }
}

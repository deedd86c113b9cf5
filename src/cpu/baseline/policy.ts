// The policy of the baseline tier: blocks that have run often are compiled, many in one module. The
// interpreter counts executions anyway, so the policy reads these counts from time to time. The chapter
// docs/design/baseline.md specifies it.

import type { Blocks } from "../interp/block-cache.ts";
import type { BaselineCompiler, BaselineLinks } from "./compiler.ts";
import { lazyCompiler } from "./lazy.ts";

/** Executions that make a block warm. A block is compiled for the price of some hundred executions. */
const warm = { first: 2, last: 500, growth: 1.5 } as const;
/** Interpreted instructions between two readings of the counts. */
const intervals = { first: 5000, last: 500_000, longest: 32_000_000, growth: 1.5 } as const;
/** The same per block that is not compiled, which bounds the share of time of the readings. */
const perBlock = 20;
/** Instructions found by a reading that are too few for a module: the next reading comes later. */
const few = 1000;
/** Bytes of modules, at most. The engine's machine code is about three times as long. */
const mostBytes = 1 << 26;

/** Counters of the baseline tier, shown by `--stats`. */
export interface BaselineStats {
  functions: number;
  instructions: number;
  /** Instructions inside compiled blocks that the interpreter executes. */
  refused: number;
  modules: number;
  bytes: number;
  /** Time spent reading counts and compiling, by `Date.now`. */
  milliseconds: number;
}

/** The baseline tier of one processor. */
export class Baseline {
  readonly stats: BaselineStats = { functions: 0, instructions: 0, refused: 0, modules: 0, bytes: 0, milliseconds: 0 };
  readonly #blocks: Blocks;
  readonly #links: BaselineLinks;
  #compiler: BaselineCompiler | undefined;
  #enabled = false;
  /** First records of blocks that are not compiled, and the addresses of their counts (0: not yet known). */
  #heads: number[] = [];
  #counts: number[] = [];
  #warm: number = warm.first;
  #interval: number = intervals.first;
  #due: number = intervals.first;

  constructor(blocks: Blocks, links: BaselineLinks) {
    this.#blocks = blocks;
    this.#links = links;
  }
  /** Lets the tier compile from now on. */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    const wait = (head: number): void => {
      this.#heads.push(head);
      this.#counts.push(0);
    };
    this.#blocks.onBlock = wait;
    this.#blocks.onLost = (head) => {
      if (this.#compiler) for (const other of this.#compiler.lose(head)) wait(other);
    };
    this.#blocks.originalHandler = (handler) => this.#compiler?.original(handler) ?? handler;
  }
  /** Forgets all blocks, because all records are dropped. */
  reset(): void {
    this.#heads = [];
    this.#counts = [];
    this.#compiler?.reset();
  }
  /** Reports that the interpreter has executed so many instructions, compiled ones of this tier included. */
  ran(instructions: number): void {
    if (!this.#enabled) return;
    this.#due -= instructions;
    if (this.#due > 0) return;
    const started = Date.now();
    const before = this.stats.instructions;
    this.#compileWarm();
    this.#pace(this.stats.instructions - before);
    this.stats.milliseconds += Date.now() - started;
  }
  /**
   * Compiles the block at an address without regard to its count, for tests. False if its first instruction
   * has no template.
   */
  compile(ip: number): boolean {
    this.enable();
    const head = this.#blocks.find(ip);
    if (head === 0) return false;
    const compiler = this.#loaded();
    if (!compiler.hasRoom) this.#blocks.reset();
    compiler.plan(this.#blocks.find(ip));
    compiler.compile();
    return compiler.isCompiled(this.#blocks.headOf(ip));
  }
  #loaded(): BaselineCompiler {
    this.#compiler ??= new (lazyCompiler().BaselineCompiler)(this.#blocks, this.#links, this.stats);
    return this.#compiler;
  }
  #pace(found: number): void {
    this.#warm = Math.min(this.#warm * warm.growth, warm.last);
    if (this.#interval < intervals.last || found < few) this.#interval = Math.min(this.#interval * intervals.growth, intervals.longest);
    else if (found > 4 * few) this.#interval = Math.max(this.#interval / intervals.growth, intervals.last);
    this.#due = Math.max(this.#interval, this.#heads.length * perBlock);
  }
  #compileWarm(): void {
    const { records } = this.#blocks;
    const { state } = this.#links;
    if (this.stats.bytes > mostBytes) return;
    const compiler = this.#loaded();
    const heads = this.#heads;
    const counts = this.#counts;
    let kept = 0;
    for (let n = 0; n < heads.length; n++) {
      const head = heads[n] as number;
      const count = counts[n] || records.countOf(head);
      // Some blocks end without a count.
      if (count < 0) continue;
      if ((state.u32[count >> 2] as number) >= this.#warm && compiler.hasRoom) {
        compiler.plan(head);
        continue;
      }
      heads[kept] = head;
      counts[kept++] = count;
    }
    heads.length = counts.length = kept;
    compiler.compile();
  }
}

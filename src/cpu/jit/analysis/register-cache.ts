// The register cache of a region: which registers are in wasm locals, and which of those differ from the
// state page.
//
// Compilers that allocate registers for whole functions keep few long-lived values in registers, and move the
// others at merge points. So a block loads the registers that it reads, and stores the ones that it has
// written at merge points. A loop scope is a loop without calls. There all accessed registers stay in locals
// from its entry to its exits. The analysis has found the set (register-use.ts).
//
// While code does not store to the state page, the page has the registers of the last checkpoint. A side exit
// then needs no stores, because the interpreter restarts at the checkpoint. It repeats stores to memory with
// the same values. The exception is a store to memory that was read since the checkpoint: after it, code is
// not restartable.

import type { Iteration } from "./loop-flags.ts";
import { type MemoryRange, mayOverlap } from "./store-forwarding.ts";

/**
 * A set of register file parts: general registers and flags in the first word; lower and upper halves of
 * vector registers in the second.
 */
export type RegisterSet = readonly [number, number];
/** Single parts of the register file as sets. */
export const part = {
  general: (r: number): RegisterSet => [1 << r, 0],
  /** A cleared upper half of a general register, outside 64-bit mode, which has eight registers. */
  zeroed: (r: number): RegisterSet => [1 << (8 + r), 0],
  flags: [1 << 16, 0] as RegisterSet,
  vector: (r: number): RegisterSet => [0, 1 << r],
  upper: (r: number): RegisterSet => [0, 1 << (16 + r)],
} as const;
/** The empty set. */
export const noRegisters: RegisterSet = [0, 0];
/** The union of two sets. */
export const union = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] | b[0], a[1] | b[1]];
/** True if two sets have a common part. */
export const overlap = (a: RegisterSet, b: RegisterSet): boolean => ((a[0] & b[0]) | (a[1] & b[1])) !== 0;
/** True if the first set is a subset of the second. */
export const within = (a: RegisterSet, b: RegisterSet): boolean => ((a[0] & ~b[0]) | (a[1] & ~b[1])) === 0;
const isNone = (a: RegisterSet): boolean => within(a, noRegisters);
const meet = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] & b[0], a[1] & b[1]];
/** The parts of the first set that are not in the second. */
export const without = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] & ~b[0], a[1] & ~b[1]];

/** A loop whose registers stay in locals. */
export interface LoopScope {
  /** The block at which control enters. */
  readonly head: number;
  /** The stack pointer does not change in it and is a base of memory operands. */
  readonly steady: boolean;
  /** It is a whole region, so its exits share one sequence of stores. */
  readonly isRegion: boolean;
  /** The registers that its code may read or write, and those that it may write. */
  readonly accessed: RegisterSet;
  readonly written: RegisterSet;
}
/** The cached and the dirty registers at a point outside all loop scopes. */
export interface CacheState {
  readonly scope?: LoopScope | undefined;
  /** In a loop scope, while the flags are those at a loop head; and the registers written since. */
  readonly iteration?: Iteration | undefined;
  readonly since?: RegisterSet | undefined;
  readonly cached: RegisterSet;
  readonly dirty: RegisterSet;
  /** Memory ranges read since the checkpoint; undefined if the code since is not restartable. */
  readonly reads: readonly MemoryRange[] | undefined;
}
/** All registers are in the state page only. */
export const inStatePage: CacheState = { cached: noRegisters, dirty: noRegisters, reads: undefined };
/** The state at a merge point inside a loop scope. */
export const inScope = (scope: LoopScope): CacheState => ({ ...inStatePage, scope });
const bothRead = (a: CacheState, b: CacheState): readonly MemoryRange[] | undefined =>
  a.reads && b.reads && [...new Set([...a.reads, ...b.reads])];

const mergeInScope = (a: CacheState, b: CacheState): CacheState =>
  a.iteration === b.iteration ? { ...a, since: union(a.since ?? noRegisters, b.since ?? noRegisters) } : { ...a, iteration: undefined };

/** The state where control arrives from either of two points that have written the same registers. */
export const mergeAlike = (a: CacheState, b: CacheState): CacheState => {
  const cached = meet(a.cached, b.cached);
  const dirty = union(a.dirty, b.dirty);
  if (!a.scope && !within(dirty, cached)) throw new Error("a register is dirty on one of two equal paths and not cached on the other");
  return a.scope ? mergeInScope(a, b) : { cached, dirty, reads: bothRead(a, b) };
};

/** Receives the registers that code reads and writes. */
export interface UseRecorder {
  read(p: RegisterSet): void;
  write(p: RegisterSet): void;
}

/** Emits moves between the state page and locals. */
export interface Moves {
  load(parts: RegisterSet): void;
  /** `iteration`: the flags are those at the head of its loop, unless the set does not contain flags. */
  store(parts: RegisterSet, iteration?: Iteration): void;
}

const requireWithin = (parts: RegisterSet, all: RegisterSet): void => {
  if (!within(parts, all)) throw new Error("code uses a register that the analysis has not found");
};

/** Tracks cached and dirty registers while the code of a region is emitted. */
export class RegisterCache {
  now: CacheState = inStatePage;
  readonly #moves: Moves;
  constructor(moves: Moves) {
    this.#moves = moves;
  }
  /** The next code reads these registers from locals. */
  read(p: RegisterSet): void {
    const { scope, cached } = this.now;
    if (scope) requireWithin(p, scope.accessed);
    else if (!within(p, cached)) {
      this.#moves.load(without(p, cached));
      this.now = { ...this.now, cached: union(cached, p) };
    }
  }
  /** The previous code has written these registers to locals. */
  write(p: RegisterSet): void {
    const { scope, cached, dirty } = this.now;
    if (scope) {
      requireWithin(p, scope.written);
      const { iteration, since } = this.now;
      if (iteration)
        this.now = { ...this.now, iteration: overlap(p, part.flags) ? undefined : iteration, since: union(since ?? noRegisters, p) };
    } else this.now = { ...this.now, cached: union(cached, p), dirty: union(dirty, p) };
  }
  /** Starts restartable code here, if the state page has all registers. False if it has not. */
  checkpoint(): boolean {
    const { scope, dirty } = this.now;
    if (scope || !isNone(dirty)) return false;
    this.now = { ...this.now, reads: [] };
    return true;
  }
  get isRestartable(): boolean {
    return this.now.reads !== undefined;
  }
  /** The state page was written, or code did something that must not be repeated. */
  endRestartable(): void {
    this.now = { ...this.now, reads: undefined };
  }
  /** The previous code has read memory. */
  loaded(span: MemoryRange): void {
    const { reads } = this.now;
    if (reads) this.now = { ...this.now, reads: [...reads, span] };
  }
  /** The previous code has written memory. */
  stored(span: MemoryRange): void {
    if (this.now.reads?.some((read) => mayOverlap(read, span))) this.endRestartable();
  }
  /** Stores dirty registers before an exit. */
  store(): void {
    const { scope, dirty, iteration, since } = this.now;
    if (scope?.isRegion) return;
    iteration?.exitNeeds(since ?? noRegisters);
    if (scope) this.#moves.store(scope.written, iteration);
    else this.#moves.store(dirty);
  }
  /** Stores dirty registers where control continues. */
  writeBack(): void {
    const { scope, cached } = this.now;
    this.store();
    this.now = scope ? inStatePage : { cached, dirty: noRegisters, reads: undefined };
  }
  /** Stores dirty registers and assumes none in locals afterwards. */
  forget(): void {
    this.writeBack();
    this.now = inStatePage;
  }
  enter(scope: LoopScope): void {
    this.writeBack();
    const { cached } = this.now;
    this.#moves.load(without(scope.accessed, cached));
    this.now = inScope(scope);
  }
  /** The head of a loop in a loop scope begins here. */
  beginLoop(iteration: Iteration): void {
    this.now = { ...this.now, iteration, since: noRegisters };
  }
  /**
   * Emits two alternatives that merge. Registers that are not in locals on both paths are in the state page
   * afterwards. Neither drops registers from locals. `writtenByOther`: the registers that the second one
   * surely writes.
   */
  oneOf(one: () => void, other: () => void, writtenByOther: RegisterSet = noRegisters): void {
    const before = this.now;
    one();
    const first = this.now;
    const onlyFirst = first.scope ? noRegisters : without(first.dirty, union(before.cached, writtenByOther));
    this.#moves.store(onlyFirst);
    this.now = before;
    other();
    const second = this.now;
    if (first.scope) {
      this.now = mergeInScope(first, second);
      return;
    }
    requireWithin(without(first.dirty, onlyFirst), second.cached);
    const onlySecond = without(second.dirty, first.cached);
    this.#moves.store(onlySecond);
    const dirty = union(without(first.dirty, onlyFirst), without(second.dirty, onlySecond));
    const whole = isNone(union(onlyFirst, onlySecond));
    this.now = { cached: meet(first.cached, second.cached), dirty, reads: whole ? bothRead(first, second) : undefined };
  }
  /** Control also arrives here from a point with the other state. */
  mergeWith(other: CacheState): void {
    this.now = mergeAlike(this.now, other);
  }
}

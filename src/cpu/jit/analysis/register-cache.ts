// Where the register file is while a region's code is written: in the state page, and what is being used in locals too.
//
// Engines allocate registers for whole functions: of values that live long in a large one they keep few, and move the others about wherever ways
// meet. So what a block reads is loaded there, and what it has written is stored where ways meet. Only in a scope, a loop without calls, all that
// is touched stays in locals, from where control enters to where it leaves; which parts those are is known when the loop is written.
//
// While nothing is stored into the state page it has the registers as they were where that was last whole (`mark`). To leave for the interpreter
// then takes no stores: it begins again there. What has been stored to memory since is stored again, and is the same, unless something has been
// read before that could be read otherwise now.

import type { Iteration } from "./loop-flags.ts";
import { type ByteRange, mayOverlap } from "./store-forwarding.ts";

/** A set of parts of the register file: general registers and the flags; vector registers' lower and upper halves. */
export type RegisterSet = readonly [number, number];
export const part = {
  general: (r: number): RegisterSet => [1 << r, 0],
  /** Outside 64-bit mode, which has eight registers: that the upper half of one has become 0. */
  zeroed: (r: number): RegisterSet => [1 << (8 + r), 0],
  flags: [1 << 16, 0] as RegisterSet,
  vector: (r: number): RegisterSet => [0, 1 << r],
  upper: (r: number): RegisterSet => [0, 1 << (16 + r)],
} as const;
export const noRegisters: RegisterSet = [0, 0];
export const union = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] | b[0], a[1] | b[1]];
export const overlap = (a: RegisterSet, b: RegisterSet): boolean => ((a[0] & b[0]) | (a[1] & b[1])) !== 0;
/** Is all of a set in another? */
export const within = (a: RegisterSet, b: RegisterSet): boolean => ((a[0] & ~b[0]) | (a[1] & ~b[1])) === 0;
const isNone = (a: RegisterSet): boolean => within(a, noRegisters);
const meet = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] & b[0], a[1] & b[1]];
export const without = (a: RegisterSet, b: RegisterSet): RegisterSet => [a[0] & ~b[0], a[1] & ~b[1]];

/** A loop whose registers stay in locals. What it touches and writes is complete when it is written. */
export interface LoopScope {
  /** Where control enters. */
  readonly head: number;
  /** The stack pointer keeps its value in it, and is where it finds memory. */
  readonly steady: boolean;
  /** It is all of its region: ways out store what it has written in common. */
  readonly isRegion: boolean;
  accessed: RegisterSet;
  written: RegisterSet;
}
/** Which parts are in locals at a place outside all scopes, and which of them are not as the state page has them. */
export interface CacheState {
  readonly scope?: LoopScope | undefined;
  /** In a scope, while flags are those at the head of a loop; and what has been written since. */
  readonly iteration?: Iteration | undefined;
  readonly since?: RegisterSet | undefined;
  readonly cached: RegisterSet;
  readonly dirty: RegisterSet;
  /** What has been read from memory since the mark; undefined: what has run since cannot begin again. */
  readonly reads: readonly ByteRange[] | undefined;
}
export const inStatePage: CacheState = { cached: noRegisters, dirty: noRegisters, reads: undefined };
export const inScope = (scope: LoopScope): CacheState => ({ ...inStatePage, scope });
const bothRead = (a: CacheState, b: CacheState): readonly ByteRange[] | undefined =>
  a.reads && b.reads && [...new Set([...a.reads, ...b.reads])];

const mergeInScope = (a: CacheState, b: CacheState): CacheState =>
  a.iteration === b.iteration ? { ...a, since: union(a.since ?? noRegisters, b.since ?? noRegisters) } : { ...a, iteration: undefined };

/** How it is where control comes from either of two places that have written the same. */
export const mergeAlike = (a: CacheState, b: CacheState): CacheState => {
  const cached = meet(a.cached, b.cached);
  const dirty = union(a.dirty, b.dirty);
  if (!a.scope && !within(dirty, cached)) throw new Error("a register is written on one of two ways that are the same");
  return a.scope ? mergeInScope(a, b) : { cached, dirty, reads: bothRead(a, b) };
};

/** Writes moves between the state page and locals: now, or when all is written and it is known which. */
export interface Moves {
  load(parts: RegisterSet): void;
  store(parts: RegisterSet): void;
  loadLater(parts: () => RegisterSet): void;
  /** `round`: flags are those at the head of its loop, unless parts say that they are not written at all. */
  storeLater(parts: () => RegisterSet, round?: Iteration): void;
}

export class RegisterCache {
  now: CacheState = inStatePage;
  readonly #moves: Moves;
  constructor(moves: Moves) {
    this.#moves = moves;
  }
  /** Code that follows reads this from its locals. */
  read(p: RegisterSet): void {
    const { scope, cached } = this.now;
    if (scope) scope.accessed = union(scope.accessed, p);
    else if (!within(p, cached)) {
      this.#moves.load(without(p, cached));
      this.now = { ...this.now, cached: union(cached, p) };
    }
  }
  /** Code before has written this to its locals. */
  write(p: RegisterSet): void {
    const { scope, cached, dirty } = this.now;
    if (scope) {
      scope.accessed = union(scope.accessed, p);
      scope.written = union(scope.written, p);
      const { iteration, since } = this.now;
      if (iteration)
        this.now = { ...this.now, iteration: overlap(p, part.flags) ? undefined : iteration, since: union(since ?? noRegisters, p) };
    } else this.now = { ...this.now, cached: union(cached, p), dirty: union(dirty, p) };
  }
  /** Here all is in the state page, and from here on what runs may begin again. False: not all is. */
  checkpoint(): boolean {
    const { scope, dirty } = this.now;
    if (scope || !isNone(dirty)) return false;
    this.now = { ...this.now, reads: [] };
    return true;
  }
  get isRestartable(): boolean {
    return this.now.reads !== undefined;
  }
  /** The state page has been written, or something else done that must not be done twice. */
  endRestartable(): void {
    this.now = { ...this.now, reads: undefined };
  }
  /** Code before has read memory. */
  loaded(span: ByteRange): void {
    const { reads } = this.now;
    if (reads) this.now = { ...this.now, reads: [...reads, span] };
  }
  /** Code before has written memory. */
  stored(span: ByteRange): void {
    if (this.now.reads?.some((read) => mayOverlap(read, span))) this.endRestartable();
  }
  /** What is not in the state page goes there: control leaves. */
  store(): void {
    const { scope, dirty, iteration, since } = this.now;
    if (scope?.isRegion) return;
    iteration?.exitNeeds(since ?? noRegisters);
    if (scope) this.#moves.storeLater(() => scope.written, iteration);
    else this.#moves.store(dirty);
  }
  /** The same, where control goes on. */
  writeBack(): void {
    const { scope, cached } = this.now;
    this.store();
    this.now = scope ? inStatePage : { cached, dirty: noRegisters, reads: undefined };
  }
  /** The same, and nothing is taken to be in locals. */
  forget(): void {
    this.writeBack();
    this.now = inStatePage;
  }
  enter(scope: LoopScope): void {
    this.writeBack();
    const { cached } = this.now;
    this.#moves.loadLater(() => without(scope.accessed, cached));
    this.now = inScope(scope);
  }
  /** The head of a loop in a scope. */
  beginLoop(iteration: Iteration): void {
    this.now = { ...this.now, iteration, since: noRegisters };
  }
  /** One of two ways, of which each writes its code where it is called: where they meet, what is not in locals both ways is in the state page. */
  oneOf(one: () => void, other: () => void): void {
    const before = this.now;
    one();
    const first = this.now;
    let onlyFirst = noRegisters;
    this.#moves.storeLater(() => onlyFirst);
    this.now = before;
    other();
    const second = this.now;
    if (first.scope) {
      this.now = mergeInScope(first, second);
      return;
    }
    onlyFirst = without(first.dirty, second.cached);
    const onlySecond = without(second.dirty, first.cached);
    this.#moves.store(onlySecond);
    const dirty = union(without(first.dirty, onlyFirst), without(second.dirty, onlySecond));
    const whole = isNone(union(onlyFirst, onlySecond));
    this.now = { cached: meet(first.cached, second.cached), dirty, reads: whole ? bothRead(first, second) : undefined };
  }
  /** Control comes to the same code from here and from where this was so. */
  mergeWith(other: CacheState): void {
    this.now = mergeAlike(this.now, other);
  }
}

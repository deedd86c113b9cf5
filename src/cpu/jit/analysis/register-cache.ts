// Where the register file is while a region's code is written: in the state page, and what is being used in locals too.
//
// Engines allocate registers for whole functions: of values that live long in a large one they keep few, and move the others about wherever ways
// meet. So what a block reads is loaded there, and what it has written is stored where ways meet. Only in a scope, a loop without calls, all that
// is touched stays in locals, from where control enters to where it leaves; which parts those are is known when the loop is written.
//
// While nothing is stored into the state page it has the registers as they were where that was last whole (`mark`). To leave for the interpreter
// then takes no stores: it begins again there. What has been stored to memory since is stored again, and is the same, unless something has been
// read before that could be read otherwise now.

import type { Round } from "./loop-flags.ts";
import { mayMeet, type Span } from "./store-forwarding.ts";

/** A set of parts of the register file: general registers and the flags; vector registers' lower and upper halves. */
export type Parts = readonly [number, number];
export const part = {
  general: (r: number): Parts => [1 << r, 0],
  /** Outside 64-bit mode, which has eight registers: that the upper half of one has become 0. */
  zeroed: (r: number): Parts => [1 << (8 + r), 0],
  flags: [1 << 16, 0] as Parts,
  vector: (r: number): Parts => [0, 1 << r],
  upper: (r: number): Parts => [0, 1 << (16 + r)],
} as const;
export const noParts: Parts = [0, 0];
export const union = (a: Parts, b: Parts): Parts => [a[0] | b[0], a[1] | b[1]];
export const overlap = (a: Parts, b: Parts): boolean => ((a[0] & b[0]) | (a[1] & b[1])) !== 0;
/** Is all of a set in another? */
export const within = (a: Parts, b: Parts): boolean => ((a[0] & ~b[0]) | (a[1] & ~b[1])) === 0;
const isNone = (a: Parts): boolean => within(a, noParts);
const meet = (a: Parts, b: Parts): Parts => [a[0] & b[0], a[1] & b[1]];
export const without = (a: Parts, b: Parts): Parts => [a[0] & ~b[0], a[1] & ~b[1]];

/** A loop whose registers stay in locals. What it touches and writes is complete when it is written. */
export interface Scope {
  /** Where control enters. */
  readonly head: number;
  /** The stack pointer keeps its value in it, and is where it finds memory. */
  readonly steady: boolean;
  /** It is all of its region: ways out store what it has written in common. */
  readonly whole: boolean;
  touched: Parts;
  written: Parts;
}
/** Which parts are in locals at a place outside all scopes, and which of them are not as the state page has them. */
export interface Standing {
  readonly scope?: Scope | undefined;
  /** In a scope, while flags are those at the head of a loop; and what has been written since. */
  readonly round?: Round | undefined;
  readonly since?: Parts | undefined;
  readonly held: Parts;
  readonly dirty: Parts;
  /** What has been read from memory since the mark; undefined: what has run since cannot begin again. */
  readonly reads: readonly Span[] | undefined;
}
export const inStatePage: Standing = { held: noParts, dirty: noParts, reads: undefined };
export const inScope = (scope: Scope): Standing => ({ ...inStatePage, scope });
const bothRead = (a: Standing, b: Standing): readonly Span[] | undefined => a.reads && b.reads && [...new Set([...a.reads, ...b.reads])];

const alikeInScope = (a: Standing, b: Standing): Standing =>
  a.round === b.round ? { ...a, since: union(a.since ?? noParts, b.since ?? noParts) } : { ...a, round: undefined };

/** How it is where control comes from either of two places that have written the same. */
export const alike = (a: Standing, b: Standing): Standing => {
  const held = meet(a.held, b.held);
  const dirty = union(a.dirty, b.dirty);
  if (!a.scope && !within(dirty, held)) throw new Error("a register is written on one of two ways that are the same");
  return a.scope ? alikeInScope(a, b) : { held, dirty, reads: bothRead(a, b) };
};

/** Writes moves between the state page and locals: now, or when all is written and it is known which. */
export interface Moves {
  load(parts: Parts): void;
  store(parts: Parts): void;
  loadLater(parts: () => Parts): void;
  /** `round`: flags are those at the head of its loop, unless parts say that they are not written at all. */
  storeLater(parts: () => Parts, round?: Round): void;
}

export class Residence {
  now: Standing = inStatePage;
  readonly #moves: Moves;
  constructor(moves: Moves) {
    this.#moves = moves;
  }
  /** Code that follows reads this from its locals. */
  read(p: Parts): void {
    const { scope, held } = this.now;
    if (scope) scope.touched = union(scope.touched, p);
    else if (!within(p, held)) {
      this.#moves.load(without(p, held));
      this.now = { ...this.now, held: union(held, p) };
    }
  }
  /** Code before has written this to its locals. */
  write(p: Parts): void {
    const { scope, held, dirty } = this.now;
    if (scope) {
      scope.touched = union(scope.touched, p);
      scope.written = union(scope.written, p);
      const { round, since } = this.now;
      if (round) this.now = { ...this.now, round: overlap(p, part.flags) ? undefined : round, since: union(since ?? noParts, p) };
    } else this.now = { ...this.now, held: union(held, p), dirty: union(dirty, p) };
  }
  /** Here all is in the state page, and from here on what runs may begin again. False: not all is. */
  mark(): boolean {
    const { scope, dirty } = this.now;
    if (scope || !isNone(dirty)) return false;
    this.now = { ...this.now, reads: [] };
    return true;
  }
  get canBeginAgain(): boolean {
    return this.now.reads !== undefined;
  }
  /** The state page has been written, or something else done that must not be done twice. */
  cannotBeginAgain(): void {
    this.now = { ...this.now, reads: undefined };
  }
  /** Code before has read memory. */
  loaded(span: Span): void {
    const { reads } = this.now;
    if (reads) this.now = { ...this.now, reads: [...reads, span] };
  }
  /** Code before has written memory. */
  stored(span: Span): void {
    if (this.now.reads?.some((read) => mayMeet(read, span))) this.cannotBeginAgain();
  }
  /** What is not in the state page goes there: control leaves. */
  store(): void {
    const { scope, dirty, round, since } = this.now;
    if (scope?.whole) return;
    round?.wants(since ?? noParts);
    if (scope) this.#moves.storeLater(() => scope.written, round);
    else this.#moves.store(dirty);
  }
  /** The same, where control goes on. */
  settle(): void {
    const { scope, held } = this.now;
    this.store();
    this.now = scope ? inStatePage : { held, dirty: noParts, reads: undefined };
  }
  /** The same, and nothing is taken to be in locals. */
  forget(): void {
    this.settle();
    this.now = inStatePage;
  }
  enter(scope: Scope): void {
    this.settle();
    const { held } = this.now;
    this.#moves.loadLater(() => without(scope.touched, held));
    this.now = inScope(scope);
  }
  /** The head of a loop in a scope. */
  begin(round: Round): void {
    this.now = { ...this.now, round, since: noParts };
  }
  /** One of two ways, of which each writes its code where it is called: where they meet, what is not in locals both ways is in the state page. */
  oneOf(one: () => void, other: () => void): void {
    const before = this.now;
    one();
    const first = this.now;
    let onlyFirst = noParts;
    this.#moves.storeLater(() => onlyFirst);
    this.now = before;
    other();
    const second = this.now;
    if (first.scope) {
      this.now = alikeInScope(first, second);
      return;
    }
    onlyFirst = without(first.dirty, second.held);
    const onlySecond = without(second.dirty, first.held);
    this.#moves.store(onlySecond);
    const dirty = union(without(first.dirty, onlyFirst), without(second.dirty, onlySecond));
    const whole = isNone(union(onlyFirst, onlySecond));
    this.now = { held: meet(first.held, second.held), dirty, reads: whole ? bothRead(first, second) : undefined };
  }
  /** Control comes to the same code from here and from where this was so. */
  meets(other: Standing): void {
    this.now = alike(this.now, other);
  }
}

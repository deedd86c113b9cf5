// Where the register file is while a region's code is written: in the state page, and what is being used in locals too.
//
// Engines allocate registers for whole functions: of values that live long in a large one they keep few, and move the others about wherever ways
// meet. So what a block reads is loaded there, and what it has written is stored where ways meet. Only in a scope, a loop without calls, all that
// is touched stays in locals, from where control enters to where it leaves; which parts those are is known when the loop is written.

/** A set of parts of the register file: general registers and the flags; vector registers' lower and upper halves. */
export type Parts = readonly [number, number];
export const part = {
  general: (r: number): Parts => [1 << r, 0],
  flags: [1 << 16, 0] as Parts,
  vector: (r: number): Parts => [0, 1 << r],
  upper: (r: number): Parts => [0, 1 << (16 + r)],
} as const;
export const noParts: Parts = [0, 0];
export const union = (a: Parts, b: Parts): Parts => [a[0] | b[0], a[1] | b[1]];
export const overlap = (a: Parts, b: Parts): boolean => ((a[0] & b[0]) | (a[1] & b[1])) !== 0;
/** Is all of a set in another? */
export const within = (a: Parts, b: Parts): boolean => ((a[0] & ~b[0]) | (a[1] & ~b[1])) === 0;
const meet = (a: Parts, b: Parts): Parts => [a[0] & b[0], a[1] & b[1]];
const without = (a: Parts, b: Parts): Parts => [a[0] & ~b[0], a[1] & ~b[1]];

/** A loop whose registers stay in locals. What it touches and writes is complete when it is written. */
export interface Scope {
  /** Where control enters. */
  readonly head: number;
  /** The stack pointer keeps its value in it, and is where it finds memory. */
  readonly steady: boolean;
  touched: Parts;
  written: Parts;
}
/** Which parts are in locals at a place outside all scopes, and which of them are not as the state page has them. */
export interface Standing {
  readonly scope?: Scope | undefined;
  readonly held: Parts;
  readonly dirty: Parts;
}
export const inStatePage: Standing = { held: noParts, dirty: noParts };
export const inScope = (scope: Scope): Standing => ({ scope, held: noParts, dirty: noParts });

/** How it is where control comes from either of two places that have written the same. */
export const alike = (a: Standing, b: Standing): Standing => {
  const held = meet(a.held, b.held);
  const dirty = union(a.dirty, b.dirty);
  if (!a.scope && !within(dirty, held)) throw new Error("a register is written on one of two ways that are the same");
  return a.scope ? a : { held, dirty };
};

/** Writes moves between the state page and locals: now, or when all is written and it is known which. */
export interface Moves {
  load(parts: Parts): void;
  store(parts: Parts): void;
  loadLater(parts: () => Parts): void;
  storeLater(parts: () => Parts): void;
}

export class Residence {
  now: Standing = inStatePage;
  readonly #moves: Moves;
  constructor(moves: Moves) {
    this.#moves = moves;
  }
  /** Code that follows reads this from its locals. */
  read(p: Parts): void {
    const { scope, held, dirty } = this.now;
    if (scope) scope.touched = union(scope.touched, p);
    else if (!within(p, held)) {
      this.#moves.load(without(p, held));
      this.now = { held: union(held, p), dirty };
    }
  }
  /** Code before has written this to its locals. */
  write(p: Parts): void {
    const { scope, held, dirty } = this.now;
    if (scope) {
      scope.touched = union(scope.touched, p);
      scope.written = union(scope.written, p);
    } else this.now = { held: union(held, p), dirty: union(dirty, p) };
  }
  /** What is not in the state page goes there: control leaves. */
  store(): void {
    const { scope, dirty } = this.now;
    if (scope) this.#moves.storeLater(() => scope.written);
    else this.#moves.store(dirty);
  }
  /** The same, where control goes on. */
  settle(): void {
    const { scope, held } = this.now;
    this.store();
    this.now = scope ? inStatePage : { held, dirty: noParts };
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
    if (first.scope) return;
    onlyFirst = without(first.dirty, second.held);
    const onlySecond = without(second.dirty, first.held);
    this.#moves.store(onlySecond);
    const dirty = union(without(first.dirty, onlyFirst), without(second.dirty, onlySecond));
    this.now = { held: meet(first.held, second.held), dirty };
  }
  /** Control comes to the same code from here and from where this was so. */
  meets(other: Standing): void {
    this.now = alike(this.now, other);
  }
}

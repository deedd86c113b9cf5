// What the blocks of a region do to the register file, noted while they are written; and what follows from it when all are: what stands
// in locals and not yet in the state page, so that it has to be stored where control leaves; and what is wanted from the state page where
// control comes in. Code that depends on it is written last (`Body.later`).

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
const same = (a: Parts, b: Parts): boolean => a[0] === b[0] && a[1] === b[1];

interface Notes {
  /** Read here before they are surely written here. */
  uses: Parts;
  /** Written, whichever way control takes in here. */
  sure: Parts;
  /** Perhaps written. */
  may: Parts;
  /** Labels that are open where the block begins: what is written under more is written on a condition. */
  depth: number;
}
/** Where parts are stored that are not yet in the state page. */
export interface Point {
  readonly block: number;
  readonly sure: Parts;
  may: Parts;
  /** One of those that all store the same. */
  readonly shared: boolean;
}
/** How control goes on from a block. */
export interface Ways {
  readonly to: readonly number[];
  /** To any of those that the dispatcher leads to. */
  readonly computed: boolean;
}

/** What stands for the rest of a block after its call or door. */
export const afterwards = (block: number): number => block + 0.5;

export class Flow {
  readonly #notes = new Map<number, Notes>();
  readonly #points: Point[] = [];
  #block = 0;
  #now!: Notes;
  /** What is not in the state page where a block begins; what its locals must hold there. */
  #dirty = new Map<number, Parts>();
  #live = new Map<number, Parts>();
  /** What they surely hold there; all that a way out can be asked to store. */
  #held = new Map<number, Parts>();
  #ever: Parts = noParts;
  /** What code that the dispatcher leads to reads. */
  #wanted: Parts = noParts;
  #shared: Parts = noParts;

  /** What `write` writes is part of a block; after a call or a door, when all has been stored, of another one: `afterwards`. */
  within(block: number, depth: number, write: () => void): void {
    const [outer, notes] = [this.#block, this.#now];
    this.#block = block;
    this.#now = { ...(this.#notes.get(block) ?? { uses: noParts, sure: noParts, may: noParts }), depth };
    this.#notes.set(block, this.#now);
    write();
    this.#block = outer;
    this.#now = notes;
  }
  /** Labels that are open now around what is surely done: a block written in several pieces has others at times. */
  set base(depth: number) {
    this.#now.depth = depth;
  }
  /** What has been written in the block so far. To be set where code begins that control comes to from an earlier place. */
  get written(): Pick<Notes, "sure" | "may"> {
    const { sure, may } = this.#now;
    return { sure, may };
  }
  set written(w: Pick<Notes, "sure" | "may">) {
    Object.assign(this.#now, w);
  }
  /** Control comes from here or from where this had been written. */
  either(other: Pick<Notes, "sure" | "may">): void {
    this.#now.sure = meet(this.#now.sure, other.sure);
    this.#now.may = union(this.#now.may, other.may);
  }
  read(p: Parts): void {
    const n = this.#now;
    if (within(p, n.sure) || within(p, n.uses)) return;
    n.uses = union(n.uses, without(p, n.sure));
  }
  write(p: Parts, depth: number): void {
    const n = this.#now;
    if (within(p, n.sure)) return;
    n.may = union(n.may, p);
    if (depth === n.depth) n.sure = union(n.sure, p);
  }
  /** Here the state page is brought up to date. */
  point(shared = false): Point {
    const point = { block: this.#block, sure: this.#now.sure, may: this.#now.may, shared };
    this.#points.push(point);
    return point;
  }

  /** What `write` writes is done again and again: where control leaves, all of it may have been done. */
  again(write: () => void): void {
    const first = this.#points.length;
    write();
    for (const p of this.#points.slice(first)) p.may = union(p.may, this.#now.may);
  }

  /** All blocks are written; they stand in an order in which most come after those that lead to them. */
  solve(blocks: ReadonlyMap<number, Ways>, entries: readonly number[], dispatched: readonly number[]): void {
    const all = [...blocks].flatMap(([block, ways]) => {
      const notes = this.#notes.get(block);
      return notes ? [{ block, notes, ...ways }] : [];
    });
    const at = (m: ReadonlyMap<number, Parts>, blocks: readonly number[]) =>
      blocks.reduce((p, b) => union(p, m.get(b) ?? noParts), noParts);
    const until = (step: () => boolean) => {
      while (step());
    };
    const backward = (live: Map<number, Parts>, uses: (b: (typeof all)[number]) => Parts) =>
      until(() => {
        let changed = false;
        for (const b of all.toReversed()) {
          const after = union(at(live, b.to), b.computed ? at(live, dispatched) : noParts);
          const before = union(uses(b), without(after, b.notes.sure));
          if (same(before, live.get(b.block) ?? noParts)) continue;
          live.set(b.block, before);
          changed = true;
        }
        return changed;
      });

    const read = new Map<number, Parts>();
    if (all.some((b) => b.computed)) backward(read, (b) => b.notes.uses);
    this.#wanted = at(read, dispatched);

    until(() => {
      let changed = false;
      const flows = (to: number, p: Parts) => {
        const before = this.#dirty.get(to) ?? noParts;
        const now = union(before, p);
        if (same(before, now)) return;
        this.#dirty.set(to, now);
        changed = true;
      };
      for (const b of all) {
        const after = union(this.#dirty.get(b.block) ?? noParts, b.notes.may);
        for (const to of b.to) flows(to, after);
        if (b.computed) for (const to of dispatched) flows(to, meet(after, this.#wanted));
      }
      return changed;
    });

    const stored = (p: Point) => union(this.#dirty.get(p.block) ?? noParts, p.may);
    this.#shared = this.#points.reduce((all, p) => (p.shared ? union(all, stored(p)) : all), noParts);
    const atPoints = new Map<number, Parts>();
    for (const p of this.#points)
      atPoints.set(p.block, union(atPoints.get(p.block) ?? noParts, without(p.shared ? this.#shared : stored(p), p.sure)));
    backward(this.#live, (b) => union(b.notes.uses, atPoints.get(b.block) ?? noParts));

    this.#ever = this.#points.reduce((all, p) => union(all, stored(p)), noParts);
    for (const entry of entries) this.#held.set(entry, this.toLoad(entries));
    until(() => {
      let changed = false;
      const flows = (to: number, p: Parts) => {
        const before = this.#held.get(to);
        const now = before ? meet(before, p) : p;
        if (before && same(before, now)) return;
        this.#held.set(to, now);
        changed = true;
      };
      for (const b of all) {
        const before = Number.isInteger(b.block) ? this.#held.get(b.block) : this.toLoad([b.block]);
        if (!before) continue;
        const after = union(before, b.notes.sure);
        for (const to of b.to) flows(to, after);
        if (b.computed) for (const to of dispatched) flows(to, after);
      }
      return changed;
    });
  }
  /** What has to be stored at a point. */
  toStore(p: Point): Parts {
    return p.shared ? this.#shared : union(this.#dirty.get(p.block) ?? noParts, p.may);
  }
  /** What can be stored there, if it is ever stored anywhere. */
  storable(p: Point): Parts {
    if (p.shared) return this.#shared;
    const held = Number.isInteger(p.block) ? (this.#held.get(p.block) ?? noParts) : this.toLoad([p.block]);
    return union(this.toStore(p), meet(this.#ever, union(held, p.sure)));
  }
  /** The same before the dispatcher: not what the code that it leads to reads, which stays in locals. */
  toStoreBeforeDispatch(p: Point): Parts {
    return without(this.toStore(p), this.#wanted);
  }
  /** What has to be loaded where control comes to one of some blocks. */
  toLoad(blocks: readonly number[]): Parts {
    return blocks.reduce((p, b) => union(p, this.#live.get(b) ?? noParts), noParts);
  }
}

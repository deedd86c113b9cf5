// The mappings of one address space in order of address: find, split, merge. Linux mm/vma.c.
import { PAGE_SIZE } from "./frames.ts";
import type { FileMapping } from "./page-cache.ts";
import { SPECIAL, type Vma } from "./vma.ts";

const pageOffset = (vma: Vma, address: number): number => vma.pgoff + (address - vma.start) / PAGE_SIZE;

/** is_mergeable_anon_vma. */
const sameFamily = (a: Vma, b: Vma): boolean => a.anon === b.anon || (a.anon >= 0 && b.anon >= 0 && (a.anon === 0 || b.anon === 0));

/** The same mapping goes on, permissions and family aside. */
const goesOn = (a: Vma, b: Vma): boolean =>
  a.end === b.start &&
  a.flags === b.flags &&
  a.file === b.file &&
  a.cache === b.cache &&
  pageOffset(a, a.end) === b.pgoff &&
  (a.flags & SPECIAL) === 0;
/** vma_merge: the same in everything, and what they map is consecutive. */
const continues = (a: Vma, b: Vma): boolean => a.prot === b.prot && sameFamily(a, b) && goesOn(a, b);

export class Areas {
  readonly list: Vma[] = [];
  /** Whom the page caches tell about truncation. */
  readonly #owner: FileMapping;
  #hit: Vma | undefined;

  constructor(owner: FileMapping) {
    this.#owner = owner;
  }

  /** Index of the first mapping that ends above `address`; `list.length` if none (find_vma). */
  index(address: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle] as Vma).end > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The mapping that contains `address` (vma_lookup). */
  find(address: number): Vma | undefined {
    const hit = this.#hit;
    if (hit !== undefined && address >= hit.start && address < hit.end) return hit;
    const vma = this.list[this.index(address)];
    if (vma === undefined || address < vma.start) return undefined;
    this.#hit = vma;
    return vma;
  }

  /** Whether anything is mapped in [start, end). */
  overlaps(start: number, end: number): boolean {
    const vma = this.list[this.index(start)];
    return vma !== undefined && vma.start < end;
  }

  /** The mappings that touch [start, end), as a copy that survives changes. */
  within(start: number, end: number): Vma[] {
    const from = this.index(start);
    let to = from;
    if (end > start) while (to < this.list.length && (this.list[to] as Vma).start < end) to++;
    return this.list.slice(from, to);
  }

  /** Make `address` a boundary. */
  split(address: number): void {
    const i = this.index(address);
    const vma = this.list[i];
    if (vma === undefined || address <= vma.start) return;
    const upper = { ...vma, start: address, pgoff: pageOffset(vma, address) };
    vma.end = address;
    this.list.splice(i + 1, 0, upper);
    upper.cache?.attach(this.#owner);
  }

  /** Whether nothing forbids to make `address` a boundary (vm_ops->may_split): the vDSO stays whole. */
  maySplit(address: number): boolean {
    const vma = this.find(address);
    return vma === undefined || address === vma.start || (vma.flags & SPECIAL) === 0;
  }

  /** How many mappings more there would be with boundaries at `start` and `end`. */
  splits(start: number, end: number): number {
    const inside = (at: number): number => {
      const vma = this.find(at);
      return vma !== undefined && at > vma.start ? 1 : 0;
    };
    return inside(start) + inside(end);
  }

  /** Add a mapping where nothing is, merging it with these neighbours. */
  insert(vma: Vma, neighbours: "both" | "below" | "none" = "both"): void {
    const i = this.index(vma.start);
    this.list.splice(i, 0, vma);
    vma.cache?.attach(this.#owner);
    if (neighbours !== "none") this.#join(i, neighbours === "both");
  }

  /** Add a mapping above all the others, merging it with none. */
  append(vma: Vma): void {
    this.list.push(vma);
    vma.cache?.attach(this.#owner);
  }

  /** Take away the uppermost mapping. */
  pop(): void {
    const vma = this.list.pop();
    this.#hit = undefined;
    vma?.cache?.detach(this.#owner);
  }

  remove(vma: Vma): void {
    const i = this.index(vma.start);
    if (this.list[i] !== vma) throw new Error("a mapping that is not in the list");
    this.#removeAt(i);
  }
  #removeAt(i: number): void {
    const vma = this.list[i];
    this.list.splice(i, 1);
    this.#hit = undefined;
    vma?.cache?.detach(this.#owner);
  }

  /**
   * The family for the first private page of `vma`: that of a neighbour with which it could merge but for its permissions
   * (find_mergeable_anon_vma), or undefined.
   */
  familyNearby(vma: Vma): number | undefined {
    const i = this.index(vma.start);
    const next = this.list[i + 1];
    if (next && next.anon > 0 && goesOn(vma, next)) return next.anon;
    const previous = i > 0 ? this.list[i - 1] : undefined;
    return previous && previous.anon > 0 && goesOn(previous, vma) ? previous.anon : undefined;
  }

  /** Join mapping `i` with the one below it, and then perhaps with the one above: where only one of them fits, it is the lower. */
  #join(i: number, above: boolean): void {
    // An array's item of number -1 is a property that V8 looks for by its name.
    const joined = i > 0 && this.#joinNext(i - 1) ? i - 1 : i;
    if (above) this.#joinNext(joined);
  }
  #joinNext(i: number): boolean {
    const a = this.list[i];
    const b = this.list[i + 1];
    if (a === undefined || b === undefined || !continues(a, b)) return false;
    a.end = b.end;
    a.anon ||= b.anon;
    this.#removeAt(i + 1);
    return true;
  }

  /** A mapping has changed: join it with its neighbours if it is like them now (vma_modify). */
  merge(vma: Vma): void {
    const i = this.index(vma.start);
    if (this.list[i] === vma) this.#join(i, true);
  }
}

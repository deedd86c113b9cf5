// The mappings of one address space in order of address: find, split, merge, and the room between them. Linux mm/vma.c, lib/maple_tree.c.
import { PAGE_SIZE } from "./frames.ts";
import type { FileMapping } from "./page-cache.ts";
import { isData, PROT, SPECIAL, VM, type Vma } from "./vma.ts";

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

/** Mappings that a chunk holds at most. */
const MOST = 128;
/** Some mappings that follow one another. Most address spaces have one chunk. */
interface Chunk {
  readonly list: Vma[];
  /** The largest room below one of them, down to the end of the mapping before; -1: to be found again. */
  room: number;
}

/** Pages by kind. Linux vm_stat_account(). */
export interface AreaPages {
  total: number;
  locked: number;
  data: number;
  stack: number;
  exec: number;
}

export class Areas {
  /** Never empty; only the first chunk may be. */
  readonly #chunks: Chunk[] = [{ list: [], room: -1 }];
  /** Whom the page caches tell about truncation. */
  readonly #owner: FileMapping;
  readonly pages: AreaPages = { total: 0, locked: 0, data: 0, stack: 0, exec: 0 };
  #count = 0;
  /** How many mappings have been made, changed and taken away so far. */
  changes = 0;
  #hit: Vma | undefined;
  /** Where `#seek` was: the chunk and the index in it. */
  #c = 0;
  #i = 0;

  constructor(owner: FileMapping) {
    this.#owner = owner;
  }

  /** How many mappings there are. */
  get count(): number {
    return this.#count;
  }
  *[Symbol.iterator](): Generator<Vma> {
    for (const { list } of this.#chunks) yield* list;
  }

  /** Go to the first mapping that ends above `address`; behind the last one if there is none. */
  #seek(address: number): void {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { list } = chunks[middle] as Chunk;
      if ((list[list.length - 1] as Vma).end > address) high = middle;
      else low = middle + 1;
    }
    const { list } = chunks[low] as Chunk;
    this.#c = low;
    low = 0;
    high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle] as Vma).end > address) high = middle;
      else low = middle + 1;
    }
    this.#i = low;
  }
  #here(): Vma | undefined {
    return (this.#chunks[this.#c] as Chunk).list[this.#i];
  }
  /** The mapping before the one at index `i` of chunk `c`. */
  #before(c: number, i: number): Vma | undefined {
    if (i > 0) return (this.#chunks[c] as Chunk).list[i - 1];
    // An array's item of number -1 is a property that V8 looks for by its name.
    return c > 0 ? (this.#chunks[c - 1] as Chunk).list.at(-1) : undefined;
  }
  #after(c: number, i: number): Vma | undefined {
    return (this.#chunks[c] as Chunk).list[i + 1] ?? this.#chunks[c + 1]?.list[0];
  }

  /** The first mapping that ends above `address` (find_vma). */
  above(address: number): Vma | undefined {
    this.#seek(address);
    return this.#here();
  }
  /** The last mapping that ends at `address` or below. */
  below(address: number): Vma | undefined {
    this.#seek(address);
    return this.#before(this.#c, this.#i);
  }
  /** The mapping that contains `address` (vma_lookup). */
  find(address: number): Vma | undefined {
    const hit = this.#hit;
    if (hit !== undefined && address >= hit.start && address < hit.end) return hit;
    const vma = this.above(address);
    if (vma === undefined || address < vma.start) return undefined;
    this.#hit = vma;
    return vma;
  }

  /** Whether anything is mapped in [start, end). */
  overlaps(start: number, end: number): boolean {
    const vma = this.above(start);
    return vma !== undefined && vma.start < end;
  }

  /** The mappings that touch [start, end), as a copy that survives changes. */
  within(start: number, end: number): Vma[] {
    const found: Vma[] = [];
    if (end <= start) return found;
    this.#seek(start);
    let i = this.#i;
    for (let c = this.#c; c < this.#chunks.length; c++) {
      const { list } = this.#chunks[c] as Chunk;
      for (; i < list.length; i++) {
        const vma = list[i] as Vma;
        if (vma.start >= end) return found;
        found.push(vma);
      }
      i = 0;
    }
    return found;
  }

  #roomOf(c: number): number {
    const chunk = this.#chunks[c] as Chunk;
    if (chunk.room >= 0) return chunk.room;
    let end = this.#before(c, 0)?.end ?? 0;
    let most = 0;
    for (const vma of chunk.list) {
      if (vma.start - end > most) most = vma.start - end;
      end = vma.end;
    }
    return (chunk.room = most);
  }
  /** Mappings of a chunk have come, gone or moved their ends: its rooms are others, and the one below the next chunk. */
  #roomsChanged(c: number): void {
    (this.#chunks[c] as Chunk).room = -1;
    const next = this.#chunks[c + 1];
    if (next !== undefined) next.room = -1;
  }

  /**
   * Offer the rooms of at least `length` bytes between two mappings to `take`, from the one below `high` down, by the mappings above and below
   * them: what it first answers other than undefined.
   */
  roomsDown<T>(high: number, length: number, take: (above: Vma | undefined, below: Vma | undefined) => T | undefined): T | undefined {
    this.#seek(high);
    let i = this.#i;
    for (let c = this.#c; c >= 0; c--) {
      const { list } = this.#chunks[c] as Chunk;
      // Behind the last mapping there is room that no chunk counts.
      if (i >= list.length || this.#roomOf(c) >= length) {
        for (; i >= 0; i--) {
          const taken = take(list[i], this.#before(c, i));
          if (taken !== undefined) return taken;
        }
      }
      i = c > 0 ? (this.#chunks[c - 1] as Chunk).list.length - 1 : 0;
    }
    return undefined;
  }
  /** The same from the room above `low` up: `take` hears of every mapping that has such room below it, and of the one before. */
  roomsUp<T>(low: number, length: number, take: (above: Vma, below: Vma | undefined) => T | undefined): T | undefined {
    this.#seek(low);
    let i = this.#i;
    for (let c = this.#c; c < this.#chunks.length; c++) {
      const { list } = this.#chunks[c] as Chunk;
      if (this.#roomOf(c) >= length) {
        for (; i < list.length; i++) {
          const taken = take(list[i] as Vma, this.#before(c, i));
          if (taken !== undefined) return taken;
        }
      }
      i = 0;
    }
    return undefined;
  }
  /** The uppermost mapping. */
  get last(): Vma | undefined {
    return this.#chunks.at(-1)?.list.at(-1);
  }

  /** Make `address` a boundary. */
  split(address: number): void {
    const vma = this.above(address);
    if (vma === undefined || address <= vma.start) return;
    const upper = { ...vma, start: address, pgoff: pageOffset(vma, address) };
    const [c, i] = [this.#c, this.#i];
    vma.end = address;
    this.#put(c, i + 1, upper);
    upper.cache?.attach(this.#owner, upper);
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

  #account(vma: Vma, pages: number): void {
    const p = this.pages;
    const { flags, prot } = vma;
    p.total += pages;
    if (flags & VM.LOCKED) p.locked += pages;
    if (flags & VM.GROWSDOWN) p.stack += pages;
    else if (isData(prot, flags)) p.data += pages;
    else if (prot & PROT.EXEC) p.exec += pages;
  }
  #put(c: number, i: number, vma: Vma): void {
    const chunk = this.#chunks[c] as Chunk;
    if (i === chunk.list.length) chunk.list.push(vma);
    else chunk.list.splice(i, 0, vma);
    this.#count++;
    this.changes++;
    this.#roomsChanged(c);
    if (chunk.list.length > MOST) this.#chunks.splice(c + 1, 0, { list: chunk.list.splice(MOST >> 1), room: -1 });
  }

  /** Add a mapping where nothing is, merging it with these neighbours. */
  insert(vma: Vma, neighbours: "both" | "below" | "none" = "both"): void {
    this.#seek(vma.start);
    this.#put(this.#c, this.#i, vma);
    this.#account(vma, (vma.end - vma.start) / PAGE_SIZE);
    vma.cache?.attach(this.#owner, vma);
    if (neighbours !== "none") this.#join(vma, neighbours === "both");
  }

  /** Add a mapping above all the others, merging it with none. */
  append(vma: Vma): void {
    const c = this.#chunks.length - 1;
    const chunk = this.#chunks[c] as Chunk;
    if (chunk.list.length === MOST) this.#chunks.push({ list: [vma], room: -1 });
    else {
      chunk.list.push(vma);
      chunk.room = -1;
    }
    this.#count++;
    this.changes++;
    this.#account(vma, (vma.end - vma.start) / PAGE_SIZE);
    vma.cache?.attach(this.#owner, vma);
  }

  remove(vma: Vma): void {
    this.#seek(vma.start);
    if (this.#here() !== vma) throw new Error("a mapping that is not in the list");
    this.#account(vma, (vma.start - vma.end) / PAGE_SIZE);
    this.#removeAt(this.#c, this.#i);
  }
  #removeAt(c: number, i: number): void {
    const { list } = this.#chunks[c] as Chunk;
    const vma = list[i] as Vma;
    if (i === list.length - 1) list.pop();
    else list.splice(i, 1);
    this.#count--;
    this.changes++;
    this.#hit = undefined;
    this.#roomsChanged(c);
    if (list.length === 0 && this.#chunks.length > 1) this.#chunks.splice(c, 1);
    vma.cache?.detach(vma);
  }

  /** Move the ends of a mapping, into room that is free (expand_stack, mremap). */
  resize(vma: Vma, start: number, end: number): void {
    this.#seek(vma.start);
    this.#account(vma, (end - start - (vma.end - vma.start)) / PAGE_SIZE);
    vma.pgoff += (start - vma.start) / PAGE_SIZE;
    vma.start = start;
    vma.end = end;
    this.#roomsChanged(this.#c);
  }
  /** Give a mapping other permissions or VM bits. */
  change(vma: Vma, prot: number, flags: number): void {
    const pages = (vma.end - vma.start) / PAGE_SIZE;
    this.#account(vma, -pages);
    vma.prot = prot;
    vma.flags = flags;
    this.changes++;
    this.#account(vma, pages);
  }

  /**
   * The family for the first private page of `vma`: that of a neighbour with which it could merge but for its permissions
   * (find_mergeable_anon_vma), or undefined.
   */
  familyNearby(vma: Vma): number | undefined {
    this.#seek(vma.start);
    const next = this.#after(this.#c, this.#i);
    if (next && next.anon > 0 && goesOn(vma, next)) return next.anon;
    const previous = this.#before(this.#c, this.#i);
    return previous && previous.anon > 0 && goesOn(previous, vma) ? previous.anon : undefined;
  }

  /** Join a mapping with the one below it, and then perhaps with the one above: where only one of them fits, it is the lower. */
  #join(vma: Vma, above: boolean): void {
    this.#seek(vma.start);
    const previous = this.#before(this.#c, this.#i);
    const joined = previous !== undefined && this.#joinNext(previous, vma) ? previous : vma;
    if (!above) return;
    this.#seek(joined.start);
    const next = this.#after(this.#c, this.#i);
    if (next !== undefined) this.#joinNext(joined, next);
  }
  #joinNext(a: Vma, b: Vma): boolean {
    if (!continues(a, b)) return false;
    this.#seek(b.start);
    this.#removeAt(this.#c, this.#i);
    a.end = b.end;
    a.anon ||= b.anon;
    return true;
  }

  /** A mapping has changed: join it with its neighbours if it is like them now (vma_modify). */
  merge(vma: Vma): void {
    this.#seek(vma.start);
    if (this.#here() === vma) this.#join(vma, true);
  }
}

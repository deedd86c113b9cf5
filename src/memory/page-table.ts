// The page table of one address space: leaves of 1024 entries (4 MiB) in a map by number, in place of the
// hardware's four levels.

import type { Account } from "./account.ts";
import type { Frames } from "./frames.ts";
import { OrderedMap } from "./ordered-map.ts";

/**
 * A page table entry: the frame's byte address, with the permitted accesses in the low bits. A frame without
 * permissions is a PROT_NONE page with content. 0 is no page.
 */
export const PTE = { READ: 1, WRITE: 2, EXEC: 4, ACCESS: 7 } as const;

/** The frame of an entry. */
export const frameOf = (pte: number): number => (pte & ~0xfff) >>> 0;

const LEAF_BITS = 10;
const LEAF_SIZE = 1 << LEAF_BITS;
/** The number of bytes that a leaf maps. */
export const LEAF_BYTES = 4096 * LEAF_SIZE;
/** Empty leaves of ended spaces, for reuse, because an allocation of a leaf is slow in V8. */
const spare: Uint32Array[] = [];
const MOST_SPARE = 64;
/** Stands for a leaf that is not there. */
export const NO_LEAF = new Uint32Array(0);
/** The host memory of a leaf in bytes. */
const LEAF_WEIGHT = 4 * LEAF_SIZE + 512;

const isEmpty = (leaf: Uint32Array): boolean => {
  for (let slot = 0; slot < LEAF_SIZE; slot++) if (leaf[slot] !== 0) return false;
  return true;
};

/** The page table of one address space. */
export class PageTable {
  private readonly _leaves = new OrderedMap<Uint32Array>();
  /** The leaf of the last access. The next access mostly is in the same leaf. */
  private _last: Uint32Array = NO_LEAF;
  /** The first address of `_last`. A comparison with it is faster than a division for the key. */
  private _lastBase = Number.POSITIVE_INFINITY;
  /** The leaf before the last one: programs alternate between their data and the stack. */
  private _other: Uint32Array = NO_LEAF;
  private _otherBase = Number.POSITIVE_INFINITY;
  /** The number of entries with a frame, without those of huge pages: the resident set. */
  resident = 0;
  /** The number of entries of huge pages. Linux mm->hugetlb_usage. */
  huge = 0;
  /** The greatest resident set before the last removal. Linux mm->hiwater_rss. */
  private _peak = 0;
  /** The greatest resident set so far, in pages. */
  get peak(): number {
    return Math.max(this._peak, this.resident);
  }
  private readonly _account: Account | undefined;

  constructor(account?: Account) {
    this._account = account;
  }
  /** The charged bytes of the table. */
  get weight(): number {
    return this._leaves.size * LEAF_WEIGHT;
  }

  get(address: number): number {
    const offset = address - this._lastBase;
    if (offset >= 0 && offset < LEAF_BYTES) return this._last[offset >>> 12] as number;
    const further = address - this._otherBase;
    if (further >= 0 && further < LEAF_BYTES) return this._other[further >>> 12] as number;
    const key = Math.floor(address / LEAF_BYTES);
    const leaf = this._leaves.get(key);
    if (leaf === undefined) return 0;
    this._used(leaf, key);
    return leaf[(address / 4096) & (LEAF_SIZE - 1)] as number;
  }
  /** The leaf with the entry of an address, at index (address / 4096) mod its length, or NO_LEAF. */
  leafAt(address: number): Uint32Array {
    if (address >= this._lastBase && address - this._lastBase < LEAF_BYTES) return this._last;
    return this._leaves.get(Math.floor(address / LEAF_BYTES)) ?? NO_LEAF;
  }
  private _leafOf(key: number): Uint32Array {
    let leaf = this._leaves.get(key);
    if (leaf !== undefined) return leaf;
    this._account?.force(LEAF_WEIGHT);
    this._leaves.set(key, (leaf = spare.pop() ?? new Uint32Array(LEAF_SIZE)));
    return leaf;
  }
  private _used(leaf: Uint32Array, key: number): void {
    this._other = this._last;
    this._otherBase = this._lastBase;
    this._last = leaf;
    this._lastBase = key * LEAF_BYTES;
  }

  set(address: number, pte: number): void {
    if (!(address >= this._lastBase && address - this._lastBase < LEAF_BYTES)) {
      const key = Math.floor(address / LEAF_BYTES);
      if (pte === 0 && !this._leaves.has(key)) return;
      this._used(this._leafOf(key), key);
    }
    const slot = (address / 4096) & (LEAF_SIZE - 1);
    if (this._last[slot] === 0) this.resident++;
    if (pte === 0) {
      this._peak = this.peak;
      this.resident--;
    }
    this._last[slot] = pte;
  }

  /**
   * Visits the entries with a frame in [start, end) and returns their number. A result of `visit` replaces
   * the entry.
   */
  walk(start: number, end: number, visit: (pte: number, address: number) => number | undefined): number {
    let visited = 0;
    this._peak = this.peak;
    let base = 0;
    for (let leaf = this._from(start, end); leaf !== undefined; leaf = this._from(base + LEAF_BYTES, end)) {
      base = this._lastBase;
      const last = end - base < LEAF_BYTES ? (end - base) / 4096 : LEAF_SIZE;
      let slot = start > base ? (start - base) / 4096 : 0;
      for (; slot < last; slot++) {
        const pte = leaf[slot] as number;
        if (pte === 0) continue;
        visited++;
        const now = visit(pte, base + slot * 4096);
        if (now === undefined) continue;
        if (now === 0) this.resident--;
        leaf[slot] = now;
      }
    }
    return visited;
  }
  /** The first address in [start, end) of a page with a frame. Undefined: there is NO_LEAF. */
  next(start: number, end: number): number | undefined {
    let base = 0;
    for (let leaf = this._from(start, end); leaf !== undefined; leaf = this._from(base + LEAF_BYTES, end)) {
      base = this._lastBase;
      const last = end - base < LEAF_BYTES ? (end - base) / 4096 : LEAF_SIZE;
      for (let slot = start > base ? (start - base) / 4096 : 0; slot < last; slot++) if (leaf[slot] !== 0) return base + slot * 4096;
    }
    return undefined;
  }
  // `share` and `drop` do not use `walk`: they are the main cost of fork(2) and exit.
  /**
   * fork(2): copies the entries of [start, end) to another table, which has none there. Both tables lose the
   * permissions `without`. Returns the number of entries.
   */
  share(other: PageTable, start: number, end: number, without: number, frames: Frames): number {
    const { resident } = other;
    let base = 0;
    for (let leaf = this._from(start, end); leaf !== undefined; leaf = this._from(base + LEAF_BYTES, end)) {
      base = this._lastBase;
      const last = end - base < LEAF_BYTES ? (end - base) / 4096 : LEAF_SIZE;
      let slot = start > base ? (start - base) / 4096 : 0;
      while (slot < last && leaf[slot] === 0) slot++;
      if (slot < last) other.resident += frames.shareEntries(leaf, other._leafOf(base / LEAF_BYTES), slot, last, without);
    }
    return other.resident - resident;
  }
  /** Releases all frames in [start, end). Returns the number of entries. */
  drop(start: number, end: number, frames: Frames): number {
    const { resident } = this;
    if (resident > this._peak) this._peak = resident;
    let base = 0;
    for (let leaf = this._from(start, end); leaf !== undefined; leaf = this._from(base + LEAF_BYTES, end)) {
      base = this._lastBase;
      const last = end - base < LEAF_BYTES ? (end - base) / 4096 : LEAF_SIZE;
      this.resident -= frames.releaseEntries(leaf, start > base ? (start - base) / 4096 : 0, last);
      if (start <= base && last === LEAF_SIZE) this._remove(base / LEAF_BYTES, leaf);
    }
    return resident - this.resident;
  }
  /** Removes an empty leaf. */
  private _remove(key: number, leaf: Uint32Array): void {
    this._leaves.delete(key);
    this._account?.give(LEAF_WEIGHT);
    if (spare.length < MOST_SPARE) spare.push(leaf);
    this._forget();
  }
  private _forget(): void {
    this._lastBase = this._otherBase = Number.POSITIVE_INFINITY;
  }
  /** Removes all empty leaves. Returns their number. */
  trimEmpty(): number {
    const { size } = this._leaves;
    for (let key = this._leaves.next(0); key !== undefined; key = this._leaves.next(key + 1)) {
      const leaf = this._leaves.get(key) as Uint32Array;
      if (isEmpty(leaf)) this._remove(key, leaf);
    }
    return size - this._leaves.size;
  }

  /** The first leaf with addresses in [start, end). It is then `_last`. */
  private _from(start: number, end: number): Uint32Array | undefined {
    if (start >= end) return undefined;
    if (start >= this._lastBase && start - this._lastBase < LEAF_BYTES) return this._last;
    const leaf = this._leaves.from(Math.floor(start / LEAF_BYTES));
    if (leaf === undefined || this._leaves.at * LEAF_BYTES >= end) return undefined;
    this._used(leaf, this._leaves.at);
    return leaf;
  }

  /**
   * Removes the leaves of the unmapped range [start, end) that lie in [floor, ceiling), where nothing is
   * mapped.
   */
  trim(start: number, end: number, floor: number, ceiling: number): void {
    let base = 0;
    for (let leaf = this._from(start, end); leaf !== undefined; leaf = this._from(base + LEAF_BYTES, end)) {
      base = this._lastBase;
      if (base >= floor && base + LEAF_BYTES <= ceiling) this._remove(base / LEAF_BYTES, leaf);
    }
  }

  /** Counts so many new entries as those of huge pages. */
  exclude(entries: number): void {
    this.resident -= entries;
    this.huge += entries;
  }

  /** Ends the use of the table after everything was unmapped. */
  end(): void {
    this._account?.give(this.weight);
    if (this.resident === 0)
      this._leaves.each((leaf) => {
        if (spare.length < MOST_SPARE) spare.push(leaf);
      });
    this._leaves.clear();
    this._forget();
    this.resident = this.huge = 0;
  }
}

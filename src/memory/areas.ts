// The mappings of one address space in order of address: find, split, merge, and the gaps between them. Linux
// mm/vma.c, lib/maple_tree.c.
import { PAGE_SIZE } from "./frames.ts";
import type { FileMapping } from "./page-cache.ts";
import { samePolicy } from "./policy.ts";
import { copyOf, isData, PROT, SPECIAL, VM, type Vma } from "./vma.ts";

const pageOffset = (vma: Vma, address: number): number => vma.pgoff + (address - vma.start) / PAGE_SIZE;

/** Linux is_mergeable_anon_vma(). */
const mergeableAnon = (a: Vma, b: Vma): boolean => a.anon === b.anon || (a.anon >= 0 && b.anon >= 0 && (a.anon === 0 || b.anon === 0));

/** True if `b` continues `a` in everything but permissions and anon id. */
const isContiguous = (a: Vma, b: Vma): boolean =>
  a.end === b.start &&
  a.flags === b.flags &&
  a.file === b.file &&
  a.file?.separate !== true &&
  a.cache === b.cache &&
  a.provider === b.provider &&
  samePolicy(a.policy, b.policy) &&
  pageOffset(a, a.end) === b.pgoff &&
  (a.flags & (SPECIAL | VM.HUGETLB)) === 0;
/** True if `b` continues `a` in everything. Linux can_vma_merge_after(). */
const canMerge = (a: Vma, b: Vma): boolean => a.prot === b.prot && mergeableAnon(a, b) && isContiguous(a, b);

/** The greatest number of mappings in a chunk. */
const CHUNK_MAX = 128;
/** Consecutive mappings. Most address spaces have one chunk. */
interface Chunk {
  readonly list: Vma[];
  /** The largest gap below one of the mappings, in bytes; -1: not computed. */
  gap: number;
}

/** The numbers of pages by kind. Linux vm_stat_account(). */
export interface AreaPages {
  total: number;
  locked: number;
  data: number;
  stack: number;
  exec: number;
}

/** The mappings of one address space. */
export class Areas {
  /** At least one chunk. Only a sole chunk may be empty. */
  private readonly _chunks: Chunk[] = [{ list: [], gap: -1 }];
  /** The space that page caches notify of a truncation. */
  private readonly _owner: FileMapping;
  readonly pages: AreaPages = { total: 0, locked: 0, data: 0, stack: 0, exec: 0 };
  private _count = 0;
  /** The number of insertions, changes and removals so far. */
  changes = 0;
  /** The last result of `find`. */
  private _hit: Vma | undefined;
  /** The position of the last `_seek`: a chunk and an index in it. */
  private _c = 0;
  private _i = 0;

  constructor(owner: FileMapping) {
    this._owner = owner;
  }

  /** The number of mappings. */
  get count(): number {
    return this._count;
  }
  *[Symbol.iterator](): Generator<Vma> {
    for (const { list } of this._chunks) yield* list;
  }

  /** Sets the position to the first mapping that ends above `address`, or after the last mapping. */
  private _seek(address: number): void {
    const chunks = this._chunks;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { list } = chunks[middle] as Chunk;
      if ((list[list.length - 1] as Vma).end > address) high = middle;
      else low = middle + 1;
    }
    const { list } = chunks[low] as Chunk;
    this._c = low;
    low = 0;
    high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list[middle] as Vma).end > address) high = middle;
      else low = middle + 1;
    }
    this._i = low;
  }
  private _here(): Vma | undefined {
    return (this._chunks[this._c] as Chunk).list[this._i];
  }
  /** The mapping before the one at index `i` of chunk `c`. */
  private _before(c: number, i: number): Vma | undefined {
    // V8 looks up the index -1 as a property by name, which is slow: hence the tests for 0.
    if (i > 0) return (this._chunks[c] as Chunk).list[i - 1];
    if (c === 0) return undefined;
    const { list } = this._chunks[c - 1] as Chunk;
    return list[list.length - 1];
  }
  private _after(c: number, i: number): Vma | undefined {
    const { list } = this._chunks[c] as Chunk;
    if (i + 1 < list.length) return list[i + 1];
    return c + 1 < this._chunks.length ? (this._chunks[c + 1] as Chunk).list[0] : undefined;
  }

  /** The first mapping that ends above `address`. Linux find_vma(). */
  above(address: number): Vma | undefined {
    this._seek(address);
    return this._here();
  }
  /** The last mapping that ends at `address` or below. */
  below(address: number): Vma | undefined {
    this._seek(address);
    return this._before(this._c, this._i);
  }
  /** The mapping that contains `address`. Linux vma_lookup(). */
  find(address: number): Vma | undefined {
    const hit = this._hit;
    if (hit !== undefined && address >= hit.start && address < hit.end) return hit;
    const vma = this.above(address);
    if (vma === undefined || address < vma.start) return undefined;
    this._hit = vma;
    return vma;
  }

  /** True if anything is mapped in [start, end). */
  overlaps(start: number, end: number): boolean {
    const vma = this.above(start);
    return vma !== undefined && vma.start < end;
  }

  /** Mapped addresses without a hole, found by the last long search; undefined after a change of ranges. */
  private _run: { readonly start: number; readonly end: number } | undefined = undefined;
  /** True if all of [start, end) is mapped. */
  covers(start: number, end: number): boolean {
    const run = this._run;
    if (run !== undefined && run.start <= start && end <= run.end) return true;
    const first = this.find(start);
    if (first === undefined || first.end >= end) return first !== undefined;
    const hole = this.gapsUp(first.end, 1, (above, below) => (below !== undefined && below.end < above.start ? below.end : undefined));
    this._run = { start: first.start, end: hole ?? this.last?.end ?? 0 };
    return this._run.end >= end;
  }
  /** The mappings that overlap [start, end), in a new array. */
  within(start: number, end: number): Vma[] {
    const found: Vma[] = [];
    if (end <= start) return found;
    this._seek(start);
    let i = this._i;
    for (let c = this._c; c < this._chunks.length; c++) {
      const { list } = this._chunks[c] as Chunk;
      for (; i < list.length; i++) {
        const vma = list[i] as Vma;
        if (vma.start >= end) return found;
        found.push(vma);
      }
      i = 0;
    }
    return found;
  }

  /** The largest gap of chunk `c`, computed if needed. */
  private _gapOf(c: number): number {
    const chunk = this._chunks[c] as Chunk;
    if (chunk.gap >= 0) return chunk.gap;
    let end = this._before(c, 0)?.end ?? 0;
    let most = 0;
    for (const vma of chunk.list) {
      if (vma.start - end > most) most = vma.start - end;
      end = vma.end;
    }
    return (chunk.gap = most);
  }
  /**
   * Invalidates the gap of a chunk whose mappings changed, and that of the next chunk, whose lowest gap
   * changed.
   */
  private _gapsChanged(c: number): void {
    this._run = undefined;
    (this._chunks[c] as Chunk).gap = -1;
    const next = this._chunks[c + 1];
    if (next !== undefined) next.gap = -1;
  }

  /**
   * Calls `take` for gaps downwards from `high`, with the mappings above and below each gap. Chunks without a
   * gap of `length` bytes are skipped. Returns the first result that is not undefined.
   */
  gapsDown<T>(high: number, length: number, take: (above: Vma | undefined, below: Vma | undefined) => T | undefined): T | undefined {
    this._seek(high);
    let i = this._i;
    for (let c = this._c; c >= 0; c--) {
      const { list } = this._chunks[c] as Chunk;
      // The gap above the last mapping belongs to no chunk.
      if (i >= list.length || this._gapOf(c) >= length) {
        for (; i >= 0; i--) {
          const taken = take(list[i], this._before(c, i));
          if (taken !== undefined) return taken;
        }
      }
      i = c > 0 ? (this._chunks[c - 1] as Chunk).list.length - 1 : 0;
    }
    return undefined;
  }
  /**
   * Calls `take` for gaps upwards from `low`, like `gapsDown`. The gap above the last mapping is not
   * included.
   */
  gapsUp<T>(low: number, length: number, take: (above: Vma, below: Vma | undefined) => T | undefined): T | undefined {
    this._seek(low);
    let i = this._i;
    for (let c = this._c; c < this._chunks.length; c++) {
      const { list } = this._chunks[c] as Chunk;
      if (this._gapOf(c) >= length) {
        for (; i < list.length; i++) {
          const taken = take(list[i] as Vma, this._before(c, i));
          if (taken !== undefined) return taken;
        }
      }
      i = 0;
    }
    return undefined;
  }
  /** The highest mapping. */
  get last(): Vma | undefined {
    return this._before(this._chunks.length, 0);
  }
  /** Calls `visit` for each mapping in order of address. It must not change them. A generator is slower. */
  each(visit: (vma: Vma) => void): void {
    for (const { list } of this._chunks) for (let i = 0; i < list.length; i++) visit(list[i] as Vma);
  }
  /** Removes all mappings, after `drop` of each. */
  clear(drop: (vma: Vma) => void): void {
    for (const { list } of this._chunks) {
      for (let i = 0; i < list.length; i++) {
        const vma = list[i] as Vma;
        drop(vma);
        vma.cache?.detach(vma);
      }
    }
    this.changes += this._count;
    this._chunks.length = 0;
    this._chunks.push({ list: [], gap: -1 });
    this._count = 0;
    this._hit = undefined;
    this._run = undefined;
    const { pages } = this;
    pages.total = pages.locked = pages.data = pages.stack = pages.exec = 0;
  }

  /** Splits the mapping that contains `address` there. */
  split(address: number): void {
    const vma = this.above(address);
    if (vma === undefined || address <= vma.start) return;
    const upper = copyOf(vma);
    upper.start = address;
    upper.pgoff = pageOffset(vma, address);
    const [c, i] = [this._c, this._i];
    vma.end = address;
    this._put(c, i + 1, upper);
    upper.cache?.attach(this._owner, upper);
  }

  /**
   * False if a split at `address` is forbidden (vm_ops->may_split): the vDSO is never split, and no huge page
   * is.
   */
  maySplit(address: number): boolean {
    const vma = this.find(address);
    if (vma === undefined || address === vma.start) return true;
    if ((vma.flags & VM.HUGETLB) === 0) return (vma.flags & SPECIAL) === 0;
    return address % (vma.file?.backing.huge?.unit ?? 1) === 0;
  }

  /** The number of additional mappings after splits at `start` and `end`. */
  splits(start: number, end: number): number {
    const inside = (at: number): number => {
      const vma = this.find(at);
      return vma !== undefined && at > vma.start ? 1 : 0;
    };
    return inside(start) + inside(end);
  }

  private _account(vma: Vma, pages: number): void {
    const p = this.pages;
    const { flags, prot } = vma;
    p.total += pages;
    if (flags & VM.LOCKED) p.locked += pages;
    if (flags & VM.GROWSDOWN) p.stack += pages;
    else if (isData(prot, flags)) p.data += pages;
    else if (prot & PROT.EXEC) p.exec += pages;
  }
  private _put(c: number, i: number, vma: Vma): void {
    const chunk = this._chunks[c] as Chunk;
    if (i === chunk.list.length) chunk.list.push(vma);
    else chunk.list.splice(i, 0, vma);
    this._count++;
    this.changes++;
    this._gapsChanged(c);
    if (chunk.list.length > CHUNK_MAX) this._chunks.splice(c + 1, 0, { list: chunk.list.splice(CHUNK_MAX >> 1), gap: -1 });
  }

  /** Adds a mapping in a gap and merges it with the given neighbours. */
  insert(vma: Vma, neighbours: "both" | "below" | "none" = "both"): void {
    this._seek(vma.start);
    this._put(this._c, this._i, vma);
    this._account(vma, (vma.end - vma.start) / PAGE_SIZE);
    vma.cache?.attach(this._owner, vma);
    if (neighbours === "none") return;
    if (this._here() !== vma) this._seek(vma.start);
    this._join(vma, neighbours === "both");
  }

  /**
   * Fills an empty list with unlocked copies of another one's mappings, of the same ranges and kinds. `copy`
   * makes them; undefined: the list gets none.
   */
  copyFrom(from: Areas, copy: (vma: Vma) => Vma | undefined): void {
    const { pages } = this;
    const { total, data, stack, exec } = from.pages;
    const chunks = from._chunks;
    pages.total = total;
    pages.data = data;
    pages.stack = stack;
    pages.exec = exec;
    this._chunks.length = 0;
    this._run = undefined;
    for (let c = 0; c < chunks.length; c++) {
      const { list } = chunks[c] as Chunk;
      const copies: Vma[] = [];
      for (let i = 0; i < list.length; i++) {
        const vma = list[i] as Vma;
        const copied = copy(vma);
        if (copied === undefined) {
          this._account({ ...vma, flags: vma.flags & ~VM.LOCKED }, (vma.start - vma.end) / PAGE_SIZE);
          continue;
        }
        copies.push(copied);
        copied.cache?.attach(this._owner, copied);
      }
      this._count += copies.length;
      if (copies.length > 0) this._chunks.push({ list: copies, gap: -1 });
    }
    if (this._chunks.length === 0) this._chunks.push({ list: [], gap: -1 });
  }

  /** Removes a mapping. Throws if it is not in the list. */
  remove(vma: Vma): void {
    this._seek(vma.start);
    if (this._here() !== vma) throw new Error("the mapping is not in the list");
    this._account(vma, (vma.start - vma.end) / PAGE_SIZE);
    this._removeAt(this._c, this._i);
  }
  private _removeAt(c: number, i: number): void {
    const { list } = this._chunks[c] as Chunk;
    const vma = list[i] as Vma;
    if (i === list.length - 1) list.pop();
    else list.splice(i, 1);
    this._count--;
    this.changes++;
    this._hit = undefined;
    this._gapsChanged(c);
    if (list.length === 0 && this._chunks.length > 1) this._chunks.splice(c, 1);
    vma.cache?.detach(vma);
  }

  /** Moves the ends of a mapping; the new range is free. For expand_stack() and mremap(2). */
  resize(vma: Vma, start: number, end: number): void {
    this._seek(vma.start);
    this._account(vma, (end - start - (vma.end - vma.start)) / PAGE_SIZE);
    vma.pgoff += (start - vma.start) / PAGE_SIZE;
    vma.start = start;
    vma.end = end;
    this._gapsChanged(this._c);
  }
  /** Changes the permissions or VM bits of a mapping. */
  change(vma: Vma, prot: number, flags: number): void {
    const pages = (vma.end - vma.start) / PAGE_SIZE;
    this._account(vma, -pages);
    vma.prot = prot;
    vma.flags = flags;
    this.changes++;
    this._account(vma, pages);
  }

  /**
   * The anon id for the first private page of `vma`: that of a neighbour that differs at most in permissions,
   * or undefined. Linux find_mergeable_anon_vma().
   */
  findMergeableAnon(vma: Vma): number | undefined {
    this._seek(vma.start);
    const next = this._after(this._c, this._i);
    if (next && next.anon > 0 && isContiguous(vma, next)) return next.anon;
    const previous = this._before(this._c, this._i);
    return previous && previous.anon > 0 && isContiguous(previous, vma) ? previous.anon : undefined;
  }

  /**
   * Merges the mapping at the position with the one below it and then, if `above`, with the one above. If
   * only one can merge, the lower does.
   */
  private _join(vma: Vma, above: boolean): void {
    const previous = this._before(this._c, this._i);
    let joined = vma;
    if (previous !== undefined && this._joinNext(previous, vma)) {
      joined = previous;
      this._seek(joined.start);
    }
    if (!above) return;
    const next = this._after(this._c, this._i);
    if (next !== undefined) this._joinNext(joined, next);
  }
  private _joinNext(a: Vma, b: Vma): boolean {
    if (!canMerge(a, b)) return false;
    this._seek(b.start);
    this._removeAt(this._c, this._i);
    a.end = b.end;
    a.anon ||= b.anon;
    return true;
  }

  /** Merges a changed mapping with its neighbours if they are equal now. Linux vma_modify(). */
  merge(vma: Vma): void {
    this._seek(vma.start);
    if (this._here() === vma) this._join(vma, true);
  }
}

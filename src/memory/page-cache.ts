// The page cache of one file: the frames that its mappings share. backing.ts has the rules of coherence with
// the file.
import { E } from "../abi/errno.ts";
import type { Backing } from "./backing.ts";
import { type Frames, PAGE_SIZE } from "./frames.ts";
import { OrderedMap } from "./ordered-map.ts";
import { VM, type Vma } from "./vma.ts";

/** An address space with mappings of the file, for truncation. Linux address_space.i_mmap. */
export interface FileMapping {
  /**
   * Drops a mapping's file pages from `from` on and before `to`, with private copies. Linux
   * unmap_mapping_range() with even_cows.
   */
  zap(vma: Vma, from: number, to?: number): void;
  /** Another space executes a page of the file, which this mapping may get. */
  executed(vma: Vma, page: number, frame: number): void;
}
/** The mappings that get a page of code which one of them executes for the first time. */
const MOST_MAPPINGS = 32;

/** The keys in [from, to). The map may change meanwhile. */
function* within(map: OrderedMap<unknown>, from: number, to = Number.POSITIVE_INFINITY): Generator<number> {
  for (let key = map.next(from); key !== undefined && key < to; key = map.next(key + 1)) yield key;
}

/** The cached pages of one file, by page index. */
export class PageCache {
  readonly backing: Backing;
  readonly frames: Frames;
  /**
   * The mappings of the file and their address spaces, each at its `place`. A Map would keep garbage of ended
   * processes alive, because V8 links each old table of a Map to the next one.
   */
  private readonly _mappings: Vma[] = [];
  private readonly _owners: FileMapping[] = [];
  private readonly _pages = new OrderedMap<number>();
  /** Pages that shared mappings may have stored to. */
  private readonly _dirty = new OrderedMap<true>();
  /** The file has no link and no open file. */
  private _orphan = false;

  constructor(frames: Frames, backing: Backing) {
    this.frames = frames;
    this.backing = backing;
    frames.reclaimers.add(this);
  }

  /** The cache of a file, made at the first call. */
  static of(frames: Frames, backing: Backing): PageCache {
    backing.pages ??= backing.makeCache?.(frames) ?? new PageCache(frames, backing);
    return backing.pages;
  }

  /**
   * The frame of page `index`, not retained for the caller. 0: out of memory. -1: beyond the end of the file,
   * or an I/O error. `wanted` is the preferred frame of a page that is not cached yet.
   */
  frame(index: number, wanted = 0): number {
    const cached = this._pages.get(index);
    if (index * PAGE_SIZE >= this.backing.size) return -1;
    if (cached !== undefined) return cached;
    const frame = this.frames.alloc(wanted, true);
    if (frame === 0) return 0;
    if (this.backing.readPage(index, this.frames.bytes(frame)) < 0) {
      this.frames.release(frame);
      return -1;
    }
    this.frames.filled(frame);
    this._pages.set(index, frame);
    return frame;
  }

  /** The frame of page `index`, which is below the end of the file, if it is cached. */
  cached(index: number): number | undefined {
    return this._pages.get(index);
  }

  /** Calls `visit` for the cached pages from `first` to below `end`. It must not change the cache. */
  eachCached(first: number, end: number, visit: (index: number, frame: number) => void): void {
    this._pages.within(first, end, visit);
  }

  /** Moves page `index` to a new frame. The old frame remains with its other user. False: out of memory. */
  move(index: number): boolean {
    const from = this._pages.get(index) as number;
    const to = this.frames.allocDirty();
    if (to === 0) return false;
    this.frames.u8.copyWithin(to, this.frames.use(from), from + PAGE_SIZE);
    this._pages.set(index, to);
    this.frames.release(from);
    return true;
  }

  /** Gives a page of code to the newest mappings that may execute it. */
  executed(index: number, frame: number): void {
    for (let i = Math.max(0, this._mappings.length - MOST_MAPPINGS); i < this._mappings.length; i++) {
      const vma = this._mappings[i] as Vma;
      const page = vma.start + (index - vma.pgoff) * PAGE_SIZE;
      if (page >= vma.start && page < vma.end) (this._owners[i] as FileMapping).executed(vma, page, frame);
    }
  }

  /** The number of cached pages. */
  get count(): number {
    return this._pages.size;
  }

  /** True if mincore(2) reports page `index` as resident. */
  has(index: number): boolean {
    if (index * PAGE_SIZE >= this.backing.size) return false;
    return this._pages.has(index) || this.backing.sparse !== true || this.backing.holds?.(index) === true;
  }

  /** Called before a write of a shared mapping to page `index`. */
  dirtied(index: number): void {
    this._dirty.set(index, true);
    this.backing.modified?.();
  }

  /** Called after write(2) stored `bytes` at `offset` of the file. */
  wrote(offset: number, bytes: Uint8Array): void {
    if (this._pages.size === 0) return;
    const { u8 } = this.frames;
    for (let done = 0; done < bytes.length; ) {
      const at = offset + done;
      const within = at % PAGE_SIZE;
      const n = Math.min(PAGE_SIZE - within, bytes.length - done);
      const frame = this._pages.get(Math.floor(at / PAGE_SIZE));
      if (frame !== undefined) {
        u8.set(bytes.subarray(done, done + n), this.frames.use(frame + within));
        this.frames.changed(frame);
      }
      done += n;
    }
  }

  /**
   * Called after read(2) filled `into` from `offset` of the file: adds the later stores of shared mappings.
   */
  overlay(offset: number, into: Uint8Array): void {
    const end = (offset + into.length) / PAGE_SIZE;
    for (const index of within(this._dirty, Math.floor(offset / PAGE_SIZE), end)) {
      const frame = this.frames.use(this._pages.get(index) as number);
      const from = Math.max(index * PAGE_SIZE, offset);
      const to = Math.min((index + 1) * PAGE_SIZE, offset + into.length);
      if (from < to) into.set(this.frames.u8.subarray(frame + from - index * PAGE_SIZE, frame + to - index * PAGE_SIZE), from - offset);
    }
  }

  /** Makes the pages [from, to) a hole (MADV_REMOVE): 0 or -errno. */
  punch(from: number, to: number): number {
    if (this.backing.punchPages === undefined) return -E.EOPNOTSUPP;
    this.zero(from * PAGE_SIZE, to * PAGE_SIZE);
    return this.backing.punchPages(from, to);
  }
  /** Zeroes the cached part of the bytes [from, to), where the file got a hole. */
  zero(from: number, to: number): void {
    for (const index of within(this._pages, Math.floor(from / PAGE_SIZE), to / PAGE_SIZE)) {
      const frame = this.frames.use(this._pages.get(index) as number);
      this.frames.clear(frame + Math.max(0, from - index * PAGE_SIZE), frame + Math.min(PAGE_SIZE, to - index * PAGE_SIZE));
      this.frames.changed(frame);
    }
  }

  /**
   * Called after the file was truncated to `size`: drops later pages and zeroes the rest of the last page.
   */
  truncated(size: number): void {
    const end = Math.ceil(size / PAGE_SIZE);
    const tail = size % PAGE_SIZE;
    const last = tail === 0 ? undefined : this._pages.get(end - 1);
    if (last !== undefined) {
      this.frames.clear(this.frames.use(last + tail), last + PAGE_SIZE);
      this.frames.changed(last);
    }
    this.unmap(end);
    for (const index of within(this._pages, end)) this._forget(index);
  }
  /** Takes the pages [from, to) from all mappings. */
  unmap(from: number, to = Number.POSITIVE_INFINITY): void {
    this.each((vma, owner) => owner.zap(vma, from, to));
  }
  /** Visits the mappings of the file. */
  each(visit: (vma: Vma, owner: FileMapping) => void): void {
    this._mappings.forEach((vma, i) => visit(vma, this._owners[i] as FileMapping));
  }

  private _forget(index: number): void {
    this.frames.release(this._pages.get(index) as number);
    this._pages.delete(index);
    this._dirty.delete(index);
  }

  /**
   * Stores dirty pages in [from, to) in the file, at most `most`. Returns their number, and the next page if
   * there are more. Pages remain dirty while the file is mapped, because a mapping can write again without a
   * fault.
   */
  sync(from = 0, to = Number.POSITIVE_INFINITY, most = Number.POSITIVE_INFINITY): { readonly done: number; readonly next?: number } {
    let done = 0;
    if (this.backing.writePage === undefined) return { done };
    for (const index of within(this._dirty, from, to)) {
      if (done === most) return { done, next: index };
      done++;
      if (this._store(index) && this._mappings.length === 0) this._dirty.delete(index);
    }
    return { done };
  }
  /** False: the file cannot store the page, which remains dirty. */
  private _store(index: number): boolean {
    const frame = this.frames.use(this._pages.get(index) as number);
    const length = Math.min(PAGE_SIZE, this.backing.size - index * PAGE_SIZE);
    return length <= 0 || this.backing.writePage?.(index, this.frames.u8.subarray(frame, frame + length)) === length;
  }

  /** True if a mapping could change the file. */
  get mappedWritable(): boolean {
    return this._mappings.some((vma) => (vma.flags & VM.SHARED) !== 0);
  }
  /** Registers a mapping of the file. */
  attach(owner: FileMapping, vma: Vma): void {
    vma.place = this._mappings.push(vma) - 1;
    this._owners.push(owner);
    this.backing.counted?.(this._mappings.length);
  }
  /** Removes a mapping. The last one stores dirty pages. */
  detach(vma: Vma): void {
    if (this._mappings[vma.place] !== vma) throw new Error("the mapping is not in the list of its file");
    const last = this._mappings.pop() as Vma;
    const owner = this._owners.pop() as FileMapping;
    if (last !== vma) {
      this._mappings[vma.place] = last;
      this._owners[vma.place] = owner;
      last.place = vma.place;
    }
    this._detached();
    this.backing.counted?.(this._mappings.length);
  }
  private _detached(): void {
    if (this._mappings.length > 0) return;
    this.sync();
    if (!this._orphan) return;
    this._release();
    this.backing.unmapped?.();
  }

  /** Called when the file has no link and no open file. Frees its pages now, or after its last mapping. */
  drop(): void {
    this._orphan = true;
    if (this._mappings.length === 0) this._release();
  }
  private _release(): void {
    for (const index of within(this._pages, 0)) this._forget(index);
    this.frames.reclaimers.delete(this);
    this.backing.pages = undefined;
  }

  vacate(frames: ReadonlySet<number>, ofUnmapped = false): number {
    if (ofUnmapped && this._mappings.length > 0) return 0;
    const found: number[] = [];
    this._pages.within(0, Number.POSITIVE_INFINITY, (index, frame) => {
      if (frames.has(frame) && this.frames.refs(frame) === 1 && !this.frames.watch.codeFrames[frame / PAGE_SIZE]) found.push(index);
    });
    let moved = 0;
    for (const index of found) if (this.move(index)) moved++;
    return moved;
  }

  /** Frees up to `wanted` pages that no address space maps. Returns their number. */
  reclaim(wanted: number): number {
    let freed = 0;
    for (const index of within(this._pages, 0)) {
      if (freed >= wanted) break;
      const frame = this._pages.get(index) as number;
      if (this.frames.refs(frame) > 1) continue;
      if (this._dirty.has(index)) {
        // The pages of shared anonymous memory have no other copy.
        if (this.backing.writePage === undefined || !this._store(index)) continue;
      }
      this._forget(index);
      freed++;
    }
    return freed;
  }
}

// The bytes of a regular file in the machine: written pages over an optional base, which is read from the
// host. Bytes in neither are zero (a sparse file). The base is never written: so a mount is copy-on-write.
import { E } from "../../../abi/errno.ts";
import type { Frames } from "../../../memory/frames.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";

const PAGE = 4096;

/**
 * The limits of pages and inodes of a file system. Pages are frames of the machine. man 5 tmpfs, size= and
 * nr_inodes=.
 */
export class ContentBudget {
  readonly frames: Frames;
  pages: number;
  readonly inodes: number;
  usedPages = 0;
  usedInodes = 0;
  constructor(frames: Frames, pages: number, inodes: number) {
    this.frames = frames;
    this.pages = pages;
    this.inodes = inodes;
  }
  /** Changes the limit of pages. False: more are in use. */
  resize(pages: number): boolean {
    if (pages < this.usedPages) return false;
    this.pages = pages;
    return true;
  }
  /** A frame, or 0. `dirty`: its content is undefined, else zero. */
  takePage(dirty: boolean): number {
    if (this.usedPages >= this.pages) return 0;
    const frame = dirty ? this.frames.allocDirty() : this.frames.alloc();
    if (frame !== 0) this.usedPages++;
    return frame;
  }
  /** Frees a frame. */
  givePage(frame: number): void {
    this.usedPages--;
    this.frames.release(frame);
  }
}

/** The constant bytes below a file: a file of the host. */
export interface Base {
  readonly size: number;
  /** Returns the number of bytes read, or -errno. */
  read(offset: number, into: Uint8Array): number;
}

/** The bytes of a file in memory, or of an overlay. */
export interface FileContent {
  readonly size: number;
  readonly blocks: number;
  readonly heldPages: number;
  /** The range is within the size. Returns the number of bytes, or -errno. */
  read(at: number, into: Uint8Array): number;
  write(at: number, bytes: Uint8Array): number;
  /** True if `write` copies the bytes: its caller may use the same buffer for the next ones. */
  readonly copies: boolean;
  /** 0 or -errno. */
  truncate(size: number): number;
  next(at: number, data: boolean): number;
  reserve(at: number, end: number): number;
  punch(at: number, end: number): number;
  clear(): void;
}

/** The bytes of one file. */
export class Content implements FileContent {
  get copies(): boolean {
    return true;
  }
  private readonly _budget: ContentBudget;
  private readonly _base: Base | undefined;
  /** The visible size of the base in bytes. A truncation reduces it permanently. */
  private _baseSize: number;
  /** The hidden pages of the base, as ranges: the first page, and the page after the last one. */
  private _holes: OrderedMap<number> | undefined = undefined;
  /** Frames by page number. -frame: zeros that fallocate(2) allocated and that were not written yet. */
  private readonly _pages = new OrderedMap<number>();
  size: number;

  constructor(budget: ContentBudget, base?: Base) {
    this._budget = budget;
    this._base = base;
    this._baseSize = base?.size ?? 0;
    this.size = this._baseSize;
  }
  /** Pages in memory, written or promised. */
  get heldPages(): number {
    return this._pages.size;
  }
  /** The allocated size in units of 512 bytes. */
  get blocks(): number {
    return (this._pages.size + Math.ceil(this._baseSize / PAGE)) * (PAGE / 512);
  }

  /** Reads from `at`; the range is within the size. Returns the number of bytes, or -errno of the base. */
  read(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const index = Math.floor((at + done) / PAGE);
      const page = this._pages.get(index);
      const within = (at + done) % PAGE;
      if (page !== undefined) {
        const n = Math.min(PAGE - within, into.length - done);
        if (page < 0) into.fill(0, done, done + n);
        else into.set(this._budget.frames.u8.subarray(this._budget.frames.use(page) + within, page + within + n), done);
        done += n;
        continue;
      }
      // One read of the base for all consecutive pages that are not here.
      const end = this._pages.next(index) ?? Number.POSITIVE_INFINITY;
      const range = into.subarray(done, Math.min(into.length, end * PAGE - at));
      const error = this._readBase(at + done, range);
      if (error < 0) return error;
      done += range.length;
    }
    return into.length;
  }
  private _readBase(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const index = Math.floor((at + done) / PAGE);
      const end = this._baseEnd(index);
      const stop = end > index ? end : (this._holeEnd(index) ?? Number.POSITIVE_INFINITY);
      const range = into.subarray(done, Math.min(into.length, stop * PAGE - at));
      const n = end > index ? Math.min(range.length, this._baseSize - (at + done)) : 0;
      const got = n > 0 && this._base ? this._base.read(at + done, range.subarray(0, n)) : 0;
      range.fill(0, Math.max(0, got));
      if (got < 0) return got;
      done += range.length;
    }
    return into.length;
  }
  /** The page after the hole of the base that contains page `index`; undefined if no hole contains it. */
  private _holeEnd(index: number): number | undefined {
    const start = this._holes?.previous(index);
    const end = start === undefined ? 0 : (this._holes?.get(start) ?? 0);
    return end > index ? end : undefined;
  }
  /**
   * The page after the visible part of the base from page `index` on. At most `index`: the base is not
   * visible there.
   */
  private _baseEnd(index: number): number {
    if (this._holeEnd(index) !== undefined) return index;
    return Math.min(Math.ceil(this._baseSize / PAGE), this._holes?.next(index) ?? Number.POSITIVE_INFINITY);
  }

  /** Writes at `at`. Returns the number of bytes, fewer if the budget ends, or -ENOSPC for none. */
  write(at: number, bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      const within = (at + done) % PAGE;
      const n = Math.min(PAGE - within, bytes.length - done);
      const page = this._writable(Math.floor((at + done) / PAGE), n === PAGE);
      if (page < 0) {
        if (done > 0) break;
        return page;
      }
      this._budget.frames.u8.set(n === bytes.length ? bytes : bytes.subarray(done, done + n), page + within);
      done += n;
      this.size = Math.max(this.size, at + done);
    }
    return done;
  }
  /** The frame of a page, or -errno. `whole`: all of it will be written. */
  private _writable(index: number, whole: boolean): number {
    const present = this._pages.get(index);
    const { frames } = this._budget;
    if (present !== undefined && present > 0) {
      frames.changed(present);
      return present;
    }
    const page = present === undefined ? this._budget.takePage(whole) : -present;
    if (page === 0) return -E.ENOSPC;
    if (present !== undefined) frames.changed(page);
    const based = present === undefined && !whole && this._baseEnd(index) > index;
    const error = based ? this._readBase(index * PAGE, frames.bytes(page)) : 0;
    if (error < 0) {
      this._budget.givePage(page);
      return error;
    }
    this._pages.set(index, page);
    return page;
  }

  /** Allocates [at, end) for fallocate(2): 0, or -ENOSPC without any change. Linux shmem_fallocate(). */
  reserve(at: number, end: number): number {
    const taken: number[] = [];
    const stop = Math.ceil(end / PAGE);
    for (let index = Math.floor(at / PAGE); index < stop; index++) {
      const shown = this._baseEnd(index);
      if (shown > index) index = shown - 1;
      else if (!this._pages.has(index)) {
        const page = this._budget.takePage(false);
        if (page === 0) {
          for (const each of taken) this._free(each);
          return -E.ENOSPC;
        }
        this._pages.set(index, -page);
        taken.push(index);
      }
    }
    return 0;
  }
  /** Makes [at, end) a hole: zeroes it and frees its whole pages. 0 or -errno. */
  punch(at: number, end: number): number {
    const to = Math.min(end, Math.ceil(this.size / PAGE) * PAGE);
    const first = Math.ceil(at / PAGE);
    const last = Math.floor(to / PAGE);
    const head = this._clear(at, Math.min(to, first * PAGE));
    const tail = last >= first ? this._clear(Math.max(at, last * PAGE), to) : 0;
    if (head < 0 || tail < 0) return Math.min(head, tail);
    if (first >= last) return 0;
    this._freeWithin(first, last);
    if (first * PAGE < this._baseSize) this._hide(first, last);
    return 0;
  }
  /** Zeroes bytes within one page. */
  private _clear(at: number, end: number): number {
    const index = Math.floor(at / PAGE);
    if (at >= end || (!this._pages.has(index) && this._baseEnd(index) <= index)) return 0;
    const page = this._writable(index, false);
    if (page < 0) return page;
    this._budget.frames.clear(page + at - index * PAGE, page + end - index * PAGE);
    return 0;
  }
  /** Hides the base in the pages [first, last). */
  private _hide(first: number, last: number): void {
    const holes = (this._holes ??= new OrderedMap());
    const before = holes.previous(first);
    const start = before !== undefined && (holes.get(before) as number) >= first ? before : first;
    let end = last;
    for (let next = holes.next(start); next !== undefined && next <= last; next = holes.next(start)) {
      end = Math.max(end, holes.get(next) as number);
      holes.delete(next);
    }
    holes.set(start, end);
  }
  private _free(index: number): void {
    this._budget.givePage(Math.abs(this._pages.get(index) as number));
    this._pages.delete(index);
  }
  private _freeWithin(first: number, last: number): void {
    for (let index = this._pages.next(first); index !== undefined && index < last; index = this._pages.next(index)) this._free(index);
  }

  /** Sets the size. */
  truncate(size: number): number {
    if (size < this.size) {
      this._freeWithin(Math.ceil(size / PAGE), Number.POSITIVE_INFINITY);
      const last = this._pages.get(Math.floor(size / PAGE));
      if (last !== undefined && last > 0) {
        this._budget.frames.clear(this._budget.frames.use(last) + (size % PAGE), last + PAGE);
        this._budget.frames.changed(last);
      }
      this._baseSize = Math.min(this._baseSize, size);
    }
    this.size = size;
    return 0;
  }

  /** lseek(2) SEEK_DATA and SEEK_HOLE: the next offset from `at` of data, or of a hole. */
  next(at: number, data: boolean): number {
    let index = Math.floor(at / PAGE);
    const from = (page: number): number => Math.min(this.size, Math.max(at, page * PAGE));
    if (data) {
      if (this._baseEnd(index) > index) return at;
      let page = this._pages.next(index) ?? Number.POSITIVE_INFINITY;
      while ((this._pages.get(page) ?? 0) < 0) page = this._pages.next(page + 1) ?? Number.POSITIVE_INFINITY;
      // The base may be visible again after a hole.
      let shown = this._holeEnd(index);
      while (shown !== undefined && this._baseEnd(shown) <= shown) shown = this._holeEnd(shown);
      return from(Math.min(page, shown !== undefined && shown * PAGE < this._baseSize ? shown : Number.POSITIVE_INFINITY));
    }
    for (;;) {
      const shown = this._baseEnd(index);
      if (shown > index) index = shown;
      else if ((this._pages.get(index) ?? 0) > 0) index++;
      else return from(index);
    }
  }
  /** Frees all pages at the end of the file. */
  clear(): void {
    for (const page of this._pages.values()) this._budget.givePage(Math.abs(page));
    this._pages.clear();
  }
}

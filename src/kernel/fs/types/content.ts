// The bytes of a regular file that lives in the machine: pages that were written, over an optional base that is read from the host.
// Sparse: what is in neither reads zero. The base is never written, which is what makes a copy-on-write mount.
import { E } from "../../../abi/errno.ts";
import type { Frames } from "../../../memory/frames.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";

const PAGE = 4096;

/** How many pages and inodes a file system may use. tmpfs(5) size= and nr_inodes=. Pages are frames of the machine. */
export class Budget {
  readonly frames: Frames;
  readonly pages: number;
  readonly inodes: number;
  usedPages = 0;
  usedInodes = 0;
  constructor(frames: Frames, pages: number, inodes: number) {
    this.frames = frames;
    this.pages = pages;
    this.inodes = inodes;
  }
  /** A frame, or 0. `dirty`: its content is anything; it is zeroed otherwise. */
  takePage(dirty: boolean): number {
    if (this.usedPages >= this.pages) return 0;
    const frame = dirty ? this.frames.allocDirty() : this.frames.alloc();
    if (frame !== 0) this.usedPages++;
    return frame;
  }
  givePage(frame: number): void {
    this.usedPages--;
    this.frames.release(frame);
  }
}

/** Unchanging bytes below a file: the host's file. */
export interface Base {
  readonly size: number;
  /** Bytes read, or -errno. */
  read(offset: number, into: Uint8Array): number;
}

export class Content {
  readonly #budget: Budget;
  readonly #base: Base | undefined;
  /** How much of the base still shows: a truncation hides the rest for good. */
  #baseSize: number;
  /** Pages of the base that have been punched out: runs of them, by the first, each up to before a page. */
  #holes: OrderedMap<number> | undefined = undefined;
  /** Frames by page number. -frame: fallocate(2) has promised the page, and nothing has been written to it yet. */
  readonly #pages = new OrderedMap<number>();
  size: number;

  constructor(budget: Budget, base?: Base) {
    this.#budget = budget;
    this.#base = base;
    this.#baseSize = base?.size ?? 0;
    this.size = this.#baseSize;
  }
  /** In units of 512 bytes. */
  get blocks(): number {
    return (this.#pages.size + Math.ceil(this.#baseSize / PAGE)) * (PAGE / 512);
  }

  /** Fill `into` from `at`, which with its length lies within the size. Bytes, or -errno of the base. */
  read(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const index = Math.floor((at + done) / PAGE);
      const page = this.#pages.get(index);
      const within = (at + done) % PAGE;
      if (page !== undefined) {
        const n = Math.min(PAGE - within, into.length - done);
        if (page < 0) into.fill(0, done, done + n);
        else into.set(this.#budget.frames.u8.subarray(page + within, page + within + n), done);
        done += n;
        continue;
      }
      // One request to the base for the whole run of pages that are not here.
      const end = this.#pages.next(index) ?? Number.POSITIVE_INFINITY;
      const run = into.subarray(done, Math.min(into.length, end * PAGE - at));
      const bad = this.#readBase(at + done, run);
      if (bad < 0) return bad;
      done += run.length;
    }
    return into.length;
  }
  #readBase(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const index = Math.floor((at + done) / PAGE);
      const end = this.#baseEnd(index);
      const stop = end > index ? end : (this.#holeEnd(index) ?? Number.POSITIVE_INFINITY);
      const run = into.subarray(done, Math.min(into.length, stop * PAGE - at));
      const n = end > index ? Math.min(run.length, this.#baseSize - (at + done)) : 0;
      const got = n > 0 && this.#base ? this.#base.read(at + done, run.subarray(0, n)) : 0;
      run.fill(0, Math.max(0, got));
      if (got < 0) return got;
      done += run.length;
    }
    return into.length;
  }
  /** The hole of the base that page `index` lies in ends before this page; undefined: it lies in none. */
  #holeEnd(index: number): number | undefined {
    const start = this.#holes?.previous(index);
    const end = start === undefined ? 0 : (this.#holes?.get(start) ?? 0);
    return end > index ? end : undefined;
  }
  /** The base shows from page `index` on up to before this page; it does not show there at all if that is `index` or less. */
  #baseEnd(index: number): number {
    if (this.#holeEnd(index) !== undefined) return index;
    return Math.min(Math.ceil(this.#baseSize / PAGE), this.#holes?.next(index) ?? Number.POSITIVE_INFINITY);
  }

  /** Bytes written: fewer when the budget ends. -ENOSPC if none. */
  write(at: number, bytes: Uint8Array): number {
    let done = 0;
    while (done < bytes.length) {
      const within = (at + done) % PAGE;
      const n = Math.min(PAGE - within, bytes.length - done);
      const page = this.#writable(Math.floor((at + done) / PAGE), n === PAGE);
      if (page < 0) {
        if (done > 0) break;
        return page;
      }
      this.#budget.frames.u8.set(n === bytes.length ? bytes : bytes.subarray(done, done + n), page + within);
      done += n;
      this.size = Math.max(this.size, at + done);
    }
    return done;
  }
  /** The frame of a page, or -errno. `whole`: all of it will be written. */
  #writable(index: number, whole: boolean): number {
    const known = this.#pages.get(index);
    if (known !== undefined && known > 0) return known;
    const { frames } = this.#budget;
    const page = known === undefined ? this.#budget.takePage(whole) : -known;
    if (page === 0) return -E.ENOSPC;
    if (known !== undefined && !whole) frames.clear(page, page + PAGE);
    const based = known === undefined && !whole && this.#baseEnd(index) > index;
    const bad = based ? this.#readBase(index * PAGE, frames.bytes(page)) : 0;
    if (bad < 0) {
      this.#budget.givePage(page);
      return bad;
    }
    this.#pages.set(index, page);
    return page;
  }

  /** Allocate a range, as fallocate(2) does: all of it or, with -ENOSPC, nothing. Linux shmem_fallocate(). */
  reserve(at: number, end: number): number {
    const taken: number[] = [];
    const stop = Math.ceil(end / PAGE);
    for (let index = Math.floor(at / PAGE); index < stop; index++) {
      const shown = this.#baseEnd(index);
      if (shown > index) index = shown - 1;
      else if (!this.#pages.has(index)) {
        const page = this.#budget.takePage(true);
        if (page === 0) {
          for (const each of taken) this.#free(each);
          return -E.ENOSPC;
        }
        this.#pages.set(index, -page);
        taken.push(index);
      }
    }
    return 0;
  }
  /** Make a range read zero and give back its whole pages. */
  punch(at: number, end: number): number {
    const to = Math.min(end, Math.ceil(this.size / PAGE) * PAGE);
    const first = Math.ceil(at / PAGE);
    const last = Math.floor(to / PAGE);
    const head = this.#clear(at, Math.min(to, first * PAGE));
    const tail = last >= first ? this.#clear(Math.max(at, last * PAGE), to) : 0;
    if (head < 0 || tail < 0) return Math.min(head, tail);
    if (first >= last) return 0;
    this.#freeWithin(first, last);
    if (first * PAGE < this.#baseSize) this.#hide(first, last);
    return 0;
  }
  /** Zero bytes within one page. */
  #clear(at: number, end: number): number {
    const index = Math.floor(at / PAGE);
    if (at >= end || (!this.#pages.has(index) && this.#baseEnd(index) <= index)) return 0;
    const page = this.#writable(index, false);
    if (page < 0) return page;
    this.#budget.frames.clear(page + at - index * PAGE, page + end - index * PAGE);
    return 0;
  }
  /** The base does not show any more in pages `first` up to before `last`. */
  #hide(first: number, last: number): void {
    const holes = (this.#holes ??= new OrderedMap());
    const before = holes.previous(first);
    const start = before !== undefined && (holes.get(before) as number) >= first ? before : first;
    let end = last;
    for (let next = holes.next(start); next !== undefined && next <= last; next = holes.next(start)) {
      end = Math.max(end, holes.get(next) as number);
      holes.delete(next);
    }
    holes.set(start, end);
  }
  #free(index: number): void {
    this.#budget.givePage(Math.abs(this.#pages.get(index) as number));
    this.#pages.delete(index);
  }
  #freeWithin(first: number, last: number): void {
    for (let index = this.#pages.next(first); index !== undefined && index < last; index = this.#pages.next(index)) this.#free(index);
  }

  truncate(size: number): void {
    if (size < this.size) {
      this.#freeWithin(Math.ceil(size / PAGE), Number.POSITIVE_INFINITY);
      const last = this.#pages.get(Math.floor(size / PAGE));
      if (last !== undefined && last > 0) this.#budget.frames.clear(last + (size % PAGE), last + PAGE);
      this.#baseSize = Math.min(this.#baseSize, size);
    }
    this.size = size;
  }

  /** lseek(2) SEEK_DATA and SEEK_HOLE: the next offset from `at` that is (not) in a hole. */
  next(at: number, data: boolean): number {
    let index = Math.floor(at / PAGE);
    const from = (page: number): number => Math.min(this.size, Math.max(at, page * PAGE));
    if (data) {
      if (this.#baseEnd(index) > index) return at;
      let page = this.#pages.next(index) ?? Number.POSITIVE_INFINITY;
      while ((this.#pages.get(page) ?? 0) < 0) page = this.#pages.next(page + 1) ?? Number.POSITIVE_INFINITY;
      // The base may show again behind a hole.
      let shown = this.#holeEnd(index);
      while (shown !== undefined && this.#baseEnd(shown) <= shown) shown = this.#holeEnd(shown);
      return from(Math.min(page, shown !== undefined && shown * PAGE < this.#baseSize ? shown : Number.POSITIVE_INFINITY));
    }
    for (;;) {
      const shown = this.#baseEnd(index);
      if (shown > index) index = shown;
      else if ((this.#pages.get(index) ?? 0) > 0) index++;
      else return from(index);
    }
  }
  /** Nobody can see it any more. */
  clear(): void {
    for (const page of this.#pages.values()) this.#budget.givePage(Math.abs(page));
    this.#pages.clear();
  }
}

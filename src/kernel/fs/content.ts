// The bytes of a regular file that lives in the machine: pages that were written, over an optional base that is read from the host.
// Sparse: what is in neither reads zero. The base is never written, which is what makes a copy-on-write mount.
import { E } from "../../abi/errno.ts";
import type { Frames } from "../../memory/frames.ts";

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
  /** A zeroed frame, or 0. */
  takePage(): number {
    if (this.usedPages >= this.pages) return 0;
    const frame = this.frames.alloc();
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
  /** Frames by page number. */
  #pages = new Map<number, number>();
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
        into.set(this.#budget.frames.u8.subarray(page + within, page + within + n), done);
        done += n;
        continue;
      }
      // One request to the base for the whole run of pages that are not here.
      let end = index + 1;
      while (end * PAGE < at + into.length && !this.#pages.has(end)) end++;
      const run = into.subarray(done, Math.min(into.length, end * PAGE - at));
      const bad = this.#readBase(at + done, run);
      if (bad < 0) return bad;
      done += run.length;
    }
    return into.length;
  }
  #readBase(at: number, into: Uint8Array): number {
    const n = Math.min(into.length, this.#baseSize - at);
    const got = n > 0 && this.#base ? this.#base.read(at, into.subarray(0, n)) : 0;
    into.fill(0, Math.max(0, got));
    return got;
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
    if (known !== undefined) return known;
    const page = this.#budget.takePage();
    if (page === 0) return -E.ENOSPC;
    const bad = whole || index * PAGE >= this.#baseSize ? 0 : this.#readBase(index * PAGE, this.#budget.frames.bytes(page));
    if (bad < 0) {
      this.#budget.givePage(page);
      return bad;
    }
    this.#pages.set(index, page);
    return page;
  }

  /** Allocate a range, as fallocate(2) does. */
  reserve(at: number, end: number): number {
    for (let index = Math.floor(at / PAGE); index * PAGE < end; index++) {
      if (index * PAGE + PAGE <= this.#baseSize) continue;
      const page = this.#writable(index, false);
      if (page < 0) return page;
    }
    return 0;
  }
  /** Make a range read zero and give back its whole pages. */
  punch(at: number, end: number): number {
    for (let index = Math.floor(at / PAGE); index * PAGE < Math.min(end, this.size); index++) {
      const from = Math.max(at - index * PAGE, 0);
      const to = Math.min(end - index * PAGE, PAGE);
      if (from === 0 && to === PAGE && index * PAGE >= this.#baseSize) {
        this.#free(index);
        continue;
      }
      if (!this.#pages.has(index) && index * PAGE >= this.#baseSize) continue;
      const page = this.#writable(index, false);
      if (page < 0) return page;
      this.#budget.frames.clear(page + from, page + to);
    }
    return 0;
  }
  #free(index: number): void {
    const page = this.#pages.get(index);
    if (page === undefined) return;
    this.#pages.delete(index);
    this.#budget.givePage(page);
  }

  truncate(size: number): void {
    if (size < this.size) {
      for (const index of [...this.#pages.keys()]) if (index * PAGE >= size) this.#free(index);
      const last = this.#pages.get(Math.floor(size / PAGE));
      if (last !== undefined) this.#budget.frames.clear(last + (size % PAGE), last + PAGE);
      this.#baseSize = Math.min(this.#baseSize, size);
    }
    this.size = size;
  }

  /** lseek(2) SEEK_DATA and SEEK_HOLE: the next offset from `at` that is (not) in a hole. */
  next(at: number, data: boolean): number {
    let offset = at;
    while (offset < this.size) {
      const index = Math.floor(offset / PAGE);
      if ((this.#pages.has(index) || index * PAGE < this.#baseSize) === data) return offset;
      offset = (index + 1) * PAGE;
      // A long hole is not walked page by page.
      if (data && offset >= this.#baseSize) {
        const later = [...this.#pages.keys()].filter((i) => i * PAGE >= offset);
        return later.length === 0 ? this.size : later.reduce((a, b) => Math.min(a, b)) * PAGE;
      }
    }
    return this.size;
  }
  /** Nobody can see it any more. */
  clear(): void {
    for (const page of this.#pages.values()) this.#budget.givePage(page);
    this.#pages = new Map();
  }
}

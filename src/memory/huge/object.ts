// The huge pages of one file, with its reservations. Linux fs/hugetlbfs/inode.c, mm/hugetlb.c
// hugetlb_reserve_pages().
import { HUGE_FRAMES, HUGE_SIZE, type HugeLimit, type HugePage, type HugePool, type HugeWish } from "./pool.ts";

/** The huge pages of a file, by number. */
export class HugeObject {
  readonly pool: HugePool;
  readonly limit: HugeLimit | undefined;
  /** In bytes, a multiple of a huge page. */
  size: number;
  readonly #pages = new Map<number, HugePage>();
  /** The reserved pages that do not exist yet. */
  readonly #promised = new Set<number>();

  constructor(pool: HugePool, size = 0, limit?: HugeLimit) {
    this.pool = pool;
    this.size = size;
    this.limit = limit;
  }

  /** The number of existing pages. */
  get count(): number {
    return this.#pages.size;
  }
  /** The page, if it exists. */
  get(number: number): HugePage | undefined {
    return this.#pages.get(number);
  }
  /** The page, made if needed. Undefined: the pool is empty. */
  obtain(number: number, place?: HugeWish["place"]): HugePage | undefined {
    const present = this.#pages.get(number);
    if (present) return present;
    const page = this.pool.take({ reserved: this.#promised.has(number), place, limit: this.limit });
    if (page === undefined) return undefined;
    page.held = true;
    this.#promised.delete(number);
    this.#pages.set(number, page);
    return page;
  }

  /** Reserves the pages [from, to) that neither exist nor are reserved. False: the pool has too few. */
  reserve(from: number, to: number): boolean {
    const missing: number[] = [];
    // The pool cannot have more: the list is short even for a huge range.
    const most = this.pool.total + this.pool.overcommit + this.#pages.size + this.#promised.size;
    for (let n = from; n < to; n++) {
      if (this.#pages.has(n) || this.#promised.has(n)) continue;
      if (missing.push(n) > most) return false;
    }
    if (!reserveWithin(this, missing.length)) return false;
    for (const n of missing) this.#promised.add(n);
    return true;
  }

  /** Removes the pages [from, to), also from its reservations. Mappings keep theirs until they end. */
  drop(from: number, to = Number.POSITIVE_INFINITY): void {
    const within = (n: number): boolean => n >= from && n < to;
    const given = [...this.#promised].filter(within);
    for (const n of given) this.#promised.delete(n);
    unreserveWithin(this, given.length);
    for (const [n, page] of [...this.#pages]) {
      if (!within(n)) continue;
      this.#pages.delete(n);
      page.held = false;
      this.pool.settle(page);
    }
  }

  /** Visits the frames of existing pages that hold the bytes [at, end): the frame's part, and its offset. */
  #each(at: number, end: number, visit: (from: number, length: number, offset: number) => void): void {
    const part = HUGE_SIZE / HUGE_FRAMES;
    for (let next = at; next < end; ) {
      const page = this.#pages.get(Math.floor(next / HUGE_SIZE));
      const stop = Math.min(end, (Math.floor(next / (page ? part : HUGE_SIZE)) + 1) * (page ? part : HUGE_SIZE));
      if (page) visit((page.frames[Math.floor((next % HUGE_SIZE) / part)] as number) + (next % part), stop - next, next - at);
      next = stop;
    }
  }
  /** Fills `into` with the bytes from `at` on; holes are zero. */
  read(at: number, into: Uint8Array): void {
    const { u8 } = this.pool;
    into.fill(0);
    this.#each(at, at + into.length, (from, length, offset) => into.set(u8.subarray(from, from + length), offset));
  }
  /** Zeroes the existing bytes [at, end). */
  clear(at: number, end: number): void {
    this.#each(at, end, (from, length) => this.pool.u8.fill(0, from, from + length));
  }
}

/** Reserves pages for a mapping of the object, within the limit of its file system. */
export const reserveWithin = ({ pool, limit }: HugeObject, pages: number): boolean => {
  if (limit && limit.used + pages > limit.most) return false;
  if (!pool.reserve(pages)) return false;
  if (limit) limit.used += pages;
  return true;
};
/** Gives such reservations up. */
export const unreserveWithin = ({ pool, limit }: HugeObject, pages: number): void => {
  pool.unreserve(pages);
  if (limit) limit.used -= pages;
};

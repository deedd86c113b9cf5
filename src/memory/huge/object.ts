// The huge pages of one file, with its reservations. Linux fs/hugetlbfs/inode.c, mm/hugetlb.c
// hugetlb_reserve_pages().
import type { Access } from "../../cpu/machine/mmu.ts";
import type { LargePages } from "../backing.ts";
import type { AddressSpace } from "../space.ts";
import type { Vma } from "../vma.ts";
import { closeHuge, populateHuge, unmapHuge } from "./fault.ts";
import {
  HUGE_FRAMES,
  HUGE_SIZE,
  type HugeLimit,
  type HugePage,
  type HugePool,
  type HugeWish,
  reserveWithin,
  unreserveWithin,
} from "./pool.ts";

/** The huge pages of a file, by number. */
export class HugeObject implements LargePages {
  readonly unit = HUGE_SIZE;
  readonly pool: HugePool;
  readonly limit: HugeLimit | undefined;
  /** In bytes, a multiple of a huge page. */
  size: number;
  private readonly _pages = new Map<number, HugePage>();
  /** The reserved pages that do not exist yet. */
  private readonly _promised = new Set<number>();

  constructor(pool: HugePool, size = 0, limit?: HugeLimit) {
    this.pool = pool;
    this.size = size;
    this.limit = limit;
  }

  populate(space: AddressSpace, vma: Vma, address: number, kind: Access): number {
    return populateHuge(space, vma, address, kind);
  }
  unmapRange(space: AddressSpace, vma: Vma, start: number, end: number): number {
    return unmapHuge(space, vma, start, end);
  }
  closed(vma: Vma): void {
    closeHuge(vma);
  }

  /** The number of existing pages. */
  get count(): number {
    return this._pages.size;
  }
  /** The page, if it exists. */
  get(number: number): HugePage | undefined {
    return this._pages.get(number);
  }
  /** The page, made if needed. Undefined: the pool is empty. */
  obtain(number: number, place?: HugeWish["place"]): HugePage | undefined {
    const present = this._pages.get(number);
    if (present) return present;
    const page = this.pool.take({ reserved: this._promised.has(number), place, limit: this.limit });
    if (page === undefined) return undefined;
    page.held = true;
    this._promised.delete(number);
    this._pages.set(number, page);
    return page;
  }

  /** Reserves the pages [from, to) that neither exist nor are reserved. False: the pool has too few. */
  reserve(from: number, to: number): boolean {
    const missing: number[] = [];
    // The pool cannot have more: the list is short even for a huge range.
    const most = this.pool.total + this.pool.overcommit + this._pages.size + this._promised.size;
    for (let n = from; n < to; n++) {
      if (this._pages.has(n) || this._promised.has(n)) continue;
      if (missing.push(n) > most) return false;
    }
    if (!reserveWithin(this, missing.length)) return false;
    for (const n of missing) this._promised.add(n);
    return true;
  }

  /** Removes the pages [from, to), also from its reservations. Mappings keep theirs until they end. */
  drop(from: number, to = Number.POSITIVE_INFINITY): void {
    const within = (n: number): boolean => n >= from && n < to;
    const given = [...this._promised].filter(within);
    for (const n of given) this._promised.delete(n);
    unreserveWithin(this, given.length);
    for (const [n, page] of [...this._pages]) {
      if (!within(n)) continue;
      this._pages.delete(n);
      page.held = false;
      this.pool.settle(page);
    }
  }

  /** Visits the frames of existing pages that hold the bytes [at, end): the frame's part, and its offset. */
  private _each(at: number, end: number, visit: (from: number, length: number, offset: number) => void): void {
    const part = HUGE_SIZE / HUGE_FRAMES;
    for (let next = at; next < end; ) {
      const page = this._pages.get(Math.floor(next / HUGE_SIZE));
      const stop = Math.min(end, (Math.floor(next / (page ? part : HUGE_SIZE)) + 1) * (page ? part : HUGE_SIZE));
      if (page) visit((page.frames[Math.floor((next % HUGE_SIZE) / part)] as number) + (next % part), stop - next, next - at);
      next = stop;
    }
  }
  /** Fills `into` with the bytes from `at` on; holes are zero. */
  read(at: number, into: Uint8Array): void {
    into.fill(0);
    this._each(at, at + into.length, (from, length, offset) => into.set(this.pool.bytes(from, length), offset));
  }
  /** Zeroes the existing bytes [at, end). */
  clear(at: number, end: number): void {
    this._each(at, end, (from, length) => this.pool.zero(from, from + length));
  }
}

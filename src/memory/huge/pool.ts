// The pool of huge pages. Its pages are set aside from the machine's memory; a page in use consists of
// ordinary frames. Linux mm/hugetlb.c struct hstate.
import type { Frames } from "../frames.ts";
import { LARGE_PAGE } from "../layout.ts";
import { hugeDevice } from "./device.ts";

/** Bytes of a huge page, the only size: the processor has no pages of 1 GiB. SDM Vol. 3A 5.5.4 */
export const HUGE_SIZE = LARGE_PAGE;
/** Binary logarithm of HUGE_SIZE. */
export const HUGE_SHIFT = 21;
/** Frames of a huge page. */
export const HUGE_FRAMES = 512;

/** A huge page in use. The pool has a reference to each frame, each page table entry has another. */
export interface HugePage {
  /** In order of address. */
  readonly frames: Uint32Array;
  /** A file has it. */
  held: boolean;
  /** The limit of its file system, which counts it. */
  readonly limit: HugeLimit | undefined;
}

/** The limit of a mounted hugetlbfs. Linux struct hugepage_subpool. */
export interface HugeLimit {
  /** In huge pages. */
  readonly most: number;
  /** Pages in use and reserved ones. */
  used: number;
}

/** A page to allocate. */
export interface HugeWish {
  /** One of the reserved pages: there is one. */
  readonly reserved: boolean;
  /** The preferred frame of each part. */
  readonly place?: ((part: number) => number) | undefined;
  /** The page to copy. */
  readonly from?: HugePage | undefined;
  readonly limit?: HugeLimit | undefined;
}

/** The pool of one machine. All numbers are huge pages. */
export class HugePool {
  private readonly _frames: Frames;
  /** All pages: HugePages_Total. */
  total = 0;
  /** Pages that are not in use. */
  free = 0;
  /** Free pages that are promised to mappings. */
  reserved = 0;
  /** Pages beyond the size that was asked for. They end with their use. */
  surplus = 0;
  /** The limit of `surplus`: nr_overcommit_hugepages. */
  overcommit = 0;
  /** The group that may use SHM_HUGETLB: vm.hugetlb_shm_group. */
  group = 0;
  /** The device number of its files in /proc/PID/maps. */
  get device(): number {
    return hugeDevice(this._frames);
  }
  /** The pages in use, by their first frame. */
  private readonly _used = new Map<number, HugePage>();

  constructor(frames: Frames) {
    this._frames = frames;
  }

  /** Bytes within one frame. */
  bytes(from: number, length: number): Uint8Array {
    return this._frames.u8.subarray(this._frames.use(from), from + length);
  }
  /** Zeroes bytes within one frame. */
  zero(from: number, to: number): void {
    this._frames.u8.fill(0, this._frames.use(from), to);
    this._frames.changed(from);
  }
  /** Pages besides the surplus. */
  get persistent(): number {
    return this.total - this.surplus;
  }
  /**
   * Changes the number of persistent pages, as far as memory suffices and pages are free. Pages in use that
   * are too many become surplus. Linux set_max_huge_pages().
   */
  resize(count: number): void {
    const more = Math.min(this.surplus, count - this.persistent);
    if (more > 0) this.surplus -= more;
    while (this.persistent < count && this._frames.setAside(HUGE_FRAMES)) {
      this.total++;
      this.free++;
    }
    while (this.persistent > count && this.free > this.reserved) {
      this.total--;
      this.free--;
      this._frames.putBack(HUGE_FRAMES);
    }
    const less = this.persistent - count;
    if (less > 0) this.surplus += less;
  }

  /** Reserves pages. False: there are too few, and nothing is reserved. Linux hugetlb_acct_memory(). */
  reserve(pages: number): boolean {
    const before = this.surplus;
    for (let missing = this.reserved + pages - this.free; missing > 0; missing--) {
      if (this._grow()) continue;
      this._shrink(this.surplus - before);
      return false;
    }
    this.reserved += pages;
    return true;
  }
  /** Gives reservations up. Linux return_unused_surplus_pages(). */
  unreserve(pages: number): void {
    this.reserved -= pages;
    this._shrink(pages);
  }
  /** Adds a surplus page. Linux alloc_surplus_hugetlb_folio(). */
  private _grow(): boolean {
    if (this.surplus >= this.overcommit || !this._frames.setAside(HUGE_FRAMES)) return false;
    this.surplus++;
    this.total++;
    this.free++;
    return true;
  }
  /** Removes up to `pages` free surplus pages. */
  private _shrink(pages: number): void {
    for (let left = Math.min(pages, this.surplus, this.free); left > 0; left--) {
      this.surplus--;
      this.total--;
      this.free--;
      this._frames.putBack(HUGE_FRAMES);
    }
  }

  /** A page, or undefined. Linux alloc_hugetlb_folio(). */
  take({ reserved, place, from, limit }: HugeWish): HugePage | undefined {
    if (!reserved && limit && limit.used >= limit.most) return undefined;
    if (!reserved && this.free <= this.reserved && !this._grow()) return undefined;
    const frames = this._fill(place, from);
    if (frames === undefined) return undefined;
    this.free--;
    if (reserved) this.reserved--;
    else if (limit) limit.used++;
    const page = { frames, held: false, limit };
    this._used.set(frames[0] as number, page);
    return page;
  }
  private _fill(place: HugeWish["place"], from: HugePage | undefined): Uint32Array | undefined {
    const all = this._frames;
    const frames = new Uint32Array(HUGE_FRAMES);
    all.putBack(HUGE_FRAMES);
    for (let part = 0; part < HUGE_FRAMES; part++) {
      const wanted = place?.(part) ?? 0;
      const frame = from ? all.allocDirty(wanted) : all.alloc(wanted);
      if (frame === 0) {
        for (let done = 0; done < part; done++) all.release(frames[done] as number);
        all.setAside(HUGE_FRAMES, true);
        return undefined;
      }
      if (from) {
        const source = from.frames[part] as number;
        all.u8.copyWithin(frame, all.use(source), source + HUGE_SIZE / HUGE_FRAMES);
      }
      frames[part] = frame;
    }
    this._frames.filledAside += HUGE_FRAMES;
    return frames;
  }

  /** The page in use with this first frame. */
  page(head: number): HugePage {
    const page = this._used.get(head);
    if (page === undefined) throw new Error(`no huge page begins with frame ${head}`);
    return page;
  }
  /** The number of address spaces that map a page. */
  mappers({ frames }: HugePage): number {
    return this._frames.refs(frames[0] as number) - 1;
  }
  /**
   * Called when a page may have lost its last user: the file, or the last page table. True: it is free now.
   * Linux free_huge_folio().
   */
  settle(page: HugePage): boolean {
    if (page.held || this.mappers(page) > 0) return false;
    this._used.delete(page.frames[0] as number);
    for (const frame of page.frames) this._frames.release(frame);
    if (page.limit) page.limit.used--;
    if (this.surplus > 0) {
      this.surplus--;
      this.total--;
      return true;
    }
    this._frames.setAside(HUGE_FRAMES, true);
    this.free++;
    return true;
  }
}

/** Pages of a pool within a limit: a file's. */
interface HugeUser {
  readonly pool: HugePool;
  readonly limit: HugeLimit | undefined;
}
/** Reserves pages for a mapping of the object, within the limit of its file system. */
export const reserveWithin = ({ pool, limit }: HugeUser, pages: number): boolean => {
  if (limit && limit.used + pages > limit.most) return false;
  if (!pool.reserve(pages)) return false;
  if (limit) limit.used += pages;
  return true;
};
/** Gives such reservations up. */
export const unreserveWithin = ({ pool, limit }: HugeUser, pages: number): void => {
  pool.unreserve(pages);
  if (limit) limit.used -= pages;
};

const KEY = "huge pages";
/** The pool of a machine, from its first use on. */
export const hugePool = (frames: Frames): HugePool => {
  frames.parts ??= new Map();
  let pool = frames.parts.get(KEY) as HugePool | undefined;
  if (!pool) frames.parts.set(KEY, (pool = new HugePool(frames)));
  return pool;
};

// Page frames: reference-counted 4 KiB frames of machine memory. A frame's name is its byte address there.
import { directMap, layout } from "../cpu/machine/layout.ts";
import type { TranslationListener } from "../cpu/machine/mmu.ts";
import { leaveTable, takeTable } from "../cpu/machine/side-tables.ts";
import { Account } from "./account.ts";
import { HugePool } from "./huge/pool.ts";

/** Bytes of a page. SDM Vol. 3A 5.5 */
export const PAGE_SIZE = 4096;
/** Binary logarithm of PAGE_SIZE. */
export const PAGE_SHIFT = 12;
/**
 * The next multiple of the page size. Exact for every address and length that a guest can name (up to 2^64).
 */
export const pageAlign = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
/** The start of the page of an address. */
export const pageFloor = (n: number): number => Math.floor(n / PAGE_SIZE) * PAGE_SIZE;
/** True for a multiple of the page size. */
export const isPageAligned = (n: number): boolean => n % PAGE_SIZE === 0;

/**
 * The number of colors. The direct-mapped frames of a page differ by 2^colorShift bytes between adjacent
 * colors.
 */
const colors = 32;
const colorShift = directMap.bits - 5;

/** A holder of frames that it can free when none is available: the page cache. */
export interface Reclaimer {
  /** Frees up to `wanted` frames and returns the number of freed ones. */
  reclaim(wanted: number): number;
}

/** The number of free frames that never count as idle. */
const fewIdle = 1024;
/**
 * The pages that objects of the kernel may have even if every frame has been used once. The host never gets a
 * frame back, so further idle frames count against such objects.
 */
const reserve = 4096;

const noCode: TranslationListener = {
  codeFrames: new Uint8Array(0),
  invalidateFrame() {},
  flushTlb() {},
  flushWrites() {},
  flushTlbPages() {},
  flushWritesTo() {},
};

/** The first frame behind the window of direct-mapped pages. */
const windowEnd = (layout.window + 2 ** directMap.bits) / PAGE_SIZE;

/** Names of the side tables. */
const tables = { refs: "references of frames", next: "free frames", state: "states of frames", touched: "count of frames" } as const;
/** Bits of a frame's state. */
const state = {
  /** This machine has used the frame: it may not be zero. */
  used: 1,
  /** The frame is in the list of free frames. */
  listed: 2,
  /** An earlier machine in this memory has used the frame. It is zero, but occupies host memory. */
  earlier: 4,
  /** The bits that describe this machine. */
  own: 3,
} as const;

/** The page frames of one machine. */
export class Frames {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** The CPU's listener for changes of frames. A machine sets it once, before any task runs. */
  watch: TranslationListener = noCode;
  readonly reclaimers = new Set<Reclaimer>();
  /** The account of host memory besides frames. */
  readonly account: Account = new Account(this);
  /** The pool of huge pages. */
  readonly huge: HugePool = new HugePool(this);
  /**
   * The page in the kernel's half that user code may access in every address space. Its address is negative.
   * Linux gate area.
   */
  gate: { readonly page: number; readonly frame: number } | undefined = undefined;
  /** The number of open file descriptions of the machine, and its limit. */
  readonly openFiles = { now: 0, most: Number.POSITIVE_INFINITY };
  /** Objects of shared anonymous memory made so far. They number their inodes. */
  sharedObjects = 0;
  /** The address space that the CPU translates by. */
  current: object | undefined;
  /** The number of frames. */
  readonly total: number;
  /** The number of allocatable frames. Negative after charges that could not be refused (`takePages`). */
  free: number;
  /** The pages that the account has taken. */
  #taken = 0;
  /** The pages that the pool of huge pages has set aside. */
  #aside = 0;
  readonly #reserve: number;
  /** The greatest request in pages. A greater one is an obvious overcommit (vm.overcommit_memory 0). */
  commitLimit: number;
  /** The areas that an address space may have: vm.max_map_count. */
  mostAreas = 65530;
  /** The zero frame, which untouched anonymous memory reads. It is never written and never freed. */
  readonly zero: number;

  readonly #first: number;
  readonly #end: number;
  readonly #refs: Uint32Array;
  /** `state` of each frame. */
  readonly #state: Uint8Array;
  /** One element: the number of frames that this machine or an earlier one in this memory has used. */
  readonly #everTouched: Uint32Array;
  /**
   * The list of free frames that were used before, the latest first: #next[n] follows n, 0 ends the list. A
   * listed frame may be in use again after an `alloc` of a preferred frame.
   */
  readonly #next: Uint32Array;
  #head = 0;
  /**
   * The upper end of the search for a frame that was never used. It begins at the end of the memory: frames
   * behind the window are no page's direct-mapped position. In the window it begins in the middle, where few
   * pages are direct-mapped. It runs downward, because programs touch memory mostly upward: so a frame is
   * taken long before another page prefers it.
   */
  #fresh: number;
  /** The end of the window, and half of its frames. */
  readonly #windowEnd: number;
  readonly #half: number;
  /** The number of address spaces of each color. */
  readonly #colors = new Uint16Array(colors);

  /**
   * Frames in [start, end) of the memory, `start` rounded up. At most `most` of them are in use at a time.
   */
  constructor(memory: WebAssembly.Memory, start: number, { end = memory.buffer.byteLength, most = Number.POSITIVE_INFINITY } = {}) {
    this.memory = memory;
    this.u8 = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.#first = Math.max(1, Math.ceil(start / PAGE_SIZE));
    this.#end = Math.floor(end / PAGE_SIZE);
    this.#windowEnd = Math.min(this.#end, windowEnd);
    this.#half = (this.#windowEnd - this.#first) >> 1;
    this.#fresh = this.#end > this.#windowEnd ? this.#end : this.#first + this.#half;
    this.#refs = new Uint32Array(takeTable(memory, tables.refs, this.#end * 4));
    this.#next = new Uint32Array(takeTable(memory, tables.next, this.#end * 4));
    this.#state = new Uint8Array(takeTable(memory, tables.state, (this.#end + 3) & ~3));
    this.#everTouched = new Uint32Array(takeTable(memory, tables.touched, 4));
    this.total = Math.max(0, Math.min(most, this.#end - this.#first));
    this.free = this.total;
    this.#mostIdle = Math.max(fewIdle, this.total >> 4);
    this.#reserve = Math.min(reserve, this.total >> 2);
    this.commitLimit = this.total;
    this.zero = this.alloc();
    if (this.zero === 0) throw new Error("the memory has no space for a page frame");
  }

  /** A zeroed frame with one reference, or 0 if memory is exhausted. `wanted` is preferred if it is free. */
  alloc(wanted = 0): number {
    const frame = this.allocDirty(wanted);
    if (this.#recycled) this.clear(frame, frame + PAGE_SIZE);
    return frame;
  }
  #recycled = false;

  /** Frame `wanted`, zeroed and with one reference, or 0 if it is not free. */
  allocThis(wanted: number): number {
    return this.#mayBe(wanted >>> PAGE_SHIFT) ? this.alloc(wanted) : 0;
  }

  /** Like `alloc`, with undefined content, for a caller that overwrites the frame. */
  allocDirty(wanted = 0): number {
    if (this.free <= 0) this.#reclaim();
    this.#recycled = false;
    if (this.free <= 0) return 0;
    let n = wanted >>> PAGE_SHIFT;
    if (!this.#mayBe(n)) {
      if (!this.#isFree(n)) this.#avoid(n);
      n = this.#any();
    }
    const before = this.#state[n] as number;
    this.#recycled = (before & state.used) !== 0;
    if (!this.#recycled) {
      this.#touched++;
      if (before === 0) (this.#everTouched[0] as number)++;
    }
    this.#state[n] = before | state.used;
    this.#refs[n] = 1;
    this.free--;
    return n * PAGE_SIZE;
  }
  #mayBe(n: number): boolean {
    return this.#isFree(n) && (((this.#state[n] as number) & state.own) !== 0 || !this.#isIdle());
  }
  #isFree(n: number): boolean {
    return n >= this.#first && n < this.#end && this.#refs[n] === 0;
  }
  /** The number of frames that this machine has used. They occupy host memory until it ends. */
  #touched = 0;
  /**
   * True if idle frames are reused before pages get fresh direct-mapped ones. Each process has its stack and
   * heap at other random addresses. Fresh frames for each process would be memory that the host must allocate
   * first and that is in no cache.
   */
  #isIdle(): boolean {
    const used = this.inUse;
    const idle = this.#touched - used;
    if (idle > 0 && this.#touched + this.#taken >= this.total) return true;
    if (this.servesLasting) return idle > 0 && this.#touched + this.#taken >= this.total >> 1;
    return idle > fewIdle && idle > Math.min(this.#mostIdle, used);
  }
  /**
   * The current process has run long: its pages get direct-mapped frames until half of all frames have been
   * used, however many are idle.
   */
  servesLasting = false;
  /** The limit of idle frames, above which they are reused first. */
  readonly #mostIdle: number;
  /**
   * Called if a page cannot have its direct-mapped frame. Moves the search away from the frames after it,
   * which the next pages prefer. Otherwise one such page would displace all pages of a long area after it.
   */
  #avoid(wanted: number): void {
    if (wanted === 0 || this.#fresh > this.#windowEnd || Math.abs(this.#fresh - wanted) > this.#half >> 2) return;
    this.#fresh = wanted + (wanted < this.#first + this.#half ? this.#half : -this.#half);
  }
  /** The number of a free frame. There must be one. */
  #any(): number {
    while (this.#head !== 0) {
      const n = this.#head;
      this.#head = this.#next[n] as number;
      this.#state[n] = state.used;
      if (this.#refs[n] === 0) return n;
    }
    for (;;) {
      if (this.#fresh === this.#first) this.#fresh = this.#windowEnd;
      const n = --this.#fresh;
      if (n === this.#windowEnd) this.#fresh = this.#first + this.#half;
      if (((this.#state[n] as number) & state.own) === 0) return n;
    }
  }

  /** The color of the fewest address spaces. */
  get rarestColor(): number {
    let least = 0;
    for (let n = 1; n < colors; n++) if ((this.#colors[n] as number) < (this.#colors[least] as number)) least = n;
    return least << colorShift;
  }
  /** Counts an address space of this color. */
  takeColor(color: number): void {
    (this.#colors[color >>> colorShift] as number)++;
  }
  /** Removes an address space from the count of its color. */
  dropColor(color: number): void {
    (this.#colors[color >>> colorShift] as number)--;
  }

  /** True if anything was freed. A reclaimer that needs a frame itself to store a page gets none. */
  #reclaim(): boolean {
    if (this.#barren || this.#reclaiming) return false;
    this.#reclaiming = true;
    try {
      for (const r of this.reclaimers) if (r.reclaim(64) > 0) return true;
      this.#barren = true;
      return false;
    } finally {
      this.#reclaiming = false;
    }
  }
  #reclaiming = false;
  /** The last reclaim freed nothing, and no frame was released since. */
  #barren = false;

  /** Takes pages for the account. False: too few are free; `always`: they are taken nevertheless. */
  takePages(pages: number, always = false): boolean {
    while (!always && !this.#canTakePages(pages)) if (!this.#reclaim()) return false;
    this.free -= pages;
    this.#taken += pages;
    return true;
  }
  #canTakePages(pages: number): boolean {
    return this.free >= pages && this.#touched + this.#taken + pages <= this.total + this.#reserve;
  }
  /** The number of frames in use. */
  get inUse(): number {
    return this.total - this.free - this.#taken - this.#aside;
  }
  /** True after a `takePages` beyond the free frames. No page gets a frame until some are released. */
  get short(): boolean {
    return this.free < 0 || this.#touched + this.#taken > this.total + this.#reserve;
  }
  /**
   * Sets pages aside for huge pages. False: too few would remain for others; `always`: they are set aside
   * nevertheless.
   */
  setAside(pages: number, always = false): boolean {
    while (!always && this.free - pages < this.total >> 5) if (!this.#reclaim()) return false;
    this.free -= pages;
    this.#aside += pages;
    return true;
  }
  /** Makes pages that were set aside allocatable. */
  putBack(pages: number): void {
    this.free += pages;
    this.#aside -= pages;
    this.#barren = false;
  }
  /** Returns pages of the account. */
  givePages(pages: number): void {
    this.free += pages;
    this.#taken -= pages;
    this.#barren = false;
  }

  retain(frame: number): void {
    if (frame !== this.zero) (this.#refs[frame >>> PAGE_SHIFT] as number)++;
  }
  refs(frame: number): number {
    return this.#refs[frame >>> PAGE_SHIFT] as number;
  }

  /** Drops one reference. The last one frees the frame. */
  release(frame: number): void {
    if (frame === this.zero) return;
    const n = frame >>> PAGE_SHIFT;
    const refs = (this.#refs[n] as number) - 1;
    if (refs < 0) throw new Error(`page frame ${n} was released too often`);
    this.#refs[n] = refs;
    this.#barren = false;
    if (refs > 0) return;
    this.changed(frame);
    this.free++;
    if (((this.#state[n] as number) & state.listed) !== 0) return;
    this.#state[n] = state.used | state.listed;
    this.#next[n] = this.#head;
    this.#head = n;
  }

  /**
   * Called after a write of byte `at` that the CPU did not make, and after a free: translations of the frame
   * are invalid.
   */
  changed(at: number): void {
    if (this.watch.codeFrames[at >>> PAGE_SHIFT]) this.watch.invalidateFrame(at - (at % PAGE_SIZE));
  }

  /** Zeroes bytes within one frame. It copies, because V8 fills shared memory byte by byte. */
  clear(from: number, to: number): void {
    const zeroes = this.zero + (from & (PAGE_SIZE - 1));
    this.u8.copyWithin(from, zeroes, zeroes + to - from);
  }

  /**
   * The bytes of all frames that this machine and earlier ones in this memory have used. They occupy host
   * memory as long as the memory exists. Each machine has its areas at other random addresses, so the number
   * grows with the machines.
   */
  get touchedBytes(): number {
    return (this.#everTouched[0] as number) * PAGE_SIZE;
  }
  /**
   * Zeroes all used memory, as if the machine had not run, and leaves the tables to the next machine in this
   * memory.
   */
  giveUp(): void {
    // Four states at a time: most frames were never used.
    const four = new Uint32Array(this.#state.buffer);
    for (let i = 0; i < four.length; i++) {
      if (((four[i] as number) & (state.own * 0x0101_0101)) === 0) continue;
      for (let n = i * 4; n < i * 4 + 4; n++) {
        if (((this.#state[n] as number) & state.own) === 0) continue;
        this.u8.fill(0, n * PAGE_SIZE, (n + 1) * PAGE_SIZE);
        this.#refs[n] = this.#next[n] = 0;
        this.#state[n] = state.earlier;
      }
    }
    leaveTable(this.memory, tables.refs, this.#refs.buffer);
    leaveTable(this.memory, tables.next, this.#next.buffer);
    leaveTable(this.memory, tables.state, this.#state.buffer);
    leaveTable(this.memory, tables.touched, this.#everTouched.buffer);
  }

  /** A view of a frame's bytes. */
  bytes(frame: number): Uint8Array {
    return this.u8.subarray(frame, frame + PAGE_SIZE);
  }
}

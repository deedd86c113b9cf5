// Page frames: reference-counted 4 KiB frames of machine memory. A frame's name is its byte address there.
import { directMap, layout } from "../cpu/machine/layout.ts";
import type { Access, TranslationListener } from "../cpu/machine/mmu.ts";
import { leaveTable, takeTable } from "../cpu/machine/side-tables.ts";
import { Account } from "./account.ts";
import { areaOf, areasOf, frameState, frameTables, usedFrames } from "./frame-tables.ts";
import type { PageCache } from "./page-cache.ts";
import type { UserMemory } from "./user.ts";

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
  /**
   * Moves pages out of those of the frames that no address space maps. Returns the number of moved pages.
   * `ofUnmapped`: only pages of files without a mapping.
   */
  vacate?(frames: ReadonlySet<number>, ofUnmapped?: boolean): number;
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

const tables = frameTables;
const state = frameState;

/** The frames of a memory since it was equal to a snapshot. */
export interface Tracking {
  /** By frame: 0, or one of `since`. */
  readonly written: Uint8Array;
  /**
   * A frame has got a page of a file: true if the processor has code of other bytes there. Mostly a page of a
   * file gets the frame again that it had before the machine was taken back.
   */
  differs(frame: number): boolean;
  /** Gives a frame, by its number, the bytes of the snapshot. */
  fill(frame: number): void;
}
/** What has become of a frame since a snapshot. */
export const since = {
  /** The kernel has written or allocated it. Writes of guest code are known to the TLB. */
  written: 1,
  /** Nothing has used it: its bytes are only in the snapshot, and the memory has zeros. */
  unused: 2,
  /** The same after a restore in place: the memory has older bytes. */
  stale: 3,
} as const;

/** A read has all bytes or fails, or some do. */
export const howMuch = { all: 0, some: -1 } as const;
/** Sees the kernel's accesses to user memory and to files of programs: for a recording, and for proofs. */
export interface KernelReads {
  /** Up to so many bytes, but none behind the page. */
  memory(space: UserMemory, at: number, kind: Access, bytes: number): void;
  /** The pages of a range are dropped, moved, or have other permissions. */
  mapped?(space: UserMemory, start: number, end: number): void;
  /**
   * The position of the byte that an access finds there, if it is not the one in the space; 0: it is, -1: the
   * access fails. `how`: one of `howMuch`, or the most bytes of a string.
   */
  place?(space: UserMemory, at: number, kind: Access, bytes: number, how: number): number;
  file(cache: PageCache, index: number): void;
}

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
  /** Frames that were zeroed or copied without a change of `free`, so far. */
  filledAside = 0;
  /** State of those that set frames aside, by key. */
  parts: Map<string, unknown> | undefined = undefined;
  /**
   * The page in the kernel's half that user code may access in every address space. Its address is negative.
   * Linux gate area.
   */
  gate: { readonly page: number; readonly frame: number } | undefined = undefined;
  /** The number of open file descriptions of the machine, and its limit. */
  readonly openFiles = { now: 0, most: Number.POSITIVE_INFINITY };
  /** Undefined: the machine has no snapshot. */
  tracking: Tracking | undefined = undefined;
  /** Sees the kernel's accesses to user memory and to files of programs. */
  kernelReads: KernelReads | undefined = undefined;
  /** Objects of shared anonymous memory made so far. They number their inodes. */
  sharedObjects = 0;
  /** The address space that the CPU translates by. */
  current: object | undefined;
  /** The number of frames. */
  readonly total: number;
  /** The number of allocatable frames. Negative after charges that could not be refused (`takePages`). */
  free: number;
  /** The pages that the account has taken. */
  private _taken = 0;
  /** The pages that are set aside. */
  private _aside = 0;
  private readonly _reserve: number;
  /** The greatest request in pages. A greater one is an obvious overcommit (vm.overcommit_memory 0). */
  commitLimit: number;
  /** The areas that an address space may have: vm.max_map_count. */
  mostAreas = 65530;
  /** The zero frame, which untouched anonymous memory reads. It is never written and never freed. */
  readonly zero: number;

  private readonly _first: number;
  private readonly _end: number;
  private readonly _refs: Uint32Array;
  /** `state` of each frame. */
  private readonly _state: Uint8Array;
  /** By area (`areaOf`): 1 if this machine has used one of its frames. */
  private readonly _areas: Uint8Array;
  /** One element: the number of frames that this machine or an earlier one in this memory has used. */
  private readonly _everTouched: Uint32Array;
  /**
   * The list of free frames that were used before, the latest first: _next[n] follows n, 0 ends the list. A
   * listed frame may be in use again after an `alloc` of a preferred frame.
   */
  private readonly _next: Uint32Array;
  private _head = 0;
  /**
   * The upper end of the search for a frame that was never used. It begins at the end of the memory: frames
   * behind the window are no page's direct-mapped position. In the window it begins in the middle, where few
   * pages are direct-mapped. It runs downward, because programs touch memory mostly upward: so a frame is
   * taken long before another page prefers it.
   */
  private _fresh: number;
  /** The end of the window, and half of its frames. */
  private readonly _windowEnd: number;
  private readonly _half: number;
  /** The number of address spaces of each color. */
  private readonly _colors = new Uint16Array(colors);

  /**
   * Frames in [start, end) of the memory, `start` rounded up. At most `most` of them are in use at a time.
   */
  constructor(memory: WebAssembly.Memory, start: number, { end = memory.buffer.byteLength, most = Number.POSITIVE_INFINITY } = {}) {
    this.memory = memory;
    this.u8 = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this._first = Math.max(1, Math.ceil(start / PAGE_SIZE));
    this._end = Math.floor(end / PAGE_SIZE);
    this._windowEnd = Math.min(this._end, windowEnd);
    this._half = (this._windowEnd - this._first) >> 1;
    this._fresh = this._end > this._windowEnd ? this._end : this._first + this._half;
    this._refs = new Uint32Array(takeTable(memory, tables.refs, this._end * 4));
    this._next = new Uint32Array(takeTable(memory, tables.next, this._end * 4));
    this._state = new Uint8Array(takeTable(memory, tables.state, this._end));
    this._areas = new Uint8Array(takeTable(memory, tables.areas, areasOf(this._end)));
    this._everTouched = new Uint32Array(takeTable(memory, tables.touched, 4));
    this.total = Math.max(0, Math.min(most, this._end - this._first));
    this.free = this.total;
    this._mostIdle = Math.max(fewIdle, this.total >> 4);
    this._reserve = Math.min(reserve, this.total >> 2);
    this.commitLimit = this.total;
    this.zero = this.alloc();
    if (this.zero === 0) throw new Error("the memory has no space for a page frame");
  }

  /** A zeroed frame with one reference, or 0 if memory is exhausted. `wanted` is preferred if it is free. */
  alloc(wanted = 0, forFile = false): number {
    const frame = this.allocDirty(wanted, forFile);
    if (this._recycled) this.clear(frame, frame + PAGE_SIZE);
    return frame;
  }
  private _recycled = false;

  /**
   * Makes cached pages leave these frames if no mapping has them. Returns the number of moved pages.
   * `ofUnmapped`: only pages of files without a mapping. The linker maps a file, unmaps it, and gets memory
   * at its address, which the program uses as long as it runs.
   */
  vacate(frames: ReadonlySet<number>, ofUnmapped = false): number {
    let moved = 0;
    for (const r of this.reclaimers) moved += r.vacate?.(frames, ofUnmapped) ?? 0;
    return moved;
  }

  /** Frame `wanted`, zeroed and with one reference, or 0 if it is not free. */
  allocThis(wanted: number): number {
    return this._mayBe(wanted >>> PAGE_SHIFT) ? this.alloc(wanted) : 0;
  }

  /**
   * Like `alloc`, with undefined content, for a caller that overwrites the frame. `forFile`: the caller calls
   * `filled`.
   */
  allocDirty(wanted = 0, forFile = false): number {
    if (this.free <= 0) this._reclaim();
    this._recycled = false;
    if (this.free <= 0) return 0;
    let n = wanted >>> PAGE_SHIFT;
    if (!this._mayBe(n)) {
      if (!this._isFree(n)) this._avoid(n);
      n = this._any();
    }
    const before = this._state[n] as number;
    this._recycled = (before & state.used) !== 0;
    if (!this._recycled) {
      this._touched++;
      if (before === 0) (this._everTouched[0] as number)++;
    }
    const { tracking } = this;
    if (tracking !== undefined) {
      if (tracking.written[n] === since.unused && (before & state.earlier) === 0) (this._everTouched[0] as number)++;
      tracking.written[n] = since.written;
      if (!forFile) this._invalidate(n * PAGE_SIZE);
    }
    this._state[n] = before | state.used;
    this._areas[areaOf(n)] = 1;
    this._refs[n] = 1;
    this.free--;
    return n * PAGE_SIZE;
  }
  private _mayBe(n: number): boolean {
    return this._isFree(n) && (((this._state[n] as number) & state.own) !== 0 || !this._isIdle());
  }
  private _isFree(n: number): boolean {
    return n >= this._first && n < this._end && this._refs[n] === 0;
  }
  /** The number of frames that this machine has used. They occupy host memory until it ends. */
  private _touched = 0;
  /**
   * True if idle frames are reused before pages get fresh direct-mapped ones. Each process has its stack and
   * heap at other random addresses. Fresh frames for each process would be memory that the host must allocate
   * first and that is in no cache.
   */
  private _isIdle(): boolean {
    const used = this.inUse;
    const idle = this._touched - used;
    if (idle > 0 && this._touched + this._taken >= this.total) return true;
    if (this.servesLasting) return idle > 0 && this._touched + this._taken >= this.total >> 1;
    return idle > fewIdle && idle > Math.min(this._mostIdle, used);
  }
  /**
   * The current process has run long: its pages get direct-mapped frames until half of all frames have been
   * used, however many are idle.
   */
  servesLasting = false;
  /** The limit of idle frames, above which they are reused first. */
  private readonly _mostIdle: number;
  /**
   * Called if a page cannot have its direct-mapped frame. Moves the search away from the frames after it,
   * which the next pages prefer. Otherwise one such page would displace all pages of a long area after it.
   */
  private _avoid(wanted: number): void {
    if (wanted === 0 || this._fresh > this._windowEnd || Math.abs(this._fresh - wanted) > this._half >> 2) return;
    this._fresh = wanted + (wanted < this._first + this._half ? this._half : -this._half);
  }
  /** The number of a free frame. There must be one. */
  private _any(): number {
    while (this._head !== 0) {
      const n = this._head;
      this._head = this._next[n] as number;
      this._state[n] = state.used;
      if (this._refs[n] === 0) return n;
    }
    for (;;) {
      if (this._fresh === this._first) this._fresh = this._windowEnd;
      const n = --this._fresh;
      if (n === this._windowEnd) this._fresh = this._first + this._half;
      if (((this._state[n] as number) & state.own) === 0) return n;
    }
  }

  /** The color of the fewest address spaces. */
  get rarestColor(): number {
    let least = 0;
    for (let n = 1; n < colors; n++) if ((this._colors[n] as number) < (this._colors[least] as number)) least = n;
    return least << colorShift;
  }
  /** Counts an address space of this color. */
  takeColor(color: number): void {
    (this._colors[color >>> colorShift] as number)++;
  }
  /** Removes an address space from the count of its color. */
  dropColor(color: number): void {
    (this._colors[color >>> colorShift] as number)--;
  }

  /** True if anything was freed. A reclaimer that needs a frame itself to store a page gets none. */
  private _reclaim(): boolean {
    if (this._barren || this._reclaiming) return false;
    this._reclaiming = true;
    try {
      for (const r of this.reclaimers) if (r.reclaim(64) > 0) return true;
      this._barren = true;
      return false;
    } finally {
      this._reclaiming = false;
    }
  }
  private _reclaiming = false;
  /** The last reclaim freed nothing, and no frame was released since. */
  private _barren = false;

  /** Takes pages for the account. False: too few are free; `always`: they are taken nevertheless. */
  takePages(pages: number, always = false): boolean {
    while (!always && !this._canTakePages(pages)) if (!this._reclaim()) return false;
    this.free -= pages;
    this._taken += pages;
    return true;
  }
  private _canTakePages(pages: number): boolean {
    return this.free >= pages && this._touched + this._taken + pages <= this.total + this._reserve;
  }
  /** The number of frames in use. */
  get inUse(): number {
    return this.total - this.free - this._taken - this._aside;
  }
  /** True after a `takePages` beyond the free frames. No page gets a frame until some are released. */
  get short(): boolean {
    return this.free < 0 || this._touched + this._taken > this.total + this._reserve;
  }
  /**
   * Sets pages aside. False: too few would remain for others; `always`: they are set aside
   * nevertheless.
   */
  setAside(pages: number, always = false): boolean {
    while (!always && this.free - pages < this.total >> 5) if (!this._reclaim()) return false;
    this.free -= pages;
    this._aside += pages;
    return true;
  }
  /** Makes pages that were set aside allocatable. */
  putBack(pages: number): void {
    this.free += pages;
    this._aside -= pages;
    this._barren = false;
  }
  /** Returns pages of the account. */
  givePages(pages: number): void {
    this.free += pages;
    this._taken -= pages;
    this._barren = false;
  }

  retain(frame: number): void {
    if (frame !== this.zero) (this._refs[frame >>> PAGE_SHIFT] as number)++;
  }
  refs(frame: number): number {
    return this._refs[frame >>> PAGE_SHIFT] as number;
  }

  /** Drops one reference. The last one frees the frame. */
  release(frame: number): void {
    if (frame === this.zero) return;
    const n = frame >>> PAGE_SHIFT;
    const refs = (this._refs[n] as number) - 1;
    if (refs < 0) throw new Error(`page frame ${n} was released too often`);
    this._refs[n] = refs;
    this._barren = false;
    if (refs > 0) return;
    this._invalidate(frame);
    this.free++;
    if (((this._state[n] as number) & state.listed) !== 0) return;
    this._state[n] = state.used | state.listed;
    this._next[n] = this._head;
    this._head = n;
  }

  // Loops over page table entries are here: a call for each entry is slow before V8 inlines it.
  /**
   * Copies the entries [slot, last) of a leaf to another leaf. Both lose the bits `without`. Each frame gets
   * a
   * reference. Returns the number of entries.
   */
  shareEntries(leaf: Uint32Array, other: Uint32Array, first: number, last: number, without: number): number {
    const refs = this._refs;
    const { zero } = this;
    let shared = 0;
    for (let slot = first; slot < last; slot++) {
      const pte = leaf[slot] as number;
      if (pte === 0) continue;
      const frame = pte - (pte & 0xfff);
      if (frame !== zero) (refs[frame >>> PAGE_SHIFT] as number)++;
      leaf[slot] = other[slot] = pte & ~without;
      shared++;
    }
    return shared;
  }
  /** Empties the entries [slot, last) of a leaf and drops their references. Returns the number of entries. */
  releaseEntries(leaf: Uint32Array, first: number, last: number): number {
    const refs = this._refs;
    const { zero } = this;
    let released = 0;
    for (let slot = first; slot < last; slot++) {
      const pte = leaf[slot] as number;
      if (pte === 0) continue;
      const frame = pte - (pte & 0xfff);
      const left = (refs[frame >>> PAGE_SHIFT] as number) - 1;
      if (frame !== zero)
        if (left > 0) refs[frame >>> PAGE_SHIFT] = left;
        else this.release(frame);
      leaf[slot] = 0;
      released++;
    }
    if (released > 0) this._barren = false;
    return released;
  }

  /**
   * Called after a write of byte `at` that the CPU did not make, and after a free: translations of the frame
   * are invalid.
   */
  changed(at: number): void {
    const { tracking } = this;
    if (tracking !== undefined) {
      this.use(at);
      tracking.written[at >>> PAGE_SHIFT] = since.written;
    }
    this._invalidate(at);
  }
  /** A new frame has got the bytes of a page of a file. Code of the same bytes stays. */
  filled(frame: number): void {
    if (this.tracking?.differs(frame >>> PAGE_SHIFT)) this._invalidate(frame);
  }
  private _invalidate(at: number): void {
    if (this.watch.codeFrames[at >>> PAGE_SHIFT]) this.watch.invalidateFrame(at - (at % PAGE_SIZE));
  }
  /**
   * Called before the bytes of a frame are read or written, with the address of any of them. Returns it. The
   * frame of a copy gets its bytes from the snapshot then.
   */
  use(at: number): number {
    const { tracking } = this;
    if (tracking !== undefined && (tracking.written[at >>> PAGE_SHIFT] as number) >= since.unused) tracking.fill(at >>> PAGE_SHIFT);
    return at;
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
    return (this._everTouched[0] as number) * PAGE_SIZE;
  }
  /**
   * Zeroes all used memory, as if the machine had not run, and leaves the tables to the next machine in this
   * memory.
   */
  giveUp(): void {
    for (const n of usedFrames(this._state, this._areas)) {
      if (this.tracking?.written[n] !== since.unused) this.u8.fill(0, n * PAGE_SIZE, (n + 1) * PAGE_SIZE);
      this._refs[n] = this._next[n] = 0;
      this._state[n] = state.earlier;
    }
    this._areas.fill(0);
    leaveTable(this.memory, tables.refs, this._refs.buffer);
    leaveTable(this.memory, tables.next, this._next.buffer);
    leaveTable(this.memory, tables.state, this._state.buffer);
    leaveTable(this.memory, tables.areas, this._areas.buffer);
    leaveTable(this.memory, tables.touched, this._everTouched.buffer);
  }

  /** A view of a frame's bytes. */
  bytes(frame: number): Uint8Array {
    return this.u8.subarray(frame, frame + PAGE_SIZE);
  }
}

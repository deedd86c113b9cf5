// Page frames: 4 KiB pieces of the machine's one memory, reference-counted. A frame is named by its byte address there.
import { directMap } from "../cpu/machine/layout.ts";
import type { TranslationListener } from "../cpu/machine/mmu.ts";

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
/** The next multiple of the page size. Exact for every address and length that a guest can name (up to 2^64). */
export const pageAlign = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
export const pageFloor = (n: number): number => Math.floor(n / PAGE_SIZE) * PAGE_SIZE;
export const isPageAligned = (n: number): boolean => n % PAGE_SIZE === 0;

/** Address spaces have homes (layout.ts) that lie in places so far apart. */
const colors = 32;
const colorShift = directMap.bits - 5;

/** Somebody who can give frames back when there are none left (the page cache). Returns how many it freed. */
export interface Reclaimer {
  reclaim(wanted: number): number;
}

/** Frames that may lie idle in any case. */
const fewIdle = 1024;

const noCode: TranslationListener = {
  codeFrames: new Uint8Array(0),
  invalidateFrame() {},
  flushTlb() {},
  flushWrites() {},
  flushTlbPage() {},
};

export class Frames {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly view: DataView;
  /** The CPU's interest in frames; a machine sets it once, before anything runs. */
  watch: TranslationListener = noCode;
  readonly reclaimers = new Set<Reclaimer>();
  /** A page of the kernel's half that user code may read, in every address space; its address is negative. Linux's gate area. */
  gate: { readonly page: number; readonly frame: number } | undefined = undefined;
  /** The address space that the CPU translates by. */
  current: object | undefined;
  /** Frames there are, and frames nobody uses. */
  readonly total: number;
  free: number;
  /** The most pages one request may ask for; more than that is obvious overcommit: vm.overcommit_memory 0. */
  commitLimit: number;
  /** The frame of zeroes that untouched anonymous memory reads from. Never written, never freed. */
  readonly zero: number;

  readonly #first: number;
  readonly #end: number;
  readonly #refs: Uint32Array;
  /** 1: in use, or has been: not zero any more. 2: in the list of free ones. */
  readonly #state: Uint8Array;
  /** Frames that were given back, the last one first; some of them in use again, by `alloc` of a certain one. #next[n] is the number after n, 0 ends it. */
  readonly #next: Uint32Array;
  #head = 0;
  /**
   * Below what to look for one that was never used: at first below the middle, where few pages are at home (layout.ts). Downward, for memory is mostly touched
   * upward: so what a page gets is wanted by others as late as can be.
   */
  #fresh: number;
  readonly #half: number;
  /** How many address spaces have each color. */
  readonly #colors = new Uint16Array(colors);

  /** Frames from byte `start` (rounded up) to `end` (default: the memory's end), `most` of them (default: all) in use at a time. */
  constructor(memory: WebAssembly.Memory, start: number, { end = memory.buffer.byteLength, most = Number.POSITIVE_INFINITY } = {}) {
    this.memory = memory;
    this.u8 = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.#first = Math.max(1, Math.ceil(start / PAGE_SIZE));
    this.#end = Math.floor(end / PAGE_SIZE);
    this.#half = (this.#end - this.#first) >> 1;
    this.#fresh = this.#first + this.#half;
    this.#refs = new Uint32Array(this.#end);
    this.#next = new Uint32Array(this.#end);
    this.#state = new Uint8Array(this.#end);
    this.total = Math.max(0, Math.min(most, this.#end - this.#first));
    this.free = this.total;
    this.#mostIdle = Math.max(fewIdle, this.total >> 4);
    this.commitLimit = this.total;
    this.zero = this.alloc();
    if (this.zero === 0) throw new Error("no room for a single page frame");
  }

  /** A zeroed frame with one reference, or 0 when memory is used up. `wanted`: this one, if nobody has it. */
  alloc(wanted = 0): number {
    const frame = this.allocDirty(wanted);
    if (this.#recycled) this.clear(frame, frame + PAGE_SIZE);
    return frame;
  }
  #recycled = false;

  /** The same, of this frame or of none. */
  allocThis(wanted: number): number {
    return this.#mayBe(wanted >>> PAGE_SHIFT) ? this.alloc(wanted) : 0;
  }

  /** Like `alloc`, for a caller that overwrites all of it: the content is anything. */
  allocDirty(wanted = 0): number {
    if (this.free === 0) this.#reclaim();
    this.#recycled = false;
    if (this.free === 0) return 0;
    let n = wanted >>> PAGE_SHIFT;
    if (!this.#mayBe(n)) {
      if (!this.#isFree(n)) this.#goAway(n);
      n = this.#any();
    }
    const state = this.#state[n] as number;
    this.#recycled = (state & 1) !== 0;
    if (!this.#recycled) this.#touched++;
    this.#state[n] = state | 1;
    this.#refs[n] = 1;
    this.free--;
    return n * PAGE_SIZE;
  }
  #mayBe(n: number): boolean {
    return this.#isFree(n) && (this.#state[n] !== 0 || !this.#isIdle());
  }
  #isFree(n: number): boolean {
    return n >= this.#first && n < this.#end && this.#refs[n] === 0;
  }
  /** Frames that were in use, which cost the host memory as long as the machine lives. */
  #touched = 0;
  /**
   * Are there so many that they are used again before pages get fresh ones at home? Stacks and heaps are at other random addresses in each process:
   * small ones one after the other would always run on memory that the host has to find first, and that is in no cache.
   */
  #isIdle(): boolean {
    const used = this.total - this.free;
    const idle = this.#touched - used;
    return idle > fewIdle && idle > Math.min(this.#mostIdle, used);
  }
  /** How many they are at most. */
  readonly #mostIdle: number;
  /**
   * A page cannot have its home. The next pages will want those behind it: if such a page got one of them instead, and the next one too, no page of a long area
   * would be at home from the first one on that cannot be.
   */
  #goAway(wanted: number): void {
    if (wanted === 0 || Math.abs(this.#fresh - wanted) > this.#half >> 2) return;
    this.#fresh = wanted + (wanted < this.#first + this.#half ? this.#half : -this.#half);
  }
  /** The number of some frame that is free. */
  #any(): number {
    while (this.#head !== 0) {
      const n = this.#head;
      this.#head = this.#next[n] as number;
      this.#state[n] = 1;
      if (this.#refs[n] === 0) return n;
    }
    for (;;) {
      if (this.#fresh === this.#first) this.#fresh = this.#end;
      const n = --this.#fresh;
      if (this.#state[n] === 0) return n;
    }
  }

  /** The color that the fewest address spaces have. */
  get rarestColor(): number {
    let least = 0;
    for (let n = 1; n < colors; n++) if ((this.#colors[n] as number) < (this.#colors[least] as number)) least = n;
    return least << colorShift;
  }
  /** An address space has it. */
  takeColor(color: number): void {
    (this.#colors[color >>> colorShift] as number)++;
  }
  dropColor(color: number): void {
    (this.#colors[color >>> colorShift] as number)--;
  }

  #reclaim(): void {
    for (const r of this.reclaimers) if (r.reclaim(64) > 0) return;
  }

  retain(frame: number): void {
    if (frame !== this.zero) (this.#refs[frame >>> PAGE_SHIFT] as number)++;
  }
  refs(frame: number): number {
    return this.#refs[frame >>> PAGE_SHIFT] as number;
  }

  /** Give up one reference; the last one frees the frame. */
  release(frame: number): void {
    if (frame === this.zero) return;
    const n = frame >>> PAGE_SHIFT;
    const left = (this.#refs[n] as number) - 1;
    if (left < 0) throw new Error(`page frame ${n} released too often`);
    this.#refs[n] = left;
    if (left > 0) return;
    this.changed(frame);
    this.free++;
    if (((this.#state[n] as number) & 2) !== 0) return;
    this.#state[n] = 3;
    this.#next[n] = this.#head;
    this.#head = n;
  }

  /** The frame that holds byte `at` was written behind the CPU's back, or freed: translations made from it are void. */
  changed(at: number): void {
    if (this.watch.codeFrames[at >>> PAGE_SHIFT]) this.watch.invalidateFrame(at - (at % PAGE_SIZE));
  }

  /** Zero bytes within one frame. By copying: V8 fills shared memory byte by byte, a page in a microsecond. */
  clear(from: number, to: number): void {
    const zeroes = this.zero + (from & (PAGE_SIZE - 1));
    this.u8.copyWithin(from, zeroes, zeroes + to - from);
  }

  /** Everything is gone: the memory is as if it had never been used. */
  wipe(): void {
    for (let n = this.#first; n < this.#end; n++) if (this.#state[n] !== 0) this.u8.fill(0, n * PAGE_SIZE, (n + 1) * PAGE_SIZE);
  }

  /** The bytes of a frame, in place. */
  bytes(frame: number): Uint8Array {
    return this.u8.subarray(frame, frame + PAGE_SIZE);
  }
}

// The jump cache (layout.ts) from the dispatcher's side: it fills and empties the cache. The cache holds
// targets of jumps without a link. Generated code reads it. The targets of a page are entered again at once
// when control returns to a dropped page.

import { isGone, special } from "../decode/operand-slots.ts";
import { callTarget, dispatch, displaced, jumpCache, layout, record } from "../machine/layout.ts";
import { at, type State } from "../machine/state.ts";
import type { BlockTable } from "./block-table.ts";

const mostCallTargets = (layout.callTargetsEnd - layout.callTargets) / callTarget.size;
/** Bound of the targets that are entered again per page. */
const mostTargets = 128;
/** Bound of the blocks of its frame that are looked at for them. A miss costs less than this search. */
const mostLooks = 512;
/** Bound of the tracked entries. With more the cache is emptied as a whole, or searched. */
const mostFilled = 4096;
const isUsed = (layout.dispatch + dispatch.displaced) >> 2;

/** The displaced entries (layout.ts). handlers.ts exchanges them with those of the jump cache. */
class Displaced {
  readonly #i32: Int32Array;
  readonly #i64: BigInt64Array;
  /**
   * The memory of a new machine holds zeros: entries of address 0 without a record. The routine adds entries
   * too.
   */
  #isEmpty(): boolean {
    return this.#i32[isUsed] === 0;
  }
  constructor(state: State) {
    this.#i32 = state.i32;
    this.#i64 = state.i64;
  }
  /** The record of an address; 0 if there is none. */
  get(low: number, high: number): number {
    const entry = displacedEntryOf(low);
    return this.#i32[entry] === low && this.#i32[entry + 1] === high ? (this.#i32[entry + jumpCache.record / 4] as number) : 0;
  }
  /** Adds the entry of the jump cache at an index. Another entry with the same place is lost. */
  add(from: number): void {
    copyEntry(this.#i32, from, displacedEntryOf(this.#i32[from] as number));
    this.#i32[isUsed] = 1;
  }
  delete(low: number, high: number): void {
    if (this.get(low, high) !== 0) this.#empty(displacedEntryOf(low));
  }
  /** Removes what begins in these pages, or may reach into them. */
  deletePages(gone: readonly number[]): void {
    if (this.#isEmpty()) return;
    const i32 = this.#i32;
    const least = Math.min(...gone) - 1;
    const most = Math.max(...gone);
    const end = displacedEnd >> 2;
    for (let entry = layout.displaced >> 2; entry < end; entry += jumpCache.size / 4) {
      const page = pageOf(i32[entry] as number, i32[entry + 1] as number);
      if (page >= least && page <= most && (gone.includes(page) || gone.includes(page + 1))) this.#empty(entry);
    }
  }
  #empty(entry: number): void {
    this.#i32[entry] = emptyLow;
    this.#i32[entry + 1] = emptyHigh;
  }
  clear(): void {
    if (!this.#isEmpty()) this.#i64.fill(jumpCache.empty, layout.displaced >> 3, displacedEnd >> 3);
    this.#i32[isUsed] = 0;
  }
}

/** The jump cache and the call target cache of one processor. */
export class JumpCache {
  readonly #i32: Int32Array;
  readonly #i64: BigInt64Array;
  /**
   * Indices of the filled entries by page, while they are few. A search of all entries would cost a host
   * cache miss per entry.
   */
  readonly #filled = new Map<number, number[]>();
  #fills = mostFilled + 1;
  readonly #displaced: Displaced;
  readonly #blocks: BlockTable;

  constructor(state: State, blocks: BlockTable) {
    this.#i32 = state.i32;
    this.#i64 = state.i64;
    this.#blocks = blocks;
    this.#displaced = new Displaced(state);
    this.flush();
  }

  /**
   * A call target cache entry for an indirect call. Entries are reused in turn; each entry is valid for every
   * call.
   */
  newCallTarget(): number {
    this.#lastCallTarget = (this.#lastCallTarget + 1) % mostCallTargets;
    this.#reserve(this.#lastCallTarget + 1);
    return layout.callTargets + this.#lastCallTarget * callTarget.size;
  }
  /** Reserves the call target cache entries of a region from the code cache. */
  reserveCallTargets(places: readonly number[]): void {
    for (const place of places) this.#reserve((place - layout.callTargets) / callTarget.size + 1);
  }
  /** Makes at least this many entries usable. */
  #reserve(places: number): void {
    if (places <= this.#callTargets) return;
    this.#i64.fill(
      jumpCache.empty,
      (layout.callTargets + this.#callTargets * callTarget.size) >> 3,
      (layout.callTargets + places * callTarget.size) >> 3,
    );
    this.#callTargets = places;
  }
  #lastCallTarget = -1;
  /** The number of entries in use. */
  #callTargets = 0;
  #emptyCallTargets(): void {
    this.#i64.fill(jumpCache.empty, layout.callTargets >> 3, (layout.callTargets + this.#callTargets * callTarget.size) >> 3);
  }

  flush(): void {
    this.#emptyCallTargets();
    this.#noteFilledByRoutine();
    if (this.#fills > mostFilled) {
      this.#i64.fill(jumpCache.empty, layout.jumpCache >> 3, (layout.jumpCache + jumpCache.entries * jumpCache.size) >> 3);
    } else {
      this.#filled.forEach((entries) => {
        for (let n = 0; n < entries.length; n++) {
          this.#empty(entries[n] as number);
          this.#empty(secondOf(entries[n] as number));
        }
      });
    }
    this.#fills = 0;
    this.#filled.clear();
    this.#displaced.clear();
  }
  /** True if the entries of a page are found without a search of all. */
  get isTracked(): boolean {
    this.#noteFilledByRoutine();
    return this.#fills <= mostFilled;
  }
  /** Removes the entries of remapped pages. */
  flushPages(gone: readonly number[]): void {
    this.#emptyCallTargets();
    this.#displaced.deletePages(gone);
    const { isTracked } = this;
    if (!isTracked) this.#searchPages(gone);
    for (let n = 0; n < gone.length; n++) {
      const page = gone[n] as number;
      if (isTracked) {
        // A block may end in the next page.
        this.#flushPage(page);
        this.#flushPage(page - 1);
      }
    }
  }
  /** The same by a search of all entries. */
  #searchPages(gone: readonly number[]): void {
    const least = Math.min(...gone) - 1;
    const most = Math.max(...gone);
    const end = (layout.jumpCache + jumpCache.entries * jumpCache.size) >> 2;
    for (let entry = layout.jumpCache >> 2; entry < end; entry += jumpCache.size / 4) {
      const page = this.#pageIn(entry);
      if (page >= least && page <= most && (gone.includes(page) || gone.includes(page + 1))) this.#empty(entry);
    }
  }
  #flushPage(page: number): void {
    const entries = this.#filled.get(page);
    if (entries === undefined) return;
    for (let n = 0; n < entries.length; n++) {
      const entry = entries[n] as number;
      const second = secondOf(entry);
      if (this.#pageIn(entry) === page) this.#empty(entry);
      if (this.#pageIn(second) === page) this.#empty(second);
    }
    this.#fills -= entries.length;
    this.#filled.delete(page);
  }
  #pageIn(entry: number): number {
    return pageOf(this.#i32[entry] as number, this.#i32[entry + 1] as number);
  }
  #empty(entry: number): void {
    this.#i32[entry] = emptyLow;
    this.#i32[entry + 1] = emptyHigh;
  }

  /** The record for the address in rip; 0 if it is not cached or stale. */
  at(low: number, high: number): number {
    // The entry's index, as in `entryOf`: each run begins here.
    const i32 = this.#i32;
    let entry = (layout.jumpCache + ((Math.imul(low, jumpCache.hash) >>> jumpCache.shift) & indexMask)) >> 2;
    if (i32[entry] !== low || i32[entry + 1] !== high) {
      entry = secondOf(entry);
      if (!this.#has(entry, low, high)) return 0;
    }
    const rec = i32[entry + jumpCache.record / 4] as number;
    const handler = i32[(rec + record.handler) >> 2];
    return handler === special.stale || handler === special.next ? 0 : rec;
  }
  /**
   * The record of an address that was evicted from the first entry of its set; it is entered again. 0 if
   * none.
   */
  displaced(ip: number): number {
    const second = secondOf(entryOf(ip | 0));
    const isSecond = this.#has(second, ip | 0, highHalf(ip));
    const rec = isSecond ? (this.#i32[second + jumpCache.record / 4] as number) : this.#displaced.get(ip | 0, highHalf(ip));
    if (rec === 0 || this.#isStale(rec)) return 0;
    this.put(ip, rec);
    return rec;
  }
  put(ip: number, rec: number): void {
    this.#put(ip | 0, highHalf(ip), rec);
  }
  #put(low: number, high: number, rec: number): void {
    const i32 = this.#i32;
    const entry = entryOf(low);
    if (i32[entry] !== low || i32[entry + 1] !== high) this.#makeRoom(entry, low, high);
    i32[entry] = low;
    i32[entry + 1] = high;
    i32[entry + jumpCache.record / 4] = rec;
    const enterable = i32[(rec + record.handler) >> 2] === special.region && i32[(rec + record.imm) >> 2] === i32[at.epoch >> 2];
    i32[entry + jumpCache.region / 4] = enterable ? (i32[(rec + record.link) >> 2] as number) : 0;
  }
  /**
   * Frees this entry for an address. The previous content moves to the second entry, whose content is
   * displaced. Neither of the two holds the address afterwards.
   */
  #makeRoom(entry: number, low: number, high: number): void {
    const i32 = this.#i32;
    const second = secondOf(entry);
    const moves = this.#has(second, low, high);
    if (!moves) this.#noteFilled(entry, pageOf(low, high));
    if (!moves && this.#has(entry, emptyLow, emptyHigh)) return;
    if (!moves && !this.#has(second, emptyLow, emptyHigh)) this.#displaced.add(second);
    copyEntry(i32, entry, second);
  }
  #noteFilled(entry: number, page: number): void {
    if (this.#fills > mostFilled) return;
    const entries = this.#filled.get(page);
    if (entries === undefined) this.#filled.set(page, [entry]);
    else if (entries.includes(entry)) return;
    else entries.push(entry);
    this.#fills++;
  }
  /**
   * The same for the entries that the routine has filled. What they held meanwhile is in the second entries.
   */
  #noteFilledByRoutine(): void {
    const i32 = this.#i32;
    const place = (layout.dispatch + dispatch.filled) >> 2;
    const count = i32[place] as number;
    i32[place] = 0;
    if (count > dispatch.mostFilled) this.#fills = mostFilled + 1;
    for (let n = 0; n < count && this.#fills <= mostFilled; n++) {
      const entry = (i32[(layout.filled >> 2) + n] as number) >> 2;
      for (const one of [entry, secondOf(entry)]) if (!this.#has(one, emptyLow, emptyHigh)) this.#noteFilled(entry, this.#pageIn(one));
    }
  }
  #has(entry: number, low: number, high: number): boolean {
    return this.#i32[entry] === low && this.#i32[entry + 1] === high;
  }
  forget(ip: number): void {
    this.#emptyCallTargets();
    const entry = entryOf(ip | 0);
    this.#displaced.delete(ip | 0, highHalf(ip));
    if (this.#has(entry, ip | 0, highHalf(ip))) this.#empty(entry);
    if (this.#has(secondOf(entry), ip | 0, highHalf(ip))) this.#empty(secondOf(entry));
  }

  #isStale(rec: number): boolean {
    return isGone(this.#i32[(rec + record.handler) >> 2] as number);
  }
  /** Control reaches a page for the first time since mappings changed. Enters its previous targets. */
  recall(frame: number, context: number, page: number): void {
    let left = mostTargets;
    this.#blocks.forEachTarget(frame, context, mostLooks, (ip, rec) => {
      if (left > 0 && Math.floor(ip / 4096) === page && !this.#isStale(rec)) {
        left--;
        this.put(ip, rec);
      }
    });
  }
}

const indexMask = (jumpCache.entries - 1) * jumpCache.size;
const highHalf = (ip: number): number => Math.floor(ip / 0x1_0000_0000);
const emptyLow = Number(BigInt.asIntN(32, jumpCache.empty));
const emptyHigh = Number(jumpCache.empty >> 32n);

const displacedEnd = layout.displaced + displaced.entries * jumpCache.size;
/** The offset of an entry by the low half of an instruction pointer. `hashed` (compile.ts) is the same. */
const offsetOf = (low: number, { hash, shift, entries }: typeof jumpCache | typeof displaced): number =>
  (Math.imul(low, hash) >>> shift) & ((entries - 1) * jumpCache.size);
/** The index in words of a displaced entry. */
const displacedEntryOf = (low: number): number => (layout.displaced + offsetOf(low, displaced)) >> 2;
const copyEntry = (i32: Int32Array, from: number, to: number): void => {
  for (let n = 0; n < jumpCache.size / 4; n++) i32[to + n] = i32[from + n] as number;
};

const pageOf = (low: number, high: number): number => high * 2 ** 20 + (low >>> 12);

/** The second entry of the set. handlers.ts searches it and exchanges the two entries. */
const secondOf = (entry: number): number => entry ^ (jumpCache.size / 4);
/** The index in words of an entry. */
const entryOf = (low: number): number => (layout.jumpCache + offsetOf(low, jumpCache)) >> 2;

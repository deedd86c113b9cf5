// The jump cache (layout.ts) as the dispatcher fills and empties it: where control goes by jumps that no link can stand for. Generated
// code reads it. What it has forgotten of a page it is told again at once when control comes to the page.

import { isGone, special } from "../decode/operand-slots.ts";
import { callTarget, jumpCache, layout, record } from "../machine/layout.ts";
import { at, type State } from "../machine/state.ts";

const mostPlaces = (layout.callTargetsEnd - layout.callTargets) / callTarget.size;
/** Targets that are kept for a page. */
const mostTargets = 128;
/** Pages at which a frame is mapped whose targets are kept, those that control came to last: it may be mapped at any number of them. */
const mostPages = 4;
/** Beyond so many entries it is emptied as a whole. */
const mostFilled = 4096;

/** First records of blocks of one page that jumps have led to, and the halves of their addresses. Two lists of integers: V8 keeps those in place. */
class Targets {
  readonly page: number;
  readonly high: number;
  readonly lows: number[] = [];
  readonly records: number[] = [];
  constructor(page: number, ip: number) {
    this.page = page;
    this.high = highHalf(ip);
  }
}

export class JumpCache {
  readonly #i32: Int32Array;
  readonly #i64: BigInt64Array;
  /**
   * Places of the addresses that have been in it since it was last empty, while they are few, by their pages: to look for a page in all entries
   * is a miss of the host's cache for each.
   */
  readonly #filled = new Map<number, number[]>();
  #fills = mostFilled + 1;
  /** What had to make room for two other addresses, by its own: they come in turn, and are put back without being looked for. */
  readonly #displaced = new Map<number, number>();
  /** By frame and context. */
  readonly #targets = new Map<number, Targets[]>();

  constructor(state: State) {
    this.#i32 = state.i32;
    this.#i64 = state.i64;
    this.flush();
  }

  /** A place for a computed call to remember its last target in: they are taken in turn, and what is in one is right for all. */
  placeForCall(): number {
    this.#place = (this.#place + 1) % mostPlaces;
    this.#take(this.#place + 1);
    return layout.callTargets + this.#place * callTarget.size;
  }
  /** A region that was made elsewhere remembers targets in these. */
  usePlaces(places: readonly number[]): void {
    for (const place of places) this.#take((place - layout.callTargets) / callTarget.size + 1);
  }
  /** So many are in use from now on, if not more are. */
  #take(places: number): void {
    if (places <= this.#places) return;
    this.#i64.fill(
      jumpCache.empty,
      (layout.callTargets + this.#places * callTarget.size) >> 3,
      (layout.callTargets + places * callTarget.size) >> 3,
    );
    this.#places = places;
  }
  #place = -1;
  /** Those that have been taken. */
  #places = 0;
  #forgetCalls(): void {
    this.#i64.fill(jumpCache.empty, layout.callTargets >> 3, (layout.callTargets + this.#places * callTarget.size) >> 3);
  }

  flush(): void {
    this.#forgetCalls();
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
  /** Some pages have other code now, or none. False: so much is known that everything is to be forgotten. */
  flushPages(gone: readonly number[]): boolean {
    if (this.#fills > mostFilled) return false;
    this.#forgetCalls();
    for (let n = 0; n < gone.length; n++) {
      const page = gone[n] as number;
      // A block may end in the next page.
      this.#flushPage(page);
      this.#flushPage(page - 1);
      this.#displaced.forEach((_rec, ip) => {
        const its = Math.floor(ip / 4096);
        if (its === page || its === page - 1) this.#displaced.delete(ip);
      });
    }
    return true;
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

  /** The record for the address in rip, 0 if it is not known, or has gone. */
  at(low: number, high: number): number {
    const i32 = this.#i32;
    let entry = entryOf(low);
    if (i32[entry] !== low || i32[entry + 1] !== high) {
      entry = secondOf(entry);
      if (!this.#has(entry, low, high)) return 0;
    }
    const rec = i32[entry + jumpCache.record / 4] as number;
    return this.#isStale(rec) ? 0 : rec;
  }
  /** The same of an address that is not there because another one is, or was; it is there from now on. */
  displaced(ip: number): number {
    const second = secondOf(entryOf(ip | 0));
    const rec = (this.#has(second, ip | 0, highHalf(ip)) ? this.#i32[second + jumpCache.record / 4] : this.#displaced.get(ip)) ?? 0;
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
  /** An address is to have this entry, which has another one or none; no entry has it afterwards. */
  #makeRoom(entry: number, low: number, high: number): void {
    const i32 = this.#i32;
    const second = secondOf(entry);
    const moves = this.#has(second, low, high);
    if (!moves) this.#note(entry, pageOf(low, high));
    if (moves || this.#has(second, emptyLow, emptyHigh)) {
      for (let n = 0; n < jumpCache.size / 4; n++) i32[second + n] = i32[entry + n] as number;
      return;
    }
    if (this.#has(entry, emptyLow, emptyHigh)) return;
    const ip = (i32[entry + 1] as number) * 2 ** 32 + ((i32[entry] as number) >>> 0);
    this.#displaced.set(ip, i32[entry + jumpCache.record / 4] as number);
  }
  #note(entry: number, page: number): void {
    if (this.#fills > mostFilled) return;
    const entries = this.#filled.get(page);
    if (entries === undefined) this.#filled.set(page, [entry]);
    else if (entries.includes(entry)) return;
    else entries.push(entry);
    this.#fills++;
  }
  #has(entry: number, low: number, high: number): boolean {
    return this.#i32[entry] === low && this.#i32[entry + 1] === high;
  }
  forget(ip: number): void {
    this.#forgetCalls();
    const entry = entryOf(ip | 0);
    this.#displaced.delete(ip);
    if (this.#has(entry, ip | 0, highHalf(ip))) this.#empty(entry);
    if (this.#has(secondOf(entry), ip | 0, highHalf(ip))) this.#empty(secondOf(entry));
  }

  /** Control has come to a record in a page, whose frame and context `code` is. */
  arrived(code: number, page: number, ip: number, rec: number): void {
    const pages = this.#targets.get(code);
    let targets = pages?.[0];
    // Mostly it is the only one.
    if (targets !== undefined && targets.page !== page) targets = pages?.find((t) => t.page === page);
    if (!targets) {
      targets = new Targets(page, ip);
      if (!pages) this.#targets.set(code, [targets]);
      else if (pages.unshift(targets) > mostPages) pages.pop();
    }
    const { lows, records } = targets;
    if (records.includes(rec)) return;
    if (records.length === mostTargets) this.#forgetStale(targets);
    if (records.length === mostTargets) return;
    lows.push(ip | 0);
    records.push(rec);
  }
  /** Code that was written anew may be there again: so its targets stay until there is no room. */
  #forgetStale({ lows, records }: Targets): void {
    let kept = 0;
    for (let n = 0; n < records.length; n++) {
      if (this.#isStale(records[n] as number)) continue;
      lows[kept] = lows[n] as number;
      records[kept++] = records[n] as number;
    }
    lows.length = records.length = kept;
  }
  #isStale(rec: number): boolean {
    return isGone(this.#i32[(rec + record.handler) >> 2] as number);
  }
  /** Control comes to a page for the first time since mappings changed: jumps find there at once what they found before. */
  recall(code: number, page: number): void {
    const pages = this.#targets.get(code);
    const n = pages?.findIndex((t) => t.page === page) ?? -1;
    if (pages === undefined || n < 0) return;
    const targets = pages[n] as Targets;
    // The vDSO is elsewhere in each process, but a shell's where it was.
    for (let i = n; i > 0; i--) pages[i] = pages[i - 1] as Targets;
    pages[0] = targets;
    const { lows, records, high } = targets;
    for (let n = 0; n < records.length; n++) {
      const rec = records[n] as number;
      if (!this.#isStale(rec)) this.#put(lows[n] as number, high, rec);
    }
  }
  clear(): void {
    this.#targets.clear();
    this.flush();
  }
}

const highHalf = (ip: number): number => Math.floor(ip / 0x1_0000_0000);
const emptyLow = Number(BigInt.asIntN(32, jumpCache.empty));
const emptyHigh = Number(jumpCache.empty >> 32n);

const pageOf = (low: number, high: number): number => high * 2 ** 20 + (low >>> 12);

/** Where an address goes that has to make room for one: the entry's neighbour. handlers.ts looks there, and puts what it finds in its place. */
const secondOf = (entry: number): number => entry ^ (jumpCache.size / 4);
/** The place of an instruction pointer, by its low half, in words; compile.ts computes the same. */
const entryOf = (low: number): number =>
  (layout.jumpCache + ((Math.imul(low, jumpCache.hash) >>> jumpCache.shift) & ((jumpCache.entries - 1) * jumpCache.size))) >> 2;

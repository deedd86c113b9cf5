// The jump cache (layout.ts) as the dispatcher fills and empties it: where control goes by jumps that no link can stand for. Generated
// code reads it. What it has forgotten of a page it is told again at once when control comes to the page.
import { jumpCache, lastCall, layout, record } from "./layout.ts";
import { special } from "./slots.ts";
import { at, type State } from "./state.ts";

const mostPlaces = (layout.lastCallsEnd - layout.lastCalls) / lastCall.size;
/** Targets that are kept for a page. */
const mostTargets = 128;
/** Pages at which a frame is mapped whose targets are kept, those that control came to last: it may be mapped at any number of them. */
const mostPages = 4;

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
  /** Entries filled since it was last empty, while they are few. */
  readonly #filled = new Int32Array(4096);
  #fills: number = this.#filled.length + 1;
  /** What had to make room for another address, by its own: they come in turn, and are put back without being looked for. */
  readonly #displaced = new Map<number, number>();
  /** By frame and context. */
  readonly #targets = new Map<number, Targets[]>();

  constructor(state: State) {
    this.#i32 = state.i32;
    this.#i64 = state.i64;
    this.#i64.fill(jumpCache.empty, layout.lastCalls >> 3, layout.lastCallsEnd >> 3);
    this.flush();
  }

  /** A place for a computed call to remember its last target in: they are taken in turn, and what is in one is right for all. */
  placeForCall(): number {
    this.#places = Math.min(this.#places + 1, mostPlaces);
    this.#place = (this.#place + 1) % mostPlaces;
    return layout.lastCalls + this.#place * lastCall.size;
  }
  #place = -1;
  /** Those that have been taken. */
  #places = 0;
  #forgetCalls(): void {
    this.#i64.fill(jumpCache.empty, layout.lastCalls >> 3, (layout.lastCalls + this.#places * lastCall.size) >> 3);
  }

  flush(): void {
    this.#forgetCalls();
    if (this.#fills > this.#filled.length) {
      this.#i64.fill(jumpCache.empty, layout.jumpCache >> 3, (layout.jumpCache + jumpCache.entries * jumpCache.size) >> 3);
    } else for (let n = 0; n < this.#fills; n++) this.#empty(this.#filled[n] as number);
    this.#fills = 0;
    this.#displaced.clear();
  }
  /** Some pages have other code now, or none. False: so much is known that everything is to be forgotten. */
  flushPages(gone: readonly number[]): boolean {
    if (this.#fills > this.#filled.length) return false;
    this.#forgetCalls();
    for (let n = 0; n < gone.length; n++) this.#flushPage(gone[n] as number);
    return true;
  }
  #flushPage(page: number): void {
    const i32 = this.#i32;
    let kept = 0;
    for (let n = 0; n < this.#fills; n++) {
      const entry = this.#filled[n] as number;
      const its = (i32[entry + 1] as number) * 2 ** 20 + ((i32[entry] as number) >>> 12);
      // A block may end in the next page.
      if (its === page || its === page - 1) this.#empty(entry);
      else this.#filled[kept++] = entry;
    }
    this.#fills = kept;
    this.#displaced.forEach((_rec, ip) => {
      const its = Math.floor(ip / 4096);
      if (its === page || its === page - 1) this.#displaced.delete(ip);
    });
  }
  #empty(entry: number): void {
    this.#i32[entry] = emptyLow;
    this.#i32[entry + 1] = emptyHigh;
  }

  /** The record for the address in rip, 0 if it is not known, or has gone. */
  at(low: number, high: number): number {
    const i32 = this.#i32;
    const entry = entryOf(low);
    if (i32[entry] !== low || i32[entry + 1] !== high) return 0;
    const rec = i32[entry + jumpCache.record / 4] as number;
    return this.#isStale(rec) ? 0 : rec;
  }
  /** The same of an address that is not there because another one is; it is there from now on. */
  displaced(ip: number): number {
    const rec = this.#displaced.get(ip) ?? 0;
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
    if (i32[entry + 1] === emptyHigh && i32[entry] === emptyLow) {
      if (this.#fills < this.#filled.length) this.#filled[this.#fills] = entry;
      this.#fills++;
    } else if (i32[entry] !== low || i32[entry + 1] !== high) {
      const ip = (i32[entry + 1] as number) * 2 ** 32 + ((i32[entry] as number) >>> 0);
      this.#displaced.set(ip, i32[entry + jumpCache.record / 4] as number);
    }
    i32[entry] = low;
    i32[entry + 1] = high;
    i32[entry + jumpCache.record / 4] = rec;
    const enterable = i32[(rec + record.handler) >> 2] === special.region && i32[(rec + record.imm) >> 2] === i32[at.epoch >> 2];
    i32[entry + jumpCache.region / 4] = enterable ? (i32[(rec + record.link) >> 2] as number) : 0;
  }
  forget(ip: number): void {
    this.#forgetCalls();
    const entry = entryOf(ip | 0);
    this.#displaced.delete(ip);
    if (this.#i32[entry] === (ip | 0) && this.#i32[entry + 1] === highHalf(ip)) this.#empty(entry);
  }

  /** Control has come to a record in a page, whose frame and context `code` is. */
  arrived(code: number, page: number, ip: number, rec: number): void {
    const pages = this.#targets.get(code);
    let targets = pages?.find((t) => t.page === page);
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
    return this.#i32[(rec + record.handler) >> 2] === special.stale;
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

/** The place of an instruction pointer, by its low half, in words; compile.ts computes the same. */
const entryOf = (low: number): number =>
  (layout.jumpCache + ((Math.imul(low, jumpCache.hash) >>> jumpCache.shift) & ((jumpCache.entries - 1) * jumpCache.size))) >> 2;

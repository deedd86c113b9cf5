// The translation look-aside buffer and the page tags (layout.ts), as the dispatcher fills and empties them; generated code reads them.
import { accessMap, directAddress, directMap, directPageOf, emptyTag, layout, tlb } from "./layout.ts";
import { type Access, access } from "./mmu.ts";
import { at, pageRanges, type State } from "./state.ts";

/** In both halves of the tags of a page that is not at home; of page 0's home, which could have that one, another. */
const noTag = 0;
/** Where a page's chunks are, as an index of words, by the low half of its address. */
const chunksOf = (low: number): number => (layout.accessMap + (low >>> accessMap.shift)) >> 2;

export class Tlb {
  readonly #i32: Int32Array;
  /** Entries filled since the last flush, while they are few: a process that did little is cheap to leave. */
  readonly #filled = new Int32Array(256);
  #fills: number = this.#filled.length + 1;
  /** Pages of the window that have had a tag since the last flush. */
  readonly #tags = new Int32Array(directMap.pages);
  #tagged = 0;
  /** By number of a frame: the flush, counted, behind which it has last been writable. Most code is never. */
  readonly #writable: Uint32Array;
  #flushes = 0;

  constructor(state: State) {
    this.#i32 = state.i32;
    this.#writable = new Uint32Array(state.memory.buffer.byteLength >>> 12);
    this.flush();
    this.#emptyTags(0);
  }
  /** Which homes the pages of the current address space have. */
  set color(color: number) {
    this.#i32[at.color >> 2] = color;
  }

  flush(): void {
    this.#flushes++;
    this.#forgetRuns();
    if (this.#fills > this.#filled.length) this.#i32.fill(emptyTag(0), layout.tlb >> 2, (layout.tlb + tlb.entries * tlb.size) >> 2);
    else this.#emptyFilled();
    this.#emptyEntry(tlb.entries - 1);
    this.#emptyTagged();
    this.#emptyTags(0);
    this.#fills = this.#tagged = 0;
  }
  // A process of a few thousand instructions fills some forty entries: the next two call nothing for each, and leave out the one that is empty otherwise.
  #emptyFilled(): void {
    const i32 = this.#i32;
    const filled = this.#filled;
    const empty = emptyTag(0);
    for (let f = 0; f < this.#fills; f++) {
      const from = (layout.tlb + (filled[f] as number) * tlb.size) >> 2;
      i32[from] = i32[from + 1] = i32[from + 2] = i32[from + 3] = empty;
    }
  }
  #emptyTagged(): void {
    const i32 = this.#i32;
    const tags = this.#tags;
    for (let t = 0; t < this.#tagged; t++) {
      const tag = (layout.directTags + (tags[t] as number) * directMap.size) >> 2;
      if (this.#chunks && i32[tag + 1] === 0) {
        const chunk = chunksOf(i32[tag] as number);
        i32[chunk] = i32[chunk + 1] = i32[chunk + 2] = i32[chunk + 3] = 0;
      }
      i32[tag] = i32[tag + 1] = i32[tag + 2] = i32[tag + 3] = noTag;
    }
  }
  /** Forget a page, by its number. */
  flushPage(page: number): void {
    this.#forgetRuns();
    this.#emptyEntry(page & (tlb.entries - 1));
    this.#emptyTags(page & (directMap.pages - 1));
  }
  /** A frame is not to be written to without asking, at whatever pages it is. */
  protect(frame: number): void {
    if (this.#writable[frame >>> 12] !== this.#flushes) return;
    this.#forgetRuns();
    if (this.#fills > this.#filled.length) return this.flush();
    const i32 = this.#i32;
    for (let f = 0; f < this.#fills; f++) {
      const n = this.#filled[f] as number;
      const entry = (layout.tlb + n * tlb.size) >> 2;
      const page = i32[entry + tlb.readTag / 4] as number;
      if (((page + (i32[entry + tlb.addend / 4] as number)) | 0) === (frame | 0))
        i32.fill(emptyTag(n), entry + tlb.writeTag / 4, entry + tlb.addend / 4);
    }
    const n = directPageOf(frame, i32[at.color >> 2] as number);
    if (n < directMap.pages) this.#readOnly(n);
  }
  #emptyEntry(n: number): void {
    const i32 = this.#i32;
    const from = (layout.tlb + n * tlb.size) >> 2;
    // Not by `fill`, whose call costs more.
    i32[from] = i32[from + 1] = i32[from + 2] = i32[from + 3] = emptyTag(n);
  }
  /** What is no tag of page n: an address of another one. Fresh memory holds none but that of page 0. */
  #emptyTags(n: number): void {
    const i32 = this.#i32;
    const tag = (layout.directTags + n * directMap.size) >> 2;
    this.#allow(i32[tag] as number, i32[tag + 1] as number, 0);
    i32[tag] = i32[tag + 1] = i32[tag + 2] = i32[tag + 3] = n === 0 ? -1 : noTag;
  }
  #readOnly(n: number): void {
    const i32 = this.#i32;
    const tag = (layout.directTags + n * directMap.size) >> 2;
    this.#allow(i32[tag] as number, i32[tag + 1] as number, accessMap.read);
    i32[tag + 2] = i32[tag + 3] = n === 0 ? -1 : noTag;
  }
  /** From the first compiled region of 32-bit code on, what that may do is kept: others have no use for it. */
  keepAccessMap(): void {
    if (this.#chunks) return;
    this.#chunks = true;
    this.flush();
  }
  #chunks = false;
  /** What 32-bit code may do on a page at home from now on, by the halves of its address. */
  #allow(low: number, high: number, rights: number): void {
    if (!this.#chunks || high !== 0) return;
    const i32 = this.#i32;
    const chunk = chunksOf(low);
    const before = (i32[chunk] as number) & 0xff;
    if (before === rights) return;
    const page = low >>> 0;
    i32[chunk] = i32[chunk + 1] = i32[chunk + 2] = rights * 0x0101_0101;
    const last = rights * 0x01_0101;
    i32[chunk + 3] = last | (this.#goesOn(page) ? (rights & (i32[chunk + 4] as number)) << 24 : 0);
    // The last chunk of the page before goes on here.
    if (page === 0 || !this.#goesOn(page - 4096)) return;
    i32[chunk - 1] = ((i32[chunk - 1] as number) & 0xff_ffff) | ((rights & (i32[chunk - 4] as number)) << 24);
  }
  /** Does the home of the page behind this one follow its home? */
  #goesOn(page: number): boolean {
    return page !== 0xffff_f000 && directAddress(page + 4096, this.#i32[at.color >> 2] as number) !== layout.window;
  }

  /** A page, by its address, has this frame now, which may be written without asking again, or only read. */
  fill(page: number, frame: number, writable: boolean): void {
    const i32 = this.#i32;
    const n = (page / 4096) & (tlb.entries - 1);
    const entry = layout.tlb + n * tlb.size;
    // Tags in halves: a bigint here would cost more than the rest.
    const low = page | 0;
    const high = (page / 0x1_0000_0000) | 0;
    const read = (entry + tlb.readTag) >> 2;
    const write = (entry + tlb.writeTag) >> 2;
    if (i32[read] !== low || i32[read + 1] !== high) {
      if (this.#fills < this.#filled.length) this.#filled[this.#fills] = n;
      this.#fills++;
      i32[read] = low;
      i32[read + 1] = high;
      i32[write] = i32[write + 1] = emptyTag(n);
    }
    i32[(entry + tlb.addend) >> 2] = (frame - page) | 0;
    if (writable) {
      this.#writable[frame >>> 12] = this.#flushes;
      i32[write] = low;
      i32[write + 1] = high;
    }
    if (frame === directAddress(page, i32[at.color >> 2] as number)) this.#atHome(page, low, high, writable);
  }
  /** The same, where only compiled code is to know it. */
  show(page: number, frame: number, writable: boolean): void {
    if (frame !== directAddress(page, this.#i32[at.color >> 2] as number)) return;
    if (writable) this.#writable[frame >>> 12] = this.#flushes;
    this.#atHome(page, page | 0, (page / 0x1_0000_0000) | 0, writable);
  }
  /** May 32-bit code do less in a page's last chunk than in the others, for the next page is not known? */
  lastGranuleEndsAlone(page: number): boolean {
    if (!this.#chunks || page >= 0xffff_f000) return false;
    const chunk = chunksOf(page);
    return ((this.#i32[chunk] as number) & 0xff) !== (this.#i32[chunk + 3] as number) >>> 24;
  }
  /** Where an address lies in memory if its page has an entry, else -1. */
  find(address: number): number {
    const i32 = this.#i32;
    const entry = (layout.tlb + (Math.floor(address / 4096) & (tlb.entries - 1)) * tlb.size) >> 2;
    const page = address - (address & 0xfff);
    const there = i32[entry + tlb.readTag / 4] === (page | 0) && i32[entry + tlb.readTag / 4 + 1] === ((page / 0x1_0000_0000) | 0);
    return there ? (address + (i32[entry + tlb.addend / 4] as number)) >>> 0 : -1;
  }
  /** The four bytes at an address of 32 bits, a multiple of four, if its page is at home and may be read, as compiled regions find them; else -1. */
  directWord(address: number): number {
    const i32 = this.#i32;
    const tag = (layout.directTags + ((address >>> 12) & (directMap.pages - 1)) * directMap.size) >> 2;
    if (((i32[tag] as number) ^ address) & ~0xffc || i32[tag + 1] !== 0) return -1;
    return (i32[(directAddress(address, i32[at.color >> 2] as number) + (address & 0xfff)) >> 2] as number) >>> 0;
  }
  /** Compiled regions may go straight to a page. */
  #atHome(page: number, low: number, high: number, writable: boolean): void {
    const i32 = this.#i32;
    const n = (page / 4096) & (directMap.pages - 1);
    const tag = (layout.directTags + n * directMap.size) >> 2;
    if (i32[tag] !== low || i32[tag + 1] !== high) {
      if (this.#tagged === this.#tags.length) this.flush();
      this.#evict(n);
      this.#tags[this.#tagged++] = n;
      i32[tag] = low;
      i32[tag + 1] = high;
    }
    if (writable) {
      i32[tag + 2] = low;
      i32[tag + 3] = high;
    }
    const mayWrite = writable || (i32[tag + 2] === low && i32[tag + 3] === high);
    this.#allow(low, high, mayWrite ? accessMap.read | accessMap.write : accessMap.read);
  }
  /** Another page has what is to be a page's tags. */
  #evict(n: number): void {
    const tag = (layout.directTags + n * directMap.size) >> 2;
    if (this.#runs.length > 0 && (this.#i32[tag] as number) !== (n === 0 ? -1 : noTag)) this.#forgetRuns();
    this.#emptyTags(n);
  }

  /** Runs of pages at home that have been asked for since the last time that one was forgotten: addresses of the first byte and of that after the last. */
  #runs: { readonly how: Access; low: number; high: number }[] = [];
  #forgetRuns(): void {
    if (this.#runs.length === 0) return;
    this.#runs = [];
    this.#i32.fill(0, at.pageRanges >> 2, (at.pageRanges + pageRanges.slots * pageRanges.size) >> 2);
    this.#asked.fill(0);
  }
  /** How often each slot's has been asked for and was another one, or none. */
  readonly #asked = new Uint8Array(pageRanges.slots);
  /** Areas that alternate are asked for ever less often. */
  #askLess(slot: number): void {
    if ((this.#asked[slot] as number) < 12) this.#asked[slot]!++;
    this.#i32[(at.pageRanges + slot * pageRanges.size + pageRanges.patience) >> 2] = 4 << (this.#asked[slot] as number);
  }
  #putRun(slot: number, { low, high }: { readonly low: number; readonly high: number }): void {
    const i32 = this.#i32;
    const there = (at.pageRanges + slot * pageRanges.size) >> 2;
    const length = Math.max(0, high - low - pageRanges.reach + 1);
    const before = ((i32[there] as number) >>> 0) + (i32[there + 1] as number) * 0x1_0000_0000;
    if (low <= before && before < high) {
      // What grows is asked for again soon.
      this.#asked[slot] = 0;
      i32[there + pageRanges.patience / 4] = 4;
    } else this.#askLess(slot);
    i32[there] = low | 0;
    i32[there + 1] = (low / 0x1_0000_0000) | 0;
    i32[there + 2] = length | 0;
    i32[there + 3] = (length / 0x1_0000_0000) | 0;
  }
  #isAtHome(page: number, how: Access): boolean {
    const tag =
      (layout.directTags +
        ((page / 4096) & (directMap.pages - 1)) * directMap.size +
        (how === access.write ? directMap.writeTag : directMap.readTag)) >>
      2;
    return this.#i32[tag] === (page | 0) && this.#i32[tag + 1] === ((page / 0x1_0000_0000) | 0);
  }
  /** Put into a slot of the state page the run of pages at home around an address that may all be read, or written, if that page is. */
  showRange(address: number, how: Access, slot: number): void {
    const page = address - (address & 0xfff);
    const color = this.#i32[at.color >> 2] as number;
    /** Homes go on at the window's beginning there: an access across is none. */
    const begins = (p: number) => directAddress(p, color) === layout.window;
    const known = (p: number) => this.#runs.find((r) => r.how === how && r.low <= p && p < r.high);
    let run = known(page);
    if (!run && address >= 0 && this.#isAtHome(page, how)) {
      run = { how, low: page, high: page + 4096 };
      // What is known is not looked at again: so each page is looked at once.
      for (let more = true; more; ) {
        const before = known(run.low - 4096);
        more = !begins(run.low) && (before !== undefined || this.#isAtHome(run.low - 4096, how));
        if (more) run.low = before ? before.low : run.low - 4096;
      }
      for (let more = true; more; ) {
        const after = known(run.high);
        more = !begins(run.high) && (after !== undefined || this.#isAtHome(run.high, how));
        if (more) run.high = after ? after.high : run.high + 4096;
      }
      const { low, high } = run;
      this.#runs = [run, ...this.#runs.filter((r) => r.how !== how || r.high <= low || high <= r.low)];
    }
    // A page that has yet to be touched may be the next one of the slot's run.
    if (run) this.#putRun(slot, run);
    else this.#askLess(slot);
  }
}

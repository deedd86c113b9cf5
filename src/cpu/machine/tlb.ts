// The translation look-aside buffer and the direct-map tags (layout.ts). The dispatcher fills and empties
// them; generated code reads them.
import { accessMap, directAddress, directMap, directPageOf, emptyTag, layout, tlb } from "./layout.ts";
import { type Access, access } from "./mmu.ts";
import { leaveTable, takeTable } from "./side-tables.ts";
import { at, pageRanges, type State } from "./state.ts";

/**
 * Both halves of the tags of a window page without a direct-mapped page. Page 0 could have this tag, so its
 * own empty tag differs.
 */
const noTag = 0;
/** Index of the word that holds a page's first granules, by the low half of its address. */
const granulesOf = (low: number): number => (layout.accessMap + (low >>> accessMap.shift)) >> 2;

/** Names of the side tables. */
const tables = { tags: "direct-mapped pages", writable: "frames last writable", places: "entries of writable frames" } as const;
/** No entry, and several entries, in the table of places. */
const [nowhere, everywhere] = [0xffff, 0xfffe] as const;

/** The TLB of a machine. */
export class Tlb {
  readonly #memory: WebAssembly.Memory;
  readonly #i32: Int32Array;
  /**
   * Numbers of the entries filled since the last flush, while they are few. A flush after a short process is
   * then cheap.
   */
  readonly #filled = new Int32Array(256);
  #fills: number = this.#filled.length + 1;
  /** Pages of the window that have had a tag since the last flush. The first `#tagged` are in use. */
  readonly #tags: Int32Array;
  #tagged = 0;
  /**
   * Per frame: the flush count at which it was last writable. Most frames with code never are. The last
   * element is the count itself, which continues in the next machine of this memory.
   */
  readonly #writable: Uint32Array;
  /** Per frame that was writable since the last flush: the entry in which it was, if there was only one. */
  readonly #places: Uint16Array;
  readonly #count: number;
  #flushes: number;

  constructor(state: State) {
    this.#i32 = state.i32;
    const { memory } = state;
    this.#memory = memory;
    this.#tags = new Int32Array(takeTable(memory, tables.tags, directMap.pages * 4));
    this.#count = memory.buffer.byteLength >>> 12;
    this.#writable = new Uint32Array(takeTable(memory, tables.writable, (this.#count + 1) * 4));
    this.#places = new Uint16Array(takeTable(memory, tables.places, this.#count * 2));
    this.#flushes = this.#writable[this.#count] as number;
    this.flush();
    this.#emptyTags(0);
  }
  /** The color of the current address space. */
  set color(color: number) {
    this.#i32[at.color >> 2] = color;
  }

  /** Empties the TLB and leaves its tables to the next machine in this memory. */
  giveUp(): void {
    this.flush();
    leaveTable(this.#memory, tables.tags, this.#tags.buffer);
    leaveTable(this.#memory, tables.writable, this.#writable.buffer);
    leaveTable(this.#memory, tables.places, this.#places.buffer);
  }
  flush(): void {
    this.#writable[this.#count] = ++this.#flushes;
    this.#forgetRanges();
    if (this.#fills > this.#filled.length) this.#i32.fill(emptyTag(0), layout.tlb >> 2, (layout.tlb + tlb.entries * tlb.size) >> 2);
    else this.#emptyFilled();
    this.#emptyEntry(tlb.entries - 1);
    this.#emptyTagged();
    this.#emptyTags(0);
    this.#fills = this.#tagged = 0;
  }
  // A short process fills few entries. The next two methods therefore avoid a call per entry.
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
      if (this.#keepsAccessMap && i32[tag + 1] === 0) {
        const granule = granulesOf(i32[tag] as number);
        i32[granule] = i32[granule + 1] = i32[granule + 2] = i32[granule + 3] = 0;
      }
      i32[tag] = i32[tag + 1] = i32[tag + 2] = i32[tag + 3] = noTag;
    }
  }
  /** Drops a page, given its number. */
  flushPage(page: number): void {
    this.#forgetRanges();
    this.#emptyEntry(page & (tlb.entries - 1));
    this.#emptyTags(page & (directMap.pages - 1));
  }
  /** Makes a frame read-only in all entries, so that a write calls `translate` again. */
  protect(frame: number): void {
    if (this.#writable[frame >>> 12] !== this.#flushes) return;
    this.#forgetRanges();
    const place = this.#places[frame >>> 12] as number;
    // Code that is written, executed and unmapped in a loop comes here each time.
    if (place < everywhere) this.#protectEntry(place, frame);
    else if (place === nowhere) {
      // Only compiled code could write there.
    } else if (this.#fills > this.#filled.length) for (let n = 0; n < tlb.entries; n++) this.#protectEntry(n, frame);
    else for (let f = 0; f < this.#fills; f++) this.#protectEntry(this.#filled[f] as number, frame);
    const n = directPageOf(frame, this.#i32[at.color >> 2] as number);
    if (n < directMap.pages) this.#readOnly(n);
  }
  /** The same in entry n, if it is the frame's. */
  #protectEntry(n: number, frame: number): void {
    const i32 = this.#i32;
    const entry = (layout.tlb + n * tlb.size) >> 2;
    const page = i32[entry + tlb.readTag / 4] as number;
    if (((page + (i32[entry + tlb.addend / 4] as number)) | 0) !== (frame | 0)) return;
    i32[entry + tlb.writeTag / 4] = i32[entry + tlb.writeTag / 4 + 1] = emptyTag(n);
  }
  #emptyEntry(n: number): void {
    const i32 = this.#i32;
    const from = (layout.tlb + n * tlb.size) >> 2;
    // Not by `fill`: its call costs more than four stores.
    i32[from] = i32[from + 1] = i32[from + 2] = i32[from + 3] = emptyTag(n);
  }
  /** Clears the tags of window page n. Fresh memory is valid for all pages but page 0. */
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
  /**
   * Maintains the access map from the first compiled region of 32-bit code on. Other code does not use it.
   */
  keepAccessMap(): void {
    if (this.#keepsAccessMap) return;
    this.#keepsAccessMap = true;
    this.flush();
  }
  #keepsAccessMap = false;
  /** Sets the permissions of 32-bit code on a direct-mapped page, given the halves of its address. */
  #allow(low: number, high: number, rights: number): void {
    if (!this.#keepsAccessMap || high !== 0) return;
    const i32 = this.#i32;
    const granule = granulesOf(low);
    const before = (i32[granule] as number) & 0xff;
    if (before === rights) return;
    const page = low >>> 0;
    i32[granule] = i32[granule + 1] = i32[granule + 2] = rights * 0x0101_0101;
    const last = rights * 0x01_0101;
    i32[granule + 3] = last | (this.#isContiguous(page) ? (rights & (i32[granule + 4] as number)) << 24 : 0);
    // The last granule of the previous page ends here.
    if (page === 0 || !this.#isContiguous(page - 4096)) return;
    i32[granule - 1] = ((i32[granule - 1] as number) & 0xff_ffff) | ((rights & (i32[granule - 4] as number)) << 24);
  }
  /** True if the direct-mapped position of the next page follows this page's. */
  #isContiguous(page: number): boolean {
    return page !== 0xffff_f000 && directAddress(page + 4096, this.#i32[at.color >> 2] as number) !== layout.window;
  }

  /** Maps a page, given its address, to a frame, for reads or for reads and writes. */
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
      this.#noteWritable(frame, n);
      i32[write] = low;
      i32[write + 1] = high;
    }
    if (frame === directAddress(page, i32[at.color >> 2] as number)) this.#mapDirect(page, low, high, writable);
  }
  /** The frame is writable in entry n from now on. */
  #noteWritable(frame: number, n: number): void {
    const f = frame >>> 12;
    const before = this.#writable[f] === this.#flushes ? (this.#places[f] as number) : nowhere;
    this.#writable[f] = this.#flushes;
    this.#places[f] = before === nowhere || before === n ? n : everywhere;
  }
  /** A store went to a frame without an entry that allows it. */
  noteStore(frame: number): void {
    if (this.#writable[frame >>> 12] !== this.#flushes) this.#noteWritable(frame, nowhere);
  }
  /** The count of flushes: a moment for `lastWritable`. */
  get flushes(): number {
    return this.#flushes;
  }
  /** By frame: the flush count at which the processor last could write it. */
  get lastWritable(): Uint32Array {
    return this.#writable;
  }
  /** The same for compiled code only. */
  show(page: number, frame: number, writable: boolean): void {
    if (frame !== directAddress(page, this.#i32[at.color >> 2] as number)) return;
    if (writable && this.#writable[frame >>> 12] !== this.#flushes) this.#noteWritable(frame, nowhere);
    this.#mapDirect(page, page | 0, (page / 0x1_0000_0000) | 0, writable);
  }
  /**
   * True if the last granule of the page has fewer permissions than the others, because the next page is not
   * known.
   */
  lastGranuleEndsAlone(page: number): boolean {
    if (!this.#keepsAccessMap || page >= 0xffff_f000) return false;
    const granule = granulesOf(page);
    return ((this.#i32[granule] as number) & 0xff) !== (this.#i32[granule + 3] as number) >>> 24;
  }
  /** Byte address in memory of a linear address whose page has an entry; else -1. */
  find(address: number): number {
    const i32 = this.#i32;
    const entry = (layout.tlb + (Math.floor(address / 4096) & (tlb.entries - 1)) * tlb.size) >> 2;
    const page = address - (address & 0xfff);
    const there = i32[entry + tlb.readTag / 4] === (page | 0) && i32[entry + tlb.readTag / 4 + 1] === ((page / 0x1_0000_0000) | 0);
    return there ? (address + (i32[entry + tlb.addend / 4] as number)) >>> 0 : -1;
  }
  /**
   * The four bytes at a 32-bit address, which is a multiple of four, if its page is direct-mapped and
   * readable; else -1.
   */
  directWord(address: number): number {
    const i32 = this.#i32;
    const tag = (layout.directTags + ((address >>> 12) & (directMap.pages - 1)) * directMap.size) >> 2;
    if (((i32[tag] as number) ^ address) & ~0xffc || i32[tag + 1] !== 0) return -1;
    return (i32[(directAddress(address, i32[at.color >> 2] as number) + (address & 0xfff)) >> 2] as number) >>> 0;
  }
  /** Lets compiled regions address the page directly. */
  #mapDirect(page: number, low: number, high: number, writable: boolean): void {
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
  /** Clears the tags at window page n for another page. */
  #evict(n: number): void {
    const tag = (layout.directTags + n * directMap.size) >> 2;
    if (this.#ranges.length > 0 && (this.#i32[tag] as number) !== (n === 0 ? -1 : noTag)) this.#forgetRanges();
    this.#emptyTags(n);
  }

  /**
   * Page ranges found since the last invalidation: `low` is the address of the first byte, `high` the one
   * after the last byte.
   */
  #ranges: { readonly how: Access; low: number; high: number }[] = [];
  #forgetRanges(): void {
    if (this.#ranges.length === 0) return;
    this.#ranges = [];
    this.#i32.fill(0, at.pageRanges >> 2, (at.pageRanges + pageRanges.slots * pageRanges.size) >> 2);
    this.#misses.fill(0);
  }
  /** Per slot: updates that found another range or none. */
  readonly #misses = new Uint8Array(pageRanges.slots);
  /** Doubles the misses until the next update, for registers that alternate between areas. */
  #raisePatience(slot: number): void {
    if ((this.#misses[slot] as number) < 12) this.#misses[slot]!++;
    this.#i32[(at.pageRanges + slot * pageRanges.size + pageRanges.patience) >> 2] = 4 << (this.#misses[slot] as number);
  }
  #putRange(slot: number, { low, high }: { readonly low: number; readonly high: number }): void {
    const i32 = this.#i32;
    const there = (at.pageRanges + slot * pageRanges.size) >> 2;
    const length = Math.max(0, high - low - pageRanges.reach + 1);
    const before = ((i32[there] as number) >>> 0) + (i32[there + 1] as number) * 0x1_0000_0000;
    if (low <= before && before < high) {
      // A growing range is updated again soon.
      this.#misses[slot] = 0;
      i32[there + pageRanges.patience / 4] = 4;
    } else this.#raisePatience(slot);
    i32[there] = low | 0;
    i32[there + 1] = (low / 0x1_0000_0000) | 0;
    i32[there + 2] = length | 0;
    i32[there + 3] = (length / 0x1_0000_0000) | 0;
  }
  #isDirect(page: number, how: Access): boolean {
    const tag =
      (layout.directTags +
        ((page / 4096) & (directMap.pages - 1)) * directMap.size +
        (how === access.write ? directMap.writeTag : directMap.readTag)) >>
      2;
    return this.#i32[tag] === (page | 0) && this.#i32[tag + 1] === ((page / 0x1_0000_0000) | 0);
  }
  /**
   * Writes into a slot of the state page the range of direct-mapped pages around an address. All of them
   * allow the access. Nothing is written if the page itself does not.
   */
  showRange(address: number, how: Access, slot: number): void {
    const page = address - (address & 0xfff);
    const color = this.#i32[at.color >> 2] as number;
    /** The window wraps around there, so no access may cross it. */
    const isWindowStart = (p: number) => directAddress(p, color) === layout.window;
    const rangeOf = (p: number) => this.#ranges.find((r) => r.how === how && r.low <= p && p < r.high);
    let range = rangeOf(page);
    if (!range && address >= 0 && this.#isDirect(page, how)) {
      range = { how, low: page, high: page + 4096 };
      // Known ranges are skipped, so that each page is checked once.
      for (let more = true; more; ) {
        const before = rangeOf(range.low - 4096);
        more = !isWindowStart(range.low) && (before !== undefined || this.#isDirect(range.low - 4096, how));
        if (more) range.low = before ? before.low : range.low - 4096;
      }
      for (let more = true; more; ) {
        const after = rangeOf(range.high);
        more = !isWindowStart(range.high) && (after !== undefined || this.#isDirect(range.high, how));
        if (more) range.high = after ? after.high : range.high + 4096;
      }
      const { low, high } = range;
      this.#ranges = [range, ...this.#ranges.filter((r) => r.how !== how || r.high <= low || high <= r.low)];
    }
    // A page without a frame yet may become the next page of the slot's range.
    if (range) this.#putRange(slot, range);
    else this.#raisePatience(slot);
  }
}

// Decoded blocks: straight runs of records, found by instruction pointer, dropped when their bytes change. A block lies in one
// page, so that within it, and for branches inside the page, what it was decoded from is one frame.

import { type Decoded, Decoder } from "../decode/decoder.ts";
import type { Instructions } from "../decode/instructions.ts";
import { isGone, special } from "../decode/operand-slots.ts";
import type { AddressSize } from "../isa/ops.ts";
import { contexts } from "../machine/context.ts";
import { layout, record } from "../machine/layout.ts";
import { access, type Mmu } from "../machine/mmu.ts";
import type { Model } from "../machine/model.ts";
import { at, PF, S, type State } from "../machine/state.ts";
import { CodeBytes, madeOf } from "./code-bytes.ts";
import { CodePages } from "./code-pages.ts";
import { FrameBlocks } from "./frame-blocks.ts";
import { JumpCache } from "./jump-cache.ts";
import { type AlikeRoutines, type Learned, Templates } from "./predecode.ts";
import { type MoreHandlers, Records } from "./records.ts";

/** Longest block in instructions. */
export const longest = 128;
/** Where lasting blocks begin: before it is the place of bounded ones. */
const arena = layout.records + (longest + 2) * record.size;

/** What fetching there comes to: Linux says so of all of it. arch/x86/mm/fault.c sanitize_error_code() */
const kernelHalf = -1 - (PF.PRESENT | PF.USER | PF.INSTRUCTION);
const inUserHalf = (linear: number): boolean => linear >= 0 && linear < 2 ** 47;

/** A fetch that failed: a page fault's error code and address, or an undefined or too long instruction. */
export interface FetchFault {
  kind: "page" | "undefined" | "long";
  error: number;
  address: number;
}

/** Code pages of another frame up to which what is known of the others is kept at a switch of address spaces. */
const mostGone = 16;

export class Blocks {
  readonly records: Records;
  readonly codeFrames: Uint8Array;
  readonly fault: FetchFault = { kind: "page", error: 0, address: 0 };
  readonly #state: State;
  readonly #decoder: Decoder;
  readonly #templates: Templates;
  #mmu: Mmu;
  /** By frame address. */
  readonly #byFrame = new Map<number, FrameBlocks>();
  readonly #pages = new CodePages();
  readonly #jumps: JumpCache;
  readonly codeBytes: CodeBytes;
  #next = arena;
  /** Blocks decoded since boot, and times that everything was dropped. */
  decoded = 0;
  flushes = 0;
  /** Frames whose code was lost because it changed. */
  invalidations = 0;

  constructor(state: State, instructions: Instructions, more: readonly MoreHandlers[], routines: AlikeRoutines, mmu: Mmu, model: Model) {
    this.#state = state;
    this.records = new Records(state, instructions, more);
    this.#mmu = mmu;
    this.codeFrames = new Uint8Array(state.memory.buffer.byteLength >>> 12);
    const tables = instructions.tables(model);
    this.#decoder = new Decoder(tables);
    this.#templates = new Templates(state, tables, routines);
    this.#jumps = new JumpCache(state);
    this.codeBytes = new CodeBytes(
      state.u8,
      (frame, marks) => {
        this.#mark(frame, marks);
        this.onMark(frame, marks);
      },
      (frame, from, to) => this.#forget(frame, from, to),
    );
  }

  /** What another processor has learned, to be known here. */
  know(learned: Learned): void {
    this.#templates.offer(learned);
  }
  setMmu(mmu: Mmu): void {
    this.#mmu = mmu;
    // Addresses in the jump cache are offsets in CS.
    if (!mmu.otherCode || this.#linear(0) !== 0) return this.flushPages();
    // Another address space may have the same code at the same place: after fork(2), where a program runs itself again, in shared libraries.
    const { addresses, frames } = this.#pages;
    const others = mmu.otherCode(addresses, frames);
    if (others.length === 0) return;
    const gone = others.map((address) => address / 4096);
    // A pass over the jump cache for each: mostly it is the vDSO's alone.
    if (gone.length > mostGone || gone.length === addresses.length || !this.#jumps.flushPages(gone)) return this.flushPages();
    for (const page of gone) {
      const frame = this.#pages.get(page) as number;
      this.#pages.delete(page);
      this.onGone(frame);
    }
  }
  /** Called when a page that code was fetched from is not where it was, perhaps, with its frame. */
  onGone: (frame: number) => void = () => {};
  /** Translations of code pages may have changed. */
  flushPages(): void {
    this.#pages.clear();
    // Regions are verified again where control comes to them.
    (this.#state.u32[at.epoch >> 2] as number)++;
    this.#jumps.flush();
  }
  /** The translation of one page may have changed; most pages hold no code. */
  flushPage(page: number): void {
    if (this.#pages.get(page) !== undefined) this.flushPages();
  }

  // Compiled regions. A region takes the place of its entry block's first record.
  get context(): number {
    return this.#state.u32[at.context >> 2] as number;
  }
  /** The first record of the block known at an address, 0 if none. */
  headOf(ip: number): number {
    const frame = this.frameOf(ip);
    return frame < 0 ? 0 : (this.#byFrame.get(frame)?.get(ip, this.context) ?? 0);
  }
  /**
   * The frame behind an instruction pointer, if its page is there already; else negative. For whoever looks ahead: no page comes for that, since the
   * guest, which has not been there, could see it.
   */
  frameOf(ip: number): number {
    const linear = this.#linear(ip);
    return inUserHalf(linear) ? this.#presentFrame(linear) : kernelHalf;
  }
  /** The address of a memory operand without base and index. */
  linearOf(d: Decoded): number {
    if (d.mode === 64 && d.memorySegment < S.fs) return d.disp;
    const linear = this.#state.segBase(d.memorySegment) + d.disp;
    return d.mode === 64 ? linear : linear >>> 0;
  }
  /** A code pointer in memory that does not cross a page; undefined if there is none. */
  pointerAt(place: number, mode: 16 | 32 | 64): number | undefined {
    const bytes = mode / 8;
    if (place < 0 || (place & 0xfff) > 4096 - bytes) return undefined;
    const { view } = this.#state;
    return view.getUint32(place, true) + (mode === 64 ? view.getUint32(place + 4, true) * 0x1_0000_0000 : 0);
  }
  #userFrame(linear: number): number {
    return inUserHalf(linear) ? this.#frame(linear) : kernelHalf;
  }
  #linear(ip: number): number {
    return contexts[this.context]!.mode === 64 ? ip : (this.#state.segBase(S.cs) + ip) % 0x1_0000_0000;
  }
  /** `word`: operand-slots.ts says what it is made of. */
  becomeRegion(head: number, word: number): void {
    const s = this.#state;
    const left = s.u16[(head + record.remaining) >> 1] as number;
    if (left !== 0) s.u16[(head + record.length) >> 1] = left;
    s.u16[(head + record.remaining) >> 1] = 0;
    s.u32[(head + record.link) >> 2] = word;
    s.u32[(head + record.imm) >> 2] = s.u32[at.epoch >> 2] as number;
    s.u32[(head + record.handler) >> 2] = special.region;
    this.#jumps.put(this.records.ipOf(head), head);
  }
  /** See JumpCache. */
  placeForCall(): number {
    return this.#jumps.placeForCall();
  }
  usePlaces(places: readonly number[]): void {
    this.#jumps.usePlaces(places);
  }
  /** The region is gone. Links to its head lead on to what is at its address now, until a region begins there again. */
  endRegion(head: number): void {
    const ip = this.records.ipOf(head);
    this.#jumps.forget(ip);
    if (this.#crossing.has(head)) this.poison(head);
    else this.records.writeEnd(head, ip, special.next);
  }
  isRegion(head: number): boolean {
    return this.#state.u32[(head + record.handler) >> 2] === special.region;
  }
  regionWordOf(head: number): number {
    return this.#state.u32[(head + record.link) >> 2] as number;
  }
  /** The region was found good for the pages as they are mapped now. */
  confirmRegion(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = this.#state.u32[at.epoch >> 2] as number;
  }
  /** Before it is entered again the region is to be looked at. */
  doubtRegion(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = (this.#state.u32[at.epoch >> 2] as number) - 1;
    this.#jumps.forget(this.records.ipOf(head));
  }
  poison(head: number): void {
    this.#state.u32[(head + record.handler) >> 2] = special.stale;
  }
  watch(frame: number): void {
    this.#watch(frame);
    this.codeBytes.changed(frame);
  }
  /** All of memory. */
  get bytes(): Uint8Array {
    return this.#state.u8;
  }
  /** Called when everything, or a frame's code, is dropped. */
  onReset: () => void = () => {};
  onInvalidate: (frame: number) => void = () => {};
  /** Called for what regions are made of. */
  onMark: (frame: number, marks: Uint8Array) => void = () => {};
  /** What records are made of. */
  #mark(frame: number, marks: Uint8Array): void {
    this.#byFrame.get(frame)?.forEach((head, context) => {
      if (context >= 0 && !contexts[context]!.flat) marks.fill(madeOf.region);
      else marks.fill(madeOf.records, ...this.#extent(head, context));
      return false;
    });
  }
  /** No record is to be of these bytes of a frame any more. */
  #forget(frame: number, from: number, to: number): void {
    this.#byFrame.get(frame)?.forEach((head, context) => {
      const [first, end] = this.#extent(head, context);
      if (end <= from || to <= first) return false;
      if (this.isRegion(head)) {
        this.#state.u16[(head + record.length) >> 1] = 0;
        return false;
      }
      this.#poison(head);
      return true;
    });
  }
  /** Where in its frame the bytes lie that a block has records of. */
  #extent(head: number, context: number): [from: number, end: number] {
    if (this.#isStale(head)) return [0, 0];
    // It begins on the page before.
    if (context < 0) return [0, 16];
    const count = this.isRegion(head) ? (this.#state.u16[(head + record.length) >> 1] as number) : this.records.leftOf(head);
    if (count === 0) return [0, 0];
    const ip = this.records.ipOf(head);
    const from = ip % 4096;
    return [from, from + this.records.nextIpOf(head + (count - 1) * record.size) - ip];
  }

  /** Drop everything. */
  reset(): void {
    this.onReset();
    this.#byFrame.clear();
    this.#pages.clear();
    this.#crossing.clear();
    this.codeFrames.fill(0);
    this.codeBytes.clear();
    this.#next = arena;
    this.flushes++;
    this.#jumps.clear();
  }

  /** A frame's bytes changed: its records, wherever control is in them, lead back to the dispatcher. */
  invalidateFrame(frame: number): void {
    if (this.codeFrames[frame >>> 12] === 0) return;
    this.codeFrames[frame >>> 12] = 0;
    this.invalidations++;
    this.codeBytes.changed(frame);
    this.onInvalidate(frame);
    this.#byFrame.get(frame)?.forEach((head) => {
      this.#poison(head);
      return false;
    });
    this.#byFrame.delete(frame);
    if (frame === this.#boundedFrame) this.#poison(layout.records);
    // The jump cache goes on leading to records that say that they are stale; regions have been taken out of it.
  }

  #poison(first: number): void {
    const s = this.#state;
    for (let r = first; ; r += record.size) {
      const left = s.u16[(r + record.remaining) >> 1] as number;
      s.u32[(r + record.handler) >> 2] = special.stale;
      if (left <= 1) break;
    }
  }

  /** The frame behind a code page that control comes to, or a negative page-fault code. */
  #frame(linear: number): number {
    const page = Math.floor(linear / 4096);
    return this.#pages.get(page) ?? this.#meetPage(page, this.#mmu.translate(page * 4096, access.execute));
  }
  /** The same of one that control may come to later. */
  #presentFrame(linear: number): number {
    const page = Math.floor(linear / 4096);
    const mmu = this.#mmu;
    return this.#pages.get(page) ?? this.#meetPage(page, (mmu.present ?? mmu.translate).call(mmu, page * 4096, access.execute));
  }
  #meetPage(page: number, t: number): number {
    if (t < 0) return t;
    const frame = t - (t & 0xfff);
    this.#pages.add(page, frame);
    this.#jumps.recall(frame + this.context, page);
    return frame;
  }
  /** Control has come here by a jump that no link can stand for. Crossing blocks are looked at each time. */
  jumpedTo(rec: number): void {
    if (this.#crossing.has(rec)) return;
    const ip = this.records.ipOf(rec);
    const page = Math.floor(this.#linear(ip) / 4096);
    const frame = this.#pages.get(page);
    if (frame !== undefined) this.#jumps.arrived(frame + this.context, page, ip, rec);
  }

  #noFrame(t: number, linear: number): 0 {
    this.fault.kind = "page";
    this.fault.error = -t - 1;
    this.fault.address = linear;
    return 0;
  }

  /** The first record of the block at `ip`, decoded if need be, and put into the jump cache; 0 with `fault` set if the fetch faults. */
  find(ip: number): number {
    const first = this.#block(ip);
    if (first !== 0) this.#jumps.put(ip, first);
    return first;
  }
  /** The same behind a record that does not branch. Most control comes there from nowhere else, and needs a link only: each entry of the jump cache costs another. */
  follow(rec: number, ip: number): number {
    const { flushes } = this;
    const first = this.#block(ip);
    if (first === 0) return 0;
    // Where everything was dropped, the record is another one's by now.
    const links = this.flushes === flushes && this.records.isConditional(rec) && this.#linkBehind(rec, ip, first);
    if (!links) this.#jumps.put(ip, first);
    return first;
  }
  #block(ip: number): number {
    const s = this.#state;
    const context = s.u32[at.context >> 2] as number;
    const linear = this.#linear(ip);
    const frame = this.#userFrame(linear);
    if (frame < 0) return this.#noFrame(frame, linear);
    let blocks = this.#byFrame.get(frame);
    let first = blocks === undefined ? 0 : this.#standing(blocks, ip, context, linear);
    if (first !== 0) return first;
    // Regions are lost with their code only.
    if (this.invalidations !== 0 && this.onMissing(ip, frame + (linear & 0xfff))) {
      first = this.#standing(this.#blocksOf(frame, ip), ip, context, linear);
      if (first !== 0) return first;
    }
    if (this.#next + (longest + 2) * record.size > layout.recordsEnd) {
      this.reset();
      this.#pages.add(Math.floor(linear / 4096), frame);
    }
    first = this.#next;
    this.#templates.meet(context, first);
    if (this.#translate(ip, linear, frame, context, longest) === 0) return 0;
    blocks = this.#blocksOf(frame, ip);
    blocks.set(ip, context, first);
    this.watch(frame);
    this.decoded++;
    this.onDecoded(ip);
    return first;
  }
  /** Called for each new block. */
  onDecoded: (ip: number) => void = () => {};
  /** Have a block at an address, though control does not come there by a jump. */
  meet(ip: number): number {
    return this.#block(ip);
  }
  #standing(blocks: FrameBlocks, ip: number, context: number, linear: number): number {
    const first = blocks.get(ip, context);
    return first !== 0 && this.#stands(first, linear) ? first : 0;
  }
  /** Called where there is no block, with where its first byte lies: true if there is one now. */
  onMissing: (ip: number, place: number) => boolean = () => false;
  /** A lost region can be entered by this record again, or by that of the block that is there now; 0: that is another region's. */
  restore(head: number): number {
    const ip = this.records.ipOf(head);
    const frame = this.frameOf(ip);
    const blocks = this.#blocksOf(frame, ip);
    const there = blocks.get(ip, this.context);
    if (there !== 0) return this.isRegion(there) ? 0 : there;
    // What the other records of its block were made from may have changed: there are none.
    this.#state.u16[(head + record.length) >> 1] = 0;
    blocks.set(ip, this.context, head);
    return head;
  }
  /** For one at `ip`. */
  #blocksOf(frame: number, ip: number): FrameBlocks {
    let blocks = this.#byFrame.get(frame);
    if (!blocks) this.#byFrame.set(frame, (blocks = new FrameBlocks(ip)));
    return blocks;
  }
  /** The block at an address, if the jump cache had it until it had to make room for another one; else 0. */
  displaced(ip: number): number {
    return this.#jumps.displaced(ip);
  }
  /** Instructions of the block at an address: at least one. */
  lengthAt(ip: number): number {
    const head = this.#block(ip);
    if (head === 0) return 1;
    const region = this.isRegion(head);
    return Math.max(1, region ? (this.#state.u16[(head + record.length) >> 1] as number) : this.records.leftOf(head));
  }
  /** The block to go on with at rip: as `find`, and quick for what the jump cache knows. */
  next(): number {
    const { i32 } = this.#state;
    return this.#jumps.at(i32[at.rip >> 2] as number, i32[(at.rip >> 2) + 1] as number) || this.find(this.#state.rip);
  }
  /** Is a known block still what its bytes say? Only one that crosses into another page can have lost touch. */
  #stands(first: number, linear: number): boolean {
    if (this.#isStale(first)) return false;
    const second = this.#crossing.get(first);
    return second === undefined || this.#frame(linear - (linear % 4096) + 4096) === second;
  }
  #isStale(rec: number): boolean {
    return isGone(this.#state.u32[(rec + record.handler) >> 2] as number);
  }
  /** From now on, writes to the frame must be seen. */
  #watch(frame: number): void {
    if (this.codeFrames[frame >>> 12] !== 0) return;
    this.codeFrames[frame >>> 12] = 1;
    this.onWatch(frame);
  }
  /** Called when a frame starts to hold code: cached permission to write to it must be forgotten. */
  onWatch: (frame: number) => void = () => {};

  /** A throw-away block of at most `count` instructions that ends in a stop: for exact budgets and single steps. 0: fetch fault. */
  bounded(ip: number, count: number): number {
    const s = this.#state;
    const context = s.u32[at.context >> 2] as number;
    const linear = this.#linear(ip);
    const frame = this.#userFrame(linear);
    if (frame < 0) return this.#noFrame(frame, linear);
    // One place serves them all: nothing leads there but the dispatcher, and only until the next.
    const resume = this.#next;
    this.#templates.meet(context, resume);
    const first = layout.records;
    this.#next = first;
    this.#crossing.delete(first);
    const known = this.#byFrame.get(frame)?.get(ip, context) ?? 0;
    let n = known === 0 ? 0 : this.#cut(known, count, linear);
    if (n === 0) n = this.#translate(ip, linear, frame, context, Math.min(count, longest), special.stop);
    this.#next = resume;
    this.#boundedFrame = frame;
    // One instruction cannot change what follows it in the block.
    if (n > 1) this.#watch(frame);
    return n === 0 ? 0 : first;
  }
  /**
   * The beginning of a block that is known; 0 if its records are not to be had. Every slice of time ends in a few bounded blocks, and to decode
   * them would cost as much as compiled code does for a hundred thousand instructions.
   */
  #cut(from: number, count: number, linear: number): number {
    const s = this.#state;
    if (this.#crossing.has(from) || !this.#stands(from, linear)) return 0;
    const region = this.isRegion(from);
    const n = Math.min(count, region ? (s.u16[(from + record.length) >> 1] as number) : this.records.leftOf(from));
    if (n < 2 || s.u32[(from + record.size + record.handler) >> 2] === special.stale) return 0;
    const to = this.#next;
    const ip = this.records.ipOf(from);
    // A region stands in the place of the first record.
    const start = region ? this.#translate(ip, linear, this.#frame(linear), this.context, 1, special.stop) : 0;
    this.records.copy(to + start * record.size, from + start * record.size, n - start);
    for (let i = 0; i < n; i++) s.u16[(to + i * record.size + record.remaining) >> 1] = n - i;
    this.#next = to + n * record.size;
    const last = this.#next - record.size;
    if (!this.records.rowOf(last).ends) this.#writeEnd(this.#after(this.records.nextIpOf(last)), special.stop);
    return n;
  }
  /** An address after an instruction: outside 64-bit mode it wraps around. */
  #after(ip: number): number {
    return contexts[this.context]!.mode !== 64 && ip > 0xffff_ffff ? ip - 0x1_0000_0000 : ip;
  }
  /** What the bounded block was decoded from. */
  #boundedFrame = -1;

  /** First records of blocks whose only instruction crosses into another page, and that page's frame. */
  readonly #crossing = new Map<number, number>();
  readonly #window = new Uint8Array(32);

  /** Decode from ip to the end of the page, a branch, or `count` instructions; returns how many were decoded. */
  #translate(from: number, linear: number, frame: number, context: number, count: number, end: number = special.next): number {
    const { u8, i32 } = this.#state;
    const mode = contexts[context]!.mode;
    const d = this.#decoder.d;
    const start = this.#next;
    const pageEnd = frame + 4096;
    let offset = frame + (linear & 0xfff);
    let ip = from;
    let n = 0;
    let ended = false;
    for (;;) {
      const alike = this.#templates.decode(start + n * record.size, n, count, offset, pageEnd, ip, context);
      n = alike & 0xff;
      offset += alike >> 9;
      ip += alike >> 9;
      ended = (alike & 0x100) !== 0;
      if (ended || n >= count || offset >= pageEnd) break;
      let r = this.#decoder.decode(u8, offset, pageEnd, ip, mode);
      const crossing = r === "more";
      if (crossing) {
        if (n > 0) break;
        r = this.#decodeCrossing(ip, linear, offset, pageEnd, mode);
        if (r === "more") return 0;
        if (r === "ok") this.#crosses(start, ip);
      }
      if (r !== "ok") {
        if (n > 0) break;
        this.fault.kind = r === "long" ? "long" : "undefined";
        return 0;
      }
      const rec = start + n * record.size;
      const note = this.records.write(rec, d, ip, context);
      if (!crossing) this.#templates.learn(d, offset, pageEnd, context, rec, note, this.records);
      i32[(layout.notes >> 2) + n] = note;
      n++;
      offset += d.length;
      ip += d.length;
      ended = d.row.ends === true;
      if (ended || n >= count || offset >= pageEnd) break;
    }
    this.records.settle(start, n, from);
    this.#next = start + n * record.size;
    // What follows the last instruction; its left is 0, since it is none itself.
    if (!ended) this.#writeEnd(this.#after(ip), end);
    return n;
  }

  #writeEnd(ip: number, handler: number): void {
    this.records.writeEnd(this.#next, ip, handler);
    this.#next += record.size;
  }

  #secondFrame = 0;
  /** A block that depends on the next page's frame too is found, and dropped, by either. */
  #crosses(first: number, ip: number): void {
    const frame = this.#secondFrame;
    this.watch(frame);
    this.#crossing.set(first, frame);
    this.#blocksOf(frame, ip + 4096).setCrossing(ip, first);
  }

  #decodeCrossing(
    ip: number,
    linear: number,
    offset: number,
    pageEnd: number,
    mode: 16 | 32 | 64,
    ahead = false,
  ): ReturnType<Decoder["decode"]> {
    const s = this.#state;
    const here = pageEnd - offset;
    this.#window.set(s.u8.subarray(offset, pageEnd));
    const nextPage = linear - (linear % 4096) + 4096;
    const frame = ahead ? this.#presentFrame(nextPage) : this.#frame(nextPage);
    if (frame < 0) {
      this.#noFrame(frame, nextPage);
      return "more";
    }
    this.#window.set(s.u8.subarray(frame, frame + 16), here);
    const r = this.#decoder.decode(this.#window, 0, here + 16, ip, mode);
    this.#secondFrame = frame;
    return r;
  }

  /** The instruction that bytes are at `ip`, wherever they come from; one that lasts. */
  decodeBytes(bytes: Uint8Array, ip: number, mode: AddressSize): Decoded {
    const result = this.#decoder.decode(bytes, 0, bytes.length, ip, mode);
    if (result !== "ok") throw new Error(`bytes that were an instruction are not: ${result}`);
    return this.#decoder.d.copy();
  }
  /**
   * Decode the instruction at `ip` without making a block of it; undefined with `fault` set if it cannot be fetched. `ahead`: control is not there,
   * and no page comes for that.
   */
  decodeOne(ip: number, ahead = false): Decoded | undefined {
    const s = this.#state;
    const { mode } = contexts[this.context]!;
    const linear = this.#linear(ip);
    const frame = ahead ? this.frameOf(ip) : this.#userFrame(linear);
    if (frame < 0) {
      this.#noFrame(frame, linear);
      return undefined;
    }
    const offset = frame + (linear & 0xfff);
    let r = this.#decoder.decode(s.u8, offset, frame + 4096, ip, mode);
    if (r === "more") r = this.#decodeCrossing(ip, linear, offset, frame + 4096, mode, ahead);
    if (r === "ok") return this.#decoder.d;
    if (r !== "more") this.fault.kind = r === "long" ? "long" : "undefined";
    return undefined;
  }

  /** Let a branch lead straight to its target: only within a page, where both stand and fall with one frame. */
  link(rec: number, target: number): void {
    if (!this.#mayLink(rec, target)) return this.jumpedTo(target);
    if (!this.#isStale(rec)) this.#state.u32[(rec + record.link) >> 2] = target;
  }
  /** The same of what follows a conditional branch, at `ip`; where that must not be, the handler looks in the jump cache, where it must be then. */
  #linkBehind(rec: number, ip: number, next: number): boolean {
    const { i32 } = this.#state;
    const links = this.#mayLink(rec, next);
    if (this.#isStale(rec)) return false;
    if (links) i32[(rec + record.imm) >> 2] = next;
    else {
      if (Math.floor(ip / 0x1_0000_0000) === i32[(rec + record.disp + 4) >> 2]) i32[(rec + record.imm + 4) >> 2] = ip | 0;
      this.jumpedTo(next);
    }
    return links;
  }
  #mayLink(rec: number, target: number): boolean {
    const from = this.records.ipOf(rec);
    const to = this.records.ipOf(target);
    return Math.floor(from / 4096) === Math.floor(to / 4096) && !this.#crossing.has(target);
  }
}

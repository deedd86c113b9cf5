// The cache of decoded blocks. A block is a straight run of records, found by instruction pointer and dropped
// when its bytes change. It lies in one page, so that it and its branches inside the page depend on one
// frame.

import { type Decoded, Decoder } from "../decode/decoder.ts";
import type { Instructions } from "../decode/instructions.ts";
import { isGone, special } from "../decode/operand-slots.ts";
import type { AddressSize } from "../isa/ops.ts";
import { contexts } from "../machine/context.ts";
import { layout, record } from "../machine/layout.ts";
import { access, type Mmu } from "../machine/mmu.ts";
import type { Model } from "../machine/model.ts";
import { leaveTable, takeTable } from "../machine/side-tables.ts";
import { at, PF, S, type State } from "../machine/state.ts";
import { byteUse, CodeBytes } from "./code-bytes.ts";
import { CodePages } from "./code-pages.ts";
import { FrameBlocks } from "./frame-blocks.ts";
import { JumpCache } from "./jump-cache.ts";
import { PredecodeCache, type PredecodeRoutines, type Preload } from "./predecode.ts";
import { type MoreHandlers, Records } from "./records.ts";

/** The most instructions of a block. */
export const longest = 128;
/** The address of the first lasting block. The bounded block is in front of it. */
const arena = layout.records + (longest + 2) * record.size;

/**
 * The result of a fetch from the kernel's half. Linux reports it for every such address: arch/x86/mm/fault.c
 * sanitize_error_code()
 */
const kernelHalf = -1 - (PF.PRESENT | PF.USER | PF.INSTRUCTION);
const inUserHalf = (linear: number): boolean => linear >= 0 && linear < 2 ** 47;

/** A failed fetch: a page fault with error code and address, or an undefined or too long instruction. */
export interface FetchFault {
  kind: "page" | "undefined" | "long";
  error: number;
  address: number;
}

/** The most remapped code pages at a switch of address spaces for which the other pages stay cached. */
const mostRemapped = 16;

/** The name of the side table `codeFrames`. */
const codeFramesTable = "code frames";

/** The decoded blocks of one processor. */
export class Blocks {
  readonly records: Records;
  readonly codeFrames: Uint8Array;
  readonly fault: FetchFault = { kind: "page", error: 0, address: 0 };
  readonly #state: State;
  readonly #decoder: Decoder;
  readonly #predecode: PredecodeCache;
  #mmu: Mmu;
  /** The blocks of each frame, by frame address. */
  readonly #byFrame = new Map<number, FrameBlocks>();
  readonly #pages = new CodePages();
  readonly #jumps: JumpCache;
  readonly codeBytes: CodeBytes;
  #next = arena;
  /** Blocks decoded since boot, and how often all of them were dropped. */
  decoded = 0;
  flushes = 0;
  /** Frames whose translations were dropped because they were written. */
  invalidations = 0;

  constructor(
    state: State,
    instructions: Instructions,
    more: readonly MoreHandlers[],
    routines: PredecodeRoutines,
    mmu: Mmu,
    model: Model,
  ) {
    this.#state = state;
    this.records = new Records(state, instructions, more);
    this.#mmu = mmu;
    this.codeFrames = new Uint8Array(takeTable(state.memory, codeFramesTable, state.memory.buffer.byteLength >>> 12));
    const tables = instructions.tables(model);
    this.#decoder = new Decoder(tables);
    this.#predecode = new PredecodeCache(state, tables, routines);
    this.#jumps = new JumpCache(state);
    this.codeBytes = new CodeBytes(
      state.u8,
      (frame, uses) => {
        this.#classifyBytes(frame, uses);
        this.onClassifyBytes(frame, uses);
      },
      (frame, from, to) => this.#dropRecords(frame, from, to),
    );
  }

  /** Leaves the side table to the next machine in this memory. */
  giveUp(): void {
    this.codeFrames.fill(0);
    leaveTable(this.#state.memory, codeFramesTable, this.codeFrames.buffer);
  }
  /** Bytes of records in use since boot or since all blocks were dropped. */
  get recordBytes(): number {
    return this.#next - arena;
  }

  /** Adds predecode cache entries that the build computed. */
  preload(preload: Preload): void {
    this.#predecode.preload(preload);
  }
  setMmu(mmu: Mmu): void {
    this.#mmu = mmu;
    // Addresses in the jump cache are offsets in CS, so the fast switch needs a CS base of 0.
    if (!mmu.otherCode || this.#linear(0) !== 0) return this.flushPages();
    // Another address space may have the same code at the same address: after fork(2), after execve(2) of the
    // same program, in shared libraries.
    const { addresses, frames } = this.#pages;
    const others = mmu.otherCode(addresses, frames);
    if (others.length === 0) return;
    const gone = others.map((address) => address / 4096);
    // Each page costs a pass over the jump cache. In most switches only the vDSO's page differs.
    if (gone.length > mostRemapped || gone.length === addresses.length || !this.#jumps.flushPages(gone)) return this.flushPages();
    for (const page of gone) {
      const frame = this.#pages.get(page) as number;
      this.#pages.delete(page);
      this.onUnmapped(frame);
    }
  }
  /** Called with its frame when a code page may have been unmapped or remapped. */
  onUnmapped: (frame: number) => void = () => {};
  /** Drops all translations of code pages. */
  flushPages(): void {
    this.#pages.clear();
    // Regions are verified again at their next entry.
    (this.#state.u32[at.epoch >> 2] as number)++;
    this.#jumps.flush();
  }
  /** Drops the translation of one page. Most pages hold no code. */
  flushPage(page: number): void {
    if (this.#pages.get(page) !== undefined) this.flushPages();
  }

  // Compiled regions. A region replaces the first record of its entry block.
  get context(): number {
    return this.#state.u32[at.context >> 2] as number;
  }
  /** The first record of the block at an address; 0 if none is decoded. */
  headOf(ip: number): number {
    const frame = this.frameOf(ip);
    return frame < 0 ? 0 : (this.#byFrame.get(frame)?.get(ip, this.context) ?? 0);
  }
  /**
   * The frame at an instruction pointer if its page is present; else negative. For lookahead: no page is
   * faulted in, because the guest could see a fault-in at an address that it has not reached.
   */
  frameOf(ip: number): number {
    const linear = this.#linear(ip);
    return inUserHalf(linear) ? this.#presentFrame(linear) : kernelHalf;
  }
  /** The linear address of a memory operand without base and index. */
  linearOf(d: Decoded): number {
    if (d.mode === 64 && d.memorySegment < S.fs) return d.disp;
    const linear = this.#state.segBase(d.memorySegment) + d.disp;
    return d.mode === 64 ? linear : linear >>> 0;
  }
  /** A code pointer in memory; undefined if it crosses a page or has no frame. */
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
  /** Makes a block's first record the entry of a region. `word`: the region word (operand-slots.ts). */
  installRegion(head: number, word: number): void {
    this.onLost(head);
    const s = this.#state;
    const remaining = s.u16[(head + record.remaining) >> 1] as number;
    if (remaining !== 0) s.u16[(head + record.length) >> 1] = remaining;
    s.u16[(head + record.remaining) >> 1] = 0;
    s.u32[(head + record.link) >> 2] = word;
    s.u32[(head + record.imm) >> 2] = s.u32[at.epoch >> 2] as number;
    s.u32[(head + record.handler) >> 2] = special.region;
    this.#jumps.put(this.records.ipOf(head), head);
  }
  /** See `JumpCache.newCallTarget` and `JumpCache.reserveCallTargets`. */
  newCallTarget(): number {
    return this.#jumps.newCallTarget();
  }
  reserveCallTargets(places: readonly number[]): void {
    this.#jumps.reserveCallTargets(places);
  }
  /**
   * Removes a region. Links to its first record continue to the current block at that address, until a region
   * is installed again.
   */
  removeRegion(head: number): void {
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
  /** Marks the region as valid for the current mapping. */
  revalidateRegion(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = this.#state.u32[at.epoch >> 2] as number;
  }
  /** Requires a verification of the region before its next entry. */
  invalidateRegion(head: number): void {
    this.#state.u32[(head + record.imm) >> 2] = (this.#state.u32[at.epoch >> 2] as number) - 1;
    this.#jumps.forget(this.records.ipOf(head));
  }
  poison(head: number): void {
    this.onLost(head);
    this.#state.u32[(head + record.handler) >> 2] = special.stale;
  }
  trackWrites(frame: number): void {
    this.#trackWrites(frame);
    this.codeBytes.changed(frame);
  }
  /** All of memory. */
  get bytes(): Uint8Array {
    return this.#state.u8;
  }
  /** Called when all blocks, or a frame's blocks, are dropped. */
  onReset: () => void = () => {};
  onInvalidate: (frame: number) => void = () => {};
  /** Called to mark the bytes of a frame that regions depend on. */
  onClassifyBytes: (frame: number, uses: Uint8Array) => void = () => {};
  /** Marks the bytes of a frame that records were decoded from. */
  #classifyBytes(frame: number, uses: Uint8Array): void {
    this.#byFrame.get(frame)?.forEach((head, context) => {
      if (context >= 0 && !contexts[context]!.flat) uses.fill(byteUse.region);
      else uses.fill(byteUse.records, ...this.#extent(head, context));
      return false;
    });
  }
  /** Drops the records of some bytes of a frame. */
  #dropRecords(frame: number, from: number, to: number): void {
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
  /** The range in its frame of the bytes that a block has records of. */
  #extent(head: number, context: number): [from: number, end: number] {
    if (this.#isStale(head)) return [0, 0];
    // It begins on the previous page.
    if (context < 0) return [0, 16];
    const count = this.isRegion(head) ? (this.#state.u16[(head + record.length) >> 1] as number) : this.records.remainingOf(head);
    if (count === 0) return [0, 0];
    const ip = this.records.ipOf(head);
    const from = ip % 4096;
    return [from, from + this.records.nextIpOf(head + (count - 1) * record.size) - ip];
  }

  /** Drops all blocks. */
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

  /**
   * Drops the blocks of a frame whose bytes changed. Control inside its records returns to the dispatcher.
   */
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
    // Its jump cache entries remain and lead to stale records. Regions were removed from the jump cache.
  }

  #poison(first: number): void {
    this.onLost(first);
    const s = this.#state;
    for (let r = first; ; r += record.size) {
      const remaining = s.u16[(r + record.remaining) >> 1] as number;
      s.u32[(r + record.handler) >> 2] = special.stale;
      if (remaining <= 1) break;
    }
  }

  /** The frame of a code page that control has reached, or a negative page-fault code. */
  #frame(linear: number): number {
    const page = Math.floor(linear / 4096);
    return this.#pages.get(page) ?? this.#addPage(page, this.#mmu.translate(page * 4096, access.execute));
  }
  /** The same for a page that control may reach later. */
  #presentFrame(linear: number): number {
    const page = Math.floor(linear / 4096);
    const mmu = this.#mmu;
    return this.#pages.get(page) ?? this.#addPage(page, (mmu.present ?? mmu.translate).call(mmu, page * 4096, access.execute));
  }
  #addPage(page: number, t: number): number {
    if (t < 0) return t;
    const frame = t - (t & 0xfff);
    this.#pages.add(page, frame);
    this.#jumps.recall(frame + this.context, page);
    return frame;
  }
  /**
   * An indirect jump, or one without a link, has reached a record. Crossing blocks are looked up each time.
   */
  addJumpTarget(rec: number): void {
    if (this.#crossing.has(rec)) return;
    const ip = this.records.ipOf(rec);
    const page = Math.floor(this.#linear(ip) / 4096);
    const frame = this.#pages.get(page);
    if (frame !== undefined) this.#jumps.addTarget(frame + this.context, page, ip, rec);
  }

  #noFrame(t: number, linear: number): 0 {
    this.fault.kind = "page";
    this.fault.error = -t - 1;
    this.fault.address = linear;
    return 0;
  }

  /**
   * The first record of the block at `ip`, decoded if necessary, and entered into the jump cache. 0 with
   * `fault` set if the fetch faults.
   */
  find(ip: number): number {
    const first = this.#block(ip);
    if (first !== 0) this.#jumps.put(ip, first);
    return first;
  }
  /**
   * The same for the code after a record that does not branch. Most such blocks have one predecessor and need
   * only a link; an entry in the jump cache would evict another one.
   */
  follow(rec: number, ip: number): number {
    const { flushes } = this;
    const first = this.#block(ip);
    if (first === 0) return 0;
    // After a drop of all blocks the record belongs to another instruction.
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
    let first = blocks === undefined ? 0 : this.#validBlock(blocks, ip, context, linear);
    if (first !== 0) return first;
    // Regions are invalidated only together with their code.
    if (this.invalidations !== 0 && this.onMissing(ip, frame + (linear & 0xfff))) {
      first = this.#validBlock(this.#blocksOf(frame, ip), ip, context, linear);
      if (first !== 0) return first;
    }
    if (this.#next + (longest + 2) * record.size > layout.recordsEnd) {
      this.reset();
      this.#pages.add(Math.floor(linear / 4096), frame);
    }
    first = this.#next;
    this.#predecode.enterContext(context, first);
    if (this.#translate(ip, linear, frame, context, longest) === 0) return 0;
    blocks = this.#blocksOf(frame, ip);
    blocks.set(ip, context, first);
    this.trackWrites(frame);
    this.decoded++;
    this.onBlock(first);
    this.onDecoded(ip);
    return first;
  }
  /** The handler of an instruction, by that of its record, which the baseline tier may have replaced. */
  originalHandler: (handler: number) => number = (handler) => handler;
  /** Called before the first record of a block gets another handler. */
  onLost: (head: number) => void = () => {};
  /** Called with the first record of each new block. */
  onBlock: (head: number) => void = () => {};
  /** Called for each new block. */
  onDecoded: (ip: number) => void = () => {};
  /** Decodes the block at an address that control does not reach by a jump. */
  decodeAt(ip: number): number {
    return this.#block(ip);
  }
  #validBlock(blocks: FrameBlocks, ip: number, context: number, linear: number): number {
    const first = blocks.get(ip, context);
    return first !== 0 && this.#isValid(first, linear) ? first : 0;
  }
  /** Called with the byte address if no block is found. True if a block was restored. */
  onMissing: (ip: number, place: number) => boolean = () => false;
  /**
   * Makes an invalidated region enterable by this record, or by that of the current block. 0: the current
   * block belongs to another region.
   */
  reinstallRegion(head: number): number {
    const ip = this.records.ipOf(head);
    const frame = this.frameOf(ip);
    const blocks = this.#blocksOf(frame, ip);
    const there = blocks.get(ip, this.context);
    if (there !== 0) return this.isRegion(there) ? 0 : there;
    // The bytes of the block's other records may have changed, so the block has none.
    this.#state.u16[(head + record.length) >> 1] = 0;
    blocks.set(ip, this.context, head);
    return head;
  }
  /** The blocks of a frame, created for a block at `ip`. */
  #blocksOf(frame: number, ip: number): FrameBlocks {
    let blocks = this.#byFrame.get(frame);
    if (!blocks) this.#byFrame.set(frame, (blocks = new FrameBlocks(ip)));
    return blocks;
  }
  /** The block at an address if the jump cache evicted it for another one; else 0. */
  displaced(ip: number): number {
    return this.#jumps.displaced(ip);
  }
  /** Instructions of the block at an address; at least one. */
  lengthAt(ip: number): number {
    const head = this.#block(ip);
    if (head === 0) return 1;
    const region = this.isRegion(head);
    return Math.max(1, region ? (this.#state.u16[(head + record.length) >> 1] as number) : this.records.remainingOf(head));
  }
  /** The block at rip: `find` with a fast path for the jump cache. */
  next(): number {
    const { i32 } = this.#state;
    return this.#jumps.at(i32[at.rip >> 2] as number, i32[(at.rip >> 2) + 1] as number) || this.find(this.#state.rip);
  }
  /**
   * True if a block is still valid. Only a block that crosses into another page can become invalid without an
   * event.
   */
  #isValid(first: number, linear: number): boolean {
    if (this.#isStale(first)) return false;
    const second = this.#crossing.get(first);
    return second === undefined || this.#frame(linear - (linear % 4096) + 4096) === second;
  }
  #isStale(rec: number): boolean {
    return isGone(this.#state.u32[(rec + record.handler) >> 2] as number);
  }
  /** Makes writes to the frame visible from now on. */
  #trackWrites(frame: number): void {
    if (this.codeFrames[frame >>> 12] !== 0) return;
    this.codeFrames[frame >>> 12] = 1;
    this.onTrackWrites(frame);
  }
  /** Called when a frame starts to hold code: cached write permissions must be dropped. */
  onTrackWrites: (frame: number) => void = () => {};

  /**
   * A temporary block of at most `count` instructions that ends in a stop, for exact budgets and single
   * steps. 0: fetch fault.
   */
  bounded(ip: number, count: number): number {
    const s = this.#state;
    const context = s.u32[at.context >> 2] as number;
    const linear = this.#linear(ip);
    const frame = this.#userFrame(linear);
    if (frame < 0) return this.#noFrame(frame, linear);
    // One address serves all bounded blocks: only the dispatcher enters it, and only until the next one.
    const resume = this.#next;
    this.#predecode.enterContext(context, resume);
    const first = layout.records;
    this.#next = first;
    this.#crossing.delete(first);
    const known = this.#byFrame.get(frame)?.get(ip, context) ?? 0;
    let n = known === 0 ? 0 : this.#copyPrefix(known, count, linear);
    if (n === 0) n = this.#translate(ip, linear, frame, context, Math.min(count, longest), special.stop);
    this.#next = resume;
    this.#boundedFrame = frame;
    // One instruction cannot change the later ones of its block.
    if (n > 1) this.#trackWrites(frame);
    return n === 0 ? 0 : first;
  }
  /**
   * Copies the start of a decoded block; 0 if its records are not available. Every time slice ends in a few
   * bounded blocks. Decoding them would cost more than their execution.
   */
  #copyPrefix(from: number, count: number, linear: number): number {
    const s = this.#state;
    if (this.#crossing.has(from) || !this.#isValid(from, linear)) return 0;
    const region = this.isRegion(from);
    const n = Math.min(count, region ? (s.u16[(from + record.length) >> 1] as number) : this.records.remainingOf(from));
    if (n < 2 || s.u32[(from + record.size + record.handler) >> 2] === special.stale) return 0;
    const to = this.#next;
    const ip = this.records.ipOf(from);
    // A region occupies the first record.
    const start = region ? this.#translate(ip, linear, this.#frame(linear), this.context, 1, special.stop) : 0;
    this.records.copy(to + start * record.size, from + start * record.size, n - start);
    for (let i = 0; i < n; i++) {
      const at = to + i * record.size;
      s.u16[(at + record.remaining) >> 1] = n - i;
      s.u32[(at + record.handler) >> 2] = this.originalHandler(s.u32[(at + record.handler) >> 2] as number);
    }
    this.#next = to + n * record.size;
    const last = this.#next - record.size;
    if (!this.records.rowOf(last).ends) this.#writeEnd(this.#after(this.records.nextIpOf(last)), special.stop);
    return n;
  }
  /** The address after an instruction. Outside 64-bit mode it wraps around. */
  #after(ip: number): number {
    return contexts[this.context]!.mode !== 64 && ip > 0xffff_ffff ? ip - 0x1_0000_0000 : ip;
  }
  /** The frame of the bounded block. */
  #boundedFrame = -1;

  /** First records of blocks whose only instruction crosses into another page, with that page's frame. */
  readonly #crossing = new Map<number, number>();
  readonly #window = new Uint8Array(32);

  /**
   * Decodes from ip to the end of the page, a branch, or `count` instructions. Returns the number of decoded
   * instructions.
   */
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
      const alike = this.#predecode.decode(start + n * record.size, n, count, offset, pageEnd, ip, context);
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
      if (!crossing) this.#predecode.addEntry(d, offset, pageEnd, context, rec, note, this.records);
      i32[(layout.notes >> 2) + n] = note;
      n++;
      offset += d.length;
      ip += d.length;
      ended = d.row.ends === true;
      if (ended || n >= count || offset >= pageEnd) break;
    }
    this.records.finishBlock(start, n, from);
    this.#next = start + n * record.size;
    // The end record. Its count of remaining instructions is 0.
    if (!ended) this.#writeEnd(this.#after(ip), end);
    return n;
  }

  #writeEnd(ip: number, handler: number): void {
    this.records.writeEnd(this.#next, ip, handler);
    this.#next += record.size;
  }

  #secondFrame = 0;
  /**
   * A block that also depends on the next page's frame is registered at both frames and dropped with either.
   */
  #crosses(first: number, ip: number): void {
    const frame = this.#secondFrame;
    this.trackWrites(frame);
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

  /** Decodes an instruction from given bytes. The result is a copy. */
  decodeBytes(bytes: Uint8Array, ip: number, mode: AddressSize): Decoded {
    const result = this.#decoder.decode(bytes, 0, bytes.length, ip, mode);
    if (result !== "ok") throw new Error(`bytes that were an instruction are not: ${result}`);
    return this.#decoder.d.copy();
  }
  /**
   * Decodes the instruction at `ip` without a block. Undefined with `fault` set if the fetch fails. `ahead`:
   * control is not there, so no page is faulted in.
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

  /** Links a branch to its target. Only inside a page, where both depend on the same frame. */
  link(rec: number, target: number): void {
    if (!this.#mayLink(rec, target)) return this.addJumpTarget(target);
    if (!this.#isStale(rec)) this.#state.u32[(rec + record.link) >> 2] = target;
  }
  /**
   * The same for the code after a conditional branch, at `ip`. Without a link, the handler looks in the jump
   * cache, which therefore must hold the address.
   */
  #linkBehind(rec: number, ip: number, next: number): boolean {
    const { i32 } = this.#state;
    const links = this.#mayLink(rec, next);
    if (this.#isStale(rec)) return false;
    if (links) i32[(rec + record.imm) >> 2] = next;
    else {
      if (Math.floor(ip / 0x1_0000_0000) === i32[(rec + record.disp + 4) >> 2]) i32[(rec + record.imm + 4) >> 2] = ip | 0;
      this.addJumpTarget(next);
    }
    return links;
  }
  #mayLink(rec: number, target: number): boolean {
    const from = this.records.ipOf(rec);
    const to = this.records.ipOf(target);
    return Math.floor(from / 4096) === Math.floor(to / 4096) && !this.#crossing.has(target);
  }
}

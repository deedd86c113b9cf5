// The slow path of memory accesses: TLB misses, accesses that cross a page, writes to translated code, and
// faults. It also serves all accesses of helper functions and of the oracle.
import { USER_END } from "../../abi/brand.ts";
import type { Decoded } from "../decode/decoder.ts";
import type { Blocks } from "../interp/block-cache.ts";
import { effectsOf } from "../isa/effects.ts";
import type { AccessWatch } from "../machine/access-watch.ts";
import { type Breakpoint, dataHits, watchesPage } from "../machine/breakpoints.ts";
import type { Budget } from "../machine/budget.ts";
import { contexts } from "../machine/context.ts";
import type { DebugStops } from "../machine/debug-stops.ts";
import { layout } from "../machine/layout.ts";
import { type Access, access, cacheMore, cacheWrite, type Mmu, misalignedBy, mostMore } from "../machine/mmu.ts";
import type { Model } from "../machine/model.ts";
import type { Segments } from "../machine/segments.ts";
import { at, EF, PF, R, S, type State, vector } from "../machine/state.ts";
import type { Tlb } from "../machine/tlb.ts";

/**
 * The exception that a faulting access throws through generated code. It is one object without data; the
 * state page holds the fault.
 */
export const guestFault = { name: "GuestFault" };
/**
 * The alignment that EFLAGS.AC requires, by size of the access in bytes. 80 bits need 8, 256 bits 16. Areas
 * of memory start with a doubleword of their own. SDM Vol. 3A Table 6-7
 */
const alignment: Readonly<Record<number, number>> = { 2: 2, 4: 4, 8: 8, 10: 8, 16: 16, 32: 16 };
/** An address space without pages: every access is a page fault. */
export const unmapped: Mmu = { translate: () => -1 - PF.USER };

/** The parts of the processor that accesses need. */
export interface SlowPathContext {
  readonly state: State;
  readonly model: Model;
  readonly tlb: Tlb;
  readonly blocks: Blocks;
  readonly segments: Segments;
  readonly budget: Budget;
}

/** The slow path of one processor's memory accesses. */
export class MemorySlowPath {
  readonly #context: SlowPathContext;
  readonly #state: State;
  readonly #model: Model;
  readonly #codeFrames: Uint8Array;
  #mmu: Mmu = unmapped;
  /** The number of times that translations were dropped. */
  #drops = 0;
  /** The instruction that the oracle executes; undefined outside the oracle. */
  evaluated: Decoded | undefined;
  /**
   * The frame addresses to which the scratch page's bytes belong: the parts before and after the page
   * boundary.
   */
  #commitFirst = 0;
  #commitSecond = 0;
  #commitFirstBytes = 0;
  #commitBytes = 0;
  #breakpoints: readonly Breakpoint[] = [];
  #debug: DebugStops | undefined;
  /** Those of both. Pages with data breakpoints are not cached, so each access comes here. */
  #watched: readonly Breakpoint[] = [];
  /** A debugger stops the run before the instruction that has met one of its stops. */
  isHalted = false;
  /** DR6 bits of the breakpoints that the oracle's instruction has met. */
  hits = 0;
  /** The interpreter's instruction has met one: it is to be repeated by the oracle. */
  isWatched = false;
  /** Asked before each access that comes here. */
  watch: AccessWatch | undefined;
  /** The watch has held an instruction back. */
  isHeld = false;

  constructor(around: SlowPathContext) {
    this.#context = around;
    this.#state = around.state;
    this.#model = around.model;
    this.#codeFrames = around.blocks.codeFrames;
  }
  /** The debug registers' breakpoints. */
  get breakpoints(): readonly Breakpoint[] {
    return this.#breakpoints;
  }
  set breakpoints(list: readonly Breakpoint[]) {
    this.#breakpoints = list;
    this.#mergeLists();
  }
  set debug(stops: DebugStops | undefined) {
    this.#debug = stops;
    this.#mergeLists();
  }
  #mergeLists(): void {
    const data = this.#debug?.data ?? [];
    this.#watched = data.length === 0 ? this.#breakpoints : [...this.#breakpoints, ...data];
  }
  set mmu(mmu: Mmu) {
    this.#mmu = mmu;
  }
  get mmu(): Mmu {
    return this.#mmu;
  }
  translationsDropped(): void {
    this.#drops++;
  }

  /**
   * Translates the part of an access in one page and fills the TLB. Returns the byte address; throws the
   * guest fault.
   */
  #page(address: number, how: Access, rec: number, budget: number): number {
    if (address < 0) return this.#kernelPage(address, how, rec, budget);
    const t = this.#mmu.translate(address, how);
    if (t < 0) this.#throwFault(vector.PF, -t - 1, address, rec, budget);
    // Not `%`: for a number above 2^31 V8 calls fmod.
    const inPage = address & 0xfff;
    const frame = t - (t & 0xfff);
    const writable = (t & cacheWrite) !== 0 && this.#codeFrames[frame >>> 12] === 0;
    const { tlb } = this.#context;
    if (how === access.write) tlb.noteStore(frame);
    if (this.#watched.length > 0 && watchesPage(this.#watched, address)) return frame + inPage;
    if (this.watch) {
      const cached = this.watch.cached(address, how);
      if (cached !== 0) tlb.fill(address - inPage, frame, writable && cached > 1);
      return frame + inPage;
    }
    tlb.fill(address - inPage, frame, writable);
    // At the end of a page compiled 32-bit code continues on the next page, so that page is entered, too.
    if (t & cacheMore || tlb.lastGranuleEndsAlone(address - inPage)) this.#showNext(address - inPage, t & cacheMore ? mostMore : 1);
    return frame + inPage;
  }
  /** Maps up to `most` present pages after this one for compiled code. */
  #showNext(page: number, most: number): void {
    for (let n = 1; n <= most; n++) {
      const t = this.#mmu.present?.(page + n * 4096) ?? -1;
      if (t < 0 || (this.#watched.length > 0 && watchesPage(this.#watched, page + n * 4096))) return;
      const frame = t - (t & 0xfff);
      this.#context.tlb.show(page + n * 4096, frame, (t & cacheWrite) !== 0 && this.#codeFrames[frame >>> 12] === 0);
    }
  }
  #kernelPage(address: number, how: Access, rec: number, budget: number): number {
    const frame = this.#mmu.kernelHalf?.(address, how);
    if (frame !== undefined) return frame + (address & 0xfff);
    return this.#throwFault(vector.PF, PF.PRESENT | PF.USER | (how === access.write ? PF.WRITE : 0), address, rec, budget);
  }

  missed(address: number, bytes: number, how: number, rec: number, budget: number, isInRegion = false): number {
    // This #GP precedes all other faults, including a segment's limit.
    if (how >>> misalignedBy !== 0) this.#throwFault(vector.GP, 0, 0, rec, budget);
    return this.#miss(address, bytes, how as Access, rec, budget, isInRegion);
  }
  /** Returns -1 if the watch holds an access of a region: an exception for each one is slow. */
  #miss(address: number, bytes: number, how: Access, rec: number, budget: number, isInRegion = false): number {
    // A non-canonical address, or one beyond the 4 GiB limit of a flat segment: #GP, or #SS through the stack
    // segment. SDM Vol. 1 3.3.7.1, Vol. 3A 5.3. A negative address is in the kernel's half. An address that
    // wraps at 4 GiB by its segment's base is within the limit.
    const context = contexts[this.#state.u32[at.context >> 2] as number]!;
    const beyond =
      !this.#model.wrapsAt4GiB &&
      address + bytes > 0x1_0000_0000 &&
      context.mode !== 64 &&
      context.flat &&
      this.#overrideBase(rec, address) === 0;
    const farOffset = address < 0 && this.#model.canonicalOffsets && address - this.#overrideBase(rec, address) < -USER_END;
    const outside = beyond || address + bytes > USER_END || address < -USER_END || farOffset;
    if (outside) this.#throwFault(this.#stackAccess(rec, address) ? vector.SS : vector.GP, 0, 0, rec, budget);
    if (this.watch?.holds(address, bytes, how, rec, budget)) {
      this.isHeld = rec !== 0 || this.evaluated !== undefined;
      if (isInRegion && !this.isHeld) return -1;
      this.#throwFault(vector.DB, 0, 0, rec, budget);
    }
    // On AMD's processors #AC precedes page faults.
    if (this.evaluated && this.isMisaligned(address, bytes)) this.#throwFault(vector.AC, 0, 0, rec, budget);
    const first = 4096 - (address < 0 ? address % 4096 : address & 0xfff);
    if (bytes <= first) {
      const p = this.#page(address, how, rec, budget);
      if (this.#watched.length > 0) this.#meet(address, bytes, how, rec, budget);
      if (how !== access.write || this.#codeFrames[p >>> 12] === 0) return p;
      this.#stage(p, bytes, 0, bytes);
      return layout.scratch;
    }
    const p = this.#page(address, how, rec, budget);
    let secondAddress = address + first;
    if (this.#state.mode !== 64) secondAddress %= 0x1_0000_0000;
    const q = this.#page(secondAddress, how, rec, budget);
    if (this.#watched.length > 0) this.#meet(address, bytes, how, rec, budget);
    this.#stage(p, first, q, bytes);
    return layout.scratch;
  }
  /**
   * Notes a met data breakpoint in the oracle. Other engines abandon the instruction: a region leaves it to
   * the interpreter, and the interpreter to the oracle.
   */
  #meet(address: number, bytes: number, how: Access, rec: number, budget: number): void {
    if (this.#debug && dataHits(this.#debug.data, address, bytes, how) !== 0)
      this.#meetDebugger(this.#debug, address, bytes, how, rec, budget);
    const hits = dataHits(this.#breakpoints, address, bytes, how);
    if (hits === 0) return;
    if (this.evaluated) {
      this.hits |= hits;
      return;
    }
    this.isWatched = rec !== 0;
    this.#throwFault(vector.DB, 0, 0, rec, budget);
  }
  /** Regions leave the instruction to the interpreter, which knows the number of instructions before it. */
  #meetDebugger(debug: DebugStops, address: number, bytes: number, how: Access, rec: number, part: number): void {
    if (rec !== 0 || this.evaluated) {
      const { blocks, budget } = this.#context;
      const before = this.evaluated ? budget.instructions : budget.before(part + blocks.records.remainingOf(rec));
      const repeats = this.#inProgress(rec)?.row.repeat !== undefined;
      if (!debug.onData(address, bytes, how, before, repeats) || repeats) return;
      this.isHalted = true;
    }
    this.#throwFault(vector.DB, 0, 0, rec, part);
  }
  /**
   * True if EFLAGS.AC is set and the address is not a multiple of the operand's size. With AC set only the
   * oracle runs. SDM Vol. 3A 6.15, interrupt 17
   */
  isMisaligned(address: number, bytes: number): boolean {
    if (((this.#state.u32[at.systemFlags >> 2] as number) & EF.AC) === 0) return false;
    if (bytes >= 16 && !this.#model.checksVectors) return false;
    const { row } = this.evaluated!;
    return (row.vex === undefined || row.unaligned !== true) && address % (alignment[bytes] ?? 1) !== 0;
  }
  /**
   * The miss of a compiled region. Returns the byte address plus 1. 0 is a side exit: the interpreter raises
   * the precise fault, or performs an access that regions do not perform.
   */
  missedInRegion(address: number, bytes: number, how: number): number {
    // The interpreter's part of the budget is stored there.
    const budget = this.#state.i32[at.budget >> 2] as number;
    try {
      const drops = this.#drops;
      const p = this.missed(address, bytes, how, 0, budget, true);
      if (p < 0) return 0;
      // The pages were remapped (copy-on-write, for example). That may concern the region's own code, or
      // bytes with a known translation (translation-reuse.ts).
      if (this.#drops !== drops) return 0;
      if (p !== layout.scratch || how !== access.write) return p + 1;
      // Translations may be dropped before their bytes change as well as after. The interpreter then executes
      // the store like any other.
      this.#invalidateStaged();
      return 0;
    } catch (e) {
      if (e !== guestFault) throw e;
      return 0;
    }
  }
  /**
   * The miss of a region's integer store; the value is given in halves. A store to a page with code stays in
   * the region if it invalidates no translation.
   */
  missedStore(address: number, bytes: number, low: number, high: number): number {
    const inPage = address & 0xfff;
    if (address >= 0 && address < USER_END && inPage + bytes <= 4096 && this.#watched.length === 0 && !this.watch) {
      const drops = this.#drops;
      const t = this.#mmu.present ? this.#mmu.present(address) : this.#mmu.translate(address, access.write);
      if (this.#drops !== drops) return 0;
      const frame = t - (t & 0xfff);
      if (t >= 0 && (t & cacheWrite) !== 0 && this.#codeFrames[frame >>> 12] !== 0) {
        // Regions do not use the scratch page otherwise.
        this.#state.i32[layout.scratch >> 2] = low;
        this.#state.i32[(layout.scratch >> 2) + 1] = high;
        if (this.#context.blocks.absorbs(frame + inPage, bytes, layout.scratch)) {
          this.#context.tlb.noteStore(frame);
          return frame + inPage + 1;
        }
      }
    }
    return this.missedInRegion(address, bytes, access.write);
  }
  #stage(p: number, firstBytes: number, q: number, bytes: number): void {
    const u8 = this.#state.u8;
    u8.copyWithin(layout.scratch, p, p + firstBytes);
    if (bytes > firstBytes) u8.copyWithin(layout.scratch + firstBytes, q, q + bytes - firstBytes);
    this.#commitFirst = p;
    this.#commitSecond = q;
    this.#commitFirstBytes = firstBytes;
    this.#commitBytes = bytes;
  }
  commit(): void {
    const first = this.#commitFirstBytes;
    this.#commitTo(this.#commitFirst, layout.scratch, first);
    if (this.#commitBytes > first) this.#commitTo(this.#commitSecond, layout.scratch + first, this.#commitBytes - first);
  }
  #commitTo(place: number, source: number, bytes: number): void {
    const { blocks } = this.#context;
    const frame = place - (place & 0xfff);
    const isKept = this.#codeFrames[frame >>> 12] === 0 || blocks.absorbs(place, bytes, source);
    this.#state.u8.copyWithin(place, source, source + bytes);
    if (!isKept) blocks.invalidateFrame(frame);
  }
  #invalidateStaged(): void {
    const { blocks } = this.#context;
    blocks.invalidateFrame(this.#commitFirst - (this.#commitFirst & 0xfff));
    if (this.#commitBytes > this.#commitFirstBytes) blocks.invalidateFrame(this.#commitSecond - (this.#commitSecond & 0xfff));
  }
  /**
   * The instruction in progress. Regions have no record (0); for them the answer may be wrong, since the
   * interpreter repeats the access.
   */
  #inProgress(rec: number): Decoded | undefined {
    return this.evaluated ?? (rec === 0 ? undefined : this.#context.blocks.decodeOne(this.#context.blocks.records.ipOf(rec)));
  }
  /** Base of FS or GS, if the instruction in progress names one of them and applies it to this address. */
  #overrideBase(rec: number, address: number): number {
    const d = this.#inProgress(rec);
    if (!d || d.segment < S.fs || this.#isStack(d, address) || this.#isDestination(d, address)) return 0;
    return Number(this.#state.i64[(at.segBase >> 3) + d.segment]);
  }
  /**
   * True if the instruction in progress uses SS for this address: as the segment of its operand, or as a
   * stack instruction.
   */
  #stackAccess(rec: number, address: number): boolean {
    const d = this.#inProgress(rec);
    if (!d || this.#isStack(d, address)) return d !== undefined;
    return d.isMemory ? d.memorySegment === S.ss : d.segment === S.ss && !this.#isDestination(d, address);
  }
  #isStack(d: Decoded, address: number): boolean {
    if (!effectsOf(d.row).stack) return false;
    if (!d.isMemory) return true;
    // The stack instruction has a memory operand, too: the pushed value, the destination of a pop, or a
    // pointer to the called function.
    const away = BigInt(address) - (this.#state.u64[R.sp] as bigint);
    const slots = -Number(BigInt.asIntN(d.mode === 64 ? 64 : 32, away)) / (d.size / 8);
    return slots === 0 || slots === 1 || slots === 2;
  }
  /** True for the destination of a string instruction, which is always in ES. */
  #isDestination(d: Decoded, address: number): boolean {
    const { operands } = d.row;
    if (!operands.some(({ kind }) => kind === "strY")) return false;
    const offset = BigInt.asIntN(64, BigInt.asUintN(d.addressSize, this.#state.u64[R.di] as bigint));
    const linear = Number(offset + (this.#state.i64[(at.segBase >> 3) + S.es] as bigint));
    return linear === address || !operands.some(({ kind }) => kind === "strX");
  }

  #throwFault(v: number, error: number, address: number, rec: number, budget: number): never {
    const s = this.#state;
    s.u32[at.exitVector >> 2] = v;
    s.u32[at.exitError >> 2] = error;
    s.view.setBigUint64(at.exitAddress, BigInt.asUintN(64, BigInt(address)), true);
    s.u32[at.record >> 2] = rec;
    s.i32[at.budget >> 2] = budget;
    throw guestFault;
  }
  /** For the interpreter: limit and rights of an access outside 64-bit mode, and its required alignment. */
  checkSegmentOf(segment: number, offset: number, bytes: number, how: number, rec: number, budget: number): void {
    const bad = how >>> misalignedBy !== 0 ? vector.GP : this.#context.segments.check(segment, offset, bytes, how === access.write);
    if (bad >= 0) this.#throwFault(bad, 0, 0, rec, budget);
  }
  /** For the oracle and helper functions: limit and rights of an access outside 64-bit mode. */
  checkSegment(segment: number, offset: number, bytes: number, write: boolean): void {
    const bad = this.#context.segments.check(segment, offset, bytes, write);
    if (bad >= 0) this.#throwFault(bad, 0, 0, this.#record(), this.#budget());
  }
  /** The record of the helper in progress; 0 in the oracle. */
  #record(): number {
    return this.evaluated ? 0 : (this.#state.u32[at.record >> 2] as number);
  }
  #budget(): number {
    return this.evaluated ? 0 : (this.#state.i32[at.budget >> 2] as number);
  }
  /** Guest memory for helper functions, by linear address. A fault is the current instruction's. */
  readLinear(address: number, bytes: number): number {
    return this.#miss(address, bytes, access.read, this.#record(), this.#budget());
  }
  writeLinear(address: number, bytes: number): number {
    return this.#miss(address, bytes, access.write, this.#record(), this.#budget());
  }
  commitLinear(pointer: number): void {
    if (pointer < layout.frames) this.commit();
  }
}

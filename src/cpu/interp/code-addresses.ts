// Addresses of code: from an instruction pointer to its linear address and its frame. The code pages of the
// current address space are cached until a mapping changes.

import type { Decoded } from "../decode/decoder.ts";
import { contexts } from "../machine/context.ts";
import { access, type Mmu } from "../machine/mmu.ts";
import { at, PF, S, type State } from "../machine/state.ts";
import { CodePages } from "./code-pages.ts";
import type { JumpCache } from "./jump-cache.ts";

/**
 * The result of a fetch from the kernel's half. Linux reports it for every such address: arch/x86/mm/fault.c
 * sanitize_error_code()
 */
const kernelHalf = -1 - (PF.PRESENT | PF.USER | PF.INSTRUCTION);
const inUserHalf = (linear: number): boolean => linear >= 0 && linear < 2 ** 47;

/** The most remapped code pages at a switch of address spaces for which the other pages stay cached. */
const mostRemapped = 16;
/**
 * The same if the jump cache knows its entries by page. `trapgate explore` goes back for each schedule, and
 * some 20 pages have gone then.
 */
const mostRemappedOfTracked = 64;
/** Bound of the pages that are known to have been in the cache. */
const mostReached = 1 << 16;

interface CodeAddressEvents {
  /** Called with the frame of a page that may have been unmapped or remapped. */
  unmapped(frame: number): void;
  /** See `CodePages`. */
  isQuick(frame: number, page: number): boolean;
}

/** The code pages of the current address space. */
export class CodeAddresses {
  readonly #state: State;
  readonly #jumps: JumpCache;
  readonly #pages: CodePages;
  readonly #unmapped: (frame: number) => void;
  #mmu: Mmu;
  constructor(state: State, jumps: JumpCache, mmu: Mmu, events: CodeAddressEvents) {
    this.#state = state;
    this.#pages = new CodePages(state, events.isQuick);
    this.#jumps = jumps;
    this.#mmu = mmu;
    this.#unmapped = events.unmapped;
  }
  setMmu(mmu: Mmu): void {
    this.#mmu = mmu;
    // Addresses in the jump cache are offsets in CS, so the fast switch needs a CS base of 0.
    if (!mmu.otherCode || this.linear(0) !== 0) return this.flushPages();
    // Another address space may have the same code at the same address: after fork(2), after execve(2) of the
    // same program, in shared libraries.
    const { addresses, frames } = this.#pages;
    const others = mmu.otherCode(addresses, frames);
    if (others.length === 0) return;
    const gone = others.map((address) => address / 4096);
    // Each page costs a pass over the jump cache. In most switches only the vDSO's page differs.
    this.#drop(gone);
  }
  /** Drops the translations of these code pages, by number. */
  #drop(gone: readonly number[]): void {
    const all = this.#pages.addresses.length;
    const most = this.#jumps.isTracked ? mostRemappedOfTracked : mostRemapped;
    if (gone.length > most || gone.length === all) return this.flushPages();
    this.#jumps.flushPages(gone);
    this.drops++;
    for (const page of gone) {
      const frame = this.#pages.get(page) as number;
      this.#pages.delete(page);
      this.#unmapped(frame);
    }
  }
  /** How often translations of code pages were dropped. */
  drops = 0;
  /** Drops all translations of code pages. */
  flushPages(): void {
    this.drops++;
    this.#pages.clear();
    // Regions are verified again at their next entry.
    (this.#state.u32[at.epoch >> 2] as number)++;
    this.#jumps.flush();
  }
  /** Drops the translations of the pages [first, end). Most pages hold no code. */
  flushRange(first: number, end: number): void {
    if (end - first === 1 && this.#pages.get(first) === undefined) return;
    const gone: number[] = [];
    for (const address of this.#pages.addresses) {
      const page = address / 4096;
      if (page >= first && page < end) gone.push(page);
    }
    if (gone.length > 0) this.#drop(gone);
  }
  /** Forgets all pages, because all blocks are dropped. */
  clear(): void {
    this.#pages.clear();
  }
  /** Adds the page of an address whose frame is known. */
  add(linear: number, frame: number): void {
    const page = Math.floor(linear / 4096);
    this.#pages.add(page, frame);
    this.#note(page);
  }

  get context(): number {
    return this.#state.u32[at.context >> 2] as number;
  }
  /** The linear address of an instruction pointer. */
  linear(ip: number): number {
    return contexts[this.context]!.mode === 64 ? ip : (this.#state.segBase(S.cs) + ip) % 0x1_0000_0000;
  }
  /** The address after an instruction. Outside 64-bit mode it wraps around. */
  after(ip: number): number {
    return contexts[this.context]!.mode !== 64 && ip > 0xffff_ffff ? ip - 0x1_0000_0000 : ip;
  }
  /** The linear address of a memory operand without base and index. */
  linearOf(d: Decoded): number {
    if (d.mode === 64 && d.memorySegment < S.fs) return d.disp;
    const linear = this.#state.segBase(d.memorySegment) + d.disp;
    return d.mode === 64 ? linear : linear >>> 0;
  }
  /**
   * The frame at an instruction pointer if its page is present; else negative. For lookahead: no page is
   * faulted in, because the guest could see a fault-in at an address that it has not reached.
   */
  frameOf(ip: number): number {
    const linear = this.linear(ip);
    return inUserHalf(linear) ? this.presentFrame(linear) : kernelHalf;
  }
  /** The frame of a fetch, or a negative page-fault code. */
  userFrame(linear: number): number {
    return inUserHalf(linear) ? this.frame(linear) : kernelHalf;
  }
  /** The frame of a code page that control has reached, or a negative page-fault code. */
  frame(linear: number): number {
    const page = Math.floor(linear / 4096);
    return this.#pages.get(page) ?? this.#addPage(page, this.#mmu.translate(page * 4096, access.execute));
  }
  /** The same for a page that control may reach later. */
  presentFrame(linear: number): number {
    const page = Math.floor(linear / 4096);
    const mmu = this.#mmu;
    return this.#pages.get(page) ?? this.#addPage(page, (mmu.present ?? mmu.translate).call(mmu, page * 4096, access.execute));
  }
  #addPage(page: number, t: number): number {
    if (t < 0) return t;
    const frame = t - (t & 0xfff);
    this.#pages.add(page, frame);
    if (this.#reached.has(page)) this.#jumps.recall(frame, this.context, page);
    else this.#note(page);
    return frame;
  }
  /**
   * Pages that have been in the cache. Other pages have no blocks. A library is at another address in each
   * process, so its frames have the blocks of all of them: a search through these for each page of each new
   * process took half of the time of 300 short processes.
   */
  readonly #reached = new Set<number>();
  #note(page: number): void {
    if (this.#reached.size >= mostReached) this.#reached.clear();
    this.#reached.add(page);
  }
  /** See `CodePages`. */
  quicken(linear: number): void {
    this.#pages.quicken(Math.floor(linear / 4096));
  }
  slow(frame: number): void {
    this.#pages.slow(frame);
  }
  /** The frame of a page by its number, if it is cached. */
  cachedFrame(page: number): number | undefined {
    return this.#pages.get(page);
  }
  /** A code pointer in memory; undefined if it crosses a page or has no frame. */
  pointerAt(place: number, mode: 16 | 32 | 64): number | undefined {
    const bytes = mode / 8;
    if (place < 0 || (place & 0xfff) > 4096 - bytes) return undefined;
    const { view } = this.#state;
    return view.getUint32(place, true) + (mode === 64 ? view.getUint32(place + 4, true) * 0x1_0000_0000 : 0);
  }
}

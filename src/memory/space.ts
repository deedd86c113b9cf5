// One address space (Linux mm_struct): its mappings, its page table, and what a page fault does.

import { directAddress } from "../cpu/machine/layout.ts";
import { type Access, access, cacheMore, cacheWrite, type Mmu } from "../cpu/machine/mmu.ts";
import { PF } from "../cpu/machine/state.ts";
import { type AreaPages, Areas } from "./areas.ts";
import { hasFilledBehind, mappingFor, otherCode, permits, populate, refusal } from "./fault.ts";
import { type Frames, PAGE_SIZE } from "./frames.ts";
import type { Layout } from "./layout.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { FileMapping } from "./page-cache.ts";
import { PageTable, PTE } from "./page-table.ts";
import { UserMemory } from "./user.ts";
import { isData, PROT, VM, type Vma } from "./vma.ts";

/** The signal a failed access becomes. man 2 sigaction, SIGSEGV and SIGBUS codes; SIGKILL: out of memory. */
export interface FaultInfo {
  readonly signal: 7 | 9 | 11;
  readonly code: number;
}
/** si_code: SEGV_MAPERR 1, SEGV_ACCERR 2, BUS_ADRERR 2, SI_KERNEL 0x80. uapi asm-generic/siginfo.h */
const faults: Record<number, FaultInfo> = {
  [refusal.noMapping]: { signal: 11, code: 1 },
  [refusal.noPermission]: { signal: 11, code: 2 },
  [refusal.beyondFile]: { signal: 7, code: 2 },
  [refusal.noMemory]: { signal: 9, code: 0x80 },
};

/** Beyond this many pages one flush of everything is cheaper. */
const FLUSH_PAGES = 16;

const NO_AUXV = new Uint8Array(0);

/** As `translate` says it. */
const frameOf = (pte: number): number => pte - (pte & 0xfff) + (pte & PTE.WRITE ? cacheWrite : 0);

export class AddressSpace extends UserMemory implements Mmu, FileMapping {
  readonly frames: Frames;
  readonly layout: Layout;
  readonly areas: Areas = new Areas(this);
  readonly table = new PageTable();
  /** The kernel replaces it when the process' limits or credentials change (or hands in a live object). */
  limits: Limits;
  /** Heap: start_brk and brk. Set by the ELF loader. */
  brkStart = 0;
  brk = 0;
  /** personality READ_IMPLIES_EXEC: mmap and mprotect turn PROT_READ into PROT_READ|PROT_EXEC. */
  readImpliesExec = false;
  /** How many pages of fresh memory have been written to one after the other, and where the next one would be. */
  readonly filling = { next: 0, pages: 0 };
  /** Families of private pages so far (Vma.anon). */
  families = 0;
  /** VM.LOCKED bits that new mappings get: mlockall(MCL_FUTURE). */
  defaultFlags = 0;
  /** For /proc/PID/cmdline, environ, auxv and stat: set by the ELF loader. */
  argStart = 0;
  argEnd = 0;
  envStart = 0;
  envEnd = 0;
  startStack = 0;
  startCode = 0;
  endCode = 0;
  startData = 0;
  endData = 0;
  auxv: Uint8Array = NO_AUXV;
  /** Tasks that use this space (CLONE_VM). The last `release` frees every frame. */
  users = 1;

  /** Which homes its pages have (machine/layout.ts). Counted from the first page on: a process has none before it is executed. */
  readonly color: number;
  #counted = false;

  constructor(frames: Frames, layout: Layout, limits: Limits = defaultLimits, color = frames.rarestColor) {
    super();
    this.frames = frames;
    this.color = color;
    this.layout = layout;
    this.limits = limits;
  }

  retain(): void {
    this.users++;
  }
  release(): void {
    if (--this.users > 0) return;
    // Nobody runs in it any more: the CPU hears of all that goes at once, when it gets another.
    if (this.frames.current === this) this.frames.current = undefined;
    for (let vma = this.areas.last; vma !== undefined; vma = this.areas.last) {
      this.dropPages(vma);
      this.areas.remove(vma);
    }
    this.table.end();
    if (this.#counted) this.frames.dropColor(this.color);
  }
  /** The frame that a page has at home. */
  directAddress(page: number): number {
    if (!this.#counted) this.#count();
    return directAddress(page, this.color);
  }

  #count(): void {
    this.frames.takeColor(this.color);
    this.#counted = true;
  }

  /** The CPU translates by this space from now on, and has forgotten what another said. */
  activate(): void {
    this.frames.current = this;
  }
  flushPage(address: number): void {
    if (this.frames.current === this) this.frames.watch.flushTlbPage(address);
  }
  flush(start: number, end: number): void {
    if (this.frames.current !== this) return;
    if (end - start > FLUSH_PAGES * PAGE_SIZE) this.frames.watch.flushTlb();
    else for (let page = start; page < end; page += PAGE_SIZE) this.frames.watch.flushTlbPage(page);
  }

  /** fork(2): a copy-on-write copy. It cannot fail: it takes no frame. Linux kernel/fork.c dup_mmap(). */
  fork(): AddressSpace {
    const child = new AddressSpace(this.frames, this.layout, this.limits, this.color);
    child.#count();
    child.#describeAs(this);
    for (const vma of this.areas.within(0, Number.POSITIVE_INFINITY)) {
      if (vma.flags & VM.DONTFORK) continue;
      const anon = vma.anon === 0 ? 0 : -++child.families;
      child.areas.append({ ...vma, anon, flags: vma.flags & ~(VM.LOCKED | VM.LOCKONFAULT) });
      if ((vma.flags & VM.WIPEONFORK) === 0) this.#share(vma, child);
    }
    if (this.frames.current === this) this.frames.watch.flushWrites();
    return child;
  }
  /** What the loader and brk(2) have said. One by one: Object.assign costs as much as fifty of these. */
  #describeAs(space: AddressSpace): void {
    this.brkStart = space.brkStart;
    this.brk = space.brk;
    this.readImpliesExec = space.readImpliesExec;
    this.argStart = space.argStart;
    this.argEnd = space.argEnd;
    this.envStart = space.envStart;
    this.envEnd = space.envEnd;
    this.startStack = space.startStack;
    this.startCode = space.startCode;
    this.endCode = space.endCode;
    this.startData = space.startData;
    this.endData = space.endData;
    this.auxv = space.auxv;
  }
  /** Private pages become read-only on both sides, until one of them writes. */
  #share(vma: Vma, child: AddressSpace): void {
    this.went(vma, this.table.share(child.table, vma.start, vma.end, (vma.flags & VM.SHARED) !== 0 ? 0 : PTE.WRITE, this.frames));
  }

  present(address: number, kind: Access = access.read): number {
    const pte = this.#pte(address);
    return pte & (1 << kind) ? frameOf(pte) : -1;
  }
  translate(address: number, kind: Access): number {
    const pte = this.#pte(address);
    if (pte & (1 << kind)) return frameOf(pte);
    const frame = this.#fault(address, kind);
    if (frame > 0) return frame + (this.table.get(address) & PTE.WRITE ? cacheWrite + (hasFilledBehind(this, address) ? cacheMore : 0) : 0);
    return -(
      1 +
      (PF.USER | (pte & PTE.ACCESS ? PF.PRESENT : 0) | (kind === access.write ? PF.WRITE : kind === access.execute ? PF.INSTRUCTION : 0))
    );
  }

  otherCode(pages: readonly number[], frames: readonly number[]): readonly number[] {
    return otherCode(this, pages, frames);
  }

  kernelHalf(address: number, kind: Access): number | undefined {
    const { gate } = this.frames;
    return gate && kind === access.read && Math.floor(address / PAGE_SIZE) * PAGE_SIZE === gate.page ? gate.frame : undefined;
  }

  #pte(address: number): number {
    return address >= 0 && address < this.layout.taskSize ? this.table.get(address) : 0;
  }
  /** The frame, or a refusal. */
  #fault(address: number, kind: Access): number {
    if (!(address >= 0 && address < this.layout.taskSize)) return refusal.noMapping;
    const vma = mappingFor(this, address);
    if (vma === undefined) return refusal.noMapping;
    return permits(vma, kind) ? populate(this, vma, address, kind) : refusal.noPermission;
  }

  /** Why a #PF at `address` with the CPU's error code could not be served. undefined: it can be now, so the instruction just runs again. */
  faultInfo(address: number, errorCode: number): FaultInfo | undefined {
    const kind = errorCode & PF.WRITE ? access.write : errorCode & PF.INSTRUCTION ? access.execute : access.read;
    return faults[this.#fault(address, kind)];
  }

  /** Make a page present if its mapping permits it at all (mlock, MAP_POPULATE): 0 or a refusal. */
  touch(address: number, kind: Access): number {
    return Math.min(0, this.#fault(address, kind));
  }

  /** The mapping that contains `address`. */
  find(address: number): Vma | undefined {
    return this.areas.find(address);
  }
  /** All mappings in order of address: /proc/PID/maps (maps.ts prints them). */
  mappings(): Iterable<Vma> {
    return this.areas;
  }

  /** Forget the pages of a range of a mapping (zap_page_range); private copies are lost. */
  dropPages(vma: Vma, start = vma.start, end = vma.end): void {
    const dropped = this.table.drop(start, end, this.frames);
    if (dropped === 0) return;
    this.flush(start, end);
    this.went(vma, dropped);
  }
  /** Entries of the page table that calls have gone over, in mappings where their number follows from what the program did. */
  walked = 0;
  went(vma: Vma, entries: number): void {
    // Which pages of files are mapped depends on what code has been translated (`otherCode`).
    if (vma.file === undefined) this.walked += entries;
  }

  /** The file of a mapping ends at page `from` now. */
  zap(vma: Vma, from: number): void {
    const start = Math.max(vma.start, vma.start + (from - vma.pgoff) * PAGE_SIZE);
    if (start < vma.end) this.dropPages(vma, start);
  }

  /** Pages by kind; Linux vm_stat_account(). Sizes in pages, as /proc/PID/statm and status show them. */
  usage(): Usage {
    return { ...this.areas.pages, resident: this.table.resident };
  }

  /** may_expand_vm: RLIMIT_AS and RLIMIT_DATA. */
  mayExpand(pages: number, prot: number, flags: number): boolean {
    const { as, data } = this.limits;
    if (as === Number.POSITIVE_INFINITY && data === Number.POSITIVE_INFINITY) return true;
    const used = this.areas.pages;
    if ((used.total + pages) * PAGE_SIZE > as) return false;
    return !isData(prot, flags) || (used.data + pages) * PAGE_SIZE <= data;
  }
  /** mlock_future_ok: RLIMIT_MEMLOCK. */
  mayLock(pages: number, flags: number): boolean {
    if ((flags & VM.LOCKED) === 0 || this.limits.ipcLock) return true;
    return (this.areas.pages.locked + pages) * PAGE_SIZE <= this.limits.memlock;
  }
  /** __vm_enough_memory, OVERCOMMIT_GUESS: only what exceeds all of memory is refused. */
  mayCommit(pages: number): boolean {
    return pages <= this.frames.commitLimit;
  }

  /** ptrace PEEK, /proc/PID/mem: what the debugger may read, whatever the page's permissions (FOLL_FORCE). How many bytes came. */
  peek(at: number, into: Uint8Array): number {
    return this.#force(at, into.length, access.read, (frame, done, n) => into.set(this.frames.u8.subarray(frame, frame + n), done));
  }
  /** ptrace POKE: a private read-only page gets a copy of its own. How many bytes went. */
  poke(at: number, bytes: Uint8Array): number {
    return this.#force(at, bytes.length, access.write, (frame, done, n) => {
      this.frames.u8.set(bytes.subarray(done, done + n), frame);
      this.frames.changed(frame);
    });
  }
  /** Linux mm/gup.c check_vma_flags(). */
  #force(at: number, length: number, kind: Access, move: (frame: number, done: number, n: number) => void): number {
    let done = 0;
    while (done < length) {
      const address = at + done;
      const vma = address >= 0 && address < this.layout.taskSize ? this.areas.find(address) : undefined;
      if (vma === undefined) break;
      if (vma.flags & VM.PFNMAP) break;
      const may =
        kind === access.read ? vma.flags & VM.MAYREAD : vma.prot & PROT.WRITE || (vma.flags & (VM.SHARED | VM.MAYWRITE)) === VM.MAYWRITE;
      if (!may) break;
      const frame = populate(this, vma, address, kind);
      if (frame < 0) break;
      const n = Math.min(PAGE_SIZE - (address % PAGE_SIZE), length - done);
      move(frame + (address % PAGE_SIZE), done, n);
      this.flushPage(address - (address % PAGE_SIZE));
      done += n;
    }
    return done;
  }
}

export interface Usage extends Readonly<AreaPages> {
  readonly resident: number;
}

// One address space: its mappings and its page table. Linux struct mm_struct.

import { directAddress } from "../cpu/machine/layout.ts";
import { type Access, access, cacheMore, cacheWrite, type Mmu } from "../cpu/machine/mmu.ts";
import { PF } from "../cpu/machine/state.ts";
import { type AreaPages, Areas } from "./areas.ts";
import type { LargePages } from "./backing.ts";
import { hasFilledBehind, mapCode, mappingFor, otherCode, permits, populate, refusal } from "./fault.ts";
import { type Frames, PAGE_SIZE } from "./frames.ts";
import type { Layout } from "./layout.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { FileMapping } from "./page-cache.ts";
import { PageTable, PTE } from "./page-table.ts";
import { UserMemory } from "./user.ts";
import { copyOf, handedDown, isData, PROT, VM, type Vma } from "./vma.ts";

/** The signal for a failed access. man 2 sigaction, SIGSEGV and SIGBUS codes. SIGKILL: out of memory. */
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
  // A provider serves the page later, or never.
  [refusal.pending]: { signal: 7, code: 2 },
  [refusal.poisoned]: { signal: 7, code: 4 },
};

/** The host memory of a mapping (vma.ts) in bytes, and the number of mappings that are charged at a time. */
const AREA_WEIGHT = 320;
const AREA_BATCH = 16;

/**
 * The user time after which a process counts as a long one, in nanoseconds. Its pages cost some microseconds
 * each to move.
 */
const FIRST_SETTLE = 20_000_000;

/** The auxiliary vector before execve(2). */
export const NO_AUXV = new Uint8Array(0);

const largePages = ({ file }: Vma): LargePages => file?.backing.huge as LargePages;

/** An entry in the form of `Mmu.translate`. The access uses the frame. */
const frameOf = (pte: number, frames: Frames): number => frames.use(pte - (pte & 0xfff)) + (pte & PTE.WRITE ? cacheWrite : 0);

/** An address space. The last `release` frees it. */
export class AddressSpace extends UserMemory implements Mmu, FileMapping {
  readonly frames: Frames;
  readonly layout: Layout;
  readonly areas: Areas = new Areas(this);
  readonly table: PageTable;
  /** The number of mappings that are charged to the account. */
  private _areasCharged = 0;
  /** The limits of the process: a live object, or one that the kernel replaces at each change. */
  limits: Limits;
  /** Heap: start_brk and brk. Set by the ELF loader. */
  brkStart = 0;
  brk = 0;
  /** personality READ_IMPLIES_EXEC: mmap and mprotect turn PROT_READ into PROT_READ|PROT_EXEC. */
  readImpliesExec = false;
  /** PR_SET_MDWE: memory never gains the right to execute. */
  writeOrExecute = 0;
  /** /proc/PID/coredump_filter. */
  coredumpFilter = 0x33;
  /** membarrier(2): the registered commands. A copy has them, a new program has none. */
  barriers = 0;
  /** The number of consecutive pages with a first write, and the address of the next one. */
  readonly filling = { next: 0, pages: 0 };
  /** The last anon id (`Vma.anon`). */
  lastAnon = 0;
  /** The VM.LOCKED bits of new mappings: mlockall(MCL_FUTURE). */
  defaultFlags = 0;
  /** True after the first mapping with a provider of pages. */
  hasProviders = false;
  /** The last fault that a provider serves later (kernel/core/pending-fault.ts). */
  pendingFault: object | undefined = undefined;
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
  /** An object that ends with the space: the contexts of asynchronous I/O. Linux mm->ioctx_table. */
  companion: { end(): void } | undefined = undefined;
  /** True after the first mseal(2). */
  sealed = false;
  /** Tasks that use this space (CLONE_VM). The last `release` frees every frame. */
  users = 1;

  /** The queues of futexes in its private memory, by address: of kernel/futex/table.ts. */
  futexes: Map<number, unknown> | undefined = undefined;
  /**
   * The color of its direct-mapped pages (cpu/machine/layout.ts). It counts in `frames` from the first page
   * on.
   */
  readonly color: number;
  private _counted = false;

  constructor(frames: Frames, layout: Layout, limits: Limits = defaultLimits, color = frames.rarestColor) {
    super();
    this.frames = frames;
    this.table = new PageTable(frames.account);
    this.color = color;
    this.layout = layout;
    this.limits = limits;
  }

  retain(): void {
    this.users++;
  }
  release(): void {
    if (--this.users > 0) return;
    // No task runs in it any more. The CPU flushes everything at once when it gets another space.
    if (this.frames.current === this) this.frames.current = undefined;
    // Not by `dropPages`: there is nothing to flush, and a process that ends makes few calls.
    this.areas.clear((vma) => {
      const { start, end } = vma;
      vma.provider?.dropped(start, end);
      const dropped = vma.flags & VM.HUGETLB ? this._drop(vma, start, end) : this.table.drop(start, end, this.frames);
      if (vma.flags & VM.HUGETLB) largePages(vma).closed(vma);
      if (vma.file === undefined) this.walked += dropped;
    });
    this.table.end();
    this.companion?.end();
    this.frames.account.give(this._areasCharged * AREA_WEIGHT);
    if (this._counted) this.frames.dropColor(this.color);
  }
  /** The direct-mapped frame of a page. */
  directAddress(page: number): number {
    if (!this._counted) this._count();
    return directAddress(page, this.color);
  }

  private _count(): void {
    this.frames.takeColor(this.color);
    this._counted = true;
  }

  /** Called when the CPU switches to this space, after a flush of the translations of another. */
  activate(): void {
    this.frames.current = this;
    this.frames.servesLasting = this.isSettled;
  }
  /** How often a first page of memory found its frame taken, and cached pages were asked to leave it. */
  roomMade = 0;
  /** True after `settle`. */
  get isSettled(): boolean {
    return this.settleAt > FIRST_SETTLE;
  }
  /** The user time of a task, in nanoseconds, at which `settle` is next due. */
  settleAt = FIRST_SETTLE;
  /**
   * Gives private pages their direct-mapped frames, because the process runs long. Its first pages may have
   * got idle frames of ended processes, which are cheap for a short process, but every later access of
   * compiled code to them needs the TLB. It is due again as the user time grows: the frame that a page wants
   * may be free now. The space must be the current one.
   */
  settle(user: number): void {
    const { frames } = this;
    this.settleAt = Math.max(FIRST_SETTLE + 1, user * 1.25);
    frames.servesLasting = true;
    const missing = new Set<number>();
    let moved = this._settleAll(missing);
    if (missing.size > 0 && frames.vacate(missing) > 0) moved += this._settleAll(missing);
    if (moved > 0) frames.watch.flushTlb();
  }
  private _settleAll(missing: Set<number>): number {
    let moved = 0;
    for (const vma of this.areas) moved += this._settleRange(vma, vma.start, vma.end, missing);
    return moved;
  }
  /**
   * Gives pages of a mapping their direct-mapped frames, and adds the frames that another holder has to
   * `missing`. Returns the number of moved pages. The caller flushes their translations.
   */
  private _settleRange(vma: Vma, start: number, end: number, missing: Set<number>): number {
    if (vma.anon === 0 || (vma.flags & (VM.SHARED | VM.HUGETLB)) !== 0) return 0;
    const { frames } = this;
    let moved = 0;
    this.table.walk(start, end, (pte, page) => {
      const from = pte - (pte & 0xfff);
      const home = this.directAddress(page);
      if (from === home || from === frames.zero || frames.refs(from) !== 1) return undefined;
      if (frames.watch.codeFrames[from / PAGE_SIZE] || frames.free < frames.total >> 2) return undefined;
      const to = frames.allocThis(home);
      if (to === 0) {
        if (frames.refs(home) === 1) missing.add(home);
        return undefined;
      }
      frames.u8.copyWithin(to, frames.use(from), from + PAGE_SIZE);
      frames.release(from);
      moved++;
      return to + (pte - from);
    });
    return moved;
  }
  /** mremap(2) has moved pages to [start, end) of a mapping. */
  moved(vma: Vma, start: number, end: number): void {
    if (this.isSettled && this._settleRange(vma, start, end, new Set()) > 0) this.flush(start, end);
  }
  /** Called when translations of a page, or of a range of pages, have changed. */
  flushPage(address: number): void {
    this.flush(address, address + PAGE_SIZE);
  }
  flush(start: number, end: number): void {
    if (this.frames.current === this) this.frames.watch.flushTlbPages(start, end);
  }
  /** The same if pages have only become read-only. */
  flushWrites(start: number, end: number): void {
    if (this.frames.current === this) this.frames.watch.flushWritesTo(start, end);
  }

  /** fork(2): a copy-on-write copy. It cannot fail: it takes no frame. Linux kernel/fork.c dup_mmap(). */
  fork(): AddressSpace {
    const child = new AddressSpace(this.frames, this.layout, this.limits, this.color);
    child._count();
    child._describeAs(this);
    child.areas.copyFrom(this.areas, (vma) => {
      const { flags } = vma;
      if (flags & VM.DONTFORK) return undefined;
      if ((flags & VM.WIPEONFORK) === 0) {
        // Private pages become read-only on both sides, until one of them writes.
        const shared = this.table.share(child.table, vma.start, vma.end, (flags & VM.SHARED) !== 0 ? 0 : PTE.WRITE, this.frames);
        if (flags & VM.HUGETLB) child.table.exclude(shared);
        if (vma.file === undefined) this.walked += shared;
      }
      const copy = copyOf(vma);
      copy.provider = undefined;
      if (copy.anon !== 0) copy.anon = -++child.lastAnon;
      copy.flags &= ~(VM.LOCKED | VM.LOCKONFAULT | VM.RESERVES);
      return copy;
    });
    child.frames.account.force(this._areasCharged * AREA_WEIGHT);
    child._areasCharged = this._areasCharged;
    if (this.frames.current === this) this.frames.watch.flushWrites();
    return child;
  }
  /** The charge of a copy in bytes. */
  get weight(): number {
    return this.table.weight + this._areasCharged * AREA_WEIGHT;
  }
  /** Charges so many mappings, in batches. False: memory is short. */
  chargeAreas(count: number): boolean {
    const wanted = Math.ceil(count / AREA_BATCH) * AREA_BATCH;
    if (wanted <= this._areasCharged && wanted + 2 * AREA_BATCH > this._areasCharged) return true;
    if (!this.frames.account.resize(this._areasCharged * AREA_WEIGHT, wanted * AREA_WEIGHT)) return false;
    this._areasCharged = wanted;
    return true;
  }
  /**
   * Copies the fields that the loader and brk(2) set. Single assignments are much faster than Object.assign.
   */
  private _describeAs(space: AddressSpace): void {
    this.brkStart = space.brkStart;
    this.brk = space.brk;
    this.readImpliesExec = space.readImpliesExec;
    this.writeOrExecute = handedDown(space.writeOrExecute);
    this.sealed = space.sealed;
    this.barriers = space.barriers;
    this.coredumpFilter = space.coredumpFilter;
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

  present(address: number, kind: Access = access.read): number {
    const pte = this._pte(address);
    return pte & (1 << kind) ? frameOf(pte, this.frames) : -1;
  }
  translate(address: number, kind: Access): number {
    const pte = this._pte(address);
    if (pte & (1 << kind)) return frameOf(pte, this.frames);
    const frame = this._fault(address, kind);
    if (frame > 0)
      return (
        this.frames.use(frame) + (this.table.get(address) & PTE.WRITE ? cacheWrite + (hasFilledBehind(this, address) ? cacheMore : 0) : 0)
      );
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
    return gate && kind === access.read && Math.floor(address / PAGE_SIZE) * PAGE_SIZE === gate.page
      ? this.frames.use(gate.frame)
      : undefined;
  }

  private _pte(address: number): number {
    return address >= 0 && address < this.layout.taskSize ? this.table.get(address) : 0;
  }
  /** Serves a page fault. Returns the frame or a refusal. */
  private _fault(address: number, kind: Access): number {
    if (!(address >= 0 && address < this.layout.taskSize)) return refusal.noMapping;
    const vma = mappingFor(this, address);
    if (vma === undefined) return refusal.noMapping;
    if (this.frames.short) return refusal.noMemory;
    if (!permits(vma, kind)) return refusal.noPermission;
    return vma.provider?.refuse(this, vma, address, kind) || this._populate(vma, address, kind);
  }
  private _populate(vma: Vma, address: number, kind: Access): number {
    return vma.flags & VM.HUGETLB ? largePages(vma).populate(this, vma, address, kind) : populate(this, vma, address, kind);
  }

  /**
   * The signal for a #PF at `address` with the CPU's error code. Undefined: the page is present now, so the
   * instruction restarts.
   */
  faultInfo(address: number, errorCode: number): FaultInfo | undefined {
    const kind = errorCode & PF.WRITE ? access.write : errorCode & PF.INSTRUCTION ? access.execute : access.read;
    return faults[this._fault(address, kind)];
  }

  /** Makes a page present if its mapping permits the access (mlock, MAP_POPULATE): 0 or a refusal. */
  touch(address: number, kind: Access): number {
    return Math.min(0, this._fault(address, kind));
  }

  /** The mapping that contains `address`. */
  find(address: number): Vma | undefined {
    return this.areas.find(address);
  }
  /** All mappings in order of address. */
  mappings(): Iterable<Vma> {
    return this.areas;
  }

  /** Drops the pages of a range of a mapping, with private copies. Linux zap_page_range(). */
  dropPages(vma: Vma, start = vma.start, end = vma.end): void {
    vma.provider?.dropped(start, end);
    this.frames.kernelReads?.mapped?.(this, start, end);
    const dropped = this._drop(vma, start, end);
    if (dropped === 0) return;
    this.flush(start, end);
    this.countWalked(vma, dropped);
  }
  private _drop(vma: Vma, start: number, end: number): number {
    if ((vma.flags & VM.HUGETLB) === 0) return this.table.drop(start, end, this.frames);
    return largePages(vma).unmapRange(this, vma, start, end);
  }
  /** The number of page table entries that calls walked, for their cost in virtual time. */
  walked = 0;
  /** Counts walked entries of a mapping, if the program alone determines their number. */
  countWalked(vma: Vma, entries: number): void {
    // The mapped pages of a file depend on other programs that execute it (fault.ts).
    if (vma.file === undefined) this.walked += entries;
  }

  executed(vma: Vma, page: number, frame: number): void {
    mapCode(this, vma, page, frame);
  }
  /** Drops the pages of a mapping from file page `from` on and before `to`, after a truncation. */
  zap(vma: Vma, from: number, to = Number.POSITIVE_INFINITY): void {
    const addressOf = (index: number): number => vma.start + (index - vma.pgoff) * PAGE_SIZE;
    const [start, end] = [Math.max(vma.start, addressOf(from)), Math.min(vma.end, addressOf(to))];
    if (start < end) this.dropPages(vma, start, end);
  }

  /** The numbers of pages by kind, for /proc/PID/statm and status. Linux vm_stat_account(). */
  usage(): PageUsage {
    return { ...this.areas.pages, resident: this.table.resident, peak: this.table.peak };
  }

  /** The check of RLIMIT_AS and RLIMIT_DATA. Linux may_expand_vm(). */
  mayExpand(pages: number, prot: number, flags: number): boolean {
    const { as, data } = this.limits;
    if (as === Number.POSITIVE_INFINITY && data === Number.POSITIVE_INFINITY) return true;
    const used = this.areas.pages;
    if ((used.total + pages) * PAGE_SIZE > as) return false;
    return !isData(prot, flags) || (used.data + pages) * PAGE_SIZE <= data;
  }
  /** The check of RLIMIT_MEMLOCK. Linux mlock_future_ok(). */
  mayLock(pages: number, flags: number): boolean {
    if ((flags & VM.LOCKED) === 0 || this.limits.ipcLock) return true;
    return (this.areas.pages.locked + pages) * PAGE_SIZE <= this.limits.memlock;
  }
  /** OVERCOMMIT_GUESS: only a request greater than all of memory is refused. Linux __vm_enough_memory(). */
  mayCommit(pages: number): boolean {
    return pages <= this.frames.commitLimit;
  }

  /**
   * ptrace PEEK and reads of /proc/PID/mem: reads regardless of page permissions (FOLL_FORCE). Returns the
   * number of bytes.
   */
  peek(at: number, into: Uint8Array): number {
    return this._force(at, into.length, access.read, (frame, done, n) => into.set(this.frames.u8.subarray(frame, frame + n), done));
  }
  /**
   * ptrace POKE and writes of /proc/PID/mem: a private read-only page is copied. Returns the number of bytes.
   */
  poke(at: number, bytes: Uint8Array): number {
    return this._force(at, bytes.length, access.write, (frame, done, n) => {
      this.frames.u8.set(bytes.subarray(done, done + n), frame);
      this.frames.changed(frame);
    });
  }
  /** Linux mm/gup.c check_vma_flags(). */
  private _force(at: number, length: number, kind: Access, move: (frame: number, done: number, n: number) => void): number {
    let done = 0;
    while (done < length) {
      const address = at + done;
      const vma = address >= 0 && address < this.layout.taskSize ? this.areas.find(address) : undefined;
      if (vma === undefined) break;
      if (vma.flags & (VM.PFNMAP | VM.SECRET)) break;
      const may =
        kind === access.read ? vma.flags & VM.MAYREAD : vma.prot & PROT.WRITE || (vma.flags & (VM.SHARED | VM.MAYWRITE)) === VM.MAYWRITE;
      if (!may) break;
      this.frames.kernelReads?.memory(this, address, kind, length - done);
      const frame = this._populate(vma, address, kind);
      if (frame < 0) break;
      const n = Math.min(PAGE_SIZE - (address % PAGE_SIZE), length - done);
      move(this.frames.use(frame + (address % PAGE_SIZE)), done, n);
      this.flushPage(address - (address % PAGE_SIZE));
      done += n;
    }
    return done;
  }
}

/** Numbers of pages. */
export interface PageUsage extends Readonly<AreaPages> {
  readonly resident: number;
  /** The greatest number of resident pages so far. */
  readonly peak: number;
}

// Page faults that a program serves: the ranges of userfaultfd(2), and the pages that it gives them. Linux
// mm/userfaultfd.c, fs/userfaultfd.c.
import { E } from "../../../abi/errno.ts";
import { type Access, access } from "../../../cpu/machine/mmu.ts";
import { hardware, refusal } from "../../../memory/fault.ts";
import type { FaultProvider } from "../../../memory/fault-provider.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { frameOf, PTE } from "../../../memory/page-table.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { PROT, VM, type Vma } from "../../../memory/vma.ts";
import { type Wait, type WaitQueue, wait } from "../../base/wait.ts";
import type { PendingFault } from "../../core/pending-fault.ts";
import type { Task } from "../../core/task.ts";

/** The faults that a range reports. Its mappings share the object; after a split both parts have it. */
export class FaultWatch implements FaultProvider {
  /** The file of userfaultfd(2). Undefined: the range is not served any more, but has poisoned pages. */
  readonly owner: FaultServer | undefined;
  readonly missing: boolean;
  readonly protects: boolean;
  readonly minor: boolean;
  /** Pages whose writes are asked for, and pages that raise SIGBUS. */
  readonly protectedPages = new Set<number>();
  readonly poisoned = new Set<number>();

  constructor(owner: FaultServer | undefined, modes: { readonly missing: boolean; readonly protects: boolean; readonly minor: boolean }) {
    this.owner = owner;
    this.missing = modes.missing;
    this.protects = modes.protects;
    this.minor = modes.minor;
  }
  refuse(space: AddressSpace, vma: Vma, address: number, kind: Access): number {
    const page = address - (address % PAGE_SIZE);
    if (this.poisoned.has(page)) return refusal.poisoned;
    const isWrite = kind === access.write;
    const reason = reasonOf(space, vma, this, page, isWrite);
    if (reason === undefined) return 0;
    space.pendingFault = new AskedFault(this, address, reason, isWrite);
    return refusal.pending;
  }
  isProtected(page: number): boolean {
    return this.protectedPages.has(page);
  }
  /** Pages of the range have gone. */
  dropped(start: number, end: number): void {
    for (const pages of [this.protectedPages, this.poisoned]) {
      if (pages.size > 0) for (const page of [...pages]) if (page >= start && page < end) pages.delete(page);
    }
  }
}

/** The rest of a range after its instance gives it up: poisoned pages. Linux PTE_MARKER_POISONED. */
export const remains = (watch: FaultWatch | undefined): FaultWatch | undefined => {
  if (!watch || watch.poisoned.size === 0) return undefined;
  const rest = new FaultWatch(undefined, { missing: false, protects: false, minor: false });
  for (const page of watch.poisoned) rest.poisoned.add(page);
  return rest;
};

/** The file of userfaultfd(2), as a fault sees it. */
export interface FaultServer {
  /** The queue on which a task waits. Undefined: it gets a signal, or EFAULT. Linux handle_userfault(). */
  ask(task: Task, asked: AskedFault, inKernel: boolean): WaitQueue | undefined;
}
/** A fault that waits for the program. */
export class AskedFault implements PendingFault {
  readonly watch: FaultWatch;
  readonly address: number;
  readonly kind: "missing" | "protected" | "minor";
  readonly isWrite: boolean;
  constructor(watch: FaultWatch, address: number, kind: AskedFault["kind"], isWrite: boolean) {
    this.watch = watch;
    this.address = address;
    this.kind = kind;
    this.isWrite = isWrite;
  }
  wait(task: Task, inKernel: boolean): Wait | undefined {
    const queue = this.watch.owner?.ask(task, this, inKernel);
    return queue && wait([queue], { interrupted: E.EFAULT });
  }
}
/** The watch of a mapping. */
export const watchOf = ({ provider }: Vma): FaultWatch | undefined => (provider instanceof FaultWatch ? provider : undefined);

const indexOf = (vma: Vma, page: number): number => vma.pgoff + (page - vma.start) / PAGE_SIZE;
/** True if the page is mapped; if the mapping's file has it. */
const isPresent = (space: AddressSpace, page: number): boolean => space.table.get(page) !== 0;
const isCached = (vma: Vma, page: number): boolean => vma.cache?.has(indexOf(vma, page)) === true;

const reasonOf = (space: AddressSpace, vma: Vma, watch: FaultWatch, page: number, isWrite: boolean): AskedFault["kind"] | undefined => {
  if (!isPresent(space, page)) {
    const cached = isCached(vma, page);
    if (cached ? watch.minor : watch.missing) return cached ? "minor" : "missing";
  }
  return isWrite && watch.protectedPages.has(page) ? "protected" : undefined;
};
/**
 * True for memory that userfaultfd(2) can serve: private and shared memory, and files of tmpfs. Linux
 * vma_can_userfault().
 */
export const canWatch = (vma: Vma): boolean =>
  (vma.flags & VM.PFNMAP) === 0 && (vma.file === undefined || vma.file.backing.sparse === true);

/** The mappings of [start, end), split at both ends; or -ENOMEM. */
export const splitAt = (space: AddressSpace, start: number, end: number): Vma[] | number => {
  const { areas } = space;
  if (!space.chargeAreas(areas.count + areas.splits(start, end))) return -E.ENOMEM;
  areas.split(start);
  areas.split(end);
  return areas.within(start, end);
};
/** The mapping at `page` with a watch of `owner`, up to `end`, or -ENOENT. */
export const watchedAt = (space: AddressSpace, owner: FaultServer, page: number): Vma | number => {
  const vma = space.areas.find(page);
  return vma && watchOf(vma)?.owner === owner ? vma : -E.ENOENT;
};

const install = (space: AddressSpace, vma: Vma, page: number, frame: number, writable: boolean): void => {
  const allowed = hardware[vma.prot] as number;
  space.table.set(page, frame + (writable && !watchOf(vma)?.protectedPages.has(page) ? allowed : allowed & ~PTE.WRITE));
};
/**
 * UFFDIO_COPY of one page, or of a zero page if `bytes` is undefined: 0 or -errno. Linux
 * mfill_atomic_pte_copy().
 */
export const fillPage = (space: AddressSpace, vma: Vma, page: number, bytes: Uint8Array | undefined, protects: boolean): number => {
  const { frames } = space;
  if (isPresent(space, page) || watchOf(vma)?.poisoned.has(page)) return -E.EEXIST;
  if (vma.cache && (vma.flags & VM.SHARED) !== 0) {
    if (isCached(vma, page)) return -E.EEXIST;
    const frame = vma.cache.frame(indexOf(vma, page), space.directAddress(page));
    if (frame <= 0) return frame === 0 ? -E.ENOMEM : -E.EFAULT;
    if (bytes) frames.u8.set(bytes, frames.use(frame));
    frames.changed(frame);
    vma.cache.dirtied(indexOf(vma, page));
    if (protects) watchOf(vma)?.protectedPages.add(page);
    frames.retain(frame);
    install(space, vma, page, frame, true);
    return 0;
  }
  if (protects) watchOf(vma)?.protectedPages.add(page);
  if (!bytes) {
    frames.retain(frames.zero);
    install(space, vma, page, frames.zero, false);
    return 0;
  }
  if (vma.anon === 0) vma.anon = space.areas.findMergeableAnon(vma) ?? ++space.lastAnon;
  const frame = frames.allocDirty(space.directAddress(page));
  if (frame === 0) return -E.ENOMEM;
  frames.u8.set(bytes, frame);
  frames.changed(frame);
  install(space, vma, page, frame, true);
  return 0;
};
/** UFFDIO_CONTINUE of one page: the file's page is mapped. 0 or -errno. Linux mfill_atomic_pte_continue(). */
export const continuePage = (space: AddressSpace, vma: Vma, page: number): number => {
  if (vma.cache === undefined || !isCached(vma, page)) return -E.EFAULT;
  if (isPresent(space, page)) return -E.EEXIST;
  const frame = vma.cache.frame(indexOf(vma, page), space.directAddress(page));
  if (frame <= 0) return frame === 0 ? -E.ENOMEM : -E.EFAULT;
  space.frames.retain(frame);
  install(space, vma, page, frame, (vma.flags & VM.SHARED) !== 0);
  vma.cache.dirtied(indexOf(vma, page));
  return 0;
};
/** UFFDIO_POISON of one page. */
export const poisonPage = (space: AddressSpace, vma: Vma, page: number): number => {
  if (isPresent(space, page) || watchOf(vma)?.poisoned.has(page)) return -E.EEXIST;
  watchOf(vma)?.poisoned.add(page);
  return 0;
};
/** UFFDIO_MOVE of one page of private memory: 0 or -errno. Linux move_pages_pte(). */
export const movePage = (space: AddressSpace, from: number, vma: Vma, page: number, mayLack: boolean): number => {
  const source = space.areas.find(from);
  if (!source || source.cache || vma.cache || source.prot !== vma.prot || (source.prot & PROT.WRITE) === 0) return -E.EINVAL;
  const pte = space.table.get(from);
  if (pte === 0) return mayLack ? 0 : -E.ENOENT;
  if (isPresent(space, page)) return -E.EEXIST;
  const frame = frameOf(pte);
  const { frames } = space;
  if (frame === frames.zero || frames.refs(frame) !== 1)
    return frame === frames.zero ? fillAndDrop(space, source, from, vma, page) : -E.EBUSY;
  if (vma.anon === 0) vma.anon = space.areas.findMergeableAnon(vma) ?? ++space.lastAnon;
  frames.retain(frame);
  space.dropPages(source, from, from + PAGE_SIZE);
  install(space, vma, page, frame, true);
  return 0;
};
const fillAndDrop = (space: AddressSpace, source: Vma, from: number, vma: Vma, page: number): number => {
  space.dropPages(source, from, from + PAGE_SIZE);
  return fillPage(space, vma, page, undefined, false);
};
/** UFFDIO_WRITEPROTECT of a mapping's part: present pages, and all pages of a file. */
export const protectPages = (space: AddressSpace, vma: Vma, start: number, end: number, protects: boolean): void => {
  const watch = watchOf(vma);
  if (!watch) return;
  if (!protects) {
    watch.protectedPages.forEach((page) => {
      if (page >= start && page < end) watch.protectedPages.delete(page);
    });
    return;
  }
  const visited = space.table.walk(start, end, (pte, page) => {
    watch.protectedPages.add(page);
    return pte & PTE.WRITE ? pte & ~PTE.WRITE : undefined;
  });
  space.countWalked(vma, visited);
  if (vma.cache) for (let page = start; page < end; page += PAGE_SIZE) watch.protectedPages.add(page);
  space.flush(start, end);
};

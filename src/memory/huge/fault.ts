// Page faults of huge pages: all entries of a page are set at once. Linux mm/hugetlb.c hugetlb_fault().
import { type Access, access } from "../../cpu/machine/mmu.ts";
import { hardware, refusal } from "../fault.ts";
import { PAGE_SIZE } from "../frames.ts";
import { frameOf, PTE } from "../page-table.ts";
import type { AddressSpace } from "../space.ts";
import { PROT, VM, type Vma } from "../vma.ts";
import type { HugeObject } from "./object.ts";
import { HUGE_FRAMES, HUGE_SIZE, type HugePage, reserveWithin, unreserveWithin } from "./pool.ts";

/** The number of the huge page at `base` in the file. */
const numberOf = (vma: Vma, base: number): number => Math.floor((vma.pgoff * PAGE_SIZE + base - vma.start) / HUGE_SIZE);
/** The object of a mapping with huge pages. */
export const objectOf = (vma: Vma): HugeObject => {
  const object = vma.file?.backing.huge as HugeObject | undefined;
  if (object === undefined) throw new Error("a mapping with huge pages has none");
  return object;
};

/** Sets the rights of a mapped page. */
const grant = (space: AddressSpace, vma: Vma, base: number, page: HugePage, writable: boolean): void => {
  const allowed = hardware[vma.prot] as number;
  const rights = writable ? allowed : allowed & ~PTE.WRITE;
  for (let part = 0; part < HUGE_FRAMES; part++) space.table.set(base + part * PAGE_SIZE, (page.frames[part] as number) + rights);
};
/** Maps a page where none is mapped. */
const map = (space: AddressSpace, vma: Vma, base: number, page: HugePage, writable: boolean): void => {
  for (const frame of page.frames) space.frames.retain(frame);
  grant(space, vma, base, page, writable);
  space.table.exclude(HUGE_FRAMES);
};

/** A page for private memory: a copy of `from`, or zero. */
const privatePage = (space: AddressSpace, vma: Vma, base: number, from?: HugePage): HugePage | undefined => {
  const object = objectOf(vma);
  const number = numberOf(vma, base);
  const promised = (vma.flags & VM.RESERVES) !== 0 ? vma.file?.promised : undefined;
  const reserved = promised?.has(number) === true;
  const place = (part: number): number => space.directAddress(base + part * PAGE_SIZE);
  const page = object.pool.take({ reserved, place, from, limit: object.limit });
  if (page && reserved) promised?.delete(number);
  return page;
};

/**
 * The pages of children are taken away, so that the process with the reservation has the page alone. Linux
 * unmap_ref_private().
 */
const takeFromOthers = (space: AddressSpace, vma: Vma, base: number): void =>
  vma.cache?.each((other, owner) => {
    if (owner === space || (other.flags & (VM.MAYSHARE | VM.RESERVES)) !== 0) return;
    const index = vma.pgoff + (base - vma.start) / PAGE_SIZE;
    owner.zap(other, index, index + HUGE_FRAMES);
    other.flags |= VM.LOST;
  });

/** A write to a private page that is shared with others. Linux hugetlb_wp(). */
const copyOnWrite = (space: AddressSpace, vma: Vma, base: number, old: HugePage): number => {
  const { pool } = objectOf(vma);
  if (!old.held && pool.mappers(old) === 1) {
    grant(space, vma, base, old, true);
    return 0;
  }
  const copy = privatePage(space, vma, base, old);
  if (copy === undefined) {
    if (old.held || (vma.flags & VM.RESERVES) === 0) return refusal.beyondFile;
    takeFromOthers(space, vma, base);
    if (pool.mappers(old) !== 1) return refusal.beyondFile;
    grant(space, vma, base, old, true);
    return 0;
  }
  space.dropPages(vma, base, base + HUGE_SIZE);
  map(space, vma, base, copy, true);
  return 0;
};

const firstAccess = (space: AddressSpace, vma: Vma, base: number, isWrite: boolean): number => {
  const object = objectOf(vma);
  const number = numberOf(vma, base);
  if (number * HUGE_SIZE >= object.size) return refusal.beyondFile;
  const place = (part: number): number => space.directAddress(base + part * PAGE_SIZE);
  if (vma.flags & VM.MAYSHARE) {
    const page = object.obtain(number, place);
    if (page === undefined) return refusal.beyondFile;
    map(space, vma, base, page, (vma.flags & VM.SHARED) !== 0);
    return 0;
  }
  const cached = object.get(number);
  if (cached) {
    map(space, vma, base, cached, false);
    return isWrite ? copyOnWrite(space, vma, base, cached) : 0;
  }
  if (vma.flags & VM.LOST) return refusal.beyondFile;
  const page = privatePage(space, vma, base);
  if (page === undefined) return refusal.beyondFile;
  map(space, vma, base, page, (vma.prot & PROT.WRITE) !== 0);
  return 0;
};

/**
 * Makes the page of `address` present for `kind`, which the mapping permits. Returns the frame or a refusal:
 * an empty pool is SIGBUS.
 */
export const populateHuge = (space: AddressSpace, vma: Vma, address: number, kind: Access): number => {
  const pte = space.table.get(address);
  if (pte & (1 << kind)) return frameOf(pte);
  const base = Math.floor(address / HUGE_SIZE) * HUGE_SIZE;
  const head = frameOf(space.table.get(base));
  const isWrite = kind === access.write;
  let refused = 0;
  if (head === 0) refused = firstAccess(space, vma, base, isWrite);
  else {
    const page = objectOf(vma).pool.page(head);
    const shared = (vma.flags & VM.SHARED) !== 0;
    if (isWrite && !shared) refused = copyOnWrite(space, vma, base, page);
    else grant(space, vma, base, page, shared || (space.table.get(base) & PTE.WRITE) !== 0);
  }
  return refused < 0 ? refused : frameOf(space.table.get(address));
};

/** The huge pages that a range maps, with their addresses. */
export const pagesWithin = (space: AddressSpace, vma: Vma, start: number, end: number): { at: number; page: HugePage }[] => {
  const { pool } = objectOf(vma);
  const found: { at: number; page: HugePage }[] = [];
  for (let at = space.table.next(start, end); at !== undefined; at = space.table.next(at + HUGE_SIZE, end))
    found.push({ at, page: pool.page(frameOf(space.table.get(at))) });
  return found;
};
/**
 * Called after these pages were removed from the page table. A freed page is reserved again for a mapping
 * that reserves, until it ends. Linux __unmap_hugepage_range().
 */
const settleAfter = (vma: Vma, removed: readonly { at: number; page: HugePage }[]): void => {
  const object = objectOf(vma);
  const { pool } = object;
  for (const { at, page } of removed) {
    const mayRestore = (vma.flags & VM.RESERVES) !== 0 && pool.surplus === 0;
    if (pool.settle(page) && mayRestore && reserveWithin(object, 1)) vma.file?.promised?.add(numberOf(vma, at));
  }
};
/** Removes a range from the page table: the number of entries. */
export const unmapHuge = (space: AddressSpace, vma: Vma, start: number, end: number): number => {
  const pages = pagesWithin(space, vma, start, end);
  space.table.exclude(-pages.length * HUGE_FRAMES);
  const dropped = space.table.drop(start, end, space.frames);
  settleAfter(vma, pages);
  space.walked += dropped;
  return dropped;
};
/** Gives up the reservations of a mapping that ends. Linux hugetlb_vm_op_close(). */
export const closeHuge = (vma: Vma): void => {
  if ((vma.flags & VM.RESERVES) === 0) return;
  const { file, pgoff, start, end } = vma;
  if (file?.promised === undefined) return;
  const first = (pgoff * PAGE_SIZE) / HUGE_SIZE;
  let given = 0;
  for (let n = first; n < first + (end - start) / HUGE_SIZE; n++) if (file.promised.delete(n)) given++;
  unreserveWithin(objectOf(vma), given);
};

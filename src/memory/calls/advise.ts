// madvise(2), msync(2), mincore(2). Linux mm/madvise.c, mm/msync.c, mm/mincore.c.
import { E } from "../../abi/errno.ts";
import { type Access, access } from "../../cpu/machine/mmu.ts";
import { refusal } from "../fault.ts";
import { isPageAligned, PAGE_SIZE, pageAlign } from "../frames.ts";
import type { PageCache } from "../page-cache.ts";
import { frameOf } from "../page-table.ts";
import type { AddressSpace } from "../space.ts";
import { PROT, SPECIAL, VM, type Vma } from "../vma.ts";

/** The effect of an advice on a range of one mapping: 0 or -errno. */
type Advice = (space: AddressSpace, vma: Vma, start: number, end: number) => number;

/** Changes VM bits of a range. */
const bits =
  (set: number, clear: number, refuse: (vma: Vma) => boolean = () => false): Advice =>
  (space, vma, start, end) => {
    if (refuse(vma)) return -E.EINVAL;
    if (((vma.flags & ~clear) | set) === vma.flags) return 0;
    if (!space.areas.maySplit(start) || !space.areas.maySplit(end)) return -E.EINVAL;
    space.areas.split(start);
    space.areas.split(end);
    const middle = space.areas.find(start);
    if (middle === undefined) return 0;
    space.areas.change(middle, middle.prot, (middle.flags & ~clear) | set);
    space.areas.merge(middle);
    return 0;
  };
const ignored: Advice = () => 0;
/** -EINVAL for a locked range or a kernel's page. */
const unlocked =
  (then: Advice): Advice =>
  (space, vma, start, end) =>
    vma.flags & (VM.LOCKED | VM.PFNMAP) ? -E.EINVAL : then(space, vma, start, end);

const drop: Advice = (space, vma, start, end) => {
  space.dropPages(vma, start, end);
  return 0;
};
/** MADV_FREE: the pages are dropped at once, as Linux may do under memory pressure. */
const free: Advice = (space, vma, start, end) => (vma.file ? -E.EINVAL : drop(space, vma, start, end));

/** MADV_REMOVE: punches a hole in the file. */
const remove: Advice = (_space, vma, start, end) => {
  if (vma.flags & VM.LOCKED || vma.cache === undefined) return -E.EINVAL;
  const need = VM.SHARED | VM.MAYWRITE;
  if ((vma.flags & need) !== need) return -E.EACCES;
  const index = (at: number): number => vma.pgoff + (at - vma.start) / PAGE_SIZE;
  return vma.cache.punch(index(start), index(end));
};

/** The errors of MADV_POPULATE_*. Linux mm/madvise.c madvise_populate(). */
const populateErrors: Record<number, number> = {
  [refusal.noMapping]: -E.ENOMEM,
  [refusal.noPermission]: -E.EINVAL,
  [refusal.beyondFile]: -E.EFAULT,
  [refusal.noMemory]: -E.ENOMEM,
};
const populateAs =
  (kind: Access, needs: number): Advice =>
  (space, vma, start, end) => {
    if ((vma.prot & needs) === 0) return -E.EINVAL;
    for (let page = start; page < end; page += PAGE_SIZE) {
      const error = space.touch(page, kind);
      if (error < 0) return populateErrors[error] ?? -E.EFAULT;
    }
    return 0;
  };

const notPrivateAnonymous = (vma: Vma): boolean => vma.file !== undefined || (vma.flags & VM.SHARED) !== 0;
const special = (vma: Vma): boolean => (vma.flags & SPECIAL) !== 0;

/** Advices by number: uapi asm-generic/mman-common.h. */
// biome-ignore format: table
const advices: Record<number, Advice> = {
  0: bits(0, VM.RANDOM | VM.SEQUENTIAL),
  1: bits(VM.RANDOM, VM.SEQUENTIAL),
  2: bits(VM.SEQUENTIAL, VM.RANDOM),
  3: ignored, // WILLNEED
  4: unlocked(drop), // DONTNEED
  8: unlocked(free),
  9: remove,
  10: bits(VM.DONTFORK, 0),
  11: bits(0, VM.DONTFORK, special),
  14: bits(VM.HUGEPAGE, VM.NOHUGEPAGE),
  15: bits(VM.NOHUGEPAGE, VM.HUGEPAGE),
  16: bits(VM.DONTDUMP, 0),
  17: bits(0, VM.DONTDUMP, special),
  18: bits(VM.WIPEONFORK, 0, notPrivateAnonymous),
  19: bits(0, VM.WIPEONFORK),
  20: unlocked(ignored), // COLD
  21: unlocked(ignored), // PAGEOUT
  22: populateAs(access.read, PROT.READ),
  23: populateAs(access.write, PROT.WRITE),
  24: drop, // DONTNEED_LOCKED
};

/** MADV_POPULATE_READ and _WRITE stop at a hole. The other advices continue and report it at the end. */
const POPULATE = [22, 23];
/** True for advice that works page by page. A caller may give it piece by piece. */
export const isPopulating = (advice: number): boolean => POPULATE.includes(advice);

/** madvise(2): 0 or -errno. */
export const madvise = (space: AddressSpace, at: number, length: number, advice: number): number => {
  const apply = advices[advice];
  if (apply === undefined || !isPageAligned(at)) return -E.EINVAL;
  const end = at + pageAlign(length);
  if (end >= 2 ** 64) return -E.EINVAL;
  let next = at;
  let hole = false;
  for (const vma of space.areas.within(at, end)) {
    if (vma.start > next) hole = true;
    if (hole && isPopulating(advice)) return -E.ENOMEM;
    const to = Math.min(end, vma.end);
    const error = apply(space, vma, Math.max(at, vma.start), to);
    if (error < 0) return error;
    next = to;
  }
  return hole || next < end ? -E.ENOMEM : 0;
};

const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const;

/** msync(2): 0 or -errno. `sync` stores the pages [from, to) of a file. */
export const msync = (
  space: AddressSpace,
  at: number,
  length: number,
  flags: number,
  sync = (cache: PageCache, from: number, to: number): unknown => cache.sync(from, to),
): number => {
  if (flags & ~7 || !isPageAligned(at) || (flags & (MS.ASYNC | MS.SYNC)) === (MS.ASYNC | MS.SYNC)) return -E.EINVAL;
  const end = at + pageAlign(length);
  if (end >= 2 ** 64) return -E.ENOMEM;
  let next = at;
  let hole = false;
  for (const vma of space.areas.within(at, end)) {
    if (vma.start > next) hole = true;
    if (flags & MS.INVALIDATE && vma.flags & VM.LOCKED) return -E.EBUSY;
    const index = (address: number): number => vma.pgoff + (address - vma.start) / PAGE_SIZE;
    if (flags & MS.SYNC && vma.flags & VM.SHARED && vma.cache)
      sync(vma.cache, index(Math.max(at, vma.start)), index(Math.min(end, vma.end)));
    next = vma.end;
  }
  return hole || next < end ? -E.ENOMEM : 0;
};

/** Linux mincore_page(), mincore_pte_range(). */
const inCore = (space: AddressSpace, vma: Vma, page: number): boolean => {
  if (frameOf(space.table.get(page)) !== 0) return true;
  return vma.cache?.has(vma.pgoff + (page - vma.start) / PAGE_SIZE) ?? false;
};

/**
 * mincore(2) for a piece of the range: from page `begun` on, at most `most` pages. `vec` is a user address
 * and gets one byte per page. Returns the number of pages done since the range's start, or -errno.
 */
export const mincore = (
  space: AddressSpace,
  at: number,
  length: number,
  vec: number,
  begun = 0,
  most = Number.POSITIVE_INFINITY,
): number => {
  const { taskSize } = space.layout;
  if (!isPageAligned(at)) return -E.EINVAL;
  if (length > taskSize || at > taskSize - length) return -E.ENOMEM;
  const all = pageAlign(length) / PAGE_SIZE;
  if (vec < 0 || vec > taskSize - all) return -E.EFAULT;
  const pages = Math.min(all, begun + most);
  for (let done = begun; done < pages; ) {
    const vma = space.find(at + done * PAGE_SIZE);
    if (vma === undefined) return -E.ENOMEM;
    // Like Linux, the results are stored one page at a time: those before an error are stored.
    const results = new Uint8Array(Math.min(pages - done, PAGE_SIZE, (vma.end - at) / PAGE_SIZE - done));
    for (let i = 0; i < results.length; i++) results[i] = inCore(space, vma, at + (done + i) * PAGE_SIZE) ? 1 : 0;
    if (!space.write(vec + done, results)) return -E.EFAULT;
    done += results.length;
  }
  return pages;
};

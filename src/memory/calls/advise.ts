// madvise(2), msync(2), mincore(2). Linux mm/madvise.c, mm/msync.c, mm/mincore.c.
import { E } from "../../abi/errno.ts";
import { MADV, MS } from "../../abi/uapi/mman.ts";
import { type Access, access } from "../../cpu/machine/mmu.ts";
import { refusal } from "../fault.ts";
import { isPageAligned, PAGE_SIZE, pageAlign } from "../frames.ts";
import { HUGE_SIZE } from "../huge/pool.ts";
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

/** -EINVAL also for huge pages. Linux can_madv_lru_vma(). */
const pageable = (then: Advice): Advice =>
  unlocked((space, vma, start, end) => (vma.flags & VM.HUGETLB ? -E.EINVAL : then(space, vma, start, end)));

/** True for private anonymous memory that is sealed and read-only: its content remains. */
const keeps = (vma: Vma): boolean =>
  (vma.flags & VM.SEALED) !== 0 && vma.file === undefined && (vma.flags & VM.SHARED) === 0 && (vma.prot & PROT.WRITE) === 0;
const drop: Advice = (space, vma, start, end) => {
  if (keeps(vma)) return -E.EPERM;
  if (vma.flags & VM.HUGETLB && start % HUGE_SIZE !== 0) return -E.EINVAL;
  // Of a huge page in part, the whole stays. Linux madvise_dontneed_free_valid_vma().
  space.dropPages(vma, start, vma.flags & VM.HUGETLB ? Math.floor(end / HUGE_SIZE) * HUGE_SIZE : end);
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

/** The advice by number. A number without an entry is EINVAL. */
// biome-ignore format: table
const advices: Record<number, Advice> = {
  [MADV.NORMAL]: bits(0, VM.RANDOM | VM.SEQUENTIAL),
  [MADV.RANDOM]: bits(VM.RANDOM, VM.SEQUENTIAL),
  [MADV.SEQUENTIAL]: bits(VM.SEQUENTIAL, VM.RANDOM),
  [MADV.WILLNEED]: ignored,
  [MADV.DONTNEED]: unlocked(drop),
  [MADV.FREE]: unlocked(free),
  [MADV.REMOVE]: remove,
  [MADV.DONTFORK]: bits(VM.DONTFORK, 0),
  [MADV.DOFORK]: bits(0, VM.DONTFORK, special),
  [MADV.HUGEPAGE]: bits(VM.HUGEPAGE, VM.NOHUGEPAGE),
  [MADV.NOHUGEPAGE]: bits(VM.NOHUGEPAGE, VM.HUGEPAGE),
  [MADV.DONTDUMP]: bits(VM.DONTDUMP, 0),
  [MADV.DODUMP]: bits(0, VM.DONTDUMP, special),
  [MADV.WIPEONFORK]: bits(VM.WIPEONFORK, 0, notPrivateAnonymous),
  [MADV.KEEPONFORK]: bits(0, VM.WIPEONFORK),
  [MADV.COLD]: pageable(ignored),
  [MADV.PAGEOUT]: pageable(ignored),
  [MADV.POPULATE_READ]: populateAs(access.read, PROT.READ),
  [MADV.POPULATE_WRITE]: populateAs(access.write, PROT.WRITE),
  [MADV.DONTNEED_LOCKED]: drop,
};

/** MADV_POPULATE_READ and _WRITE stop at a hole; the others go on and report it at the end. */
const POPULATE: readonly number[] = [MADV.POPULATE_READ, MADV.POPULATE_WRITE];
/**
 * Advice whose work is a page at a time: it may as well be given for one piece of the range after the other.
 */
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

/** `sync` stores pages of a file, from the first to before the last. */
export const msync = (
  space: AddressSpace,
  at: number,
  length: number,
  flags: number,
  sync = (cache: PageCache, from: number, to: number): unknown => cache.sync(from, to),
): number => {
  if (flags & ~(MS.ASYNC | MS.INVALIDATE | MS.SYNC) || !isPageAligned(at) || (flags & (MS.ASYNC | MS.SYNC)) === (MS.ASYNC | MS.SYNC))
    return -E.EINVAL;
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
  // Linux mincore_hugetlb() looks at the page table only.
  if (vma.flags & VM.HUGETLB) return false;
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

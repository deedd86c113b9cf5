// mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2). Linux mm/mlock.c. The machine has no swap: a
// lock counts pages and makes them present.
import { E } from "../../abi/errno.ts";
import { MCL } from "../../abi/uapi/mman.ts";
import { refusal } from "../fault.ts";
import { PAGE_SIZE, pageAlign, pageFloor } from "../frames.ts";
import type { AddressSpace } from "../space.ts";
import { SPECIAL, VM } from "../vma.ts";
import { mayLockAtAll, type Populate, touchAll } from "./map.ts";

const MLOCK_ONFAULT = 1;
const LOCK_BITS = VM.LOCKED | VM.LOCKONFAULT;

interface Range {
  readonly start: number;
  readonly end: number;
}
const rangeOf = (at: number, length: number): Range => {
  const start = pageFloor(at);
  return { start, end: start + pageAlign(length + (at - start)) };
};

/** Sets the lock bits of a range. Linux apply_vma_lock_flags(). */
const apply = (space: AddressSpace, { start, end }: Range, bits: number): number => {
  if (end >= 2 ** 64) return -E.EINVAL;
  if (end === start) return 0;
  const { areas } = space;
  if (areas.find(start) === undefined) return -E.ENOMEM;
  let next = start;
  for (const vma of areas.within(start, end)) {
    if (vma.start > next) break;
    const from = Math.max(start, vma.start);
    next = Math.min(end, vma.end);
    if (vma.flags & (SPECIAL | VM.HUGETLB) || (vma.flags & LOCK_BITS) === bits) continue;
    areas.split(from);
    areas.split(next);
    const middle = areas.find(from);
    if (middle === undefined) continue;
    areas.change(middle, middle.prot, (middle.flags & ~LOCK_BITS) | bits);
    areas.merge(middle);
  }
  return next < end ? -E.ENOMEM : 0;
};

/** The number of locked pages in a range. Linux count_mm_mlocked_page_nr(). */
const lockedWithin = (space: AddressSpace, { start, end }: Range): number =>
  space.areas
    .within(start, end)
    .reduce((n, v) => (v.flags & VM.LOCKED ? n + (Math.min(end, v.end) - Math.max(start, v.start)) / PAGE_SIZE : n), 0);

/** mlock(2) and mlock2(2): 0 or -errno. `flags` is 0 or MLOCK_ONFAULT. */
export const mlock = (space: AddressSpace, at: number, length: number, flags = 0, populate: Populate = touchAll): number => {
  if (flags & ~MLOCK_ONFAULT) return -E.EINVAL;
  if (!mayLockAtAll(space)) return -E.EPERM;
  const range = rangeOf(at, length);
  const pages = (range.end - range.start) / PAGE_SIZE;
  const { memlock, ipcLock } = space.limits;
  if (!ipcLock && (space.usage().locked + pages - lockedWithin(space, range)) * PAGE_SIZE > memlock) return -E.ENOMEM;
  const error = apply(space, range, flags & MLOCK_ONFAULT ? LOCK_BITS : VM.LOCKED);
  if (error < 0) return error;
  return lockError(populate(space, range.start, range.end));
};
/** The result of mlock(2) for a result of `populate`. Linux __mlock_posix_error_return(). */
export const lockError = (populated: number): number => (populated >= 0 ? 0 : populated === refusal.noMemory ? -E.EAGAIN : -E.ENOMEM);

/** munlock(2): 0 or -errno. */
export const munlock = (space: AddressSpace, at: number, length: number): number => apply(space, rangeOf(at, length), 0);

/** mlockall(2): 0 or -errno. */
export const mlockall = (space: AddressSpace, flags: number, populate: Populate = touchAll): number => {
  if (flags === 0 || flags & ~7 || flags === MCL.ONFAULT) return -E.EINVAL;
  if (!mayLockAtAll(space)) return -E.EPERM;
  const { memlock, ipcLock } = space.limits;
  if (flags & MCL.CURRENT && !ipcLock && space.usage().total * PAGE_SIZE > memlock) return -E.ENOMEM;
  const bits = flags & MCL.ONFAULT ? LOCK_BITS : VM.LOCKED;
  space.defaultFlags = flags & MCL.FUTURE ? bits : 0;
  if (flags & MCL.CURRENT) lockEverything(space, bits, populate);
  return 0;
};

/** munlockall(2): 0. */
export const munlockall = (space: AddressSpace): number => {
  space.defaultFlags = 0;
  lockEverything(space, 0, touchAll);
  return 0;
};

const lockEverything = (space: AddressSpace, bits: number, populate: Populate): void => {
  for (const vma of [...space.areas]) {
    apply(space, vma, bits);
    if (bits & VM.LOCKED) populate(space, vma.start, vma.end);
  }
};

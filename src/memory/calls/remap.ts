// mremap(2). Linux mm/mremap.c, in the order of checks of 6.17 and later.
import { E } from "../../abi/errno.ts";
import { MREMAP } from "../../abi/uapi/mman.ts";
import { isPageAligned, PAGE_SIZE, pageAlign } from "../frames.ts";
import { HUGE_SIZE } from "../huge/pool.ts";
import { place } from "../place.ts";
import type { AddressSpace } from "../space.ts";
import { MAP, VM, type Vma } from "../vma.ts";
import { munmap, type Populate, touchAll } from "./map.ts";

interface Remap {
  readonly at: number;
  readonly oldLength: number;
  readonly newLength: number;
  readonly flags: number;
  readonly newAt: number;
  readonly compat: boolean;
  readonly populate: Populate;
}

/** The checks of the arguments, with aligned lengths: 0 or -errno. Linux check_mremap_params(). */
const checkArguments = (space: AddressSpace, r: Remap): number => {
  const { taskSize } = space.layout;
  if (r.flags & ~7 || r.flags >= 2 ** 32 || !isPageAligned(r.at)) return -E.EINVAL;
  if (r.newLength === 0 || r.newLength > taskSize) return -E.EINVAL;
  if (!impliesNewAddress(r)) return 0;
  if (r.newAt > taskSize - r.newLength || !isPageAligned(r.newAt) || (r.flags & MREMAP.MAYMOVE) === 0) return -E.EINVAL;
  if (r.flags & MREMAP.DONTUNMAP && r.oldLength !== r.newLength) return -E.EINVAL;
  if (r.at + r.oldLength > r.newAt && r.newAt + r.newLength > r.at) return -E.EINVAL;
  return space.areas.count + 2 >= space.frames.mostAreas - 3 ? -E.ENOMEM : 0;
};

const impliesNewAddress = (r: Remap): boolean => (r.flags & (MREMAP.FIXED | MREMAP.DONTUNMAP)) !== 0;

/** The checks of the mapping: 0 or -errno. Linux check_prep_vma(). */
const checkMapping = (space: AddressSpace, vma: Vma | undefined, r: Remap): number => {
  if (vma === undefined) return -E.EFAULT;
  if (vma.flags & VM.SEALED) return -E.EPERM;
  // Huge pages never grow.
  if (vma.flags & VM.HUGETLB && (r.newLength > r.oldLength || r.at % HUGE_SIZE !== 0 || r.newAt % HUGE_SIZE !== 0)) return -E.EINVAL;
  if (r.newLength <= r.oldLength && !impliesNewAddress(r)) return 0;
  if (r.oldLength === 0 && (vma.flags & (VM.SHARED | VM.MAYSHARE)) === 0) return -E.EINVAL;
  if (r.flags & MREMAP.DONTUNMAP && vma.flags & (VM.DONTEXPAND | VM.HUGETLB)) return -E.EINVAL;
  // The range that a shrinking call cuts off may lie beyond the mapping.
  if (Math.min(r.oldLength, r.newLength) > vma.end - r.at) return -E.EFAULT;
  if (r.newLength <= r.oldLength) return 0;
  if (vma.flags & VM.DONTEXPAND) return -E.EFAULT;
  const more = (r.newLength - r.oldLength) / PAGE_SIZE;
  if (!space.mayLock(more, vma.flags)) return -E.EAGAIN;
  return space.mayExpand(more, vma.prot, vma.flags) ? 0 : -E.ENOMEM;
};

/** Linux vrm_calc_charge(). */
const mayCharge = (space: AddressSpace, vma: Vma, bytes: number): boolean =>
  (vma.flags & VM.ACCOUNT) === 0 || space.mayCommit(bytes / PAGE_SIZE);

/**
 * The page offset of a moved mapping. Untouched private anonymous memory gets that of a new mapping. Linux
 * copy_vma().
 */
const movedOffset = (vma: Vma, r: Remap, to: number): number =>
  vma.file === undefined && vma.anon === 0 ? to / PAGE_SIZE : vma.pgoff + (r.at - vma.start) / PAGE_SIZE;

/** Makes a mapping at `to` with the pages of the old one. Returns `to` or -errno. Linux move_vma(). */
const move = (space: AddressSpace, vma: Vma, r: Remap, to: number): number => {
  if (!mayCharge(space, vma, r.flags & MREMAP.DONTUNMAP ? r.newLength : Math.max(0, r.newLength - r.oldLength))) return -E.ENOMEM;
  const { areas, table } = space;
  const pgoff = movedOffset(vma, r, to);
  const { prot, flags, file, cache, anon } = vma;
  const moved: Vma = {
    start: to,
    end: to + r.newLength,
    prot,
    flags,
    pgoff,
    anon,
    file,
    cache,
    provider: undefined,
    policy: undefined,
    place: 0,
  };
  space.frames.kernelReads?.mapped?.(space, r.at, r.at + r.oldLength);
  areas.insert(moved);
  const pages = table.walk(r.at, r.at + r.oldLength, (pte, page) => {
    table.set(page - r.at + to, pte);
    return 0;
  });
  space.countWalked(vma, pages);
  space.moved(moved, to, to + r.oldLength);
  space.flush(r.at, r.at + r.oldLength);
  giveReservations(space, r);
  if (r.flags & MREMAP.DONTUNMAP) leaveEmpty(space, r);
  else if (r.oldLength > 0) munmap(space, r.at, r.oldLength);
  if (flags & VM.LOCKED && r.newLength > r.oldLength) r.populate(space, to + r.oldLength, to + r.newLength);
  return to;
};

/** The new mapping has the reservations of huge pages. Linux fixup_hugetlb_reservations(). */
const giveReservations = (space: AddressSpace, r: Remap): void => {
  const { areas } = space;
  if (((areas.find(r.at)?.flags ?? 0) & VM.RESERVES) === 0) return;
  areas.split(r.at);
  areas.split(r.at + r.oldLength);
  for (const old of areas.within(r.at, r.at + r.oldLength)) old.flags &= ~VM.RESERVES;
};

/**
 * MREMAP_DONTUNMAP: Linux clears the lock bits of the whole remaining mapping. Linux dontunmap_complete().
 */
const leaveEmpty = (space: AddressSpace, r: Remap): void => {
  const remaining = space.areas.find(r.at);
  if (remaining) space.areas.change(remaining, remaining.prot, remaining.flags & ~(VM.LOCKED | VM.LOCKONFAULT));
};

/** An address for the moved mapping, or -errno. */
const newAddress = (space: AddressSpace, vma: Vma, r: Remap, hint: number): number =>
  place(space, {
    at: hint,
    length: r.newLength,
    unit: vma.flags & VM.HUGETLB ? HUGE_SIZE : undefined,
    compat: r.compat,
    flags: (r.flags & MREMAP.FIXED ? MAP.FIXED : 0) | (vma.flags & VM.MAYSHARE ? MAP.SHARED : 0),
  });

/** Moves to the given address (MREMAP_FIXED) or to a new one (MREMAP_DONTUNMAP). Linux mremap_to(). */
const remapTo = (space: AddressSpace, r: Remap): number => {
  if (r.flags & MREMAP.FIXED) {
    const error = munmap(space, r.newAt, r.newLength);
    if (error < 0) return error;
  }
  let { oldLength } = r;
  if (oldLength > r.newLength) {
    const error = munmap(space, r.at + r.newLength, oldLength - r.newLength);
    if (error < 0) return error;
    oldLength = r.newLength;
  }
  const vma = space.find(r.at);
  if (vma === undefined) return -E.EFAULT;
  if (r.flags & MREMAP.DONTUNMAP && !space.mayExpand(oldLength / PAGE_SIZE, vma.prot, vma.flags)) return -E.ENOMEM;
  const now = { ...r, oldLength };
  const to = newAddress(space, vma, now, r.newAt);
  return to < 0 ? to : move(space, vma, now, to);
};

/** Moves all mappings of a range to a fixed address, with their gaps. Linux remap_move(), 6.17 and later. */
const moveAll = (space: AddressSpace, r: Remap): number => {
  const end = r.at + r.oldLength;
  if (space.find(r.at) === undefined) return -E.EFAULT;
  if (r.oldLength === 0) return moveOne(space, r);
  for (const { start, end: last } of space.areas.within(r.at, end)) {
    const at = Math.max(start, r.at);
    const length = Math.min(end, last) - at;
    const error = moveOne(space, { ...r, at, oldLength: length, newLength: length, newAt: r.newAt + (at - r.at) });
    if (error < 0) return error;
  }
  return r.newAt;
};
const moveOne = (space: AddressSpace, r: Remap): number => {
  const error = checkMapping(space, space.find(r.at), r);
  return error < 0 ? error : remapTo(space, r);
};

/**
 * Grows a mapping in place, or moves it with MREMAP_MAYMOVE. Returns its address or -errno. Linux
 * expand_vma().
 */
const expand = (space: AddressSpace, vma: Vma, r: Remap): number => {
  const more = r.newLength - r.oldLength;
  const end = vma.end + more;
  if (vma.end - r.at === r.oldLength && end <= space.layout.taskSize && !space.areas.overlaps(vma.end, end)) {
    if (!mayCharge(space, vma, more)) return -E.ENOMEM;
    const from = vma.end;
    space.areas.resize(vma, vma.start, end);
    space.areas.merge(vma);
    if (vma.flags & VM.LOCKED) r.populate(space, from, end);
    return r.at;
  }
  if ((r.flags & MREMAP.MAYMOVE) === 0) return -E.ENOMEM;
  const to = newAddress(space, vma, r, 0);
  return to < 0 ? to : move(space, vma, r, to);
};

/**
 * mremap(2): the mapping's address after the call, or -errno. `compat`: a new address must suit a 32-bit
 * caller.
 */
export const mremap = (
  space: AddressSpace,
  at: number,
  oldLength: number,
  newLength: number,
  flags: number,
  newAt: number,
  compat: boolean,
  populate: Populate = touchAll,
): number => {
  // PAGE_ALIGN wraps.
  const aligned = (n: number): number => pageAlign(n) % 2 ** 64;
  const r = { at, oldLength: aligned(oldLength), newLength: aligned(newLength), flags, newAt, compat, populate };
  const invalid = checkArguments(space, r);
  if (invalid < 0) return invalid;
  if (flags & MREMAP.FIXED && r.oldLength === r.newLength) return moveAll(space, r);
  const vma = space.find(at);
  const error = checkMapping(space, vma, r);
  if (error < 0 || vma === undefined) return error;
  if (impliesNewAddress(r)) return remapTo(space, r);
  if (r.oldLength === r.newLength) return at;
  if (r.oldLength < r.newLength) return expand(space, vma, r);
  const shrunk = munmap(space, at + r.newLength, r.oldLength - r.newLength);
  return shrunk < 0 ? shrunk : at;
};

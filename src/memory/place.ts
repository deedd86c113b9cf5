// The address of a new mapping: hints, top-down and bottom-up first fit. Linux mm/mmap.c
// __get_unmapped_area(), arch/x86/kernel/sys_x86_64.c.

import { E } from "../abi/errno.ts";
import { startGap } from "./fault.ts";
import { isPageAligned, PAGE_SIZE, pageFloor } from "./frames.ts";
import { LARGE_PAGE } from "./layout.ts";
import type { AddressSpace } from "./space.ts";
import { MAP } from "./vma.ts";

const freeAt = (space: AddressSpace, at: number, length: number): boolean => {
  const next = space.areas.above(at);
  return next === undefined || at + length <= startGap(next);
};

const topDown = (space: AddressSpace, length: number, low: number, high: number, unit: number): number => {
  let limit = high;
  const found = space.areas.gapsDown(high, length, (above, below) => {
    const bottom = Math.max(low, below?.end ?? 0);
    const start = above?.start ?? limit;
    if (Math.min(limit, start) - bottom < length) return undefined;
    // Only a gap right below a stack respects the stack's guard gap. Gaps above that guard are then excluded
    // (unmapped_area_topdown).
    if (above && startGap(above) < limit && above.start !== startGap(above)) limit = startGap(above);
    const at = Math.floor((Math.min(limit, start) - length) / unit) * unit;
    return at >= bottom ? at : undefined;
  });
  return found ?? -E.ENOMEM;
};

const bottomUp = (space: AddressSpace, length: number, low: number, high: number, unit: number): number => {
  const up = (address: number): number => Math.ceil(address / unit) * unit;
  const found = space.areas.gapsUp(low, length, (above, below) => {
    const at = up(Math.max(low, below?.end ?? 0));
    return at + length <= startGap(above) ? at : undefined;
  });
  const at = found ?? up(Math.max(low, space.areas.last?.end ?? 0));
  return at + length <= high ? at : -E.ENOMEM;
};

interface Placement {
  readonly at: number;
  readonly length: number;
  readonly flags: number;
  readonly compat: boolean;
  /**
   * The file offset in bytes, if huge pages are possible: files of ext4 and the like, and private anonymous
   * memory (0).
   */
  readonly huge?: number | undefined;
  /** The address is a multiple of so many bytes, and `length` has to be. Default: a page. */
  readonly unit?: number | undefined;
}

/**
 * The first fit without a hint: top-down below mmap_base, then bottom-up. MAP_32BIT searches bottom-up in the
 * second GiB. Linux arch_get_unmapped_area_topdown().
 */
const search = (space: AddressSpace, { length, flags, compat, unit = PAGE_SIZE }: Placement): number => {
  const { layout } = space;
  if ((flags & MAP.BIT32) !== 0 && !compat) return bottomUp(space, length, 0x40000000, 0x80000000, unit);
  const found = topDown(space, length, PAGE_SIZE, compat ? layout.mmapBase32 : layout.mmapBase, unit);
  if (found >= 0) return found;
  return compat
    ? bottomUp(space, length, layout.legacyBase32, 0xffffe000, unit)
    : bottomUp(space, length, layout.legacyBase, 2 ** 47 - PAGE_SIZE, unit);
};

/** The address before its checks, or -ENOMEM. Linux thp_get_unmapped_area(). */
const areaFor = (space: AddressSpace, p: Placement): number => {
  const { unit = PAGE_SIZE } = p;
  if (p.flags & MAP.FIXED) return unit === PAGE_SIZE || p.at % unit === 0 ? p.at : -E.EINVAL;
  const large = p.huge === undefined || p.compat ? undefined : hugeArea(space, p, p.huge);
  if (large !== undefined) return large;
  const hint = unit === PAGE_SIZE ? pageFloor(p.at) : Math.ceil(p.at / unit) * unit;
  if (hint !== 0 && hint <= space.layout.taskSize - p.length && freeAt(space, hint, p.length)) return hint;
  return search(space, p);
};

/**
 * An address that aligns 2 MiB of the file to a multiple of 2 MiB, or undefined. It searches 2 MiB more than
 * it needs, like Linux mm/huge_memory.c __thp_get_unmapped_area().
 */
const hugeArea = (space: AddressSpace, p: Placement, offset: number): number | undefined => {
  const first = Math.ceil(offset / LARGE_PAGE) * LARGE_PAGE;
  if (offset + p.length - first < LARGE_PAGE) return undefined;
  const found = areaFor(space, { ...p, length: p.length + LARGE_PAGE, huge: undefined });
  if (found < 0) return undefined;
  if (found === p.at) return found;
  const skip = (((offset - found) % LARGE_PAGE) + LARGE_PAGE) % LARGE_PAGE;
  return found + (skip === 0 ? LARGE_PAGE : skip);
};

/** The address of a new mapping of `length` bytes, or -errno. Linux __get_unmapped_area(). */
export const place = (space: AddressSpace, p: Placement): number => {
  const { taskSize, minAddress } = space.layout;
  if (p.length > taskSize) return -E.ENOMEM;
  if (p.unit && p.length % p.unit !== 0) return -E.EINVAL;
  const at = areaFor(space, p);
  if (at < 0) return at;
  if (at > taskSize - p.length) return -E.ENOMEM;
  if (!isPageAligned(at)) return -E.EINVAL;
  return at < minAddress && !space.limits.rawIo ? -E.EPERM : at;
};

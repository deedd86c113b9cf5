// mseal(2): mappings that no call may change any more. Linux mm/mseal.c.
import { E } from "../../abi/errno.ts";
import { isPageAligned, pageAlign } from "../frames.ts";
import type { AddressSpace } from "../space.ts";
import { VM } from "../vma.ts";

/** True if a mapping in [start, end) is sealed. */
export const isSealed = (space: AddressSpace, start: number, end: number): boolean =>
  space.sealed && space.areas.within(start, end).some((vma) => (vma.flags & VM.SEALED) !== 0);

/** mseal(2): 0 or -errno. The whole range must be mapped. */
export const mseal = (space: AddressSpace, at: number, length: number): number => {
  if (!isPageAligned(at)) return -E.EINVAL;
  const end = at + pageAlign(length);
  if (end >= 2 ** 64) return -E.EINVAL;
  if (end === at) return 0;
  const { areas } = space;
  let next = at;
  for (const vma of areas.within(at, end)) {
    if (vma.start > next) return -E.ENOMEM;
    next = vma.end;
  }
  if (next < end) return -E.ENOMEM;
  if (!space.chargeAreas(areas.count + areas.splits(at, end))) return -E.ENOMEM;
  areas.split(at);
  areas.split(end);
  for (const vma of areas.within(at, end)) areas.change(vma, vma.prot, vma.flags | VM.SEALED);
  space.sealed = true;
  return 0;
};

// remap_file_pages(2): since Linux 4.0 an mmap(2) of other pages of the same file. Linux mm/mmap.c.
import { E } from "../../abi/errno.ts";
import { PAGE_SIZE, pageFloor } from "../frames.ts";
import type { AddressSpace } from "../space.ts";
import { copyOf, VM, type Vma } from "../vma.ts";
import { install, type Populate, touchAll } from "./map.ts";
import { isSealed } from "./seal.ts";

/** True if mappings with the file and flags of `first` cover the range up to `end` without a hole. */
const covers = (space: AddressSpace, first: Vma, end: number): boolean => {
  let last = first;
  while (last.end < end) {
    const next = space.areas.above(last.end);
    if (!next || next.start !== last.end || next.file !== first.file || next.flags !== first.flags) return false;
    last = next;
  }
  return true;
};

/** remap_file_pages(2): 0 or -errno. `pgoff` counts pages of the file. */
export const remapFilePages = (
  space: AddressSpace,
  start: number,
  size: number,
  prot: number,
  pgoff: number,
  populate: Populate = touchAll,
): number => {
  const at = pageFloor(start);
  const length = pageFloor(size);
  if (prot !== 0 || length === 0 || at + length >= 2 ** 63 || pgoff + length / PAGE_SIZE >= 2 ** 52) return -E.EINVAL;
  const vma = space.areas.find(at);
  if (!vma?.file || (vma.flags & VM.SHARED) === 0 || !covers(space, vma, at + length)) return -E.EINVAL;
  if (isSealed(space, at, at + length)) return -E.EPERM;
  // The file keeps its pages while no mapping of it is left.
  const between = copyOf(vma);
  vma.cache?.attach(space, between);
  const error = install(space, { at, length, prot: vma.prot, flags: vma.flags, file: vma.file, pgoff });
  vma.cache?.detach(between);
  if (error < 0) return error;
  populate(space, at, at + length);
  return 0;
};

// brk(2). Linux mm/mmap.c SYSCALL_DEFINE1(brk), mm/vma.c do_brk_flags().
import { startGap } from "../fault.ts";
import { PAGE_SIZE, pageAlign } from "../frames.ts";
import type { AddressSpace } from "../space.ts";
import { PROT, VM } from "../vma.ts";
import { install, munmap, type Populate, touchAll } from "./map.ts";

const grow = (space: AddressSpace, from: number, to: number, populate: Populate): boolean => {
  const next = space.areas.above(from);
  // Linux needs one more free page above the heap.
  if (next && to + PAGE_SIZE > startGap(next)) return false;
  if (to > space.layout.taskSize || space.areas.count > space.frames.mostAreas) return false;
  if (!space.mayLock((to - from) / PAGE_SIZE, space.defaultFlags)) return false;
  // Only the heap itself is extended: the bss right below remains a separate mapping.
  const below = space.areas.below(from);
  const neighbours = below && below.end > space.brkStart ? "below" : "none";
  const flags = VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC | space.defaultFlags;
  const prot = PROT.READ | PROT.WRITE | (space.readImpliesExec ? PROT.EXEC : 0);
  if (install(space, { at: from, length: to - from, prot, flags, pgoff: 0, neighbours }) < 0) return false;
  if (space.defaultFlags & VM.LOCKED) populate(space, from, to);
  return true;
};

/** brk(2): the new break, or the old one if it cannot move. The system call never fails. */
export const brk = (space: AddressSpace, to: number, populate: Populate = touchAll): number => {
  if (to < space.brkStart) return space.brk;
  if (to - space.brkStart + (space.endData - space.startData) > space.limits.data) return space.brk;
  const oldEnd = pageAlign(space.brk);
  const newEnd = pageAlign(to);
  if (newEnd < oldEnd) {
    if (munmap(space, newEnd, oldEnd - newEnd) < 0) return space.brk;
  } else if (newEnd > oldEnd && !grow(space, oldEnd, newEnd, populate)) return space.brk;
  space.brk = to;
  return to;
};

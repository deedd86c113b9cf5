// mprotect(2). Linux mm/mprotect.c do_mprotect_pkey(), mprotect_fixup().
import { E } from "../../abi/errno.ts";
import { hardware } from "../fault.ts";
import { isPageAligned, PAGE_SIZE, pageAlign } from "../frames.ts";
import { frameOf, PTE } from "../page-table.ts";
import type { AddressSpace } from "../space.ts";
import { deniesWriteOrExecute, MDWE, PROT, VM, type Vma } from "../vma.ts";
import { accountable } from "./map.ts";

const KNOWN = PROT.READ | PROT.WRITE | PROT.EXEC | PROT.SEM;
const GROWS = PROT.GROWSDOWN | PROT.GROWSUP;
const MAY = [
  [PROT.READ, VM.MAYREAD],
  [PROT.WRITE, VM.MAYWRITE],
  [PROT.EXEC, VM.MAYEXEC],
] as const;

const forbidden = (vma: Vma, prot: number): boolean => MAY.some(([bit, may]) => (prot & bit) !== 0 && (vma.flags & may) === 0);

/** Changes one mapping, which is wholly inside the range. Drops cached translations that allow too much. */
const change = (space: AddressSpace, vma: Vma, prot: number): number => {
  const pages = (vma.end - vma.start) / PAGE_SIZE;
  let { flags } = vma;
  if (accountable(prot, vma.flags) && (vma.prot & PROT.WRITE) === 0) {
    if (!space.mayExpand(0, prot, vma.flags) || !space.mayCommit(pages)) return -E.ENOMEM;
    flags |= VM.ACCOUNT;
  } else if ((prot & PROT.WRITE) === 0 && vma.file === undefined && vma.anon === 0) flags &= ~VM.ACCOUNT;
  space.frames.kernelReads?.mapped?.(space, vma.start, vma.end);
  space.areas.change(vma, prot, flags);
  // No page becomes writable here. The next write faults, and the fault handler checks if the page is still
  // shared.
  const allowed = hardware[prot] as number;
  let lost = 0;
  let first = 0;
  let end = 0;
  const walked = space.table.walk(vma.start, vma.end, (pte, page) => {
    const less = pte & PTE.ACCESS & ~allowed;
    if (less !== 0) {
      if (lost === 0) first = page;
      end = page + PAGE_SIZE;
      lost |= less;
    }
    return frameOf(pte) + (allowed & (pte | ~PTE.WRITE));
  });
  space.countWalked(vma, walked);
  // A permission more is found by the next access that needs it.
  if ((lost & ~PTE.WRITE) !== 0) space.flush(first, end);
  else if (lost !== 0) space.flushWrites(first, end);
  return 0;
};

/** mprotect(2): 0 or -errno. */
export const mprotect = (space: AddressSpace, at: number, length: number, protection: number): number => {
  const grows = protection & GROWS;
  if (grows === GROWS || !isPageAligned(at)) return -E.EINVAL;
  if (length === 0) return 0;
  const end = at + pageAlign(length);
  if (end >= 2 ** 64) return -E.ENOMEM;
  if (protection < 0 || protection >= 2 ** 32 || protection & ~(KNOWN | GROWS)) return -E.EINVAL;

  const { areas } = space;
  const first = areas.above(at);
  let start = at;
  if (first === undefined) return -E.ENOMEM;
  if (grows === PROT.GROWSDOWN) {
    if (first.start >= end) return -E.ENOMEM;
    start = first.start;
    if ((first.flags & VM.GROWSDOWN) === 0) return -E.EINVAL;
  } else {
    if (first.start > at) return -E.ENOMEM;
    // x86 has no upward growing mappings.
    if (grows === PROT.GROWSUP) return -E.EINVAL;
  }

  let result = 0;
  let next = start;
  for (const vma of areas.within(start, end)) {
    if (vma.start > next) break;
    const implied = space.readImpliesExec && protection & PROT.READ && vma.flags & VM.MAYEXEC ? PROT.EXEC : 0;
    const prot = (protection & 7) | implied;
    if (forbidden(vma, prot) || deniesWriteOrExecute(space, vma.prot, prot) || (vma.flags & VM.SEALED) !== 0) {
      result = (vma.flags & VM.SEALED) !== 0 ? -E.EPERM : -E.EACCES;
      break;
    }
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    next = to;
    if (prot === vma.prot) continue;
    const count = areas.count + areas.splits(from, to);
    if (count > space.frames.mostAreas || !space.chargeAreas(count)) {
      result = -E.ENOMEM;
      break;
    }
    if (!areas.maySplit(from) || !areas.maySplit(to)) {
      result = -E.EINVAL;
      break;
    }
    if (from > vma.start) areas.split(from);
    const part = from > vma.start ? (areas.find(from) as Vma) : vma;
    if (to < part.end) areas.split(to);
    result = change(space, part, prot);
    areas.merge(part);
    if (result < 0) break;
  }
  return result === 0 && next < end ? -E.ENOMEM : result;
};

/** prctl(PR_SET_MDWE): sets the bits of an address space: 0 or -errno. They are never taken back. */
export const setWriteOrExecute = (space: { writeOrExecute: number }, bits: number): number => {
  if (bits < 0 || bits > 3 || bits === MDWE.NO_INHERIT) return -E.EINVAL;
  if (space.writeOrExecute !== 0 && space.writeOrExecute !== bits) return -E.EPERM;
  space.writeOrExecute = bits;
  return 0;
};

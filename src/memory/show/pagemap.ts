// The entries of /proc/PID/pagemap. Linux Documentation/admin-guide/mm/pagemap.rst.
import { PAGE_SIZE } from "../frames.ts";
import { frameOf } from "../page-table.ts";
import type { AddressSpace } from "../space.ts";
import { VM } from "../vma.ts";
import { isOwnPage } from "./own-page.ts";

const PRESENT = 1n << 63n;
const FILE_OR_SHARED = 1n << 61n;
const EXCLUSIVE = 1n << 56n;

/** The entry of each page of [from, to), both multiples of a page. `numbers`: with the numbers of frames. */
export const pagemap = (space: AddressSpace, from: number, to: number, numbers: boolean): BigUint64Array => {
  const out = new BigUint64Array((to - from) / PAGE_SIZE);
  for (let vma = space.areas.above(from); vma !== undefined && vma.start < to; vma = space.areas.above(vma.end)) {
    const { flags } = vma;
    // The kernel's own pages have no struct page.
    if (flags & VM.PFNMAP) continue;
    space.table.walk(Math.max(from, vma.start), Math.min(to, vma.end), (pte, address) => {
      const frame = frameOf(pte);
      // The pool of huge pages has a reference too.
      const exclusive = space.frames.refs(frame) === (flags & VM.HUGETLB ? 2 : 1) ? EXCLUSIVE : 0n;
      const shared = isOwnPage(vma, address, frame) ? 0n : FILE_OR_SHARED;
      out[(address - from) / PAGE_SIZE] = PRESENT | shared | exclusive | (numbers ? BigInt(frame / PAGE_SIZE) : 0n);
      return undefined;
    });
  }
  return out;
};

// A debugger's view of an address space. A read changes nothing: no page becomes present, no table is touched
// that a guest or a later run could see.
import { PAGE_SIZE } from "../memory/frames.ts";
import { frameOf, LEAF_BYTES } from "../memory/page-table.ts";
import type { AddressSpace } from "../memory/space.ts";
import { PROT, VM, type Vma } from "../memory/vma.ts";

/** The bytes of a mapping's page, in `into` from `done` on. False: it has none. */
const readPage = (space: AddressSpace, vma: Vma, address: number, into: Uint8Array): boolean => {
  const { frames } = space;
  const offset = address % PAGE_SIZE;
  const pte = space.table.leafAt(address)[Math.floor((address % LEAF_BYTES) / PAGE_SIZE)] ?? 0;
  if (pte !== 0) {
    const from = frames.use(frameOf(pte) + offset);
    into.set(frames.u8.subarray(from, from + into.length));
    return true;
  }
  into.fill(0);
  if (!vma.cache) return (vma.flags & VM.HUGETLB) === 0;
  const index = vma.pgoff + Math.floor((address - vma.start) / PAGE_SIZE);
  if (index * PAGE_SIZE >= vma.cache.backing.size) return false;
  const cached = vma.cache.cached(index);
  if (cached !== undefined && cached > 0) {
    const from = frames.use(cached + offset);
    into.set(frames.u8.subarray(from, from + into.length));
    return true;
  }
  const page = new Uint8Array(PAGE_SIZE);
  if (vma.cache.backing.readPage(index, page) < 0) return false;
  into.set(page.subarray(offset, offset + into.length));
  return true;
};

/** Reads up to the first byte that no debugger can read. Returns the number of bytes. man 5 proc, mem. */
export const peek = (space: AddressSpace, at: number, into: Uint8Array): number => {
  let done = 0;
  while (done < into.length) {
    const address = at + done;
    const vma = address >= 0 && address < space.layout.taskSize ? space.areas.find(address) : undefined;
    if (vma === undefined || vma.flags & (VM.PFNMAP | VM.SECRET) || (vma.flags & VM.MAYREAD) === 0) break;
    const n = Math.min(PAGE_SIZE - (address % PAGE_SIZE), into.length - done);
    if (!readPage(space, vma, address, into.subarray(done, done + n))) break;
    done += n;
  }
  return done;
};

/** The permissions of a mapping, as gdb's qMemoryRegionInfo has them. */
export const permissionsOf = ({ prot }: Vma): string =>
  `${prot & PROT.READ ? "r" : ""}${prot & PROT.WRITE ? "w" : ""}${prot & PROT.EXEC ? "x" : ""}`;

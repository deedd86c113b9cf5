// The parts of the memory that a core file contains. man 5 core, "Controlling which mappings are written to
// the core dump"; Linux fs/coredump.c vma_dump_size().
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { PROT, VM, type Vma } from "../../memory/vma.ts";
import type { Task } from "../core/task.ts";
import { vsyscallRights } from "../task/vsyscall-page.ts";

/** Bits of /proc/PID/coredump_filter. */
const FILTER = {
  ANON_PRIVATE: 1,
  ANON_SHARED: 2,
  MAPPED_PRIVATE: 4,
  MAPPED_SHARED: 8,
  ELF_HEADERS: 16,
  HUGE_PRIVATE: 32,
  HUGE_SHARED: 64,
} as const;

/** A mapping in a core file. */
export interface DumpedArea {
  /** The address as 64 bits: that of the vsyscall page is no exact number. */
  readonly start: bigint;
  /** Bytes of the mapping, and those of it that the file has. */
  readonly size: number;
  readonly dumped: number;
  /** PROT bits. */
  readonly prot: number;
  /** Absent pages are pages of a file: they are read. Absent pages of other mappings are holes. */
  readonly ofFile: boolean;
}

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const beginsElf = (space: AddressSpace, vma: Vma): boolean => {
  const head = new Uint8Array(ELF_MAGIC.length);
  return space.peek(vma.start, head) === head.length && ELF_MAGIC.every((byte, i) => head[i] === byte);
};

/** The number of bytes of a mapping that the file has. */
const dumpedSize = (space: AddressSpace, vma: Vma): number => {
  const { flags, file, cache } = vma;
  const all = vma.end - vma.start;
  const wants = (bit: number): number => (space.coredumpFilter & bit ? all : 0);
  // [vdso] and [vvar].
  if (file?.path.startsWith("[v")) return all;
  if (flags & (VM.DONTDUMP | VM.PFNMAP)) return 0;
  if (flags & VM.HUGETLB) return wants(flags & VM.SHARED ? FILTER.HUGE_SHARED : FILTER.HUGE_PRIVATE);
  if (flags & VM.SHARED) return wants((cache?.backing.nlink ?? 0) === 0 ? FILTER.ANON_SHARED : FILTER.MAPPED_SHARED);
  if (vma.anon !== 0 && wants(FILTER.ANON_PRIVATE)) return all;
  if (!file) return 0;
  if (wants(FILTER.MAPPED_PRIVATE)) return all;
  const header = vma.pgoff === 0 && vma.prot & PROT.READ && wants(FILTER.ELF_HEADERS) && beginsElf(space, vma);
  return header ? PAGE_SIZE : 0;
};

/** All mappings of a task in order of address, with the vsyscall page of a 64-bit program. */
export const dumpedAreas = (task: Task): readonly DumpedArea[] => {
  const { mem } = task;
  const areas = Array.from(mem.mappings(), (vma): DumpedArea => {
    const { start, end, prot, flags, file } = vma;
    // A read would take a page from the pool.
    const ofFile = file !== undefined && (flags & VM.HUGETLB) === 0;
    return { start: BigInt(start), size: end - start, dumped: dumpedSize(mem, vma), prot, ofFile };
  });
  const rights = vsyscallRights(task);
  const prot = rights === "r-xp" ? PROT.READ | PROT.EXEC : PROT.EXEC;
  if (rights) areas.push({ start: 0xffff_ffff_ff60_0000n, size: PAGE_SIZE, dumped: PAGE_SIZE, prot, ofFile: false });
  return areas;
};

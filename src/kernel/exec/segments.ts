// Mapping the segments of an ELF file. Linux fs/binfmt_elf.c elf_load(), elf_map(), total_mapping_size(),
// maximum_alignment().
import { E } from "../../abi/errno.ts";
import { install, mmap, munmap } from "../../memory/calls/map.ts";
import { PAGE_SIZE, pageAlign, pageFloor } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { MAP, PROT, VM } from "../../memory/vma.ts";
import { ET, PF, type ProgramHeader, PT } from "./elf.ts";
import type { ElfFile } from "./elf-file.ts";

/** The PT_LOAD segments. */
export const loadable = (elf: ElfFile): readonly ProgramHeader[] => elf.segments.filter((s) => s.type === PT.LOAD);

/** Bytes from the first page to the end of the last segment. */
const totalSize = (segments: readonly ProgramHeader[]): number => {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const s of segments) {
    low = Math.min(low, pageFloor(s.vaddr));
    high = Math.max(high, s.vaddr + s.memsz);
  }
  return segments.length === 0 ? 0 : high - low;
};

/** The largest power of two in p_align. Other values are ignored. */
export const maximumAlignment = (segments: readonly ProgramHeader[]): number =>
  segments.reduce((most, { align }) => (isPowerOfTwo(align) ? Math.max(most, align) : most), PAGE_SIZE);
const isPowerOfTwo = (n: number): boolean => n > 0 && n < 2 ** 64 && n === 2 ** Math.round(Math.log2(n));

const protection = (flags: number): number =>
  (flags & PF.R ? PROT.READ : 0) | (flags & PF.W ? PROT.WRITE : 0) | (flags & PF.X ? PROT.EXEC : 0);

/** vm_brk_flags(): anonymous writable memory at a fixed address. 0 or -errno. */
const zeroPages = (space: AddressSpace, start: number, end: number, exec: boolean): number => {
  if (end <= start) return end < start ? -E.ENOMEM : 0;
  if (end > space.layout.taskSize) return -E.ENOMEM;
  const prot = PROT.READ | PROT.WRITE | (exec || space.readImpliesExec ? PROT.EXEC : 0);
  return install(space, {
    at: start,
    length: end - start,
    prot,
    flags: VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC,
    pgoff: 0,
    neighbours: "below",
  });
};

const mapFile = (space: AddressSpace, elf: ElfFile, s: ProgramHeader, at: number, flags: number, total: number): number => {
  const skew = s.vaddr % PAGE_SIZE;
  const size = pageAlign(s.filesz + skew);
  // A first segment above page 0 makes a negative bias. Its address wraps to the end of the 2^64, where a
  // hint has no effect. The first mapping reserves the whole extent for the other segments; the rest is
  // unmapped.
  const whole = total === 0 ? size : pageAlign(total);
  const request = {
    at: (pageFloor(at) + 2 ** 64) % 2 ** 64,
    length: whole,
    prot: protection(s.flags),
    flags: MAP.PRIVATE | flags,
    file: elf.file,
    offset: s.offset - skew,
    compat: elf.header.long === 4,
  };
  if (request.offset < 0) return -E.EINVAL;
  const mapped = mmap(space, request);
  if (mapped >= 0 && whole > size) munmap(space, mapped + size, whole - size);
  return mapped;
};

/** elf_load(): maps one segment with its bss. Returns the address of its first page, or -errno. */
const loadSegment = (space: AddressSpace, elf: ElfFile, s: ProgramHeader, at: number, flags: number, total: number): number => {
  const skew = s.vaddr % PAGE_SIZE;
  let mapped = pageFloor(at);
  let zeroStart = mapped;
  if (s.filesz > 0) {
    mapped = mapFile(space, elf, s, at, flags, total);
    if (mapped < 0) return mapped;
    zeroStart = mapped + skew + s.filesz;
    if (s.memsz > s.filesz) {
      const tail = pageAlign(zeroStart) - zeroStart;
      // padzero: a failed write is ignored in a read-only segment.
      if (tail > 0 && !space.clear(zeroStart, tail) && s.flags & PF.W) return -E.EFAULT;
    }
  }
  if (s.memsz > s.filesz) {
    const error = zeroPages(space, pageAlign(zeroStart), pageAlign(mapped + skew + s.memsz), (s.flags & PF.X) !== 0);
    if (error < 0) return error;
  }
  return mapped;
};

/** The memory of a loaded file, in final addresses. */
export interface Loaded {
  /** The bias is added to every address of the file. */
  readonly bias: number;
  /** Address of the program headers. */
  readonly phdr: number;
  readonly end: number;
  readonly startCode: number;
  readonly endCode: number;
  readonly startData: number;
  readonly endData: number;
}

/**
 * Maps all segments of a file, or returns -errno. `base`: address of a position-independent program.
 * Undefined: any free address (an interpreter, or a program without one).
 */
export const loadSegments = (space: AddressSpace, elf: ElfFile, base: number | undefined): Loaded | number => {
  const segments = loadable(elf);
  const { type, phoff } = elf.header;
  const { taskSize } = space.layout;
  let bias = 0;
  let phdr = 0;
  let end = 0;
  let startCode = Number.POSITIVE_INFINITY;
  let endCode = 0;
  let startData = 0;
  let endData = 0;
  let first = true;
  for (const s of segments) {
    let flags: number = MAP.FIXED;
    let total = 0;
    if (first && type === ET.EXEC) flags = MAP.FIXED_NOREPLACE;
    if (first && type === ET.DYN) {
      total = totalSize(segments);
      if (total === 0) return -E.EINVAL;
      const chosen = base ?? alignedRoom(space, elf, s, total);
      if (chosen !== undefined && chosen < 0) return chosen;
      flags = chosen === undefined ? 0 : MAP.FIXED_NOREPLACE;
      bias = pageFloor((chosen ?? 0) - s.vaddr);
    }
    const at = bias + s.vaddr;
    const mapped = loadSegment(space, elf, s, at, flags, total);
    if (mapped < 0) return mapped;
    if (first && type === ET.DYN) bias += mapped - pageFloor(at);
    first = false;
    if (s.offset <= phoff && phoff < s.offset + s.filesz) phdr = phoff - s.offset + s.vaddr;
    if (s.vaddr >= taskSize || s.filesz > s.memsz || s.memsz > taskSize || taskSize - s.memsz < s.vaddr) return -E.EINVAL;
    if (s.flags & PF.X) {
      startCode = Math.min(startCode, s.vaddr);
      endCode = Math.max(endCode, s.vaddr + s.filesz);
    }
    startData = Math.max(startData, s.vaddr);
    endData = Math.max(endData, s.vaddr + s.filesz);
    end = Math.max(end, s.vaddr + s.memsz);
  }
  const moved = (n: number): number => (Number.isFinite(n) ? n + bias : 0);
  return {
    bias,
    phdr: phdr + bias,
    end: end + bias,
    startCode: moved(startCode),
    endCode: moved(endCode),
    startData: moved(startData),
    endData: moved(endData),
  };
};

/**
 * Address of a program without an interpreter whose segments need more than page alignment: the address that
 * mmap chose, rounded down. Undefined: page alignment is enough.
 */
const alignedRoom = (space: AddressSpace, elf: ElfFile, first: ProgramHeader, total: number): number | undefined => {
  const alignment = maximumAlignment(loadable(elf));
  if (alignment <= PAGE_SIZE) return undefined;
  const found = loadSegment(space, elf, first, 0, 0, total);
  if (found < 0) return found;
  munmap(space, found, total);
  return Math.floor(found / alignment) * alignment;
};

/** False for an entry point outside user memory (BAD_ADDR). */
export const isUserAddress = (space: AddressSpace, at: number): boolean => at >= 0 && at < space.layout.taskSize;

// Mappings of huge pages: their file without a name, and their reservations. Linux fs/hugetlbfs/inode.c
// hugetlbfs_file_mmap(), hugetlb_file_setup().
import type { Backing, MappedFile } from "../backing.ts";
import { type Frames, PAGE_SIZE } from "../frames.ts";
import type { PageCache } from "../page-cache.ts";
import { VM } from "../vma.ts";
import { HugeCache } from "./cache.ts";
import { HugeObject } from "./object.ts";
import { HUGE_SHIFT, HUGE_SIZE, type HugePool, reserveWithin } from "./pool.ts";

/** The least multiple of a huge page. */
export const hugeAlign = (bytes: number): number => Math.ceil(bytes / HUGE_SIZE) * HUGE_SIZE;
/** True if bits 26 to 31 of MAP_HUGE_*, MFD_HUGE_* or SHM_HUGE_* are log2 of the size, or 0. */
export const isHugeSize = (flags: number): boolean => [0, HUGE_SHIFT].includes((flags >>> 26) & 63);

/** The bytes of a file without a name: of MAP_ANONYMOUS. */
export class NamelessHuge implements Backing {
  readonly huge: HugeObject;
  pages: PageCache | undefined = undefined;
  constructor(huge: HugeObject) {
    this.huge = huge;
  }
  get size(): number {
    return this.huge.size;
  }
  makeCache(frames: Frames): PageCache {
    return new HugeCache(frames, this, this.huge);
  }
  readPage(): number {
    return 0;
  }
  punchPages(from: number, to: number): number {
    punchHuge(this, this.huge, from * PAGE_SIZE, to * PAGE_SIZE);
    return 0;
  }
  unmapped(): void {
    this.huge.drop(0);
  }
}

/**
 * Makes the whole huge pages of the bytes [at, end) a hole and zeroes the rest. Linux
 * hugetlbfs_punch_hole().
 */
export const punchHuge = (backing: Backing, object: HugeObject, at: number, end: number): void => {
  const first = hugeAlign(at);
  const last = Math.floor(end / HUGE_SIZE) * HUGE_SIZE;
  const { pages } = backing;
  if (first < last) {
    pages?.unmap(first / PAGE_SIZE, last / PAGE_SIZE);
    object.drop(first / HUGE_SIZE, last / HUGE_SIZE);
  }
  object.clear(at, Math.min(first, end));
  object.clear(Math.max(last, Math.min(first, end)), end);
};

/** The file of a mapping with MAP_HUGETLB and MAP_ANONYMOUS. `ino`: the inode number in /proc/PID/maps. */
export const anonymousHuge = (pool: HugePool, size: number, ino: number): MappedFile => ({
  backing: new NamelessHuge(new HugeObject(pool, size)),
  path: "/anon_hugepage (deleted)",
  dev: pool.device,
  ino,
  readable: true,
  writable: true,
});
/** True for the bytes of such a file: they end with its last mapping. */
export const isNameless = (backing: Backing): boolean => backing instanceof NamelessHuge;

/** A file with huge pages that is to be mapped. */
interface Wanted {
  readonly file: MappedFile;
  /** VM bits. */
  readonly flags: number;
  /** The first byte of the file, and the length. Both are multiples of a huge page. */
  readonly offset: number;
  readonly length: number;
}
/** Reserves the pages of a new mapping: its file and VM bits. Undefined: the pool has too few pages. */
export const reserveHuge = ({ file, flags, offset, length }: Wanted): { file: MappedFile; flags: number } | undefined => {
  const object = file.backing.huge as HugeObject;
  if (flags & VM.NORESERVE) return { file, flags };
  const [from, to] = [offset / HUGE_SIZE, (offset + length) / HUGE_SIZE];
  if (flags & VM.MAYSHARE) return object.reserve(from, to) ? { file, flags } : undefined;
  if (!reserveWithin(object, to - from)) return undefined;
  const promised = new Set(Array.from({ length: to - from }, (_, n) => from + n));
  return { file: { ...file, promised }, flags: flags | VM.RESERVES };
};

// The interface between the VFS and the page cache, which keeps mappings and read(2)/write(2) coherent.
//
// The file owns its bytes. A page enters the cache (PageCache) at its first use by a mapping. Then there are
// two copies:
//   - write(2) changes the file's bytes, then calls `pages?.wrote(offset, bytes)`, which patches the cached
//     frames;
//   - read(2) copies the file's bytes, then calls `pages?.overlay(offset, into)`, which adds the stores of
//     shared mappings;
//   - truncate calls `pages?.truncated(size)` after the change: accesses beyond the end become SIGBUS;
//   - msync, fsync (`pages?.sync()`) and the end of the last mapping write dirty pages by `writePage`;
//   - the end of the last link and the last open file calls `pages?.drop()`.
// For a file that was never mapped `pages` is undefined, so the calls are free.
import type { Access } from "../cpu/machine/mmu.ts";
import type { Frames } from "./frames.ts";
import type { PageCache } from "./page-cache.ts";
import type { AddressSpace } from "./space.ts";
import type { Vma } from "./vma.ts";

/** A file's content as the page cache sees it. Usually the inode implements it. */
export interface Backing {
  /** The current size in bytes. */
  readonly size: number;
  /** Fills `into` (4096 bytes, all zero on entry) with page `index`: 0, or -errno, which becomes SIGBUS. */
  readPage(index: number, into: Uint8Array): number;
  /**
   * Stores page `index`. `from` ends at the end of the file and has 1 to 4096 bytes. Returns the number of
   * stored bytes or -errno. Absent: no shared writable mapping is possible.
   */
  writePage?(index: number, from: Uint8Array): number;
  /** Makes the pages [from, to) a hole: 0 or -errno. Absent: the file cannot have holes. */
  punchPages?(from: number, to: number): number;
  /** Called before a shared mapping writes to a page that was clean. */
  modified?(): void;
  /** Called after `pages.drop()` when the last mapping has ended. */
  unmapped?(): void;
  /** Called after a mapping began or ended, with their number now. */
  counted?(mappings: number): void;
  /**
   * True if a page exists only after its first use, as mincore(2) reports. Pages of other files count as
   * present.
   */
  readonly sparse?: boolean;
  /** True if a sparse file has page `index` outside of the page cache. Absent: its bytes are there only. */
  holds?(index: number): boolean;
  /** The number of the file's names. 0 or absent: the file is anonymous memory for a core file. */
  readonly nlink?: number;
  /** The large pages that are the file's only bytes, and its cache. */
  readonly huge?: LargePages | undefined;
  makeCache?(frames: Frames): PageCache;
  /** The page cache, set by `PageCache.of` at the first mapping. The VFS only calls it. */
  pages?: PageCache | undefined;
}

/** Pages that are larger than those of the page table. They serve their mappings, which have VM.HUGETLB. */
export interface LargePages {
  /** Bytes of a page. No page is split. */
  readonly unit: number;
  /** In bytes. */
  size: number;
  /** Makes the page of `address` present: a frame or a refusal (fault.ts). */
  populate(space: AddressSpace, vma: Vma, address: number, kind: Access): number;
  /** Removes a range from the page table: the number of entries. */
  unmapRange(space: AddressSpace, vma: Vma, start: number, end: number): number;
  /** A mapping ends. */
  closed(vma: Vma): void;
}

/** An open file for mmap(2) and execve(2). Neighbouring mappings merge only if they have the same object. */
export interface MappedFile {
  readonly backing: Backing;
  /** The name in /proc/PID/maps: a byte string, or a name such as "[vdso]". */
  readonly path: string;
  /** Device number as `major << 8 | minor`, and inode number, for /proc/PID/maps. */
  readonly dev: number;
  readonly ino: number;
  /** FMODE_READ and FMODE_WRITE of the open file. */
  readonly readable: boolean;
  readonly writable: boolean;
  /** True if the file's mount is noexec. */
  readonly noexec?: boolean;
  /** The offset of mmap(2) at which the object begins. Default 0. */
  readonly begin?: number;
  /** True if neighbouring mappings never merge, because each is counted. Linux vm_ops->close. */
  readonly separate?: boolean;
  /** memfd_secret(2): shared mappings only, which are locked, and which other processes do not read. */
  readonly secret?: boolean;
  /**
   * The numbers of the huge pages that are reserved for a private mapping. Each mmap(2) has an object of its
   * own.
   */
  readonly promised?: Set<number>;
  /** F_SEAL_WRITE of a memfd: no new shared writable mapping. */
  readonly sealedWrite?: boolean;
}

// What the VFS and the page cache agree on: who keeps a file's bytes, and how mappings and read(2)/write(2) stay coherent.
//
// The file owns its bytes. A page enters the cache (PageCache) when somebody maps it, and from then on there are two copies:
//   - write(2) changes the file's bytes, then calls `pages?.wrote(offset, bytes)`, which patches the cached frames;
//   - read(2) copies the file's bytes, then calls `pages?.overlay(offset, into)`, which patches in what shared mappings stored;
//   - truncate calls `pages?.truncated(size)` after the change: mappings beyond the end start to get SIGBUS;
//   - msync, fsync (`pages?.sync()`) and the end of the last mapping store dirty pages back by `writePage`;
//   - the last link and the last open file gone: `pages?.drop()`.
// All four calls cost nothing for a file that is not mapped.
import type { PageCache } from "./page-cache.ts";

/** A file's content as the page cache sees it: usually the inode itself. */
export interface Backing {
  /** Bytes, now. */
  readonly size: number;
  /** Fill `into` (4096 bytes, all zero on entry) with page `index`. 0 or -errno, which the guest sees as SIGBUS. */
  readPage(index: number, into: Uint8Array): number;
  /**
   * Store page `index`, cut at the end of the file, so `from` has 1 to 4096 bytes: how many were stored, or -errno.
   * Absent: no shared writable mapping is possible.
   */
  writePage?(index: number, from: Uint8Array): number;
  /** Pages `from` to before `to` become a hole: 0 or -errno. Absent: the file can have no holes. */
  punchPages?(from: number, to: number): number;
  /** The file was at its end (`pages.drop()`), and its last mapping has gone. */
  unmapped?(): void;
  /** Pages exist only once somebody touched them: mincore(2) says so. Other files count as present in memory. */
  readonly sparse?: boolean;
  /** Set by `PageCache.of` when the file is first mapped; the VFS only calls it. */
  pages?: PageCache | undefined;
}

/** An open file as mmap(2) and execve(2) need it. Its identity decides whether two neighbouring mappings merge. */
export interface MappedFile {
  readonly backing: Backing;
  /** What /proc/PID/maps shows: a byte string, or "[vdso]" and its like. */
  readonly path: string;
  /** Device number as `major << 8 | minor`, and inode number, for /proc/PID/maps. */
  readonly dev: number;
  readonly ino: number;
  /** FMODE_READ and FMODE_WRITE of the open file. */
  readonly readable: boolean;
  readonly writable: boolean;
  /** On a file system mounted noexec. */
  readonly noexec?: boolean;
  /** F_SEAL_WRITE of a memfd: no new shared writable mapping. */
  readonly sealedWrite?: boolean;
}

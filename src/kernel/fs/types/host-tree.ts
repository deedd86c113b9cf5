// A directory of the host, as the core sees it. Synchronous; a host implements it (src/host/node-tree.ts). Paths are lists of names
// below the directory; no name is "", "." or "..", or holds "/" or NUL. The guest resolves every symbolic link itself, so an
// implementation must follow none, in any component.
import type { Timespec } from "../../base/time.ts";

export interface HostStat {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nlink: number;
  /** Device number of a device node, in Linux's internal form (mode.ts makedev). */
  readonly rdev: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  /** Equal for two names of one file, different otherwise. */
  readonly id: string;
}
export interface HostDirEntry {
  readonly name: string /** S_IF* bits. */;
  readonly type: number;
}

/** Every method returns -errno when the host refuses. Names and link texts are byte strings. */
export interface HostTree {
  lstat(path: readonly string[]): HostStat | number;
  /** In any order, but the same at each call while nothing changes; the caller sorts. */
  readdir(path: readonly string[]): readonly HostDirEntry[] | number;
  readlink(path: readonly string[]): string | number;
  /** Bytes read into `into` from `offset`; fewer only at the end of the file. What is read and written may lie in guest memory (shared: `MachineOptions`). */
  read(path: readonly string[], offset: number, into: Uint8Array): number;
  /** Absent: the tree cannot be written. */
  readonly write?: HostWriter;
}
export interface HostWriter {
  write(path: readonly string[], offset: number, bytes: Uint8Array): number;
  truncate(path: readonly string[], size: number): number;
  /** Regular file, exclusive. */
  create(path: readonly string[], mode: number): number;
  mkdir(path: readonly string[], mode: number): number;
  symlink(path: readonly string[], target: string): number;
  link(from: readonly string[], to: readonly string[]): number;
  unlink(path: readonly string[]): number;
  rmdir(path: readonly string[]): number;
  rename(from: readonly string[], to: readonly string[]): number;
  chmod(path: readonly string[], mode: number): number;
  chown(path: readonly string[], uid: number, gid: number): number;
  utimes(path: readonly string[], atime: Timespec, mtime: Timespec): number;
}

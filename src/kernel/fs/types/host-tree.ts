// A directory of the host, as the core sees it: the interface that a host implements (src/host/node-tree.ts).
// A name is one component: not "", "." or "..", without "/" and NUL. The guest resolves symbolic links
// itself. An implementation must not follow any, in any component.
import type { Timespec } from "../../base/time.ts";

/** Attributes of a file of the host: numbers as stat(2) has them, sizes in bytes. */
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
}
/** An entry of a directory of the host. */
export interface HostDirEntry {
  readonly name: string;
  /** S_IF* bits. */
  readonly type: number;
}

/** A directory of the host that a machine mounts. The host program implements it. */
export interface HostTree {
  /** The directory itself. */
  readonly root: HostNode;
  /** True if guests may change the host's files. If false, every changing call returns -EROFS. */
  readonly writable: boolean;
}

/**
 * A file of the host, of any type. A call reaches this file or fails. It fails with -ESTALE if another file
 * has the name now. All names of one file give the same node, as long as the node is referenced.
 *
 * Calls are synchronous and return -errno if the host refuses. No call follows a symbolic link. Names and
 * link texts are byte strings: one char code per byte.
 */
export interface HostNode {
  /** Attributes as the last lookup found them. */
  readonly stat: HostStat;
  /**
   * The names that lead to it from the tree's directory, if the tree knows them. A snapshot is saved as a
   * file
   * only if all files of the host that it uses have paths.
   */
  readonly path?: readonly string[];
  /** A text that no other file of this host has, such as its device and inode numbers. */
  readonly identity?: string;
  /** The attributes of now; undefined if the file has no name any more. Without it, `stat` counts. */
  look?(): HostStat | undefined;
  /** A guest has seen the attributes of this directory: its times and its number of links matter now. */
  shown?(): void;

  /** The file with this name in the directory. */
  lookup(name: string): HostNode | number;
  /**
   * The entries without "." and "..". Their order does not change while the directory does not; the caller
   * sorts.
   */
  readdir(): readonly HostDirEntry[] | number;
  /** Makes a regular file. The node reads and writes it regardless of `mode`. -EEXIST if the name exists. */
  create(name: string, mode: number): HostNode | number;
  mkdir(name: string, mode: number): HostNode | number;
  symlink(name: string, target: string): HostNode | number;
  /** Makes `name` in this directory a hard link to `file` of the same tree. */
  link(name: string, file: HostNode): number;
  unlink(name: string): number;
  rmdir(name: string): number;
  /** Moves a name to directory `to` of the same tree. An existing file with the new name is replaced. */
  rename(name: string, to: HostNode, newName: string): number;

  /** The text of a symbolic link. */
  readlink(): string | number;

  /**
   * Reads into `into` from `offset`. Returns the number of bytes, which is less than the length only at the
   * end of the file. Buffers of reads and writes may lie in guest memory, which may be shared
   * (`MachineOptions`).
   */
  read(offset: number, into: Uint8Array): number;
  write(offset: number, bytes: Uint8Array): number;
  truncate(size: number): number;

  chmod(mode: number): number;
  chown(uid: number, gid: number): number;
  utimes(atime: Timespec, mtime: Timespec): number;

  /**
   * Keeps the file open for this access until as many calls of `release`, even if its names and mode change.
   * Only regular files and directories are held: devices, FIFOs and sockets of the host are never opened.
   * -ENFILE: too many files are held.
   */
  hold(access: { readonly read: boolean; readonly write: boolean }): number;
  release(): void;
}

/** Options of a directory of the host. */
export interface HostTreeOptions {
  /** True: the guest's changes reach the host. Mounts with the mode "rw" need it. Default false. */
  readonly writable?: boolean;
}

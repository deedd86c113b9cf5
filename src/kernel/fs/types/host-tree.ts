// A directory of the host, as the core sees it. Synchronous; a host implements it (src/host/node-tree.ts). Paths are lists of names
// below the directory; no name is "", "." or "..", or holds "/" or NUL. The guest resolves every symbolic link itself, so an
// implementation must follow none, in any component.
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
  /** Whether guests may change the host's files. If not, every call that would is -EROFS. */
  readonly writable: boolean;
}

/**
 * A file of the host, of any type. A call reaches this file or fails: with -ESTALE if another file has its name now. All names of
 * one file give the same node, as long as anything refers to it.
 *
 * Calls are synchronous and return -errno if the host refuses. The guest resolves symbolic links itself: no call follows one.
 * Names and link texts are byte strings (one char code a byte); a name is one component, never "." or "..".
 */
export interface HostNode {
  /** Attributes as the last lookup found them. */
  readonly stat: HostStat;

  /** The file of this name. */
  lookup(name: string): HostNode | number;
  /** In any order, but the same at each call while nothing changes; the caller sorts. */
  readdir(): readonly HostDirEntry[] | number;
  /** Make a regular file, readable and writable through the node whatever `mode` says. -EEXIST if the name is taken. */
  create(name: string, mode: number): HostNode | number;
  mkdir(name: string, mode: number): HostNode | number;
  symlink(name: string, target: string): HostNode | number;
  /** Give `file` of the same tree another name, here. */
  link(name: string, file: HostNode): number;
  unlink(name: string): number;
  rmdir(name: string): number;
  /** Move a name to another directory of the same tree, over what is there. */
  rename(name: string, to: HostNode, newName: string): number;

  /** The text of a symbolic link. */
  readlink(): string | number;

  /** Bytes read into `into` from `offset`; fewer only at the end of the file. What is read and written may lie in guest memory (shared: `MachineOptions`). */
  read(offset: number, into: Uint8Array): number;
  write(offset: number, bytes: Uint8Array): number;
  truncate(size: number): number;

  chmod(mode: number): number;
  chown(uid: number, gid: number): number;
  utimes(atime: Timespec, mtime: Timespec): number;

  /**
   * Keep the file open for this access, whatever happens to its names and mode, until as many calls of `release`. Regular files and
   * directories only: devices, fifos and sockets of the host are never opened. -ENFILE: too many are held.
   */
  hold(access: { readonly read: boolean; readonly write: boolean }): number;
  release(): void;
}

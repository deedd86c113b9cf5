// Inodes and file systems. A type of file overrides its operations; the others return Linux's errno.
// Linux struct inode_operations, struct super_block.
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import { type Frames, PAGE_SIZE } from "../../../memory/frames.ts";
import { sizes } from "../../base/sizes.ts";
import type { Timespec } from "../../base/time.ts";
import type { Wait, WaitQueue } from "../../base/wait.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import { Dentry, type Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Leases } from "./leases.ts";
import type { Locks, LockTable } from "./locks.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "./mode.ts";
import { type InodeMark, inodeEnded, type WideMark } from "./notify.ts";

declare module "../../base/namespace-part.ts" {
  interface NamespaceState {
    /** A file system that is reached through the namespace. */
    readonly fileSystem?: FileSystem;
  }
}

declare module "../../core/kernel.ts" {
  interface KernelMembers {
    readonly fileEvents: FileEvents;
    /** The file system of control groups. */
    cgroupFs: FileSystem;
  }
}

/** The length of all extended attributes of one file, in bytes. */
const XATTR_TOTAL_MAX = 128 * 1024;

/** A value, or a negative errno. */
export type Or<T> = T | number;

/** The services of the machine for a file system: time and memory. The kernel implements it. */
export interface Clock {
  realtime(): Timespec;
  readonly frames: Frames;
  readonly garbage: Garbage;
  readonly lockTable: LockTable;
  readonly fileEvents: FileEvents;
}

/** The search for objects that have no event at their end (garbage-collector.ts). */
export interface Garbage {
  /** Open files that lead to a namespace, a file system or a filter. */
  readonly files: Map<object, object>;
  /** Charges a new object, or one that has grown to `bytes`. */
  add(object: object, bytes: number): void;
  /** Drops unreachable objects and returns their number. */
  sweep(): number;
}
/** The pipe of a FIFO: files/pipe.ts declares its members. */
// biome-ignore lint/suspicious/noEmptyInterface: the members are declared there
export interface FifoPipe {}

/** State that all files of a machine share. */
export class FileEvents {
  /** The number of changes to mount trees. A change invalidates all cached tops of stacks of mounts. */
  mountChanges = 0;
  /** The last cookie of inotify's events of renames. */
  renameCookie = 0;
  /**
   * Descriptions without references, which end one after the other. A release may drop others to any depth,
   * because sockets carry descriptors of sockets: hence a list instead of recursion. Linux delayed_fput().
   */
  readonly ending: FileDescription[] = [];
}

/** A block device as a file system sees it. Linux struct block_device. */
export interface BlockDevice {
  /** Its device number, in the form of `makedev`. */
  readonly number: number;
  /** In bytes. */
  readonly size: number;
  /** The unit of accesses past the cache, in bytes. */
  readonly blockSize: number;
  readonly readOnly: boolean;
  /** Fills `into` from byte `at`: 0, or -EIO if the range is not on the device. */
  read(at: number, into: Uint8Array): number;
  /** Stores bytes at `at`: 0 or -errno. */
  write(at: number, bytes: Uint8Array): number;
  /** The mounted file system, beside which nothing opens the device with O_EXCL. */
  holder: FileSystem | undefined;
}

/** Flags of a file system. Linux include/linux/fs.h. */
export const SB = { RDONLY: 1, SYNCHRONOUS: 16, MANDLOCK: 64, DIRSYNC: 128, LAZYTIME: 1 << 25 } as const;

/** The state of a file system instance. Linux struct super_block. */
export abstract class FileSystem {
  /** The type name in /proc/filesystems. */
  abstract readonly type: string;
  /** f_type of statfs(2). */
  abstract readonly magic: number;
  abstract get root(): Dentry;
  readonly dev: number;
  readonly clock: Clock;
  /** False: it can never be written. */
  readonly writable: boolean = true;
  /** SB_* flags, for all mounts of it. */
  superFlags = 0;
  /** The number of its open file descriptions. */
  opens = 0;
  /** The number of those that may write to regular files. */
  writers = 0;
  /** Directories of other file systems that it shows: the layers of an overlay. */
  readonly below: readonly Dentry[] = [];
  /** The user namespace of the mounting task. */
  owner: UserNamespace | undefined = undefined;
  /** The block device that it is on. */
  readonly device: BlockDevice | undefined = undefined;
  /** True if names change by themselves (procfs): dentries are not cached. */
  readonly dynamic: boolean = false;
  /** True if it has no mount point, as that of pipes. Linux SB_NOUSER. */
  internal = false;
  /** True if names can be made. In procfs they cannot (ENOENT). */
  readonly growable: boolean = true;
  /** True if statx(2) reports the birth time. */
  readonly keepsBirths: boolean = false;
  /** True if files keep extended attributes and access control lists. Linux s_xattr, SB_POSIXACL. */
  readonly keepsXattrs: boolean = false;
  /** The STATX_ATTR_* bits that files can have, besides those of the VFS. */
  readonly attributes: bigint = 0n;
  /** The FS_*_FL flags that its files can have (FS_FL in mode.ts); 0: none. */
  readonly fileFlags: number = 0;
  /** The watchers of the whole file system and of its mounts. */
  wide: Set<WideMark> | undefined = undefined;
  /** Files that were asked for their handle, by inode number (files/handle.ts). */
  readonly handles = new Map<number, Dentry>();
  private _nextIno = 1;

  constructor(dev: number, clock: Clock) {
    this.dev = dev;
    this.clock = clock;
  }
  /** True if nothing may be written, regardless of the mount. */
  get readOnly(): boolean {
    return !this.writable || (this.superFlags & SB.RDONLY) !== 0;
  }
  newIno(): number {
    return this._nextIno++;
  }
  /** The unit of its time stamps in nanoseconds: 1, or a second. Linux s_time_gran. */
  readonly timeUnit: 1 | 1_000_000_000 = 1;
  /** The current time in this unit. Linux current_time() */
  now(): Timespec {
    return this.rounded(this.clock.realtime());
  }
  /** Linux timestamp_truncate() */
  rounded(time: Timespec): Timespec {
    return this.timeUnit === 1 ? time : { sec: time.sec, nsec: 0 };
  }
  /** st_blksize of its files in bytes, if they have no other. Linux s_blocksize. */
  get blockSize(): number {
    return 4096;
  }
  /** Called after `touch`. Linux dirty_inode(). */
  changed(_inode: Inode): void {}
  /** Called after a change of its extended attributes: 0 or -errno, which undoes the change. */
  storeXattrs(_inode: Inode): number {
    return 0;
  }
  /** Called after a change of an inode's attributes or extended attributes: 0 or -errno. */
  attributesChanged(_inode: Inode): number {
    return 0;
  }
  /** Called when an inode has neither a name nor an open file any more. */
  ended(_inode: Inode): void {}
  /** True if a file handle leads to its inode. Linux s_export_op. */
  get exportable(): boolean {
    return !this.dynamic && !this.internal;
  }
  get account(): Account {
    return this.clock.frames.account;
  }
  makeRoot(inode: Inode): Dentry {
    return new Dentry("", undefined, inode);
  }
  statfs(): StatFs {
    return { blockSize: 4096, blocks: 0, free: 0, files: 0, filesFree: 0, nameMax: 255 };
  }
  /** Charges (or, negative, gives back) pages for data other than file content. False: memory is short. */
  charge(_pages: number): boolean {
    return true;
  }
  /** The begin and the end of a run: a file system that keeps changes locks and completes them. */
  begin(): void {}
  finish(): void {}
  /** The options in /proc/mounts, after rw or ro. */
  options(): string {
    return "";
  }
}
/** The result of statfs(2). Blocks have `blockSize` bytes. */
export interface StatFs {
  blockSize: number;
  blocks: number;
  free: number;
  files: number;
  filesFree: number;
  nameMax: number;
  /** The free blocks without those for the superuser. Default: all. */
  available?: number;
  /** f_fsid. Default: the device number. */
  fsid?: readonly [number, number];
}

/** A directory entry. `cookie` is its stable position (d_off), never 0: the next read continues after it. */
export interface DirEntry {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
  readonly cookie: number;
}

/** The attributes that chmod, chown, utimensat and truncate change. */
export interface Changes {
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: Timespec;
  mtime?: Timespec;
  ctime?: Timespec;
}

/** The initial attributes of an inode, after umask and set-group-ID directories. */
export interface NewInode {
  /** With the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly ino?: number;
  /** FS_*_FL flags, which a directory hands down. */
  readonly fileFlags?: number;
  /** Access control lists of the directory, as extended attributes. */
  readonly acls?: readonly (readonly [name: string, value: Uint8Array])[];
}

/** Parts of a file on its device, in bytes. `ended`: there are no more of them. */
export interface Extents {
  readonly found: readonly { readonly logical: number; readonly physical: number; readonly length: number }[];
  readonly ended: boolean;
}

/** A call in pieces, for whose end other calls wait. */
export interface Turn {
  readonly over: WaitQueue;
  drop(): void;
}

/** A file apart from its names. Operations return -errno if they fail. */
export abstract class Inode {
  readonly fs: FileSystem;
  readonly ino: number;
  mode: number;
  uid = 0;
  gid = 0;
  nlink = 1;
  rdev = 0;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  readonly btime: Timespec;
  /** Extended attributes; most inodes have none. */
  xattrs: Map<string, Uint8Array> | undefined;
  xattrPages = 0;
  /** The size of their names and values in bytes. */
  xattrBytes = 0;
  /** Its FS_*_FL flags, which chattr(1) sets. */
  fileFlags = 0;
  /** The pipe of a FIFO's openers. Linux i_pipe. */
  pipe: FifoPipe | undefined = undefined;
  /** The socket that is bound to this file. Linux unix_sock.path. */
  socket: FileDescription | undefined = undefined;
  /** Record locks and flocks. Linux i_flctx. */
  locks: Locks | undefined = undefined;
  /** The process of a directory /proc/PID. */
  process: Process | undefined = undefined;
  /** The number of file descriptions. */
  opens = 0;
  /** The call in pieces that currently writes. */
  turn: Turn | undefined = undefined;
  /** True for a file of O_TMPFILE without O_EXCL: link(2) may give it a name. */
  linkable = false;
  /**
   * True for a node of another system. Its device number has no meaning here, and an open is EACCES, as on a
   * mount with MS_NODEV. A FIFO of such a system is a pipe of the guest, as on a network file system.
   */
  readonly nodev: boolean = false;
  /** Leases of its open files. */
  leases: Leases | undefined = undefined;
  /** The watchers of the inode. Linux i_fsnotify_marks. */
  marks: Set<InodeMark> | undefined = undefined;
  /** The number of writers or, negative, of executions, for ETXTBSY. Linux i_writecount. */
  writers = 0;

  constructor(fs: FileSystem, mode: number, ino = fs.newIno()) {
    this.fs = fs;
    this.ino = ino;
    this.mode = mode;
    this.atime = this.mtime = this.ctime = this.btime = fs.now();
  }

  get type(): number {
    return this.mode & S_IFMT;
  }
  get isDir(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }
  get isLink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }
  get isFile(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }
  /** True for a device or FIFO that needs no driver: a standard stream. */
  get opensItself(): boolean {
    return false;
  }
  /** st_nlink. Directories of /proc count theirs when they are asked. */
  get links(): number {
    return this.nlink;
  }
  get size(): number {
    return 0;
  }
  /** st_blksize in bytes. */
  get blockSize(): number {
    return this.fs.blockSize;
  }
  /** st_blocks, in units of 512 bytes. */
  get blocks(): number {
    return 0;
  }

  /** Makes a file description. The caller checked permissions. */
  abstract open(task: Task, flags: number, path: Path): Or<FileDescription> | Wait;

  // Directories.
  lookup(_name: string, _task: Task): Or<Inode> {
    return -E.ENOTDIR;
  }
  /** Makes a file of the type in `mode`. `target`: the text of a symbolic link. */
  create(_name: string, _made: NewInode, _target?: string): Or<Inode> {
    return -E.EPERM;
  }
  link(_name: string, _target: Inode): number {
    return -E.EPERM;
  }
  unlink(_name: string, _target: Inode): number {
    return -E.EPERM;
  }
  rmdir(_name: string, _target: Inode): number {
    return -E.EPERM;
  }
  /**
   * Moves `name` to `newName` in `to` and replaces a file there, or swaps with RENAME_EXCHANGE. The caller
   * did the common checks. `whiteout`: the device that gets the old name, for RENAME_WHITEOUT.
   */
  rename(_name: string, _to: Inode, _newName: string, _flags: number, _whiteout?: NewInode): number {
    return -E.EPERM;
  }
  /** Makes a regular file without a name, for O_TMPFILE. */
  tmpfile(_made: NewInode): Or<Inode> {
    return -E.EOPNOTSUPP;
  }
  /** The entries after `cookie` (0: all), in order, without "." and "..". */
  entries(_cookie: number, _task: Task): Iterator<DirEntry> {
    return [][Symbol.iterator]();
  }
  /**
   * The cookie after which all present names follow, but no later one. Undefined if the directory has none.
   */
  get start(): number | undefined {
    return undefined;
  }
  get isEmpty(): boolean {
    return true;
  }

  /** A guest sees the attributes. */
  shown(): void {}

  // Symbolic links.
  readlink(_task: Task): Or<string> {
    return -E.EINVAL;
  }
  /** The target of a magic link, for example /proc/PID/exe. Undefined: the link resolves by its text. */
  jump(_task: Task): Or<Path> | undefined {
    return undefined;
  }

  // Regular files.
  /** 0, or -EPERM if seals forbid the size. */
  mayResize(_size: number): number {
    return 0;
  }
  truncate(_size: number): number {
    return -E.EINVAL;
  }
  /** The places of the bytes [from, to) on the device, at most `most` (0: all), for FS_IOC_FIEMAP. */
  extents?(from: number, to: number, most: number): Extents;

  /** The inode's own permission check (procfs). Undefined: mode bits decide. */
  permission(_task: Task, _mask: number): number | undefined {
    return undefined;
  }
  setattr(changes: Changes): number {
    Object.assign(this, changes);
    for (const time of ["atime", "mtime", "ctime"] as const) if (changes[time]) this[time] = this.fs.rounded(changes[time]);
    return this.fs.attributesChanged(this);
  }
  /**
   * Sets, or without a value removes, an extended attribute: 0, or -ENOSPC if the file system has no room or
   * the attributes of one file are too long.
   */
  setXattr(name: string, value: Uint8Array | undefined): number {
    const before = this.xattrs?.get(name);
    const error = this._keepXattr(name, value, before) || this.fs.storeXattrs(this);
    if (error < 0) this._keepXattr(name, before, this.xattrs?.get(name));
    return error;
  }
  private _keepXattr(name: string, value: Uint8Array | undefined, before: Uint8Array | undefined): number {
    const bytes = this.xattrBytes - (before ? name.length + before.length : 0) + (value ? name.length + value.length : 0);
    const count = (this.xattrs?.size ?? 0) + Number(value !== undefined) - Number(before !== undefined);
    const pages = Math.ceil((bytes + count * sizes.attribute) / PAGE_SIZE);
    if (value && (bytes > XATTR_TOTAL_MAX || !this.fs.charge(pages - this.xattrPages))) return -E.ENOSPC;
    if (!value) this.fs.charge(pages - this.xattrPages);
    this.xattrPages = pages;
    this.xattrBytes = bytes;
    if (value) (this.xattrs ??= new Map()).set(name, value);
    else this.xattrs?.delete(name);
    return 0;
  }
  /** Called after a name or a file description ended. After the last of both the file ends. */
  unused(): void {
    if (this.nlink > 0 || this.opens > 0) return;
    this.fs.charge(-this.xattrPages);
    if (this.fs.handles.delete(this.ino)) this.fs.account.give(sizes.handle);
    if (this.marks) inodeEnded(this);
    this.fs.ended(this);
    this.evict();
  }
  protected evict(): void {}

  /** Updates the times after a modification of the content, or a change of the inode only. */
  touch(what: "modify" | "change"): void {
    this.ctime = this.fs.now();
    if (what === "modify") this.mtime = this.ctime;
    this.fs.changed(this);
  }
}

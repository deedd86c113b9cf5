// What a file is, apart from its names. Each kind of file overrides what it can do; what it cannot do answers with Linux's errno.
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import type { Frames } from "../../../memory/frames.ts";
import type { Timespec } from "../../base/time.ts";
import type { Wait, WaitQueue } from "../../base/wait.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import type { Kept } from "../../kept.ts";
import type { Task } from "../../task/task.ts";
import type { Pipe } from "../files/pipe.ts";
import { Dentry, type Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Locks } from "./locks.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "./mode.ts";

/** A value, or a negative errno. */
export type Or<T> = T | number;

/** What a file system has of the machine: its time and its memory. The kernel is one. */
export interface Clock {
  realtime(): Timespec;
  readonly frames: Frames;
  readonly kept: Kept;
}

/** One mounted file system's own state: a super block. */
export abstract class FileSystem {
  /** As in /proc/filesystems. */
  abstract readonly type: string;
  /** statfs f_type. */
  abstract readonly magic: number;
  abstract get root(): Dentry;
  readonly dev: number;
  readonly clock: Clock;
  /** Nothing may be written, whatever the mount says. */
  readonly readOnly: boolean = false;
  /** The user namespace of who mounted it. */
  owner: UserNamespace | undefined = undefined;
  /** Names come and go by themselves (procfs): dentries are not remembered. */
  readonly dynamic: boolean = false;
  /** Whether a name that is not there could be made: in procfs it could not, and that is ENOENT. */
  readonly growable: boolean = true;
  /** What statx(2) tells: when files were made, and which attributes of theirs there can be, besides the VFS's. */
  readonly keepsBirths: boolean = false;
  readonly attributes: bigint = 0n;
  #nextIno = 1;

  constructor(dev: number, clock: Clock) {
    this.dev = dev;
    this.clock = clock;
  }
  newIno(): number {
    return this.#nextIno++;
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
  /** Take (or give back) memory for what is not file content, in pages. False: there is no more. */
  charge(_pages: number): boolean {
    return true;
  }
  /** Options column of /proc/mounts, after rw or ro. */
  options(): string {
    return "";
  }
}
export interface StatFs {
  blockSize: number;
  blocks: number;
  free: number;
  files: number;
  filesFree: number;
  nameMax: number;
}

/** What is in a directory at a stable position. `cookie` is d_off, never 0: reading goes on behind it. */
export interface DirEntry {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
  readonly cookie: number;
}

/** What chmod, chown, utimensat and truncate change. */
export interface Changes {
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: Timespec;
  mtime?: Timespec;
  ctime?: Timespec;
}

/** What a new inode starts with; umask and setgid directories are accounted for. */
export interface NewInode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly ino?: number;
}

/** A call in pieces that others wait for. */
export interface Turn {
  readonly over: WaitQueue;
  drop(): void;
}

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
  /** Of their names and values. */
  xattrBytes = 0;
  /** What all openers of a fifo share. Linux i_pipe. */
  pipe: Pipe | undefined = undefined;
  /** The socket that is bound to the name. Linux unix_sock.path. */
  socket: FileDescription | undefined = undefined;
  /** Record locks and flocks. Linux i_flctx. */
  locks: Locks | undefined = undefined;
  /** File descriptions. */
  opens = 0;
  /** The call that writes, if one does so in pieces. */
  turn: Turn | undefined = undefined;
  /** Made by O_TMPFILE without O_EXCL: link(2) may still give it a name. */
  linkable = false;
  /**
   * A device node of another system: its number says nothing here, and to open it is EACCES, as on a mount with MS_NODEV. A fifo of
   * such a system is the guest's own pipe, as on a network file system.
   */
  readonly nodev: boolean = false;
  /** Open for writing by so many, or (negative) being executed by so many. ETXTBSY: Linux i_writecount. */
  writers = 0;

  constructor(fs: FileSystem, mode: number, ino = fs.newIno()) {
    this.fs = fs;
    this.ino = ino;
    this.mode = mode;
    this.atime = this.mtime = this.ctime = this.btime = fs.clock.realtime();
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
  get size(): number {
    return 0;
  }
  /** In units of 512 bytes. */
  get blocks(): number {
    return 0;
  }

  /** A file description of this inode. Permissions have been checked. */
  abstract open(task: Task, flags: number, path: Path): Or<FileDescription> | Wait;

  // Directories.
  lookup(_name: string, _task: Task): Or<Inode> {
    return -E.ENOTDIR;
  }
  /** Regular files, device nodes, fifos and sockets, by the type in `mode`; directories have mkdir. */
  mknod(_name: string, _made: NewInode): Or<Inode> {
    return -E.EPERM;
  }
  mkdir(_name: string, _made: NewInode): Or<Inode> {
    return -E.EPERM;
  }
  symlink(_name: string, _target: string, _made: NewInode): Or<Inode> {
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
  /** Move `name` here to `newName` in `to`, over what is there; RENAME_EXCHANGE swaps. The checks that all file systems share are done. */
  rename(_name: string, _to: Inode, _newName: string, _flags: number): number {
    return -E.EPERM;
  }
  /** A file without a name, for O_TMPFILE. */
  tmpfile(_made: NewInode): Or<Inode> {
    return -E.EOPNOTSUPP;
  }
  /** The entries behind `cookie` (0: all), in order, without "." and "..". */
  entries(_cookie: number, _task: Task): Iterator<DirEntry> {
    return [][Symbol.iterator]();
  }
  /** A cookie behind which all present names lie, and none that is made later; undefined where positions are not kept so. */
  get start(): number | undefined {
    return undefined;
  }
  get isEmpty(): boolean {
    return true;
  }

  // Symbolic links.
  readlink(_task: Task): Or<string> {
    return -E.EINVAL;
  }
  /** A link that does not go by its text: /proc/PID/fd/N, /proc/PID/exe. */
  jump(_task: Task): Or<Path> | undefined {
    return undefined;
  }

  // Regular files.
  truncate(_size: number): number {
    return -E.EINVAL;
  }

  /** Access decided by the inode itself rather than by mode bits (procfs); undefined: by mode bits. */
  permission(_task: Task, _mask: number): number | undefined {
    return undefined;
  }
  setattr(changes: Changes): number {
    Object.assign(this, changes);
    return 0;
  }
  /** Called when a name or a file description has gone: with the last of both goes the file. */
  unused(): void {
    if (this.nlink > 0 || this.opens > 0) return;
    this.fs.charge(-this.xattrPages);
    this.evict();
  }
  protected evict(): void {}

  /** Note a modification of the content, or of the inode alone. */
  touch(what: "modify" | "change" | "access"): void {
    const now = this.fs.clock.realtime();
    if (what === "access") this.atime = now;
    else this.ctime = now;
    if (what === "modify") this.mtime = now;
  }
}

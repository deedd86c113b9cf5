// Open file descriptions: open(2) makes them, dup(2) and fork(2) share them. man 2 open, "Open file
// descriptions".

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { O_ACCMODE, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, openOnly } from "../../../abi/uapi/fcntl.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { sizes } from "../../base/sizes.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "./dentry.ts";
import type { Inode, Or, Turn } from "./inode.ts";
import { dropLease } from "./leases.ts";
import { releaseFileLocks } from "./locks.ts";
import { EVENT, notifyFile } from "./notify.ts";

/** Events of poll(2). Linux uapi asm-generic/poll.h */
export const POLLIN = 1;
/** Urgent data, such as an exceptional condition of a socket. */
export const POLLPRI = 2;
/** A write does not block. */
export const POLLOUT = 4;
/** An error; or the read end of a pipe is closed. */
export const POLLERR = 8;
/** The other end is closed. */
export const POLLHUP = 16;
/** The descriptor is not open. */
export const POLLNVAL = 32;
/** As POLLIN. */
export const POLLRDNORM = 64;
/** Priority data can be read. */
export const POLLRDBAND = 128;
/** As POLLOUT. */
export const POLLWRNORM = 256;
/** Priority data can be written. */
export const POLLWRBAND = 512;
/** The peer has closed its writing direction. */
export const POLLRDHUP = 0x2000;
/** The events of a file that never blocks. */
export const alwaysReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/** The receiver of a file's signals. The pid is the kernel's; 0: no receiver. */
export interface FileOwner {
  readonly type: "thread" | "process" | "group";
  readonly pid: number;
}

/** An item of an epoll instance that contains a file. */
export interface Watcher {
  readonly ep: FileDescription;
  /** Called after the file's last reference was dropped. */
  closed(): void;
}

/**
 * A file description. Reads and writes never wait: they return -EAGAIN, and the system call waits on `queues`
 * unless O_NONBLOCK is set. So only the calls (calls/file/transfer.ts) implement waiting.
 */
export abstract class FileDescription {
  /** The access mode and the flags of F_GETFL. */
  flags: number;
  offset = 0;
  readonly inode: Inode;
  readonly path: Path;
  /** F_CREATED_QUERY: this open made the file. */
  created = false;
  /** F_SETOWN and F_SETSIG, and the descriptor that siginfo shows. */
  owner: FileOwner = { type: "thread", pid: 0 };
  signal = 0;
  signalFd = 0;
  /** O_ASYNC, and F_NOTIFY of a directory. */
  async: { end(): void } | undefined = undefined;
  dirMark: { end(): void } | undefined = undefined;
  /** The rights that security modules gave at open(2). Undefined: all. */
  security: ReadonlyMap<string, number> | undefined = undefined;
  /** Its use makes no events: a descriptor of fanotify's events. Linux FMODE_NONOTIFY. */
  isQuiet = false;
  /** The items of epoll instances that contain this file. Linux file.f_ep. */
  watchers: Set<Watcher> | undefined = undefined;
  /** The number of references: descriptors of all tables, mappings, and calls in progress. */
  refs = 0;
  /** The call in pieces that currently moves the offset. */
  turn: Turn | undefined = undefined;

  constructor(inode: Inode, flags: number, path: Path) {
    this.inode = inode;
    this.flags = flags & ~openOnly;
    this.path = path;
  }

  get isPath(): boolean {
    return (this.flags & O_PATH) !== 0;
  }
  /** False for access mode 3, whose descriptors are for ioctl(2) only. */
  get readable(): boolean {
    return !this.isPath && ((this.flags & O_ACCMODE) === O_RDONLY || (this.flags & O_ACCMODE) === O_RDWR);
  }
  get writable(): boolean {
    return !this.isPath && ((this.flags & O_ACCMODE) === O_WRONLY || (this.flags & O_ACCMODE) === O_RDWR);
  }
  /** True if the file has an offset: pread, pwrite and lseek work. */
  get seekable(): boolean {
    return false;
  }
  /** True if no guest can see that a transfer is split: regular files and memory devices. */
  get divisible(): boolean {
    return this.seekable;
  }

  /** True for a file without an offset that accepts positions, for example /dev/null. */
  get positioned(): boolean {
    return this.seekable;
  }
  /** True if writes do not read the bytes: /dev/null. */
  get discards(): boolean {
    return false;
  }
  /** False if splice(2) takes no bytes of the file: /dev/null. Linux splice_read. */
  get isSource(): boolean {
    return true;
  }
  /** True if `write` copies the bytes: its caller may use the same buffer for the next ones. */
  get copies(): boolean {
    return false;
  }
  /**
   * True if a blocking write continues until all is written. If false, the first step's number of bytes is
   * the result.
   */
  get writesAll(): boolean {
    return this.divisible;
  }
  /** The most bytes that one `write` gets. Terminals work on each byte. */
  get writeStep(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** True if a write with EPIPE raises SIGPIPE. */
  get signalsPipe(): boolean {
    return false;
  }
  /**
   * Reads up to `n` bytes, of a seekable file from `at`. Empty: end of file. The caller owns the result. It
   * may lie in `into`, if there is enough space.
   */
  read(_task: Task, _n: number, _at: number, _into?: Uint8Array): Or<Uint8Array> {
    return -E.EINVAL;
  }
  /** Writes bytes. Returns their number or -errno. Streams ignore `at`. */
  write(_task: Task, _bytes: Uint8Array, _at: number): number {
    return -E.EINVAL;
  }
  /** lseek(2): the new offset or -errno. */
  seek(_task: Task, _offset: number, _whence: number): number {
    return -E.ESPIPE;
  }
  ioctl(_task: Task, _request: number, _arg: VAddr, _abi: Abi): Result {
    return -E.ENOTTY;
  }
  /** True if epoll(7) takes the file: it can become ready. Linux file_can_poll(). */
  get pollable(): boolean {
    return !this.inode.isFile && !this.inode.isDir;
  }
  /** The POLL* events that hold now. */
  poll(_task: Task): number {
    return alwaysReady;
  }
  /** The queues that are woken when a read (POLLIN) or a write (POLLOUT) may succeed. Empty: always ready. */
  queues(_events: number): readonly WaitQueue[] {
    return [];
  }
  /** The time at which a blocked read ends by itself (VTIME of a terminal), in monotonic nanoseconds. */
  waitUntil(_task: Task, _events: number): number | undefined {
    return undefined;
  }
  /** The result of a wait that a signal ends: -EINTR or a restart code. */
  interruptedWait(_until: number | undefined): number {
    return restart.ERESTARTSYS;
  }
  /**
   * The object for mmap(2) and execve(2), "anonymous" for /dev/zero, or -errno. The range is that of the
   * mapping.
   */
  mapping(_task: Task, _offset = 0, _length = 0): Or<MappedFile | "anonymous"> {
    return -E.ENODEV;
  }
  /** Called after the last reference was dropped. */
  release(): void {}
  /** The lines of /proc/PID/fdinfo/N after pos, flags, mnt_id and ino. */
  info(): string {
    return "";
  }

  /** Its host memory in bytes (sizes.ts). */
  get weight(): number {
    return sizes.file;
  }
  /**
   * Charges and counts the description before its first use: 0, or the -errno of open(2) if a limit is
   * reached.
   */
  admit(): number {
    const { inode, weight } = this;
    const { account, openFiles } = inode.fs.clock.frames;
    if (openFiles.now >= openFiles.most) return -E.ENFILE;
    return account.canTake(weight) ? 0 : -E.ENOMEM;
  }
  private _open(count: 1 | -1): void {
    const { fs } = this.inode;
    this.inode.opens += count;
    fs.opens += count;
    if (this.writable && this.inode.isFile) fs.writers += count;
    this.path.mount.opens += count;
    fs.clock.frames.openFiles.now += count;
    if (count > 0) fs.account.force(this.weight);
    else fs.account.give(this.weight);
  }
  hold(): this {
    if (this.refs++ === 0) this._open(1);
    return this;
  }
  /** FIONREAD: the number of readable bytes. Undefined: the file does not know the request. */
  get waitingBytes(): number | undefined {
    return this.inode.isFile ? this.inode.size - this.offset : undefined;
  }
  /** Drops a reference without a release: the caller transfers it. */
  handOver(): this {
    if (--this.refs === 0) this._open(-1);
    return this;
  }
  drop(): void {
    if (--this.refs > 0) return;
    const { ending } = this.inode.fs.clock.fileEvents;
    if (ending.push(this) > 1) return;
    try {
      for (const file of ending) file._end();
    } finally {
      ending.length = 0;
    }
  }
  private _end(): void {
    notifyFile(this, this.writable ? EVENT.CLOSE_WRITE : EVENT.CLOSE_NOWRITE);
    for (const watcher of this.watchers ?? []) watcher.closed();
    releaseFileLocks(this);
    if (this.inode.leases) dropLease(this);
    this.async?.end();
    this.dirMark?.end();
    this.release();
    this._open(-1);
    this.inode.unused();
  }
}

/** `n` zero bytes: at the start of `into` if it has the space. */
export const zeros = (n: number, into: Uint8Array | undefined): Uint8Array =>
  into && n <= into.length ? into.subarray(0, n).fill(0) : new Uint8Array(n);

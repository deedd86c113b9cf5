// An open file description: what open(2) makes, what dup(2) and fork(2) share. man 2 open, "Open file descriptions".

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { sizes } from "../../base/sizes.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";
import type { Path } from "./dentry.ts";
import type { Inode, Or, Turn } from "./inode.ts";
import { releaseFileLocks } from "./locks.ts";
import { O_ACCMODE, O_PATH, O_RDONLY, O_RDWR, O_WRONLY, openOnly } from "./open-flags.ts";

/** Events of poll(2). Linux uapi asm-generic/poll.h */
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;
export const POLLRDNORM = 64;
export const POLLRDBAND = 128;
export const POLLWRNORM = 256;
export const POLLWRBAND = 512;
export const POLLRDHUP = 0x2000;
/** What a file that never blocks answers. */
export const alwaysReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/** An item of an epoll instance that watches a file. */
export interface Watcher {
  readonly ep: FileDescription;
  /** The file is closed for good. */
  closed(): void;
}

/**
 * Descriptions whose last reference is gone. A release may drop others, to any depth: sockets carry descriptors of sockets. So they end one
 * after the other. Linux delayed_fput().
 */
const ending: FileDescription[] = [];

/**
 * Reads and writes never wait here: they return -EAGAIN, and the system call then waits on `queues` unless O_NONBLOCK is set.
 * So waiting is written once (calls/file.ts), and no kind of file knows about it.
 */
export abstract class FileDescription {
  /** O_ACCMODE and what F_GETFL shows. */
  flags: number;
  offset = 0;
  readonly inode: Inode;
  readonly path: Path;
  /** F_SETOWN and F_SETSIG: kept for F_GETOWN and F_GETSIG. */
  owner = 0;
  signal = 0;
  /** Items of epoll instances. Linux file.f_ep. */
  watchers: Set<Watcher> | undefined = undefined;
  /** File descriptors (of all tables), mappings and calls in flight that hold it. */
  refs = 0;
  /** The call that moves the offset, if one does so in pieces. */
  turn: Turn | undefined = undefined;

  constructor(inode: Inode, flags: number, path: Path) {
    this.inode = inode;
    this.flags = flags & ~openOnly;
    this.path = path;
  }

  get isPath(): boolean {
    return (this.flags & O_PATH) !== 0;
  }
  /** O_ACCMODE 3 allows neither: such a descriptor is for ioctl(2) alone. */
  get readable(): boolean {
    return !this.isPath && ((this.flags & O_ACCMODE) === O_RDONLY || (this.flags & O_ACCMODE) === O_RDWR);
  }
  get writable(): boolean {
    return !this.isPath && ((this.flags & O_ACCMODE) === O_WRONLY || (this.flags & O_ACCMODE) === O_RDWR);
  }
  /** Has an offset; pread, pwrite and lseek work. */
  get seekable(): boolean {
    return false;
  }
  /** A transfer may be cut into several without anybody noticing: regular files and memory-like devices. */
  get divisible(): boolean {
    return this.seekable;
  }

  /** Has no offset of its own but takes positions: /dev/null and its like. */
  get positioned(): boolean {
    return this.seekable;
  }
  /** Writes look at no byte: /dev/null. */
  get discards(): boolean {
    return false;
  }
  /** A blocking write goes on until everything is written; otherwise what one step took is the result. */
  get writesAll(): boolean {
    return this.divisible;
  }
  /** Writing where nobody reads raises SIGPIPE. */
  get signalsPipe(): boolean {
    return false;
  }
  /** Up to n bytes from `at` (seekable files) or from the stream. Empty is end of file. The caller may keep the result. */
  read(_task: Task, _n: number, _at: number): Or<Uint8Array> {
    return -E.EINVAL;
  }
  /** How many bytes were written. `at` is ignored by streams. */
  write(_task: Task, _bytes: Uint8Array, _at: number): number {
    return -E.EINVAL;
  }
  /** The new offset. `whence` as in lseek(2). */
  seek(_task: Task, _offset: number, _whence: number): number {
    return -E.ESPIPE;
  }
  ioctl(_task: Task, _request: number, _arg: VAddr, _abi: Abi): Result {
    return -E.ENOTTY;
  }
  /** POLL* that hold now. */
  poll(_task: Task): number {
    return alwaysReady;
  }
  /** Woken when reading (`POLLIN`) or writing (`POLLOUT`) may succeed now. Empty: always ready. */
  queues(_events: number): readonly WaitQueue[] {
    return [];
  }
  /** When a blocked read gives up by itself (a terminal's VTIME), as monotonic nanoseconds. */
  waitUntil(_task: Task, _events: number): number | undefined {
    return undefined;
  }
  /** What a wait for it comes to if a signal ends it. */
  interruptedWait(_until: number | undefined): number {
    return restart.ERESTARTSYS;
  }
  /** What mmap(2) and execve(2) map, "anonymous" for /dev/zero, or -errno. */
  mapping(_task: Task): Or<MappedFile | "anonymous"> {
    return -E.ENODEV;
  }
  /** The last reference is gone. */
  release(): void {}
  /** Lines of /proc/PID/fdinfo/N beyond pos, flags, mnt_id and ino. */
  info(): string {
    return "";
  }

  /** Bytes that the host keeps for it (sizes.ts). */
  get weight(): number {
    return sizes.file;
  }
  /** Before it is opened: 0, or what open(2) says if the machine has no room for another one. */
  admit(): number {
    const { inode, weight } = this;
    const { account, openFiles } = inode.fs.clock.frames;
    if (openFiles.now >= openFiles.most) return -E.ENFILE;
    return account.canTake(weight) ? 0 : -E.ENOMEM;
  }
  #open(count: 1 | -1): void {
    const { fs } = this.inode;
    this.inode.opens += count;
    this.path.mount.opens += count;
    fs.clock.frames.openFiles.now += count;
    if (count > 0) fs.account.force(this.weight);
    else fs.account.give(this.weight);
  }
  hold(): this {
    if (this.refs++ === 0) this.#open(1);
    return this;
  }
  /** Give up a reference that somebody else takes over: nothing is released. */
  handOver(): this {
    if (--this.refs === 0) this.#open(-1);
    return this;
  }
  drop(): void {
    if (--this.refs > 0 || ending.push(this) > 1) return;
    try {
      for (const file of ending) file.#end();
    } finally {
      ending.length = 0;
    }
  }
  #end(): void {
    for (const watcher of this.watchers ?? []) watcher.closed();
    releaseFileLocks(this);
    this.release();
    this.#open(-1);
    this.inode.unused();
  }
}

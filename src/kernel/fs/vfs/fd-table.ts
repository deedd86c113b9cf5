// The table of file descriptors. Tasks with CLONE_FILES share it, fork(2) copies it. man 2 dup, man 2
// close_range; Linux fs/file.c.
import type { Fd } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import { sizes } from "../../base/sizes.ts";
import type { FileDescription } from "./file.ts";
import { type LockWait, releasePosixLocks } from "./locks.ts";

declare module "../../core/task.ts" {
  interface TaskMembers {
    files: FdTable;
  }
}

/** The initial size of a table. Linux NR_OPEN_DEFAULT. */
const LEAST_PLACES = 64;

interface Slot {
  readonly file: FileDescription;
  cloexec: boolean;
}

/** The number of descriptors per word of a bit map. */
const WORD = 32;

/** A number that no descriptor has. */
export const UNNUMBERED = 0x7fff_fff0;

/** A table of file descriptors. */
export class FdTable {
  /** A file without a descriptor, under the number UNNUMBERED while a call works on it. */
  unnumbered: FileDescription | undefined = undefined;
  /** Calls of its tasks that wait for a record lock. */
  lockWaits: Set<LockWait> | undefined = undefined;
  /** The number of tasks that share the table. */
  refs = 1;
  private _slots: (Slot | undefined)[] = [];
  /**
   * A bit for each open descriptor, and a bit for each full word of those bits. Linux fdtable.open_fds,
   * full_fds_bits.
   */
  private readonly _open: number[];
  private readonly _full: number[];
  /** The account that pays for open descriptors and slots. It is set with the first file. */
  private _account: Account | undefined = undefined;
  private _count = 0;
  private _places = 0;

  constructor(open = [0, 0], full = [0]) {
    this._open = open;
    this._full = full;
  }

  /**
   * The file of a descriptor for calls that need the file itself: undefined for O_PATH descriptors (EBADF).
   */
  get(fd: number): FileDescription | undefined {
    const file = this._slots[fd]?.file ?? this._unnumberedAt(fd);
    return file?.isPath ? undefined : file;
  }
  /** The file of a descriptor, also of O_PATH ones, for fstat, fchdir, *at, dup, close. */
  getRaw(fd: number): FileDescription | undefined {
    return this._slots[fd]?.file ?? this._unnumberedAt(fd);
  }
  private _unnumberedAt(fd: number): FileDescription | undefined {
    return fd === UNNUMBERED ? this.unnumbered : undefined;
  }

  /** The number of open descriptors. */
  get count(): number {
    return this._count;
  }
  /** One more than the highest descriptor so far. */
  get size(): number {
    return this._slots.length;
  }
  /** The lowest free descriptor from `min` on. */
  lowest(min: number): number {
    let word = Math.floor(min / WORD);
    const here = lowestZero((this._open[word] ?? 0) | ~(-1 << (min % WORD)));
    if (here < WORD) return word * WORD + here;
    word++;
    for (let n = Math.floor(word / WORD); n < this._full.length; n++) {
      const bits = this._full[n] as number;
      const free = lowestZero(n === Math.floor(word / WORD) ? bits | ~(-1 << (word % WORD)) : bits);
      if (free < WORD) return (n * WORD + free) * WORD + lowestZero(this._open[n * WORD + free] ?? 0);
    }
    // Words beyond the second map are not full.
    const beyond = Math.max(word, this._full.length * WORD);
    return beyond * WORD + lowestZero(this._open[beyond] ?? 0);
  }
  private _mark(fd: number): void {
    const word = Math.floor(fd / WORD);
    while (word >= this._open.length) this._open.push(0);
    const bits = (this._open[word] as number) | (1 << (fd % WORD));
    this._open[word] = bits;
    if (bits !== -1) return;
    const n = Math.floor(word / WORD);
    while (n >= this._full.length) this._full.push(0);
    (this._full[n] as number) |= 1 << (word % WORD);
  }
  private _unmark(fd: number): void {
    const word = Math.floor(fd / WORD);
    (this._open[word] as number) &= ~(1 << (fd % WORD));
    if (this._full[Math.floor(word / WORD)]) (this._full[Math.floor(word / WORD)] as number) &= ~(1 << (word % WORD));
  }
  /** Open descriptors in [first, last], in order. The table may change meanwhile. */
  private *_within(first: number, last: number): Generator<number> {
    for (let word = Math.floor(first / WORD); word < this._open.length && word * WORD <= last; word++) {
      if (this._open[word] === 0) continue;
      for (let fd = Math.max(first, word * WORD); fd < (word + 1) * WORD && fd <= last; fd++) if (this._slots[fd]) yield fd;
    }
  }
  /**
   * Gives a file the lowest free descriptor from `min` on: the descriptor, -EMFILE or -ENOMEM. `limit` is
   * RLIMIT_NOFILE.
   */
  install(file: FileDescription, limit: number, options: { cloexec?: boolean; min?: number } = {}): number {
    const fd = this.lowest(options.min ?? 0);
    if (fd >= limit) return -E.EMFILE;
    if (!this._fits(fd, file)) return -E.ENOMEM;
    this._slots[fd] = { file: file.hold(), cloexec: options.cloexec ?? false };
    this._mark(fd);
    this._count++;
    return fd;
  }
  /** dup2(2) and dup3(2): sets a descriptor and closes an open one. 0 or -ENOMEM. */
  replace(fd: number, file: FileDescription, cloexec: boolean): number {
    if (!this._fits(fd, file)) return -E.ENOMEM;
    file.hold();
    this._remove(fd);
    this._slots[fd] = { file, cloexec };
    this._mark(fd);
    this._count++;
    return 0;
  }
  /**
   * Charge one more descriptor, `fd`, and the places up to it: Linux expand_files() doubles the table. False:
   * there is no memory.
   */
  private _fits(fd: number, { inode }: FileDescription): boolean {
    const { account } = inode.fs;
    this._account ??= account;
    let places = this._places || LEAST_PLACES;
    while (places <= fd) places *= 2;
    if (!account.take(sizes.descriptor + (places - this._places) * sizes.place)) return false;
    this._places = places;
    return true;
  }
  /** close(2): 0 or -EBADF. */
  close(fd: number): number {
    if (!this._slots[fd]) return -E.EBADF;
    this._remove(fd);
    return 0;
  }
  closeRange(first: number, last: number): void {
    const words = this._open;
    // As `_within`: a generator is slower.
    for (let fd = first; fd <= last && fd < this._slots.length; fd++) {
      if ((fd & (WORD - 1)) === 0 && words[fd / WORD] === 0) fd += WORD - 1;
      else if (this._slots[fd]) this._remove(fd);
    }
  }
  cloexecRange(first: number, last: number): void {
    for (const fd of this._within(first, last)) this.setCloexec(fd, true);
  }
  cloexec(fd: number): boolean {
    return this._slots[fd]?.cloexec ?? false;
  }
  setCloexec(fd: number, on: boolean): void {
    const slot = this._slots[fd];
    if (slot) slot.cloexec = on;
  }
  /** Closes the descriptors with FD_CLOEXEC, for execve(2). */
  closeOnExec(): void {
    for (const fd of this._within(0, this.size)) if (this.cloexec(fd)) this._remove(fd);
  }
  /** The number of words of the bit map up to the last open descriptor. */
  private _words(): number {
    let words = this._open.length;
    while (words > 0 && this._open[words - 1] === 0) words--;
    return words;
  }
  /**
   * A copy for a child without CLONE_FILES. Undefined: memory is short; `always`: it is charged nevertheless.
   */
  clone(always = false): FdTable | undefined {
    const words = Math.max(2, this._words());
    let places = LEAST_PLACES;
    while (places < words * WORD) places *= 2;
    const weight = this._count * sizes.descriptor + places * sizes.place;
    if (always) this._account?.force(weight);
    else if (this._account?.take(weight) === false) return undefined;
    const copy = new FdTable(this._open.slice(0, words), this._full.slice(0, Math.ceil(words / WORD)));
    copy._account = this._account;
    copy._places = places;
    copy._count = this._count;
    // Descriptors that are open lie below `words`. A generator is slower.
    for (let fd = 0; fd < this._slots.length; fd++) {
      if ((fd & (WORD - 1)) === 0 && this._open[fd / WORD] === 0) fd += WORD - 1;
      const slot = this._slots[fd];
      if (slot) copy._slots[fd] = { file: slot.file.hold(), cloexec: slot.cloexec };
    }
    return copy;
  }
  /** Removes a task. The last one closes all descriptors. */
  drop(): void {
    if (--this.refs > 0) return;
    this.closeRange(0, this._slots.length - 1);
    this._account?.give(this._places * sizes.place);
    this._places = 0;
    this._slots = [];
  }
  /** The open descriptors from `first` on, in order, for /proc/PID/fd. */
  *list(first = 0): Generator<[Fd, FileDescription]> {
    for (const fd of this._within(first, this.size)) yield [fd as Fd, (this._slots[fd] as Slot).file];
  }

  private _remove(fd: number): void {
    const slot = this._slots[fd];
    if (!slot) return;
    this._slots[fd] = undefined;
    this._unmark(fd);
    this._count--;
    this._account?.give(sizes.descriptor);
    // The close of any descriptor of a file releases the process's POSIX locks of the file (man 2 fcntl).
    releasePosixLocks(slot.file.inode, this);
    slot.file.drop();
  }
}

/** 32 if there is none. */
const lowestZero = (bits: number): number => (bits === -1 || bits === 0xffffffff ? WORD : 31 - Math.clz32(~bits & -~bits));

// The table of file descriptors. Tasks with CLONE_FILES share it, fork(2) copies it. man 2 dup, man 2
// close_range; Linux fs/file.c.
import type { Fd } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Account } from "../../../memory/account.ts";
import { sizes } from "../../base/sizes.ts";
import type { FileDescription } from "./file.ts";
import { type LockWait, releasePosixLocks } from "./locks.ts";

/** The initial size of a table. Linux NR_OPEN_DEFAULT. */
const LEAST_PLACES = 64;

interface Slot {
  readonly file: FileDescription;
  cloexec: boolean;
}

/** The number of descriptors per word of a bit map. */
const WORD = 32;

/** A table of file descriptors. */
export class FdTable {
  /** Calls of its tasks that wait for a record lock. */
  lockWaits: Set<LockWait> | undefined = undefined;
  /** The number of tasks that share the table. */
  refs = 1;
  #slots: (Slot | undefined)[] = [];
  /**
   * A bit for each open descriptor, and a bit for each full word of those bits. Linux fdtable.open_fds,
   * full_fds_bits.
   */
  readonly #open: number[];
  readonly #full: number[];
  /** The account that pays for open descriptors and slots. It is set with the first file. */
  #account: Account | undefined = undefined;
  #count = 0;
  #places = 0;

  constructor(open = [0, 0], full = [0]) {
    this.#open = open;
    this.#full = full;
  }

  /**
   * The file of a descriptor for calls that need the file itself: undefined for O_PATH descriptors (EBADF).
   */
  get(fd: number): FileDescription | undefined {
    const file = this.#slots[fd]?.file;
    return file?.isPath ? undefined : file;
  }
  /** The file of a descriptor, also of O_PATH ones, for fstat, fchdir, *at, dup, close. */
  getRaw(fd: number): FileDescription | undefined {
    return this.#slots[fd]?.file;
  }

  /** The number of open descriptors. */
  get count(): number {
    return this.#count;
  }
  /** One more than the highest descriptor so far. */
  get size(): number {
    return this.#slots.length;
  }
  /** The lowest free descriptor from `min` on. */
  lowest(min: number): number {
    let word = Math.floor(min / WORD);
    const here = lowestZero((this.#open[word] ?? 0) | ~(-1 << (min % WORD)));
    if (here < WORD) return word * WORD + here;
    word++;
    for (let n = Math.floor(word / WORD); n < this.#full.length; n++) {
      const bits = this.#full[n] as number;
      const free = lowestZero(n === Math.floor(word / WORD) ? bits | ~(-1 << (word % WORD)) : bits);
      if (free < WORD) return (n * WORD + free) * WORD + lowestZero(this.#open[n * WORD + free] ?? 0);
    }
    // Words beyond the second map are not full.
    const beyond = Math.max(word, this.#full.length * WORD);
    return beyond * WORD + lowestZero(this.#open[beyond] ?? 0);
  }
  #mark(fd: number): void {
    const word = Math.floor(fd / WORD);
    while (word >= this.#open.length) this.#open.push(0);
    const bits = (this.#open[word] as number) | (1 << (fd % WORD));
    this.#open[word] = bits;
    if (bits !== -1) return;
    const n = Math.floor(word / WORD);
    while (n >= this.#full.length) this.#full.push(0);
    (this.#full[n] as number) |= 1 << (word % WORD);
  }
  #unmark(fd: number): void {
    const word = Math.floor(fd / WORD);
    (this.#open[word] as number) &= ~(1 << (fd % WORD));
    if (this.#full[Math.floor(word / WORD)]) (this.#full[Math.floor(word / WORD)] as number) &= ~(1 << (word % WORD));
  }
  /** Open descriptors in [first, last], in order. The table may change meanwhile. */
  *#within(first: number, last: number): Generator<number> {
    for (let word = Math.floor(first / WORD); word < this.#open.length && word * WORD <= last; word++) {
      if (this.#open[word] === 0) continue;
      for (let fd = Math.max(first, word * WORD); fd < (word + 1) * WORD && fd <= last; fd++) if (this.#slots[fd]) yield fd;
    }
  }
  /**
   * Gives a file the lowest free descriptor from `min` on: the descriptor, -EMFILE or -ENOMEM. `limit` is
   * RLIMIT_NOFILE.
   */
  install(file: FileDescription, limit: number, options: { cloexec?: boolean; min?: number } = {}): number {
    const fd = this.lowest(options.min ?? 0);
    if (fd >= limit) return -E.EMFILE;
    if (!this.#fits(fd, file)) return -E.ENOMEM;
    this.#slots[fd] = { file: file.hold(), cloexec: options.cloexec ?? false };
    this.#mark(fd);
    this.#count++;
    return fd;
  }
  /** dup2(2) and dup3(2): sets a descriptor and closes an open one. 0 or -ENOMEM. */
  replace(fd: number, file: FileDescription, cloexec: boolean): number {
    if (!this.#fits(fd, file)) return -E.ENOMEM;
    file.hold();
    this.#remove(fd);
    this.#slots[fd] = { file, cloexec };
    this.#mark(fd);
    this.#count++;
    return 0;
  }
  /**
   * Charge one more descriptor, `fd`, and the places up to it: Linux expand_files() doubles the table. False:
   * there is no memory.
   */
  #fits(fd: number, { inode }: FileDescription): boolean {
    const { account } = inode.fs;
    this.#account ??= account;
    let places = this.#places || LEAST_PLACES;
    while (places <= fd) places *= 2;
    if (!account.take(sizes.descriptor + (places - this.#places) * sizes.place)) return false;
    this.#places = places;
    return true;
  }
  /** close(2): 0 or -EBADF. */
  close(fd: number): number {
    if (!this.#slots[fd]) return -E.EBADF;
    this.#remove(fd);
    return 0;
  }
  closeRange(first: number, last: number): void {
    const words = this.#open;
    // As `#within`: a generator is slower.
    for (let fd = first; fd <= last && fd < this.#slots.length; fd++) {
      if ((fd & (WORD - 1)) === 0 && words[fd / WORD] === 0) fd += WORD - 1;
      else if (this.#slots[fd]) this.#remove(fd);
    }
  }
  cloexecRange(first: number, last: number): void {
    for (const fd of this.#within(first, last)) this.setCloexec(fd, true);
  }
  cloexec(fd: number): boolean {
    return this.#slots[fd]?.cloexec ?? false;
  }
  setCloexec(fd: number, on: boolean): void {
    const slot = this.#slots[fd];
    if (slot) slot.cloexec = on;
  }
  /** Closes the descriptors with FD_CLOEXEC, for execve(2). */
  closeOnExec(): void {
    for (const fd of this.#within(0, this.size)) if (this.cloexec(fd)) this.#remove(fd);
  }
  /** The number of words of the bit map up to the last open descriptor. */
  #words(): number {
    let words = this.#open.length;
    while (words > 0 && this.#open[words - 1] === 0) words--;
    return words;
  }
  /**
   * A copy for a child without CLONE_FILES. Undefined: memory is short; `always`: it is charged nevertheless.
   */
  clone(always = false): FdTable | undefined {
    const words = Math.max(2, this.#words());
    let places = LEAST_PLACES;
    while (places < words * WORD) places *= 2;
    const weight = this.#count * sizes.descriptor + places * sizes.place;
    if (always) this.#account?.force(weight);
    else if (this.#account?.take(weight) === false) return undefined;
    const copy = new FdTable(this.#open.slice(0, words), this.#full.slice(0, Math.ceil(words / WORD)));
    copy.#account = this.#account;
    copy.#places = places;
    copy.#count = this.#count;
    // Descriptors that are open lie below `words`. A generator is slower.
    for (let fd = 0; fd < this.#slots.length; fd++) {
      if ((fd & (WORD - 1)) === 0 && this.#open[fd / WORD] === 0) fd += WORD - 1;
      const slot = this.#slots[fd];
      if (slot) copy.#slots[fd] = { file: slot.file.hold(), cloexec: slot.cloexec };
    }
    return copy;
  }
  /** Removes a task. The last one closes all descriptors. */
  drop(): void {
    if (--this.refs > 0) return;
    this.closeRange(0, this.#slots.length - 1);
    this.#account?.give(this.#places * sizes.place);
    this.#places = 0;
    this.#slots = [];
  }
  /** The open descriptors from `first` on, in order, for /proc/PID/fd. */
  *list(first = 0): Generator<[Fd, FileDescription]> {
    for (const fd of this.#within(first, this.size)) yield [fd as Fd, (this.#slots[fd] as Slot).file];
  }

  #remove(fd: number): void {
    const slot = this.#slots[fd];
    if (!slot) return;
    this.#slots[fd] = undefined;
    this.#unmark(fd);
    this.#count--;
    this.#account?.give(sizes.descriptor);
    // The close of any descriptor of a file releases the process's POSIX locks of the file (man 2 fcntl).
    releasePosixLocks(slot.file.inode, this);
    slot.file.drop();
  }
}

/** 32 if there is none. */
const lowestZero = (bits: number): number => (bits === -1 || bits === 0xffffffff ? WORD : 31 - Math.clz32(~bits & -~bits));

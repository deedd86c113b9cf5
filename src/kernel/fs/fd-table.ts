// File descriptors: small numbers for open file descriptions. Shared by CLONE_FILES; copied by fork. man 2 dup, man 2 close_range.
import type { Fd } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import type { Account } from "../../memory/account.ts";
import { sizes } from "../sizes.ts";
import type { FileDescription } from "./file.ts";
import { releasePosixLocks } from "./locks.ts";

/** Linux NR_OPEN_DEFAULT. */
const LEAST_PLACES = 64;

interface Slot {
  readonly file: FileDescription;
  cloexec: boolean;
}

export class FdTable {
  /** Tasks that share it. */
  refs = 1;
  #slots: (Slot | undefined)[] = [];
  /** Who pays, as soon as there is a file; what for: open descriptors, and places. */
  #account: Account | undefined = undefined;
  #open = 0;
  #places = 0;
  /** No descriptor below is free. */
  #free = 0;

  /** O_PATH descriptors count as bad for calls that need the file itself. */
  get(fd: number): FileDescription | undefined {
    const file = this.#slots[fd]?.file;
    return file?.isPath ? undefined : file;
  }
  /** Also O_PATH descriptors: fstat, fchdir, *at, dup, close. */
  getRaw(fd: number): FileDescription | undefined {
    return this.#slots[fd]?.file;
  }

  /** One more than the highest descriptor there ever was. */
  get size(): number {
    return this.#slots.length;
  }
  /** The first free number from `min` on. */
  lowest(min: number): number {
    let fd = Math.max(min, this.#free);
    while (this.#slots[fd]) fd++;
    if (min <= this.#free) this.#free = fd;
    return fd;
  }
  /** Lowest free number from `min`, or -EMFILE. `limit` is RLIMIT_NOFILE. */
  install(file: FileDescription, limit: number, options: { cloexec?: boolean; min?: number } = {}): number {
    const fd = this.lowest(options.min ?? 0);
    if (fd >= limit) return -E.EMFILE;
    if (!this.#fits(fd, file)) return -E.ENOMEM;
    this.#slots[fd] = { file: file.hold(), cloexec: options.cloexec ?? false };
    this.#open++;
    return fd;
  }
  /** dup2 and dup3: replaces what is there. 0 or -ENOMEM. */
  replace(fd: number, file: FileDescription, cloexec: boolean): number {
    if (!this.#fits(fd, file)) return -E.ENOMEM;
    file.hold();
    this.#remove(fd);
    this.#slots[fd] = { file, cloexec };
    this.#open++;
    return 0;
  }
  /** Charge one more descriptor, `fd`, and the places up to it: Linux expand_files() doubles the table. False: there is no memory. */
  #fits(fd: number, { inode }: FileDescription): boolean {
    const { account } = inode.fs;
    this.#account ??= account;
    let places = this.#places || LEAST_PLACES;
    while (places <= fd) places *= 2;
    if (!account.take(sizes.descriptor + (places - this.#places) * sizes.place)) return false;
    this.#places = places;
    return true;
  }
  close(fd: number): number {
    if (!this.#slots[fd]) return -E.EBADF;
    this.#remove(fd);
    return 0;
  }
  closeRange(first: number, last: number): void {
    for (let fd = first; fd <= last && fd < this.#slots.length; fd++) this.#remove(fd);
  }
  cloexecRange(first: number, last: number): void {
    for (let fd = first; fd <= last && fd < this.#slots.length; fd++) this.setCloexec(fd, true);
  }
  cloexec(fd: number): boolean {
    return this.#slots[fd]?.cloexec ?? false;
  }
  setCloexec(fd: number, on: boolean): void {
    const slot = this.#slots[fd];
    if (slot) slot.cloexec = on;
  }
  /** At execve. */
  closeOnExec(): void {
    this.#slots.forEach((slot, fd) => {
      if (slot?.cloexec) this.#remove(fd);
    });
  }
  /** For a child without CLONE_FILES: up to the last descriptor that is open. undefined: there is no memory, unless it must be had. */
  clone(always = false): FdTable | undefined {
    const copy = new FdTable();
    let end = this.#slots.length;
    while (end > 0 && !this.#slots[end - 1]) end--;
    let places = LEAST_PLACES;
    while (places < end) places *= 2;
    const weight = this.#open * sizes.descriptor + places * sizes.place;
    if (always) this.#account?.force(weight);
    else if (this.#account?.take(weight) === false) return undefined;
    copy.#account = this.#account;
    copy.#places = places;
    copy.#open = this.#open;
    copy.#free = this.#free;
    for (let fd = 0; fd < end; fd++) {
      const slot = this.#slots[fd];
      copy.#slots.push(slot && { file: slot.file.hold(), cloexec: slot.cloexec });
    }
    return copy;
  }
  /** A task that used this table is gone. */
  drop(): void {
    if (--this.refs > 0) return;
    this.closeRange(0, this.#slots.length - 1);
    this.#account?.give(this.#places * sizes.place);
    this.#places = this.#free = 0;
    this.#slots = [];
  }
  /** Open descriptors in order, for /proc/PID/fd. */
  *list(): Generator<[Fd, FileDescription]> {
    for (let fd = 0; fd < this.#slots.length; fd++) {
      const slot = this.#slots[fd];
      if (slot) yield [fd as Fd, slot.file];
    }
  }

  #remove(fd: number): void {
    const slot = this.#slots[fd];
    if (!slot) return;
    this.#slots[fd] = undefined;
    if (fd < this.#free) this.#free = fd;
    this.#open--;
    this.#account?.give(sizes.descriptor);
    // POSIX locks go when the process closes any descriptor of the file (man 2 fcntl).
    releasePosixLocks(slot.file.inode, this);
    slot.file.drop();
  }
}

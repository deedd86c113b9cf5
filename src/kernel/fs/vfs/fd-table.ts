// File descriptors: small numbers for open file descriptions. Shared by CLONE_FILES; copied by fork. man 2 dup, man 2 close_range.
import type { Fd } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { FileDescription } from "./file.ts";
import { releasePosixLocks } from "./locks.ts";

interface Slot {
  readonly file: FileDescription;
  cloexec: boolean;
}

export class FdTable {
  /** Tasks that share it. */
  refs = 1;
  #slots: (Slot | undefined)[] = [];

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
    let fd = min;
    while (this.#slots[fd]) fd++;
    return fd;
  }
  /** Lowest free number from `min`, or -EMFILE. `limit` is RLIMIT_NOFILE. */
  install(file: FileDescription, limit: number, options: { cloexec?: boolean; min?: number } = {}): number {
    const fd = this.lowest(options.min ?? 0);
    if (fd >= limit) return -E.EMFILE;
    this.#slots[fd] = { file: file.hold(), cloexec: options.cloexec ?? false };
    return fd;
  }
  /** dup2 and dup3: replaces what is there. */
  replace(fd: number, file: FileDescription, cloexec: boolean): void {
    file.hold();
    this.#remove(fd);
    this.#slots[fd] = { file, cloexec };
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
  /** For a child without CLONE_FILES. */
  clone(): FdTable {
    const copy = new FdTable();
    copy.#slots = this.#slots.map((slot) => slot && { file: slot.file.hold(), cloexec: slot.cloexec });
    return copy;
  }
  /** A task that used this table is gone. */
  drop(): void {
    if (--this.refs === 0) this.closeRange(0, this.#slots.length - 1);
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
    // POSIX locks go when the process closes any descriptor of the file (man 2 fcntl).
    releasePosixLocks(slot.file.inode, this);
    slot.file.drop();
  }
}

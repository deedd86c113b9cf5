// Regular files: their inodes with a page cache, and their file descriptions. Linux fs/read_write.c,
// mm/filemap.c.
import { E } from "../../../abi/errno.ts";
import { F_SEAL_GROW, F_SEAL_SHRINK, O_NOATIME } from "../../../abi/uapi/fcntl.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import type { HugeObject } from "../../../memory/huge/object.ts";
import type { PageCache } from "../../../memory/page-cache.ts";
import type { Task } from "../../core/task.ts";
import { type Path, pathName } from "../vfs/dentry.ts";
import { FileDescription, zeros } from "../vfs/file.ts";
import { Inode, type Or } from "../vfs/inode.ts";
import { FS_FL, major, minor } from "../vfs/mode.ts";
import { MS_NOATIME, MS_NOEXEC } from "../vfs/mount.ts";

/** The greatest file size in bytes: the greatest exact integer. Linux MAX_LFS_FILESIZE is 2^63 - 1. */
export const MAX_FILE_SIZE = Number.MAX_SAFE_INTEGER;
/** lseek(2): from the start of the file. */
export const SEEK_SET = 0;
/** lseek(2): from the current offset. */
export const SEEK_CUR = 1;
/** lseek(2): from the end of the file. */
export const SEEK_END = 2;
/** lseek(2): the next data at or after the offset. */
export const SEEK_DATA = 3;
/** lseek(2): the next hole at or after the offset. */
export const SEEK_HOLE = 4;

/** The inode of a regular file, and the `Backing` of its page cache. */
export abstract class RegularInode extends Inode {
  pages?: PageCache | undefined;
  /** The huge pages that are its bytes. */
  readonly huge?: HugeObject | undefined;
  /** The F_SEAL_* bits of a memfd. Undefined: sealing is not supported (EINVAL). */
  seals: number | undefined = undefined;
  abstract override get size(): number;
  /** Reads from `at`; the range is within the file. Returns the number of bytes or -errno. */
  abstract readAt(at: number, into: Uint8Array): number;
  /** Writes at `at`. Returns the number of bytes or -errno. */
  abstract writeAt(at: number, bytes: Uint8Array): number;
  /** True if `writeAt` copies the bytes: its caller may use the same buffer for the next ones. */
  get copies(): boolean {
    return false;
  }
  /** The next offset from `at` of data, or of a hole if not `data`. A file without holes has data only. */
  nextData(at: number, data: boolean): number {
    return data ? at : this.size;
  }
  /** Pages of the file in the machine's memory. Allocation and truncation take time for them. */
  get heldPages(): number {
    return 0;
  }
  /** fallocate(2) of [at, end): allocates, or makes a hole. 0 or -errno. */
  allocate(_at: number, _end: number, _punch: boolean): number {
    return -E.EOPNOTSUPP;
  }

  override mayResize(size: number): number {
    const seals = this.seals ?? 0;
    return (size < this.size && seals & F_SEAL_SHRINK) || (size > this.size && seals & F_SEAL_GROW) ? -E.EPERM : 0;
  }
  readPage(index: number, into: Uint8Array): number {
    const n = Math.min(into.length, this.size - index * 4096);
    return n <= 0 ? 0 : Math.min(0, this.readAt(index * 4096, into.subarray(0, n)));
  }
  punchPages(from: number, to: number): number {
    return this.allocate(from * 4096, to * 4096, true);
  }
  /** Linux fault_dirty_shared_page(). */
  modified(): void {
    this.touch("modify");
  }
  writePage(index: number, from: Uint8Array): number {
    return this.writeAt(index * 4096, from);
  }

  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new RegularFile(this, flags, path);
  }
  protected override evict(): void {
    this.pages?.drop();
  }
}

/** Sets atime if it is not later than mtime and ctime, or is a day old. Linux relatime_need_update(). */
export const touchAccess = (file: Pick<FileDescription, "inode" | "path" | "flags">): void => {
  const { inode, path } = file;
  if (file.flags & O_NOATIME || inode.fileFlags & FS_FL.NOATIME || path.mount.flags & MS_NOATIME || inode.fs.readOnly) return;
  const { atime, mtime, ctime } = inode;
  const now = inode.fs.now();
  const stale = (t: typeof atime): boolean => atime.sec < t.sec || (atime.sec === t.sec && atime.nsec <= t.nsec);
  if (stale(mtime) || stale(ctime) || now.sec - atime.sec >= 86400) inode.atime = now;
};

/**
 * Fills `into` from `at` with the file's bytes and the later stores of mappings: 0 or -errno. The range is
 * within the file.
 */
export const readContent = (inode: RegularInode, at: number, into: Uint8Array): number => {
  if (into.length === 0) return 0;
  const got = inode.readAt(at, into);
  if (got < 0) return got;
  inode.pages?.overlay(at, into);
  return 0;
};
/** Writes at `at`: the number of bytes, or -errno. Seals and mappings are served. */
export const writeContent = (inode: RegularInode, bytes: Uint8Array, at: number): number => {
  if (bytes.length === 0) return 0;
  const { seals } = inode;
  // F_SEAL_WRITE and F_SEAL_FUTURE_WRITE, F_SEAL_GROW: Linux shmem_write_begin().
  if (seals && (seals & 0x18 || (seals & 4 && at + bytes.length > inode.size))) return -E.EPERM;
  const n = inode.writeAt(at, bytes);
  if (n > 0) {
    inode.pages?.wrote(at, n === bytes.length ? bytes : bytes.subarray(0, n));
    inode.touch("modify");
  }
  return n;
};

/** A file description of a regular file. */
export class RegularFile extends FileDescription {
  declare readonly inode: RegularInode;
  /** True if it counts as a writer, so that the file cannot be executed (ETXTBSY). */
  private readonly _writes: boolean;
  constructor(inode: RegularInode, flags: number, path: Path, opened = true) {
    super(inode, flags, path);
    this._writes = opened && this.writable;
    if (this._writes) inode.writers++;
  }
  override get seekable(): boolean {
    return true;
  }
  override release(): void {
    if (this._writes) this.inode.writers--;
  }

  override read(_task: Task, n: number, at: number, into?: Uint8Array): Or<Uint8Array> {
    const { inode } = this;
    const bytes = zeros(Math.max(0, Math.min(n, inode.size - at)), into);
    const error = readContent(inode, at, bytes);
    if (error < 0) return error;
    touchAccess(this);
    return bytes;
  }

  override write(_task: Task, bytes: Uint8Array, at: number): number {
    return writeContent(this.inode, bytes, at);
  }
  override get copies(): boolean {
    return this.inode.copies;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const { size } = this.inode;
    if (whence === SEEK_DATA || whence === SEEK_HOLE) {
      if (offset < 0 || offset >= size) return -E.ENXIO;
      const found = this.inode.nextData(offset, whence === SEEK_DATA);
      if (whence === SEEK_DATA && found >= size) return -E.ENXIO;
      return (this.offset = found);
    }
    return seekTo(this, offset, whence, size);
  }

  override mapping(task: Task): Or<MappedFile | "anonymous"> {
    const { inode, path } = this;
    return {
      backing: inode,
      path: pathName(path, task.fs.root).name,
      dev: (major(inode.fs.dev) << 8) | minor(inode.fs.dev),
      ino: inode.ino,
      readable: this.readable,
      writable: this.writable,
      noexec: (path.mount.flags & MS_NOEXEC) !== 0,
      sealedWrite: ((inode.seals ?? 0) & 0x18) !== 0,
    };
  }
}

/** SEEK_SET, SEEK_CUR and SEEK_END: the new offset or -EINVAL. Linux generic_file_llseek(). */
export const seekTo = (file: FileDescription, offset: number, whence: number, size: number): number => {
  if (whence < SEEK_SET || whence > SEEK_END) return -E.EINVAL;
  const to = offset + [0, file.offset, size][whence]!;
  if (to < 0 || to > MAX_FILE_SIZE) return -E.EINVAL;
  return (file.offset = to);
};

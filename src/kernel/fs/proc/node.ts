// The inodes of /proc: directories with computed entries, files with computed text, and links that resolve to
// a file itself. man 5 proc; Linux fs/proc/generic.c, base.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../task/task.ts";
import { DirFile } from "../files/dir-file.ts";
import { seekTo } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import { alwaysReady, FileDescription, POLLERR, POLLIN, POLLPRI, POLLRDNORM } from "../vfs/file.ts";
import { type Changes, type DirEntry, type FileSystem, Inode, type Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from "../vfs/mode.ts";

/** The content of a file. Text is a byte string: one char code per byte. */
export interface ProcContent {
  /** Opens the file in place of what the other functions make. */
  open?(task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription>;
  /** Who may open the file: 0 or -errno. Default: whom its mode allows. */
  mayOpen?(task: Task): number;
  /**
   * Long content, in place of `read`: its records from key `from` on (0: the first). Linux struct
   * seq_operations.
   */
  records?(task: Task, from: number): Or<Iterable<ProcRecord>>;
  /** The whole content, or -errno. */
  read?(task: Task): Or<string | Uint8Array>;
  /** False if splice(2) refuses the file: Linux gives it no splice_read. */
  readonly isSource?: boolean;
  /** The source of changes that poll(2) reports as POLLPRI. Without it the file cannot be polled. */
  changes?(): { readonly events: number; readonly changed: WaitQueue };
  /** An ioctl(2): its result. */
  ioctl?(task: Task, request: number, arg: VAddr): number;
  /** A write at the file's offset `at`: the number of accepted bytes, or -errno. */
  write?(task: Task, bytes: Uint8Array, at: number): number;
}

/** A record of long content. */
export interface ProcRecord {
  readonly text: string;
  /** The lowest key that a later record can have. */
  readonly next: number;
}
/** The size of the buffer of records, in bytes. Linux seq_file. */
const BUFFER = 4096;

/**
 * An open file of records. Each read computes the records that it needs, up to a buffer. Linux
 * seq_read_iter().
 */
class ProcSequence extends FileDescription {
  private readonly _content: ProcContent;
  private readonly _records: NonNullable<ProcContent["records"]>;
  private readonly _changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes that the last poll has seen. */
  private _seen: number;
  /** Computed bytes that were not read yet. */
  private _buffer: Uint8Array = new Uint8Array(0);
  /** The bytes that the account holds for `_buffer`, read ones included. */
  private _charged = 0;
  /** The file offset of `_buffer`. */
  private _at = 0;
  /** The key of the next record. */
  private _next = 0;
  constructor(content: ProcContent, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this._content = content;
    this._records = content.records?.bind(content) as NonNullable<ProcContent["records"]>;
    this._changes = content.changes?.();
    this._seen = this._changes?.events ?? 0;
  }
  override ioctl(task: Task, request: number, arg: VAddr): number {
    return this._content.ioctl?.(task, request, arg) ?? -E.ENOTTY;
  }
  override get isSource(): boolean {
    return this._content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this._changes !== undefined;
  }
  /** A change is reported once. Linux mounts_poll(). */
  override poll(): number {
    const now = this._changes?.events ?? this._seen;
    if (now === this._seen) return this._changes ? POLLIN | POLLRDNORM : alwaysReady;
    this._seen = now;
    return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
  }
  override queues(): readonly WaitQueue[] {
    return this._changes ? [this._changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at < this._at) {
      this._buffer = this._buffer.subarray(0, 0);
      this._at = this._next = 0;
    }
    // Records before the offset are computed and skipped.
    while (at >= this._at + this._buffer.length) {
      this._at += this._buffer.length;
      const bytes = this._fill(task);
      if (typeof bytes === "number") return bytes;
      if (!this.inode.fs.account.resize(this._charged, bytes.length)) return -E.ENOMEM;
      this._charged = bytes.length;
      this._buffer = bytes;
      if (bytes.length === 0) return bytes;
    }
    const out = this._buffer.slice(at - this._at, at - this._at + n);
    this._buffer = this._buffer.subarray(at - this._at + out.length);
    this._at = at + out.length;
    return out;
  }
  /** The next records: as many as fit into the buffer, but at least one. */
  private _fill(task: Task): Or<Uint8Array> {
    const records = this._records(task, this._next);
    if (typeof records === "number") return records;
    let text = "";
    for (const record of records) {
      if (text !== "" && text.length + record.text.length > BUFFER) break;
      text += record.text;
      this._next = record.next;
    }
    task.kernel.charge(text.length * cost.character);
    return asBytes(text);
  }
  override release(): void {
    this.inode.fs.account.give(this._charged);
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/**
 * An open file of /proc. The first read and each read at offset 0 compute its content. Linux fs/seq_file.c.
 */
class ProcFile extends FileDescription {
  private readonly _content: ProcContent;
  private _bytes: Uint8Array | undefined;
  private readonly _changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes at the last read. */
  private _seen = -1;
  constructor(content: ProcContent, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this._content = content;
    this._changes = content.changes?.();
  }
  override get isSource(): boolean {
    return this._content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this._changes !== undefined;
  }
  /** A change is reported until it is read. Linux kernfs_generic_poll(). */
  override poll(): number {
    return this._changes && this._changes.events !== this._seen ? alwaysReady | POLLERR | POLLPRI : alwaysReady;
  }
  override queues(): readonly WaitQueue[] {
    return this._changes ? [this._changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (!this._content.read) return -E.EINVAL;
    if (at === 0 || !this._bytes) {
      this._seen = this._changes?.events ?? -1;
      const content = this._content.read(task);
      if (typeof content === "number") return content;
      if (!this.inode.fs.account.resize(this._bytes?.length ?? 0, content.length)) return -E.ENOMEM;
      this._bytes = typeof content === "string" ? asBytes(content) : content;
      task.kernel.charge(this._bytes.length * cost.character);
    }
    return this._bytes.slice(at, at + n);
  }
  override release(): void {
    this.inode.fs.account.give(this._bytes?.length ?? 0);
  }
  override write(task: Task, bytes: Uint8Array, at: number): number {
    return this._content.write?.(task, bytes, at) ?? -E.EIO;
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/** The owner of an inode. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
const root: Owner = { uid: 0, gid: 0 };

/** st_blksize of /proc. Linux fs/proc/root.c proc_fill_super(). */
const PROC_BLOCK_SIZE = 1024;

/** The inode of a file with computed content. */
export class ProcFileNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _content: ProcContent;
  constructor(fs: FileSystem, ino: number, mode: number, content: ProcContent, owner: Owner = root) {
    super(fs, S_IFREG | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._content = content;
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    const refused = this._content.mayOpen?.(task) ?? 0;
    if (refused < 0) return refused;
    const { records } = this._content;
    if (this._content.open) return this._content.open(task, this, flags, path);
    return records ? new ProcSequence(this._content, this, flags, path) : new ProcFile(this._content, this, flags, path);
  }
  override truncate(): number {
    return 0;
  }
  override setattr(_changes: Changes): number {
    return -E.EPERM;
  }
}

/** The inode of a link. With `jump` it is a magic link: it resolves to a path, not by its text. */
export class ProcLinkNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _text: (task: Task) => Or<string>;
  private readonly _jump: ((task: Task) => Or<Path> | undefined) | undefined;
  constructor(
    fs: FileSystem,
    ino: number,
    text: (task: Task) => Or<string>,
    jump?: (task: Task) => Or<Path> | undefined,
    mode = 0o777,
    owner: Owner = root,
  ) {
    super(fs, S_IFLNK | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._text = text;
    this._jump = jump;
  }
  override get size(): number {
    return this._jump ? 64 : 0;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  override readlink(task: Task): Or<string> {
    return this._text(task);
  }
  override jump(task: Task): Or<Path> | undefined {
    return this._jump?.(task);
  }
}

/** A name in a computed directory. */
export interface ProcEntry {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
  /**
   * Its position in the directory, from 1. Undefined: after the previous entry. A list from a position may
   * omit earlier entries.
   */
  readonly cookie?: number;
  make(): Inode;
}

/**
 * The inode of a directory with computed entries. `find` looks up one name; without it the list is searched.
 */
export class ProcDirNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _list: (task: Task, from: number) => Iterable<ProcEntry>;
  private readonly _find: ((name: string, task: Task) => ProcEntry | undefined) | undefined;
  constructor(
    fs: FileSystem,
    ino: number,
    mode: number,
    list: (task: Task, from: number) => Iterable<ProcEntry>,
    find?: (name: string, task: Task) => ProcEntry | undefined,
    owner: Owner = root,
  ) {
    super(fs, S_IFDIR | mode, ino);
    this.nlink = 2;
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._list = list;
    this._find = find;
  }
  /** Its attributes that depend on its entries. */
  shape: { links?(): number; size?(): number } | undefined = undefined;
  override get links(): number {
    return this.shape?.links?.() ?? this.nlink;
  }
  override get size(): number {
    return this.shape?.size?.() ?? 0;
  }
  override get isEmpty(): boolean {
    return false;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }
  override lookup(name: string, task: Task): Or<Inode> {
    if (this._find) return this._find(name, task)?.make() ?? -E.ENOENT;
    for (const entry of this._list(task, 0)) if (entry.name === name) return entry.make();
    return -E.ENOENT;
  }
  override *entries(cookie: number, task: Task): Generator<DirEntry> {
    let at = 0;
    for (const { name, ino, type, cookie: own } of this._list(task, cookie)) {
      at = own ?? at + 1;
      if (at > cookie) yield { name, ino, type, cookie: at };
    }
  }
  override setattr(): number {
    return -E.EPERM;
  }
}

/** d_type values of directory entries. */
export const DT = { dir: direntType(S_IFDIR), reg: direntType(S_IFREG), link: direntType(S_IFLNK) } as const;

/** st_nlink of a directory with these entries: 2, and 1 for each directory. Linux nlink_tgid. */
export const linksOf = (entries: readonly ProcEntry[]): number => 2 + entries.filter(({ type }) => type === DT.dir).length;

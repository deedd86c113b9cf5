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
  readonly #content: ProcContent;
  readonly #records: NonNullable<ProcContent["records"]>;
  readonly #changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes that the last poll has seen. */
  #seen: number;
  /** Computed bytes that were not read yet. */
  #buffer: Uint8Array = new Uint8Array(0);
  /** The bytes that the account holds for `#buffer`, read ones included. */
  #charged = 0;
  /** The file offset of `#buffer`. */
  #at = 0;
  /** The key of the next record. */
  #next = 0;
  constructor(content: ProcContent, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#content = content;
    this.#records = content.records?.bind(content) as NonNullable<ProcContent["records"]>;
    this.#changes = content.changes?.();
    this.#seen = this.#changes?.events ?? 0;
  }
  override ioctl(task: Task, request: number, arg: VAddr): number {
    return this.#content.ioctl?.(task, request, arg) ?? -E.ENOTTY;
  }
  override get isSource(): boolean {
    return this.#content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this.#changes !== undefined;
  }
  /** A change is reported once. Linux mounts_poll(). */
  override poll(): number {
    const now = this.#changes?.events ?? this.#seen;
    if (now === this.#seen) return this.#changes ? POLLIN | POLLRDNORM : alwaysReady;
    this.#seen = now;
    return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
  }
  override queues(): readonly WaitQueue[] {
    return this.#changes ? [this.#changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at < this.#at) {
      this.#buffer = this.#buffer.subarray(0, 0);
      this.#at = this.#next = 0;
    }
    // Records before the offset are computed and skipped.
    while (at >= this.#at + this.#buffer.length) {
      this.#at += this.#buffer.length;
      const bytes = this.#fill(task);
      if (typeof bytes === "number") return bytes;
      if (!this.inode.fs.account.resize(this.#charged, bytes.length)) return -E.ENOMEM;
      this.#charged = bytes.length;
      this.#buffer = bytes;
      if (bytes.length === 0) return bytes;
    }
    const out = this.#buffer.slice(at - this.#at, at - this.#at + n);
    this.#buffer = this.#buffer.subarray(at - this.#at + out.length);
    this.#at = at + out.length;
    return out;
  }
  /** The next records: as many as fit into the buffer, but at least one. */
  #fill(task: Task): Or<Uint8Array> {
    const records = this.#records(task, this.#next);
    if (typeof records === "number") return records;
    let text = "";
    for (const record of records) {
      if (text !== "" && text.length + record.text.length > BUFFER) break;
      text += record.text;
      this.#next = record.next;
    }
    task.kernel.charge(text.length * cost.character);
    return asBytes(text);
  }
  override release(): void {
    this.inode.fs.account.give(this.#charged);
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/**
 * An open file of /proc. The first read and each read at offset 0 compute its content. Linux fs/seq_file.c.
 */
class ProcFile extends FileDescription {
  readonly #content: ProcContent;
  #bytes: Uint8Array | undefined;
  readonly #changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes at the last read. */
  #seen = -1;
  constructor(content: ProcContent, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#content = content;
    this.#changes = content.changes?.();
  }
  override get isSource(): boolean {
    return this.#content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this.#changes !== undefined;
  }
  /** A change is reported until it is read. Linux kernfs_generic_poll(). */
  override poll(): number {
    return this.#changes && this.#changes.events !== this.#seen ? alwaysReady | POLLERR | POLLPRI : alwaysReady;
  }
  override queues(): readonly WaitQueue[] {
    return this.#changes ? [this.#changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (!this.#content.read) return -E.EINVAL;
    if (at === 0 || !this.#bytes) {
      this.#seen = this.#changes?.events ?? -1;
      const content = this.#content.read(task);
      if (typeof content === "number") return content;
      if (!this.inode.fs.account.resize(this.#bytes?.length ?? 0, content.length)) return -E.ENOMEM;
      this.#bytes = typeof content === "string" ? asBytes(content) : content;
      task.kernel.charge(this.#bytes.length * cost.character);
    }
    return this.#bytes.slice(at, at + n);
  }
  override release(): void {
    this.inode.fs.account.give(this.#bytes?.length ?? 0);
  }
  override write(task: Task, bytes: Uint8Array, at: number): number {
    return this.#content.write?.(task, bytes, at) ?? -E.EIO;
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
  readonly #content: ProcContent;
  constructor(fs: FileSystem, ino: number, mode: number, content: ProcContent, owner: Owner = root) {
    super(fs, S_IFREG | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.#content = content;
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    const refused = this.#content.mayOpen?.(task) ?? 0;
    if (refused < 0) return refused;
    const { records } = this.#content;
    if (this.#content.open) return this.#content.open(task, this, flags, path);
    return records ? new ProcSequence(this.#content, this, flags, path) : new ProcFile(this.#content, this, flags, path);
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
  readonly #text: (task: Task) => Or<string>;
  readonly #jump: ((task: Task) => Or<Path> | undefined) | undefined;
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
    this.#text = text;
    this.#jump = jump;
  }
  override get size(): number {
    return this.#jump ? 64 : 0;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  override readlink(task: Task): Or<string> {
    return this.#text(task);
  }
  override jump(task: Task): Or<Path> | undefined {
    return this.#jump?.(task);
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
  readonly #list: (task: Task, from: number) => Iterable<ProcEntry>;
  readonly #find: ((name: string, task: Task) => ProcEntry | undefined) | undefined;
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
    this.#list = list;
    this.#find = find;
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
    if (this.#find) return this.#find(name, task)?.make() ?? -E.ENOENT;
    for (const entry of this.#list(task, 0)) if (entry.name === name) return entry.make();
    return -E.ENOENT;
  }
  override *entries(cookie: number, task: Task): Generator<DirEntry> {
    let at = 0;
    for (const { name, ino, type, cookie: own } of this.#list(task, cookie)) {
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

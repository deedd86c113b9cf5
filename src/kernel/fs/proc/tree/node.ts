// The inodes of /proc: directories with computed entries, files with computed text, and links that resolve to
// a file itself. man 5 proc; Linux fs/proc/generic.c, base.c.
import type { VAddr } from "../../../../abi/brand.ts";
import { E } from "../../../../abi/errno.ts";
import type { AddressSpace } from "../../../../memory/space.ts";
import type { WaitQueue } from "../../../base/wait.ts";
import type { Task } from "../../../core/task.ts";
import { DirFile } from "../../files/dir-file.ts";
import type { Path } from "../../vfs/dentry.ts";
import type { FileDescription } from "../../vfs/file.ts";
import { type Changes, type DirEntry, type FileSystem, Inode, type Or } from "../../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from "../../vfs/mode.ts";
import type { Derived } from "./derived.ts";
import { ProcFile, ProcSequence } from "./open-file.ts";

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
  /** The result of a permission check. Undefined: mode bits decide. */
  permission?(task: Task, mask: number, inode: Inode): number | undefined;
  /** The address space that a file with `records` belongs to from its open(2) on. */
  memory?(): AddressSpace;
  /** An ioctl(2): its result. */
  ioctl?(task: Task, request: number, arg: VAddr, memory: AddressSpace | undefined): number;
  /** A write at the file's offset `at`: the number of accepted bytes, or -errno. */
  write?(task: Task, bytes: Uint8Array, at: number): number;
}

/** A record of long content. */
export interface ProcRecord {
  readonly text: string;
  /** The lowest key that a later record can have. */
  readonly next: number;
}
/** The owner of an inode. */
export interface InodeOwner {
  readonly uid: number;
  readonly gid: number;
}
const root: InodeOwner = { uid: 0, gid: 0 };

/** st_blksize of /proc. Linux fs/proc/root.c proc_fill_super(). */
const PROC_BLOCK_SIZE = 1024;

/** The inode of a file with computed content. */
export class ProcFileNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _content: Derived<ProcContent>;
  constructor(fs: FileSystem, ino: number, mode: number, content: Derived<ProcContent>, owner: InodeOwner = root) {
    super(fs, S_IFREG | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._content = content;
  }
  get content(): ProcContent {
    return this._content.value;
  }
  override permission(task: Task, mask: number): number | undefined {
    return this.content.permission?.(task, mask, this);
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    const { content } = this;
    const refused = content.mayOpen?.(task) ?? 0;
    if (refused < 0) return refused;
    if (content.open) return content.open(task, this, flags, path);
    return content.records ? new ProcSequence(this, flags, path) : new ProcFile(this, flags, path);
  }
  override truncate(): number {
    return 0;
  }
  override setattr(_changes: Changes): number {
    return -E.EPERM;
  }
}

/** The target of a link. With `jump` it is a magic link: it resolves to a path, not by its text. */
export interface ProcTarget {
  text(task: Task): Or<string>;
  jump?(task: Task): Or<Path> | undefined;
}
/** The inode of a link. */
export class ProcLinkNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _target: Derived<ProcTarget>;
  constructor(fs: FileSystem, ino: number, target: Derived<ProcTarget>, mode = 0o777, owner: InodeOwner = root) {
    super(fs, S_IFLNK | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._target = target;
  }
  override get size(): number {
    return this._target.value.jump ? 64 : 0;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  override readlink(task: Task): Or<string> {
    return this._target.value.text(task);
  }
  override jump(task: Task): Or<Path> | undefined {
    return this._target.value.jump?.(task);
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

/** A directory with computed entries. */
export interface ProcFolder {
  list(task: Task, from: number): Iterable<ProcEntry>;
  /** Looks up one name. Without it the list is searched. */
  find?(name: string, task: Task): ProcEntry | undefined;
  /** The attributes that depend on its entries. Default: `nlink`, and 0. */
  links?(): number;
  size?(): number;
  /** The result of a permission check. Undefined: mode bits decide. */
  permission?(task: Task, mask: number, inode: Inode): number | undefined;
}
/** The inode of such a directory. */
export class ProcDirNode extends Inode {
  override get blockSize(): number {
    return PROC_BLOCK_SIZE;
  }
  private readonly _folder: Derived<ProcFolder>;
  constructor(fs: FileSystem, ino: number, mode: number, folder: Derived<ProcFolder>, owner: InodeOwner = root) {
    super(fs, S_IFDIR | mode, ino);
    this.nlink = 2;
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._folder = folder;
  }
  override get links(): number {
    return this._folder.value.links?.() ?? this.nlink;
  }
  override get size(): number {
    return this._folder.value.size?.() ?? 0;
  }
  override permission(task: Task, mask: number): number | undefined {
    return this._folder.value.permission?.(task, mask, this);
  }
  override get isEmpty(): boolean {
    return false;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }
  override lookup(name: string, task: Task): Or<Inode> {
    const { value: folder } = this._folder;
    if (folder.find) return folder.find(name, task)?.make() ?? -E.ENOENT;
    for (const entry of folder.list(task, 0)) if (entry.name === name) return entry.make();
    return -E.ENOENT;
  }
  override *entries(cookie: number, task: Task): Generator<DirEntry> {
    let at = 0;
    for (const { name, ino, type, cookie: own } of this._folder.value.list(task, cookie)) {
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

/**
 * The owner of a task's files: its effective ids, or root if the task is not dumpable. Linux
 * task_dump_owner().
 */
export const ownerOf = (target: Task): InodeOwner =>
  target.dumpable === 1 ? { uid: target.cred.euid, gid: target.cred.egid } : { uid: 0, gid: 0 };
/** The first inode number of a task's files: its unique number times 2^16. */
export const inodesOf = (target: Task): number => (target.kernel.objectNumber(target) + 1) * 0x10000;

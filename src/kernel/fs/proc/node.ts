// What /proc is made of: directories whose entries are computed, files whose text is written when they are opened, links that lead
// to a file itself. man 5 proc; Linux fs/proc/generic.c, base.c.
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import { inGroup } from "../../cred/cred.ts";
import type { Task } from "../../task/task.ts";
import { DirFile } from "../files/dir-file.ts";
import { seekTo } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file.ts";
import { type DirEntry, type FileSystem, Inode, type Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from "../vfs/mode.ts";

/** Read: the content, or -errno. Write: how many bytes were taken, or -errno. `at`: the file's offset, which most do not look at. */
export interface ProcContent {
  /** In place of `read`, where the content is long: its records, from the one with this key on (0: the first). Linux struct seq_operations. */
  records?(task: Task, from: number): Or<Iterable<ProcRecord>>;
  read?(task: Task): Or<string | Uint8Array>;
  write?(task: Task, bytes: Uint8Array, at: number): number;
}

export interface ProcRecord {
  readonly text: string;
  /** The key of the record behind it, or of what will be there by then. */
  readonly next: number;
}
/** What a read makes of records at a time. Linux seq_file's buffer. */
const BUFFER = 4096;

/** An open file of records: each read makes those that it wants, up to a buffer. Linux fs/seq_file.c seq_read_iter(). */
class ProcSequence extends FileDescription {
  readonly #records: NonNullable<ProcContent["records"]>;
  /** What has been made and not read, where it lies in the file, and the key of what follows. */
  #made: Uint8Array = new Uint8Array(0);
  #at = 0;
  #next = 0;
  constructor(records: NonNullable<ProcContent["records"]>, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#records = records;
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at < this.#at) {
      this.#made = this.#made.subarray(0, 0);
      this.#at = this.#next = 0;
    }
    // What lies before the offset is made and left aside.
    while (at >= this.#at + this.#made.length) {
      this.#at += this.#made.length;
      const made = this.#make(task);
      if (typeof made === "number") return made;
      this.#made = made;
      if (made.length === 0) return made;
    }
    const out = this.#made.slice(at - this.#at, at - this.#at + n);
    this.#made = this.#made.subarray(at - this.#at + out.length);
    this.#at = at + out.length;
    return out;
  }
  /** As many records as fit into the buffer, and one at least. */
  #make(task: Task): Or<Uint8Array> {
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
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/** An open file of /proc: its content is made by the first read and by each one from the start. Linux fs/seq_file.c. */
class ProcFile extends FileDescription {
  readonly #content: ProcContent;
  #bytes: Uint8Array | undefined;
  constructor(content: ProcContent, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#content = content;
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (!this.#content.read) return -E.EINVAL;
    if (at === 0 || !this.#bytes) {
      const made = this.#content.read(task);
      if (typeof made === "number") return made;
      if (!this.inode.fs.account.resize(this.#bytes?.length ?? 0, made.length)) return -E.ENOMEM;
      this.#bytes = typeof made === "string" ? asBytes(made) : made;
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

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}
const root: Owner = { uid: 0, gid: 0 };

export class ProcFileNode extends Inode {
  readonly #content: ProcContent;
  constructor(fs: FileSystem, ino: number, mode: number, content: ProcContent, owner: Owner = root) {
    super(fs, S_IFREG | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.#content = content;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    const { records } = this.#content;
    return records ? new ProcSequence(records, this, flags, path) : new ProcFile(this.#content, this, flags, path);
  }
  override truncate(): number {
    return 0;
  }
  override setattr(): number {
    return -E.EPERM;
  }
}

export class ProcLinkNode extends Inode {
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
  /** Its place in the directory, from 1; undefined: behind the entry before. A list need not have what lies before the place it is asked for. */
  readonly cookie?: number;
  make(): Inode;
}

export class ProcDirNode extends Inode {
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

export const DT = { dir: direntType(S_IFDIR), reg: direntType(S_IFREG), link: direntType(S_IFLNK) } as const;

/** A tree of fixed names: files with content, and directories of such. */
export interface FixedTree {
  readonly [name: string]: FixedTree | (ProcContent & { readonly mode?: number });
}
const isContent = (x: FixedTree[string]): x is ProcContent & { readonly mode?: number } =>
  typeof (x as ProcContent).read === "function" || typeof (x as ProcContent).write === "function";

/** In /proc/sys mode bits decide alone, for root as well: no capability overrides them. Linux proc_sys_permission(). */
const byModeAlone = <T extends Inode>(inode: T): T => {
  inode.permission = ({ cred }, mask) => {
    const shift = cred.fsuid === 0 ? 6 : inGroup(cred, 0) ? 3 : 0;
    return ((inode.mode >> shift) & mask) === mask ? 0 : -E.EACCES;
  };
  return inode;
};

/** Entries of a fixed tree, inode numbers given in order from `next`. */
export const fixedEntries = (fs: FileSystem, tree: FixedTree, next: () => number, sysctl = false): ProcEntry[] =>
  Object.entries(tree).map(([name, what]) => {
    const ino = next();
    const guard = (inode: Inode): Inode => (sysctl ? byModeAlone(inode) : inode);
    if (isContent(what)) {
      const mode = what.mode ?? (what.write ? 0o644 : 0o444);
      return { name, ino, type: DT.reg, make: () => guard(new ProcFileNode(fs, ino, mode, what)) };
    }
    const below = sysctl || name === "sys";
    const inside = fixedEntries(fs, what, next, below);
    const dir = (): Inode => new ProcDirNode(fs, ino, 0o555, () => inside);
    return { name, ino, type: DT.dir, make: () => (below ? byModeAlone(dir()) : dir()) };
  });

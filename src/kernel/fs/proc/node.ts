// What /proc is made of: directories whose entries are computed, files whose text is written when they are opened, links that lead
// to a file itself. man 5 proc; Linux fs/proc/generic.c, base.c.
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../byte-string.ts";
import { inGroup } from "../../cred.ts";
import type { Task } from "../../task.ts";
import type { Path } from "../dentry.ts";
import { DirFile } from "../dir-file.ts";
import { FileDescription } from "../file.ts";
import { type DirEntry, type FileSystem, Inode, type Or } from "../inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFREG } from "../mode.ts";
import { seekTo } from "../regular.ts";

/** Read: the content, or -errno. Write: how many bytes were taken, or -errno. `at`: the file's offset, which most do not look at. */
export interface ProcContent {
  read?(task: Task): Or<string | Uint8Array>;
  write?(task: Task, bytes: Uint8Array, at: number): number;
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
    return new ProcFile(this.#content, this, flags, path);
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
  make(): Inode;
}

export class ProcDirNode extends Inode {
  readonly #list: (task: Task) => Iterable<ProcEntry>;
  readonly #find: ((name: string, task: Task) => ProcEntry | undefined) | undefined;
  constructor(
    fs: FileSystem,
    ino: number,
    mode: number,
    list: (task: Task) => Iterable<ProcEntry>,
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
    for (const entry of this.#list(task)) if (entry.name === name) return entry.make();
    return -E.ENOENT;
  }
  override *entries(cookie: number, task: Task): Generator<DirEntry> {
    let at = 0;
    for (const { name, ino, type } of this.#list(task)) if (++at > cookie) yield { name, ino, type, cookie: at };
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

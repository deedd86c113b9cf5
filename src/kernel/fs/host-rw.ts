// A host directory that the guest may change: every operation goes to the host at once, and every lookup asks it again.
import { E } from "../../abi/errno.ts";
import type { Task } from "../task.ts";
import { Budget, Content } from "./content.ts";
import type { Dentry, Path } from "./dentry.ts";
import { DirFile } from "./dir-file.ts";
import type { FileDescription } from "./file.ts";
import type { HostStat, HostTree, HostWriter } from "./host-tree.ts";
import { type Changes, type Clock, type DirEntry, FileSystem, Inode, type NewInode, type Or } from "./inode.ts";
import { direntType, S_IFDIR, S_IFMT, S_IFREG } from "./mode.ts";
import { RegularInode } from "./regular.ts";
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from "./rename.ts";

type Names = readonly string[];

export class HostRwFs extends FileSystem {
  override readonly type: string = "hostfs";
  override readonly magic: number = 0x00c0ffee;
  /** The host may rename and remove behind our back. */
  override readonly dynamic = true;
  readonly tree: HostTree;
  readonly writer: HostWriter;
  readonly budget = new Budget(this.clock.frames, 131072, 1024);
  readonly #inodes = new Map<string, HostInode>();
  readonly #root: Dentry;

  constructor(dev: number, clock: Clock, tree: HostTree & { readonly write: HostWriter }) {
    super(dev, clock);
    this.tree = tree;
    this.writer = tree.write;
    const root = this.at([]);
    if (typeof root === "number") throw new Error("the root of a writable host mount cannot be read");
    this.#root = this.makeRoot(root);
  }
  override get root(): Dentry {
    return this.#root;
  }

  /** The inode at a host path, with the host's present attributes. */
  at(names: Names): Or<HostInode> {
    const stat = this.tree.lstat(names);
    if (typeof stat === "number") return stat;
    const known = this.#inodes.get(stat.id);
    const same = known && known.type === (stat.mode & S_IFMT) ? known : undefined;
    const inode = same ?? ((stat.mode & S_IFMT) === S_IFREG ? new RwFile(this, stat.mode) : new RwNode(this, stat.mode));
    this.#inodes.set(stat.id, inode as HostInode);
    (inode as HostInode).refresh(names, stat);
    return inode as HostInode;
  }
  forget(inode: Inode): void {
    for (const [id, known] of this.#inodes) if (known === inode) this.#inodes.delete(id);
  }
}

interface HostInode extends Inode {
  names: Names;
  refresh(names: Names, stat: HostStat): void;
}

const take = (inode: Inode, stat: HostStat): void => {
  Object.assign(inode, {
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    nlink: stat.nlink,
    rdev: stat.rdev,
    atime: stat.atime,
    mtime: stat.mtime,
    ctime: stat.ctime,
  });
};
/** Hand changes to the host; what it accepts is kept. */
const pushChanges = (fs: HostRwFs, inode: Inode, names: Names, changes: Changes): number => {
  const { writer } = fs;
  const steps = [
    changes.mode === undefined || changes.mode === inode.mode ? 0 : writer.chmod(names, changes.mode & 0o7777),
    changes.uid === undefined && changes.gid === undefined ? 0 : writer.chown(names, changes.uid ?? inode.uid, changes.gid ?? inode.gid),
    changes.atime || changes.mtime ? writer.utimes(names, changes.atime ?? inode.atime, changes.mtime ?? inode.mtime) : 0,
  ];
  const bad = steps.find((n) => n < 0);
  if (bad !== undefined) return bad;
  Object.assign(inode, changes);
  return 0;
};

class RwFile extends RegularInode implements HostInode {
  declare readonly fs: HostRwFs;
  names: Names = [];
  #size = 0;
  /** The bytes of a file that has lost its name but is still open. */
  #orphan: Content | undefined;

  refresh(names: Names, stat: HostStat): void {
    this.names = names;
    this.#size = stat.size;
    take(this, stat);
  }
  override get size(): number {
    return this.#orphan?.size ?? this.#size;
  }
  override get blocks(): number {
    return Math.ceil(this.size / 512);
  }
  override readAt(at: number, into: Uint8Array): number {
    return this.#orphan ? this.#orphan.read(at, into) : this.fs.tree.read(this.names, at, into);
  }
  override writeAt(at: number, bytes: Uint8Array): number {
    if (this.#orphan) return this.#orphan.write(at, bytes);
    const n = this.fs.writer.write(this.names, at, bytes);
    if (n > 0) this.#size = Math.max(this.#size, at + n);
    return n;
  }
  override truncate(size: number): number {
    if (this.#orphan) this.#orphan.truncate(size);
    else {
      const done = this.fs.writer.truncate(this.names, size);
      if (done < 0) return done;
      this.#size = size;
    }
    this.pages?.truncated(size);
    this.touch("modify");
    return 0;
  }
  override setattr(changes: Changes): number {
    return this.#orphan ? super.setattr(changes) : pushChanges(this.fs, this, this.names, changes);
  }
  /** The last name goes while the file is open: its bytes move into memory, as the host can no longer find them. */
  orphan(): void {
    const bytes = new Uint8Array(this.#size);
    this.fs.tree.read(this.names, 0, bytes);
    const content = new Content(this.fs.budget);
    content.write(0, bytes);
    this.#orphan = content;
  }
}

/** Directories, symbolic links and special files. */
class RwNode extends Inode implements HostInode {
  declare readonly fs: HostRwFs;
  names: Names = [];
  #size = 0;

  refresh(names: Names, stat: HostStat): void {
    this.names = names;
    this.#size = stat.size;
    take(this, stat);
  }
  override get size(): number {
    return this.#size;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return this.isDir ? new DirFile(this, flags, path) : -E.ENXIO;
  }
  override readlink(): Or<string> {
    return this.isLink ? this.fs.tree.readlink(this.names) : -E.EINVAL;
  }
  override setattr(changes: Changes): number {
    return pushChanges(this.fs, this, this.names, changes);
  }

  override lookup(name: string): Or<Inode> {
    return this.isDir ? this.fs.at([...this.names, name]) : -E.ENOTDIR;
  }
  override get isEmpty(): boolean {
    const found = this.fs.tree.readdir(this.names);
    return typeof found === "number" || found.length === 0;
  }
  override *entries(cookie: number): Generator<DirEntry> {
    const found = this.fs.tree.readdir(this.names);
    if (typeof found === "number") return;
    const sorted = [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (let i = cookie; i < sorted.length; i++) {
      const { name, type } = sorted[i]!;
      const inode = this.lookup(name);
      if (typeof inode !== "number") yield { name, ino: inode.ino, type: direntType(type), cookie: i + 1 };
    }
  }

  #then(name: string, done: number): Or<Inode> {
    return done < 0 ? done : this.fs.at([...this.names, name]);
  }
  override mknod(name: string, made: NewInode): Or<Inode> {
    if ((made.mode & S_IFMT) !== S_IFREG) return -E.EPERM;
    return this.#then(name, this.fs.writer.create([...this.names, name], made.mode & 0o7777));
  }
  override mkdir(name: string, made: NewInode): Or<Inode> {
    return this.#then(name, this.fs.writer.mkdir([...this.names, name], made.mode & ~S_IFDIR & 0o7777));
  }
  override symlink(name: string, target: string): Or<Inode> {
    return this.#then(name, this.fs.writer.symlink([...this.names, name], target));
  }
  override link(name: string, target: Inode): number {
    return this.fs.writer.link((target as HostInode).names, [...this.names, name]);
  }
  override unlink(name: string, target: Inode): number {
    if (target instanceof RwFile && target.nlink === 1 && target.opens > 0) target.orphan();
    const done = this.fs.writer.unlink([...this.names, name]);
    if (done < 0) return done;
    target.nlink--;
    if (target.nlink === 0) this.fs.forget(target);
    target.unused();
    return 0;
  }
  override rmdir(name: string, target: Inode): number {
    const done = this.fs.writer.rmdir([...this.names, name]);
    if (done < 0) return done;
    target.nlink = 0;
    this.fs.forget(target);
    return 0;
  }
  override rename(name: string, to: Inode, newName: string, flags: number): number {
    if (!(to instanceof RwNode)) return -E.EXDEV;
    if (flags & (RENAME_EXCHANGE | RENAME_WHITEOUT)) return -E.EINVAL;
    const target = [...to.names, newName];
    const replaced = this.fs.at(target);
    if (replaced instanceof RwFile && replaced.nlink === 1 && replaced.opens > 0) replaced.orphan();
    const done = this.fs.writer.rename([...this.names, name], target);
    if (done === 0) this.fs.at(target);
    return done;
  }
}

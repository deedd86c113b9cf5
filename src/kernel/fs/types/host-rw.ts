// A host directory that the guest may change. Every operation reaches the host at once, and every lookup asks
// it again.
import { E } from "../../../abi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_TRUNC, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from "../../../abi/uapi/rename.ts";
import type { Task } from "../../core/task.ts";
import { DirFile } from "../files/dir-file.ts";
import { RegularInode } from "../files/regular.ts";
import type { Dentry, Path } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Changes, type Clock, type DirEntry, FileSystem, Inode, type NewInode, type Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import type { HostNode, HostTree } from "./host-tree.ts";

/** A file system over a writable host tree. */
export class HostRwFs extends FileSystem {
  override readonly type: string = "hostfs";
  override readonly magic: number = 0x00c0ffee;
  /** The host may rename and remove names at any time. */
  override readonly dynamic = true;
  private readonly _inodes = new Map<HostNode, HostInode>();
  private readonly _root: Dentry;

  constructor(dev: number, clock: Clock, tree: HostTree) {
    super(dev, clock);
    this._root = this.makeRoot(this.inodeOf(tree.root));
  }
  override get root(): Dentry {
    return this._root;
  }

  /** The inode of a host file, with the attributes of the host's last lookup. */
  inodeOf(host: HostNode): HostInode {
    let inode = this._inodes.get(host);
    if (!inode) {
      inode = (host.stat.mode & S_IFMT) === S_IFREG ? new HostRwFile(this, host) : new HostRwNode(this, host);
      this._inodes.set(host, inode);
    }
    inode.refresh();
    return inode;
  }
  /** The inode for the result of a host call, or its -errno. */
  found(host: Or<HostNode>): Or<HostInode> {
    return typeof host === "number" ? host : this.inodeOf(host);
  }
  forget({ host }: HostInode): void {
    this._inodes.delete(host);
  }
}

type HostInode = HostRwFile | HostRwNode;

/** Copies the attributes of the host's last lookup. */
const copyStat = (inode: HostInode): void => {
  const { mode, uid, gid, nlink, rdev, atime, mtime, ctime } = inode.host.stat;
  Object.assign(inode, { mode, uid, gid, nlink, rdev, atime, mtime, ctime });
};
/** Applies changes to the host's file, and to the inode if the host accepts all. */
const pushChanges = (inode: HostInode, changes: Changes): number => {
  const { host } = inode;
  const steps = [
    () => (changes.mode === undefined || changes.mode === inode.mode ? 0 : host.chmod(changes.mode & 0o7777)),
    () => (changes.uid === undefined && changes.gid === undefined ? 0 : host.chown(changes.uid ?? inode.uid, changes.gid ?? inode.gid)),
    () => (changes.atime || changes.mtime ? host.utimes(changes.atime ?? inode.atime, changes.mtime ?? inode.mtime) : 0),
  ];
  for (const step of steps) {
    const error = step();
    if (error < 0) return error;
  }
  Object.assign(inode, changes);
  return 0;
};

/**
 * A regular file. An open file is held, so that later changes of its name and mode on the host do not affect
 * it.
 */
export class HostRwFile extends RegularInode {
  declare readonly fs: HostRwFs;
  readonly host: HostNode;
  private _size = 0;
  private _holds = 0;

  constructor(fs: HostRwFs, host: HostNode) {
    super(fs, host.stat.mode);
    this.host = host;
  }
  refresh(): void {
    this._size = this.host.stat.size;
    copyStat(this);
  }
  override get size(): number {
    return this._size;
  }
  override get blocks(): number {
    return Math.ceil(this.size / 512);
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    const access = flags & O_ACCMODE;
    const held = this.host.hold({ read: access !== O_WRONLY, write: access !== O_RDONLY || (flags & O_TRUNC) !== 0 });
    if (held < 0) return held;
    this._holds++;
    return super.open(task, flags, path);
  }
  override unused(): void {
    if (this.opens === 0) for (; this._holds > 0; this._holds--) this.host.release();
    super.unused();
  }
  override readAt(at: number, into: Uint8Array): number {
    return this.host.read(at, into);
  }
  override writeAt(at: number, bytes: Uint8Array): number {
    const n = this.host.write(at, bytes);
    if (n > 0) this._size = Math.max(this._size, at + n);
    return n;
  }
  override truncate(size: number): number {
    const done = this.host.truncate(size);
    if (done < 0) return done;
    this._size = size;
    this.pages?.truncated(size);
    this.touch("modify");
    return 0;
  }
  override setattr(changes: Changes): number {
    return pushChanges(this, changes);
  }
}

/** Directories, symbolic links and special files. */
export class HostRwNode extends Inode {
  declare readonly fs: HostRwFs;
  readonly host: HostNode;
  override readonly nodev = true;
  private _holds = 0;

  constructor(fs: HostRwFs, host: HostNode) {
    super(fs, host.stat.mode);
    this.host = host;
  }
  refresh(): void {
    copyStat(this);
  }
  override get size(): number {
    return this.host.stat.size;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    if (!this.isDir) return -E.ENXIO;
    const held = this.host.hold({ read: true, write: false });
    if (held < 0) return held;
    this._holds++;
    return new DirFile(this, flags, path);
  }
  override unused(): void {
    if (this.opens === 0) for (; this._holds > 0; this._holds--) this.host.release();
    super.unused();
  }
  override readlink(): Or<string> {
    return this.isLink ? this.host.readlink() : -E.EINVAL;
  }
  override setattr(changes: Changes): number {
    return pushChanges(this, changes);
  }

  override lookup(name: string): Or<Inode> {
    return this.isDir ? this.fs.found(this.host.lookup(name)) : -E.ENOTDIR;
  }
  override get isEmpty(): boolean {
    const found = this.host.readdir();
    return typeof found === "number" || found.length === 0;
  }
  override *entries(cookie: number): Generator<DirEntry> {
    const found = this.host.readdir();
    if (typeof found === "number") return;
    const sorted = [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (let i = cookie; i < sorted.length; i++) {
      const { name, type } = sorted[i]!;
      const inode = this.lookup(name);
      if (typeof inode !== "number") yield { name, ino: inode.ino, type: direntType(type), cookie: i + 1 };
    }
  }

  override create(name: string, made: NewInode, target = ""): Or<Inode> {
    const permissions = made.mode & 0o7777;
    switch (made.mode & S_IFMT) {
      case S_IFREG:
        return this.fs.found(this.host.create(name, permissions));
      case S_IFDIR:
        return this.fs.found(this.host.mkdir(name, permissions));
      case S_IFLNK:
        return this.fs.found(this.host.symlink(name, target));
      default:
        return -E.EPERM;
    }
  }
  override link(name: string, target: Inode): number {
    const done = this.host.link(name, (target as HostInode).host);
    if (done === 0) target.nlink++;
    return done;
  }
  override unlink(name: string, target: Inode): number {
    const done = this.host.unlink(name);
    if (done === 0) this._nameRemoved(target as HostInode);
    return done;
  }
  override rmdir(name: string, target: Inode): number {
    const done = this.host.rmdir(name);
    if (done < 0) return done;
    target.nlink = 0;
    this.fs.forget(target as HostInode);
    return 0;
  }
  /** Called after a name of `inode` was removed. */
  private _nameRemoved(inode: HostInode): void {
    inode.nlink = inode.isDir ? 0 : inode.nlink - 1;
    if (inode.nlink > 0) return;
    this.fs.forget(inode);
    inode.unused();
  }
  override rename(name: string, to: Inode, newName: string, flags: number): number {
    if (!(to instanceof HostRwNode)) return -E.EXDEV;
    if (flags & (RENAME_EXCHANGE | RENAME_WHITEOUT)) return -E.EINVAL;
    const replaced = to.lookup(newName);
    const done = this.host.rename(name, to.host, newName);
    if (done < 0) return done;
    if (typeof replaced !== "number") this._nameRemoved(replaced as HostInode);
    to.lookup(newName);
    return 0;
  }
}

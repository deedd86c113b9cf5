// A host directory that the guest cannot change: read-only, or copy-on-write with all changes in memory. A
// file that was found stays as it was then, and so does a directory from its first listing on. A page of a
// file comes from the host until it is written.
import { E } from "../../../abi/errno.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Clock, Inode, type NewInode, type Or } from "../vfs/inode.ts";
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import { type Base, Content } from "./content.ts";
import type { HostNode, HostTree } from "./host-tree.ts";
import { MemDir, type MemEntry, MemFile, MemFs, MemNode } from "./memfs.ts";

/**
 * A file system over a host tree. With `readOnly` every change is -EROFS. `pages` limits the memory of
 * changes.
 */
export class HostFs extends MemFs {
  override readonly type: string = "hostfs";
  override readonly keepsBirths = false;
  override readonly magic: number = 0x00c0ffee;
  override readonly writable: boolean;
  readonly tree: HostTree;
  /** The inodes of files with several names. All names of a file have one inode. */
  readonly linked = new Map<HostNode, Inode>();

  constructor(dev: number, clock: Clock, tree: HostTree, options: { readOnly?: boolean; pages?: number } = {}) {
    super(dev, clock, options);
    this.tree = tree;
    this.writable = !(options.readOnly ?? false);
  }
  protected override rootDir(): Inode {
    return hostInode(this, this.tree.root);
  }
}

/** The inode of a host file: a new one, or the inode of another name of the file. */
const hostInode = (fs: HostFs, host: HostNode, ino = fs.newIno()): Inode => {
  const linked = fs.linked.get(host);
  if (linked) return linked;
  const { mode, uid, gid, rdev, nlink, atime, mtime, ctime } = host.stat;
  const inode = make(fs, host, { mode, uid, gid, rdev, ino });
  Object.assign(inode, { nlink, atime, mtime, ctime });
  if (nlink > 1 && !inode.isDir) fs.linked.set(host, inode);
  return inode;
};
const make = (fs: HostFs, host: HostNode, made: NewInode): Inode => {
  switch (made.mode & S_IFMT) {
    case S_IFDIR:
      return new HostFsDir(fs, made, host);
    case S_IFLNK:
      return new HostFsLink(fs, made, host);
    case S_IFREG:
      return new MemFile(fs, made, new Content(fs.budget, new HostBase(host)));
    default:
      return new HostFsSpecial(fs, made);
  }
};

/** The bytes of a host file below a file in memory. */
export class HostBase implements Base {
  readonly size: number;
  private readonly _host: HostNode;
  /** A snapshot's file holds the hash of files that were read. */
  wasRead = false;
  constructor(host: HostNode) {
    this.size = host.stat.size;
    this._host = host;
  }
  read(at: number, into: Uint8Array): number {
    this.wasRead = true;
    return this._host.read(at, into);
  }
}

/**
 * Names that are looked up one by one before a directory is listed. /usr/bin has thousands, of which a
 * program needs one; a program that searches needs most of a directory.
 */
const mostSingle = 16;

/** A directory. */
export class HostFsDir extends MemDir {
  declare readonly fs: HostFs;
  private readonly _host: HostNode;
  private _filled = false;
  /** Files that were found before the directory was listed. */
  private readonly _found = new Map<string, Inode>();
  /** Lookups before that. */
  private _single = 0;
  constructor(fs: HostFs, made: NewInode, host: HostNode) {
    super(fs, made);
    this._host = host;
  }
  override get size(): number {
    return 4096;
  }
  override shown(): void {
    this._host.shown?.();
  }

  override lookup(name: string): Or<Inode> {
    if (this._filled || this.names.has(name)) return super.lookup(name);
    const known = this._found.get(name);
    if (known) return known;
    const found = this._single++ < mostSingle ? this._host.lookup(name) : -E.EAGAIN;
    if (found === -E.ENOENT) return found;
    if (typeof found === "number") return super.lookup(name);
    const inode = hostInode(this.fs, found);
    this._found.set(name, inode);
    return inode;
  }
  protected override fill(): void {
    if (this._filled) return;
    this._filled = true;
    const found = this._host.readdir();
    // The order is the same on every host. It is descending, because the newest name is listed first.
    if (typeof found !== "number") this.addLazy([...found].sort((a, b) => (a.name < b.name ? 1 : -1)));
    for (const [name, inode] of this._found) this.addFound(name, inode);
    this._found.clear();
  }
  protected override load(name: string, entry: MemEntry): Or<Inode> {
    const found = this._host.lookup(name);
    return typeof found === "number" ? found : hostInode(this.fs, found, entry.ino);
  }
}

/** A symbolic link. Its text is read at the first readlink(2) and never changes. */
export class HostFsLink extends Inode {
  declare readonly fs: HostFs;
  private readonly _host: HostNode;
  private _text: string | undefined;
  constructor(fs: HostFs, made: NewInode, host: HostNode) {
    super(fs, made.mode, made.ino);
    this.uid = made.uid;
    this.gid = made.gid;
    this._host = host;
  }
  override get size(): number {
    return this._host.stat.size;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  override readlink(): Or<string> {
    if (this._text === undefined) {
      const text = this._host.readlink();
      if (typeof text === "number") return text;
      this._text = text;
    }
    return this._text;
  }
}

/** A device, FIFO or socket of the host. It is shown and never opened. */
export class HostFsSpecial extends MemNode {
  override readonly nodev = true;
}

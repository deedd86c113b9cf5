// A host directory as a guest sees it when it must not change it: read-only, or copy-on-write with every change kept in memory.
// Directories are read when first used and then stay as they were; a file's bytes come from the host until a page is written.
import { E } from "../../../abi/errno.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Clock, Inode, type NewInode, type Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import { Content } from "./content.ts";
import type { HostStat, HostTree } from "./host-tree.ts";
import { MemDir, type MemEntry, MemFile, MemFs, MemNode } from "./memfs.ts";

type Names = readonly string[];

export class HostFs extends MemFs {
  override readonly type: string = "hostfs";
  override readonly keepsBirths = false;
  override readonly attributes = 0n;
  override readonly magic: number = 0x00c0ffee;
  override readonly readOnly: boolean;
  readonly tree: HostTree;
  /** Files with several names, by the host's identity, so that all names mean one inode. */
  readonly linked = new Map<string, Inode>();

  constructor(dev: number, clock: Clock, tree: HostTree, options: { readOnly?: boolean; pages?: number } = {}) {
    super(dev, clock, options);
    this.tree = tree;
    this.readOnly = options.readOnly ?? false;
  }
  protected override rootDir(mode: number): Inode {
    const stat = this.tree.lstat([]);
    if (typeof stat !== "number") return hostInode(this, [], stat);
    return new HostDir(this, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 }, []);
  }
}

const copyStat = (inode: Inode, stat: HostStat): void => {
  Object.assign(inode, { nlink: stat.nlink, atime: stat.atime, mtime: stat.mtime, ctime: stat.ctime });
};

/** The inode of a host file that nobody has looked at yet. */
const hostInode = (fs: HostFs, names: Names, stat: HostStat, ino = fs.newIno()): Inode => {
  const known = stat.nlink > 1 ? fs.linked.get(stat.id) : undefined;
  if (known) return known;
  const made: NewInode = { mode: stat.mode, uid: stat.uid, gid: stat.gid, rdev: stat.rdev, ino };
  const inode = makers.get(stat.mode & S_IFMT)?.(fs, names, stat, made) ?? new MemNode(fs, made);
  copyStat(inode, stat);
  if (stat.nlink > 1 && !inode.isDir) fs.linked.set(stat.id, inode);
  return inode;
};

class HostDir extends MemDir {
  declare readonly fs: HostFs;
  /** Where it is on the host; undefined once its names are known. */
  readonly #names: Names;
  #filled = false;
  constructor(fs: HostFs, made: NewInode, names: Names) {
    super(fs, made);
    this.#names = names;
  }
  override get size(): number {
    return 4096;
  }

  protected override fill(): void {
    if (this.#filled) return;
    this.#filled = true;
    const found = this.fs.tree.readdir(this.#names);
    if (typeof found === "number") return;
    // Sorted, so that a guest sees the same order on every host: from the last to the first, as the newest name is listed first.
    for (const { name, type } of [...found].sort((a, b) => (a.name < b.name ? 1 : -1)))
      this.addLazy(name, direntType(type), this.fs.newIno());
  }
  protected override load(name: string, entry: MemEntry): Or<Inode> {
    const names = [...this.#names, name];
    const stat = this.fs.tree.lstat(names);
    return typeof stat === "number" ? stat : hostInode(this.fs, names, stat, entry.ino);
  }
}

/** The text is read when somebody asks; it never changes. */
class HostLink extends Inode {
  declare readonly fs: HostFs;
  readonly #names: Names;
  readonly #size: number;
  #text: string | undefined;
  constructor(fs: HostFs, made: NewInode, names: Names, size: number) {
    super(fs, made.mode, made.ino);
    this.uid = made.uid;
    this.gid = made.gid;
    this.#names = names;
    this.#size = size;
  }
  override get size(): number {
    return this.#size;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  override readlink(): Or<string> {
    if (this.#text === undefined) {
      const text = this.fs.tree.readlink(this.#names);
      if (typeof text === "number") return text;
      this.#text = text;
    }
    return this.#text;
  }
}

type Maker = (fs: HostFs, names: Names, stat: HostStat, made: NewInode) => Inode;
const makers: ReadonlyMap<number, Maker> = new Map<number, Maker>([
  [S_IFDIR, (fs, names, _stat, made) => new HostDir(fs, made, names)],
  [S_IFLNK, (fs, names, stat, made) => new HostLink(fs, made, names, stat.size)],
  [
    S_IFREG,
    (fs, names, stat, made) =>
      new MemFile(fs, made, new Content(fs.budget, { size: stat.size, read: (at, into) => fs.tree.read(names, at, into) })),
  ],
]);

// tmpfs: files in memory. Also the base of copy-on-write host mounts (host-fs.ts), whose directories are read
// at their first use. man 5 tmpfs; Linux mm/shmem.c.
import { E } from "../../../abi/errno.ts";
import { RENAME_EXCHANGE } from "../../../abi/uapi/rename.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";
import { own as ownText } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../core/task.ts";
import { DirFile } from "../files/dir-file.ts";
import { RegularInode } from "../files/regular.ts";
import type { Dentry, Path } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Clock, type DirEntry, FileSystem, Inode, type NewInode, type Or, type StatFs } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, TMPFS_FLAGS } from "../vfs/mode.ts";
import { Content, ContentBudget, type FileContent } from "./content.ts";

/** The size of a name in a directory's size, in bytes; the dots count. Linux BOGO_DIRENT_SIZE. */
const DIRENT_SIZE = 20;

/** A tmpfs. */
export class MemFs extends FileSystem {
  override readonly type: string = "tmpfs";
  override readonly keepsBirths: boolean = true;
  override readonly keepsXattrs: boolean = true;
  /** APPEND, IMMUTABLE, NODUMP. Linux mm/shmem.c shmem_getattr() */
  override readonly attributes: bigint = 0x70n;
  override readonly fileFlags: number = TMPFS_FLAGS;
  override readonly magic: number = 0x01021994;
  readonly budget: ContentBudget;
  /** True if names count in the size of a directory, and space is reserved: not on a ramfs. */
  readonly counts: boolean = true;
  private readonly _mode: number;
  private _root: Dentry | undefined;

  /** The charged bytes of inodes, names and attributes. */
  private _charged = 0;
  private _ended = false;
  /** The regular files. */
  readonly files = new Set<MemFile>();

  /** `pages` is the limit of file content in pages of 4096 bytes, by default half of the memory. */
  constructor(dev: number, clock: Clock, options: { pages?: number; mode?: number; inodes?: number | undefined } = {}) {
    super(dev, clock);
    const pages = options.pages ?? this._defaultPages();
    clock.garbage.add(this, sizes.fileSystem);
    this.budget = new ContentBudget(clock.frames, pages, options.inodes ?? Math.max(pages, 1024));
    this._mode = options.mode ?? 0o755;
  }
  override get root(): Dentry {
    this._root ??= this.makeRoot(this.rootDir(this._mode));
    return this._root;
  }
  protected rootDir(mode: number): Inode {
    return new MemDir(this, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 });
  }

  /** A new regular file without a name. */
  makeFile(made: NewInode): MemFile {
    return new MemFile(this, made);
  }
  override charge(pages: number): boolean {
    const { budget } = this;
    if (budget.usedPages + pages > budget.pages || (pages > 0 && !this.take(pages * PAGE_SIZE))) return false;
    if (pages < 0) this.give(-pages * PAGE_SIZE);
    budget.usedPages += pages;
    return true;
  }
  /** Charges bytes other than file content. False: memory is short. */
  take(bytes: number): boolean {
    if (!this.account.take(bytes)) return false;
    this._charged += bytes;
    return true;
  }
  /** Charges bytes even if memory is short. */
  force(bytes: number): void {
    this.account.force(bytes);
    this._charged += bytes;
  }
  /** Removes a charge. */
  give(bytes: number): void {
    if (this._ended) return;
    this._charged -= bytes;
    this.account.give(bytes);
  }
  /**
   * Ends the file system after its last mount and open file. A page that is still mapped ends with its last
   * mapping.
   */
  end(): void {
    this.give(this._charged);
    this._ended = true;
    for (const file of this.files) file.end();
    this.files.clear();
  }
  /** The limit of pages without the option `size`. */
  private _defaultPages(): number {
    return this.clock.frames.total >> 1;
  }
  /** Linux shmem_show_options(). */
  override options(): string {
    const { pages } = this.budget;
    const { mode, uid, gid } = this.root.inode;
    const permissions = mode & 0o7777;
    return [
      pages === this._defaultPages() ? "" : `,size=${pages * (PAGE_SIZE / 1024)}k`,
      permissions === 0o1777 ? "" : `,mode=${permissions.toString(8).padStart(3, "0")}`,
      uid === 0 ? "" : `,uid=${uid}`,
      gid === 0 ? "" : `,gid=${gid}`,
    ].join("");
  }
  override statfs(): StatFs {
    const { pages, usedPages, inodes, usedInodes } = this.budget;
    return { blockSize: 4096, blocks: pages, free: pages - usedPages, files: inodes, filesFree: inodes - usedInodes, nameMax: 255 };
  }
}

/**
 * Counts and charges a new inode, until `disown`. A caller that makes one for a guest has checked the limits.
 */
const own = (inode: Inode & { readonly fs: MemFs }, made: NewInode, text = 0): void => {
  inode.fs.budget.usedInodes++;
  inode.fs.force(sizes.inode + text);
  inode.uid = made.uid;
  inode.gid = made.gid;
  inode.rdev = made.rdev;
  inode.fileFlags = made.fileFlags ?? 0;
};
const disown = ({ fs }: { readonly fs: MemFs }, text = 0): void => {
  fs.budget.usedInodes--;
  fs.give(sizes.inode + text);
};

/** A regular file in memory. */
export class MemFile extends RegularInode {
  declare readonly fs: MemFs;
  content: FileContent;
  constructor(fs: MemFs, made: NewInode, content: FileContent = new Content(fs.budget)) {
    super(fs, made.mode, made.ino);
    own(this, made);
    fs.files.add(this);
    this.content = content;
  }
  override get size(): number {
    return this.content.size;
  }
  override get blocks(): number {
    return this.content.blocks;
  }
  override readAt(at: number, into: Uint8Array): number {
    return this.content.read(at, into);
  }
  override writeAt(at: number, bytes: Uint8Array): number {
    return this.content.write(at, bytes);
  }
  override get copies(): boolean {
    return this.content.copies;
  }
  override nextData(at: number, data: boolean): number {
    return this.content.next(at, data);
  }
  override truncate(size: number): number {
    const done = this.content.truncate(size);
    if (done < 0) return done;
    this.pages?.truncated(size);
    this.touch("modify");
    return 0;
  }
  override get heldPages(): number {
    return this.content.heldPages;
  }
  override allocate(at: number, end: number, punch: boolean): number {
    if (!this.fs.counts) return -E.EOPNOTSUPP;
    const done = punch ? this.content.punch(at, end) : this.content.reserve(at, end);
    if (punch) this.pages?.zero(at, Math.min(end, this.size));
    return done;
  }
  protected override evict(): void {
    this.end();
    this.fs.files.delete(this);
    disown(this);
  }
  /** Pages of a tmpfs exist after their first use. Linux vma_is_shmem(), mincore(2). */
  get sparse(): boolean {
    return this.fs.type === "tmpfs";
  }
  holds(index: number): boolean {
    return this.content.next(index * PAGE_SIZE, true) === index * PAGE_SIZE;
  }
  /** Called when the file has no name and no file description. */
  end(): void {
    super.evict();
    // A mapping may still read the pages. Then `unmapped` frees them.
    if (!this.pages) this.content.clear();
  }
  /** Backing: called when the last mapping of an ended file has ended. */
  unmapped(): void {
    this.content.clear();
  }
}

/** A symbolic link in memory. */
export class MemLink extends Inode {
  declare readonly fs: MemFs;
  readonly target: string;
  constructor(fs: MemFs, made: NewInode, target: string) {
    super(fs, made.mode, made.ino);
    own(this, made, target.length);
    this.target = ownText(target);
  }
  override get size(): number {
    return this.target.length;
  }
  override readlink(): string {
    return this.target;
  }
  override open(): Or<FileDescription> {
    return -E.ELOOP;
  }
  protected override evict(): void {
    disown(this, this.target.length);
  }
}

/** A device node, FIFO or socket. The VFS opens it by its type, not the file system. */
export class MemNode extends Inode {
  declare readonly fs: MemFs;
  constructor(fs: MemFs, made: NewInode) {
    super(fs, made.mode, made.ino);
    own(this, made);
  }
  override open(): Or<FileDescription> {
    return -E.ENXIO;
  }
  protected override evict(): void {
    disown(this);
  }
}

/** A name in a `MemDir`. `load` makes `inode` at its first use if it is undefined. */
export interface MemEntry {
  inode: Inode | undefined;
  readonly type: number;
  ino: number;
  readonly cookie: number;
}

/** Types of entries are below. man 2 getdents, d_type */
const TYPES = 16;

/** A directory in memory. Names are listed from the newest to the oldest. */
export class MemDir extends Inode {
  declare readonly fs: MemFs;
  /**
   * By name: the entry. A number is an entry without an inode: its cookie and its type. A directory of a host
   * has thousands, and an object for each would be most of a machine's.
   */
  protected readonly names = new Map<string, MemEntry | number>();
  /** Of entries that are numbers: their inode numbers less their cookies. */
  private _lazyIno = 0;
  /** The names by their cookies. */
  private readonly _order = new OrderedMap<string>();
  private _nextCookie = 1;

  constructor(fs: MemFs, made: NewInode) {
    super(fs, made.mode, made.ino);
    own(this, made);
    this.nlink = 2;
  }
  override get size(): number {
    return this.fs.counts ? (this.names.size + 2) * DIRENT_SIZE : 0;
  }
  override get isEmpty(): boolean {
    this.fill();
    return this.names.size === 0;
  }
  override get start(): number {
    this.fill();
    return this._nextCookie;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }

  /** For a subclass with names of the host: reads them at the first call. */
  protected fill(): void {}
  /** For a subclass: makes the inode of an entry. */
  protected load(_name: string, _entry: MemEntry): Or<Inode> {
    return -E.EIO;
  }

  override lookup(name: string): Or<Inode> {
    this.fill();
    const found = this.names.get(name);
    if (found === undefined) return -E.ENOENT;
    const entry = this._unpacked(found);
    if (entry.inode) return entry.inode;
    const inode = this.load(name, entry);
    if (typeof inode !== "number") {
      entry.inode = inode;
      entry.ino = inode.ino;
      if (entry !== found) this.names.set(name, entry);
    }
    return inode;
  }
  private _unpacked(entry: MemEntry | number): MemEntry {
    if (typeof entry !== "number") return entry;
    const cookie = Math.floor(entry / TYPES);
    return { inode: undefined, type: entry % TYPES, ino: cookie + this._lazyIno, cookie };
  }
  override *entries(cookie: number): Generator<DirEntry> {
    this.fill();
    // The newest name comes first, as on Linux. Names after a cookie are older.
    const order = this._order;
    for (let at = order.previous((cookie || this._nextCookie) - 1); at !== undefined; at = order.previous(at - 1)) {
      const name = order.get(at) as string;
      const entry = this._unpacked(this.names.get(name) as MemEntry | number);
      yield { name, ino: entry.inode?.ino ?? entry.ino, type: entry.type, cookie: at };
    }
  }

  /** Adds or replaces a name, without a check. */
  add(name: string, inode: Inode): void {
    this._put(name, { inode, type: direntType(inode.mode), ino: inode.ino, cookie: this._nextCookie++ });
  }
  /**
   * Adds names whose inodes `load` makes later; one that exists stays. Directories of a host have thousands
   * of names, so they are charged at once. The texts are not parts of longer ones.
   */
  protected addLazy(found: Iterable<{ readonly name: string; readonly type: number }>): void {
    const { fs, names } = this;
    let bytes = 0;
    for (const { name, type } of found) {
      if (names.has(name)) continue;
      const cookie = this._nextCookie++;
      const ino = fs.newIno();
      if (this._lazyIno === 0) this._lazyIno = ino - cookie;
      const isPacked = ino - cookie === this._lazyIno;
      names.set(name, isPacked ? cookie * TYPES + direntType(type) : { inode: undefined, type: direntType(type), ino, cookie });
      this._order.set(cookie, name);
      bytes += sizes.name + name.length;
    }
    fs.force(bytes);
  }
  /** Adds an inode that was made before `addLazy`; its name has its place there, or is the newest. */
  protected addFound(name: string, inode: Inode): void {
    const there = this.names.get(name);
    if (there === undefined) this.add(name, inode);
    else this.names.set(name, { ...this._unpacked(there), inode, ino: inode.ino });
  }
  private _put(name: string, entry: MemEntry): void {
    this._take(name);
    const text = ownText(name);
    this.fs.force(sizes.name + name.length);
    this.names.set(text, entry);
    this._order.set(entry.cookie, text);
  }
  private _take(name: string): void {
    const entry = this.names.get(name);
    if (entry === undefined) return;
    this.names.delete(name);
    this._order.delete(this._unpacked(entry).cookie);
    this.fs.give(sizes.name + name.length);
  }

  /** A directory gets or loses a directory. Number 1 stands for any, as on btrfs and overlayfs. */
  private _linked(change: 1 | -1): void {
    if (this.nlink !== 1) this.nlink += change;
  }
  override create(name: string, made: NewInode, target = ""): Or<Inode> {
    this.fill();
    if (!this._canAdd(sizes.inode + sizes.name + name.length + target.length)) return -E.ENOSPC;
    const inode = this._nameless(made, target);
    if (typeof inode === "number") return inode;
    this.add(name, inode);
    if (inode.isDir) this._linked(1);
    this.touch("modify");
    return inode;
  }
  /** Makes an inode with its access control lists. */
  private _nameless(made: NewInode, target = ""): Or<Inode> {
    const inode = this.newInode(made, target);
    for (const [name, value] of made.acls ?? []) {
      const done = inode.setXattr(name, value);
      if (done === 0) continue;
      inode.nlink = 0;
      inode.unused();
      if (inode instanceof MemDir) disown(inode);
      return done;
    }
    return inode;
  }
  private _canAdd(bytes: number): boolean {
    const { budget, account } = this.fs;
    return budget.usedInodes < budget.inodes && account.canTake(bytes);
  }
  /**
   * For a subclass: a new file without a name, of the type in `mode`. `target`: the text of a symbolic link.
   */
  protected newInode(made: NewInode, target: string): Inode {
    switch (made.mode & S_IFMT) {
      case S_IFREG:
        return this.fs.makeFile(made);
      case S_IFDIR:
        return new MemDir(this.fs, made);
      case S_IFLNK:
        return new MemLink(this.fs, made, target);
      default:
        return new MemNode(this.fs, made);
    }
  }
  override tmpfile(made: NewInode): Or<Inode> {
    return this._canAdd(sizes.inode) ? this._nameless(made) : -E.ENOSPC;
  }

  override link(name: string, target: Inode): number {
    this.fill();
    if (!this._canAdd(sizes.name + name.length)) return -E.ENOSPC;
    this.add(name, target);
    target.nlink++;
    target.touch("change");
    this.touch("modify");
    return 0;
  }
  override unlink(name: string, target: Inode): number {
    this.fill();
    this._take(name);
    this.touch("modify");
    target.nlink--;
    target.touch("change");
    target.unused();
    return 0;
  }
  override rmdir(name: string, target: Inode): number {
    this.fill();
    this._take(name);
    this._linked(-1);
    this.touch("modify");
    target.nlink = 0;
    target.touch("change");
    disown(this);
    return 0;
  }

  override rename(name: string, to: Inode, newName: string, flags: number, whiteout?: NewInode): number {
    if (!(to instanceof MemDir)) return -E.EXDEV;
    this.fill();
    to.fill();
    const moved = this.lookup(name);
    if (typeof moved === "number") return moved;
    const there = to.names.has(newName) ? to.lookup(newName) : undefined;
    if (typeof there === "number") return there;
    if (!there && !to._canAdd(sizes.name + newName.length)) return -E.ENOSPC;
    this._take(name);
    if (there && flags & RENAME_EXCHANGE) {
      to._take(newName);
      this.add(name, there);
      if (there.isDir) {
        this._linked(1);
        to._linked(-1);
      }
    } else if (there?.isDir) to.rmdir(newName, there);
    else if (there) to.unlink(newName, there);
    to.add(newName, moved);
    if (moved.isDir) {
      this._linked(-1);
      to._linked(1);
    }
    if (whiteout) this.add(name, this.newInode(whiteout, ""));
    for (const inode of [this, to]) inode.touch("modify");
    moved.touch("change");
    if (there && flags & RENAME_EXCHANGE) there.touch("change");
    return 0;
  }
}

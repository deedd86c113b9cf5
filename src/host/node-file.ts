// One file of the host as the core's HostNode: known by device and inode number, reached through descriptors.
import {
  type BigIntStats,
  constants,
  type Dirent,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { E } from "../abi/errno.ts";
import type { Timespec } from "../kernel/base/time.ts";
import type { HostDirEntry, HostNode, HostStat } from "../kernel/fs/types/host-tree.ts";
import { decodeDev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../kernel/fs/vfs/mode.ts";
import { Descriptors, open } from "./node-descriptors.ts";
import { attempt, done, errnoOf, failure } from "./node-errno.ts";
import type { NodeTree } from "./node-tree.ts";

const NS = 1_000_000_000n;
const timespec = (ns: bigint): Timespec => ({ sec: Number(ns / NS), nsec: Number(ns % NS) });
const seconds = ({ sec, nsec }: Timespec): number => sec + nsec / 1e9;

/**
 * A text that no other existing file has. It includes the type, because numbers are reused after a file is
 * gone.
 */
export const identity = ({ dev, ino, mode }: BigIntStats): string => `${dev}:${ino}:${Number(mode) & S_IFMT}`;
/** The attributes as the core has them. */
export const statOf = (s: BigIntStats): HostStat => ({
  mode: Number(s.mode),
  uid: Number(s.uid),
  gid: Number(s.gid),
  size: Number(s.size),
  nlink: Number(s.nlink),
  rdev: decodeDev(Number(s.rdev)),
  atime: timespec(s.atimeNs),
  mtime: timespec(s.mtimeNs),
  ctime: timespec(s.ctimeNs),
});

const direntMode = (entry: Dirent<Buffer>): number => {
  if (entry.isFile()) return S_IFREG;
  if (entry.isDirectory()) return S_IFDIR;
  if (entry.isSymbolicLink()) return S_IFLNK;
  if (entry.isFIFO()) return S_IFIFO;
  if (entry.isSocket()) return S_IFSOCK;
  return entry.isBlockDevice() ? S_IFBLK : S_IFCHR;
};

/** Files that guests held open, in machines that are no more. */
const abandoned = new FinalizationRegistry<Descriptors>((descriptors) => descriptors.abandon());

const hasCase = process.platform !== "darwin" && process.platform !== "win32";
const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);

/** A file of a NodeTree. It is found by descriptor, and its identity is checked at each use. */
export class NodeFile implements HostNode {
  readonly tree: NodeTree;
  readonly id: string;
  /** S_IF* bits. */
  readonly type: number;
  readonly descriptors = new Descriptors();
  /** Where it was seen last. The tree's own directory has no parent. */
  parent: NodeFile | undefined;
  name: string;
  stat: HostStat;
  /** By `abandoned`. */
  #watched = false;

  constructor(tree: NodeTree, parent: NodeFile | undefined, name: string, found: BigIntStats) {
    this.tree = tree;
    this.id = identity(found);
    this.parent = parent;
    this.name = name;
    this.stat = statOf(found);
    this.type = this.stat.mode & S_IFMT;
  }
  /** From the tree's directory, by the names under which it was seen last. */
  get path(): readonly string[] {
    return this.parent ? [...this.parent.path, this.name] : [];
  }
  /** The file was seen again. */
  seen(parent: NodeFile, name: string, found: BigIntStats): this {
    this.parent = parent;
    this.name = name;
    this.stat = statOf(found);
    return this;
  }
  get identity(): string {
    return this.id;
  }
  look(): HostStat | undefined {
    const { parent, name, tree } = this;
    try {
      const status = (at: Parameters<typeof lstatSync>[0]) => lstatSync(at, { bigint: true });
      const found = parent ? parent.#entry(name, status) : status(tree.path);
      if (identity(found) === this.id) return (this.stat = statOf(found));
    } catch {
      // It has no name there.
    }
    return undefined;
  }
  /** `act` with a path of `name` in this directory. Throws the host's errors. */
  #entry<T>(name: string, act: (path: Parameters<typeof lstatSync>[0]) => T): T {
    if (this.type !== S_IFDIR) throw failure("ENOTDIR");
    if (!isName(name)) throw failure("EINVAL");
    return this.tree.reach.entry(this, name, act);
  }
  #found(name: string): NodeFile | undefined {
    const found = this.#entry(name, (path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
    return found && this.tree.met(this, name, found);
  }
  #has(name: string, file: NodeFile): boolean {
    const found = this.#entry(name, (path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
    return found !== undefined && identity(found) === file.id;
  }
  #change<T>(action: () => T): T | number {
    return this.tree.writable ? attempt(action) : -E.EROFS;
  }
  #changed(action: () => void): number {
    return this.tree.writable ? done(action) : -E.EROFS;
  }

  lookup(name: string): HostNode | number {
    const found = attempt(() => (this.#isListed(name) ? this.#found(name) : undefined) ?? -E.ENOENT);
    this.tree.notes?.lookedUp(this, name, found);
    return found;
  }
  shown(): void {
    this.tree.notes?.shown(this);
  }
  /** False for a name that only a host without case finds. Names of a writable tree are listed before. */
  #isListed(name: string): boolean {
    if (hasCase || this.tree.writable) return true;
    const names = (this.#names ??= this.readdir());
    return typeof names !== "number" && names.some((entry) => entry.name === name);
  }
  #names: HostDirEntry[] | number | undefined;
  readdir(): HostDirEntry[] | number {
    this.tree.notes?.shown(this);
    return attempt(() => {
      const entries = this.tree.reach.directory(this, (path) => readdirSync(path, { withFileTypes: true, encoding: "buffer" }));
      return entries.map((entry) => ({ name: entry.name.toString("latin1"), type: direntMode(entry) }));
    });
  }
  create(name: string, mode: number): HostNode | number {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return this.#change(() => {
      const fd = this.#entry(name, (path) => open(path, flags, mode));
      const file = this.tree.met(this, name, fstatSync(fd, { bigint: true }));
      file.descriptors.set(fd, { read: true, write: true });
      return file;
    });
  }
  mkdir(name: string, mode: number): HostNode | number {
    return this.#made(name, (path) => mkdirSync(path, mode));
  }
  symlink(name: string, target: string): HostNode | number {
    return this.#made(name, (path) => symlinkSync(Buffer.from(target, "latin1"), path));
  }
  #made(name: string, make: (path: Parameters<typeof lstatSync>[0]) => void): HostNode | number {
    return this.#change(() => {
      this.#entry(name, make);
      return this.#found(name) ?? -E.ENOENT;
    });
  }
  /** link(2) takes a name: that this is still the file's is looked at before, and that it was, afterwards. */
  link(name: string, file: HostNode): number {
    return this.#changed(() => {
      if (!(file instanceof NodeFile) || !file.parent) throw failure("EXDEV");
      const from = file.parent;
      if (!from.#has(file.name, file)) throw failure("ESTALE");
      from.#entry(file.name, (old) => this.#entry(name, (path) => linkSync(old, path)));
      if (this.#found(name) === file) return;
      this.#entry(name, unlinkSync);
      throw failure("ESTALE");
    });
  }
  unlink(name: string): number {
    return this.#changed(() => {
      const file = this.#found(name);
      this.#entry(name, unlinkSync);
      file?.descriptors.lost();
    });
  }
  rmdir(name: string): number {
    return this.#changed(() => this.#entry(name, (path) => rmdirSync(path)));
  }
  rename(name: string, to: HostNode, newName: string): number {
    return this.#changed(() => {
      if (!(to instanceof NodeFile)) throw failure("EXDEV");
      const replaced = to.#found(newName);
      this.#entry(name, (old) => to.#entry(newName, (path) => renameSync(old, path)));
      replaced?.descriptors.lost();
      // It is found under its new name from now on.
      to.#found(newName);
    });
  }

  readlink(): string | number {
    return attempt(() => {
      const { parent, name } = this;
      if (this.type !== S_IFLNK || !parent) throw failure("EINVAL");
      // The text of a link never changes: if the name is still this link's, so was the text.
      const text = parent.#entry(name, (path) => readlinkSync(path, "buffer"));
      if (!parent.#has(name, this)) throw failure("ESTALE");
      return text.toString("latin1");
    });
  }

  /**
   * A descriptor of this file, if it is regular: nothing else of the host is ever opened to be read or
   * written.
   */
  #opened(use: "read" | "write"): number {
    const known = this.descriptors.get(use);
    if (known !== undefined) return known;
    if (this.type !== S_IFREG) throw failure(this.type === S_IFDIR ? "EISDIR" : "ENXIO");
    const { reach } = this.tree;
    if (use === "read") this.descriptors.set(reach.open(this, constants.O_RDONLY), { read: true });
    else {
      try {
        this.descriptors.set(reach.open(this, constants.O_RDWR), { read: true, write: true });
      } catch (error) {
        if (errnoOf(error) !== -E.EACCES) throw error;
        this.descriptors.set(reach.open(this, constants.O_WRONLY), { write: true });
      }
    }
    return this.descriptors.get(use) as number;
  }
  read(offset: number, into: Uint8Array): number {
    return attempt(() => {
      const fd = this.#opened("read");
      let got = 0;
      while (got < into.length) {
        const n = readSync(fd, into, got, into.length - got, offset + got);
        if (n === 0) break;
        got += n;
      }
      return got;
    });
  }
  write(offset: number, bytes: Uint8Array): number {
    return this.#change(() => writeSync(this.#opened("write"), bytes, 0, bytes.length, offset));
  }
  truncate(size: number): number {
    return this.#changed(() => ftruncateSync(this.#opened("write"), size));
  }

  chmod(mode: number): number {
    // Linux has no permissions on symbolic links.
    if (this.type === S_IFLNK) return -E.EOPNOTSUPP;
    return this.#changed(() => this.tree.reach.chmod(this, mode));
  }
  chown(uid: number, gid: number): number {
    return this.#changed(() => this.tree.reach.chown(this, uid, gid));
  }
  utimes(atime: Timespec, mtime: Timespec): number {
    return this.#changed(() => this.tree.reach.utimes(this, seconds(atime), seconds(mtime)));
  }

  hold({ read, write }: { readonly read: boolean; readonly write: boolean }): number {
    if (write && !this.tree.writable) return -E.EROFS;
    return done(() => {
      this.descriptors.hold();
      try {
        if (this.type === S_IFDIR) this.tree.reach.directory(this, () => {});
        else {
          if (write) this.#opened("write");
          if (read) this.#opened("read");
        }
      } catch (error) {
        this.descriptors.release();
        throw error;
      }
      if (!this.#watched) abandoned.register(this, this.descriptors);
      this.#watched = true;
    });
  }
  release(): void {
    const { descriptors } = this;
    descriptors.release();
    const fd = descriptors.any;
    if (fd !== undefined && fstatSync(fd).nlink === 0) descriptors.lost();
  }
}

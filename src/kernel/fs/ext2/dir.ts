// Directories on ext2: records of names in blocks. An index of the names in memory finds them and free room,
// so that a directory of any length is not searched. Linux fs/ext2/dir.c, namei.c.
import { E } from "../../../abi/errno.ts";
import { asBytes, ofBytes, own } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../task/task.ts";
import { DirFile } from "../files/dir-file.ts";
import type { Path } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Changes, type DirEntry, Inode, type NewInode, type Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import { RENAME_NOREPLACE } from "../vfs/rename.ts";
import type { Ext2Fs } from "./ext2.ts";
import { Ext2Node } from "./file.ts";
import { DIRENT_HEAD, direntLength, fileTypeOf, INDEX_FL, LINK_MAX, ROOT_INO, typeOfFileType } from "./layout.ts";
import { type Ext2Inode, Stored } from "./node.ts";

/** A record of a block, at byte `at` of it. `ino` 0: free. */
interface Entry {
  readonly at: number;
  readonly length: number;
  readonly ino: number;
  readonly fileType: number;
  readonly name: string;
}
/** The room that a record has for another one. */
const roomOf = ({ ino, length, name }: Entry): number => (ino === 0 ? length : length - direntLength(name.length));
const isDots = (name: string): boolean => name === "." || name === "..";

/** The names of a directory in memory. */
interface Index {
  /** The inode, and the offset of the record in the directory. */
  readonly names: Map<string, { ino: number; readonly at: number }>;
  /** The largest room of each block. */
  readonly rooms: number[];
  /** The blocks before this one are full. */
  full: number;
}

/** A directory. */
export class Ext2Dir extends Inode {
  declare readonly fs: Ext2Fs;
  readonly stored: Stored;
  #index: Index | undefined = undefined;
  #charged = 0;
  /** Its one place in the tree. An image can have more, which are refused. */
  #place: { readonly parent: Ext2Dir; readonly name: string } | undefined = undefined;
  constructor(fs: Ext2Fs, mode: number, ino: number) {
    super(fs, mode, ino);
    this.stored = new Stored(fs, ino);
  }
  override get size(): number {
    return this.stored.size;
  }
  override get blocks(): number {
    return this.stored.sectors;
  }
  override get blockSize(): number {
    return this.fs.volume.geometry.blockSize;
  }
  override touch(what: "modify" | "change" | "access"): void {
    super.touch(what);
    if (what !== "access") this.stored.store(this);
  }
  override setXattr(name: string, value: Uint8Array | undefined): number {
    return this.stored.setAttribute(this, name, value, (to) => super.setXattr(name, to));
  }
  override setattr(changes: Changes): number {
    return super.setattr(this.fs.rounded(changes));
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }

  // Blocks and records.
  /** The device's block for block `n` of the directory; a hole is -EIO. */
  #blockOf(n: number): number {
    const found = this.stored.find(n, 1);
    return typeof found === "number" ? found : found.block === 0 ? -E.EIO : found.block;
  }
  /** The records of a block, or -EIO if one is wrong. Linux ext2_check_folio(). */
  #entries(bytes: Uint8Array): Or<Entry[]> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { inodes, hasTypes } = this.fs.volume.geometry;
    const entries: Entry[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (at + DIRENT_HEAD > bytes.length) return -E.EIO;
      const [ino, length] = [view.getUint32(at, true), view.getUint16(at + 4, true)];
      const nameLength = bytes[at + 6] as number;
      const wrong = length < direntLength(1) || length % 4 !== 0 || length < direntLength(nameLength) || at + length > bytes.length;
      if (wrong || ino > inodes) return -E.EIO;
      const name = ofBytes(bytes.subarray(at + DIRENT_HEAD, at + DIRENT_HEAD + nameLength));
      entries.push({ at, length, ino, fileType: hasTypes ? (bytes[at + 7] as number) : 0, name });
      at += length;
    }
    return entries;
  }
  #put(bytes: Uint8Array, at: number, length: number, name: string, inode: { readonly ino: number; readonly type: number }): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setUint32(at, inode.ino, true);
    view.setUint16(at + 4, length, true);
    bytes[at + 6] = name.length;
    bytes[at + 7] = this.fs.volume.geometry.hasTypes ? fileTypeOf(inode.type) : 0;
    bytes.set(asBytes(name), at + DIRENT_HEAD);
  }

  /** The index, read at the first call: -EIO for a wrong block, -EUCLEAN if one occurs twice. */
  #names(): Or<Index> {
    if (this.#index) return this.#index;
    const index: Index = { names: new Map(), rooms: [], full: 0 };
    const seen = new Set<number>();
    const blocks = Math.ceil(this.stored.size / this.blockSize);
    for (let n = 0; n < blocks; n++) {
      const block = this.#blockOf(n);
      if (block < 0) return block;
      if (seen.has(block)) return -E.EUCLEAN;
      seen.add(block);
      const bytes = this.fs.volume.block(block);
      const entries = typeof bytes === "number" ? bytes : this.#entries(bytes);
      if (typeof entries === "number") return entries;
      index.rooms.push(Math.max(...entries.map(roomOf)));
      for (const { ino, name, at } of entries) {
        if (ino === 0 || isDots(name)) continue;
        if (!this.#charge(name)) return this.#uncharged(-E.ENOMEM);
        index.names.set(own(name), { ino, at: n * this.blockSize + at });
      }
    }
    this.#index = index;
    return index;
  }
  #charge(name: string): boolean {
    const bytes = sizes.name + name.length;
    if (!this.fs.take(bytes)) return false;
    this.#charged += bytes;
    return true;
  }
  #uncharged(error: number): number {
    this.fs.give(this.#charged);
    this.#charged = 0;
    return error;
  }

  /** Adds a name: 0 or -errno. */
  #add(name: string, inode: Inode): number {
    const index = this.#names();
    if (typeof index === "number") return index;
    const need = direntLength(name.length);
    if (!this.#charge(name)) return -E.ENOMEM;
    let n = index.full;
    while (n < index.rooms.length && (index.rooms[n] as number) < need) n++;
    const at = n < index.rooms.length ? this.#insert(index, n, name, inode) : this.#append(index, name, inode);
    if (at < 0) return at;
    // The rooms that were passed may fit shorter names: only blocks without any room are skipped next time.
    while (index.full < index.rooms.length && (index.rooms[index.full] as number) < direntLength(1)) index.full++;
    index.names.set(own(name), { ino: inode.ino, at: n * this.blockSize + at });
    this.#changed();
    return 0;
  }
  #insert(index: Index, n: number, name: string, inode: Inode): number {
    const block = this.#blockOf(n);
    const bytes = block < 0 ? block : this.fs.volume.block(block);
    const entries = typeof bytes === "number" ? bytes : this.#entries(bytes);
    if (typeof entries === "number" || typeof bytes === "number") return entries as number;
    const need = direntLength(name.length);
    const place = entries.find((entry) => roomOf(entry) >= need);
    if (!place) return -E.EUCLEAN;
    const used = place.ino === 0 ? 0 : direntLength(place.name.length);
    if (used > 0) new DataView(bytes.buffer).setUint16(place.at + 4, used, true);
    this.#put(bytes, place.at + used, place.length - used, name, inode);
    const error = this.fs.volume.write(block, bytes);
    if (error < 0) return error;
    index.rooms[n] = this.#room(bytes);
    return place.at + used;
  }
  #append(index: Index, name: string, inode: Inode): number {
    const n = index.rooms.length;
    const run = n >= this.stored.map.most ? -E.ENOSPC : this.stored.map.make(n, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this.blockSize);
    this.#put(bytes, 0, bytes.length, name, inode);
    const error = this.fs.volume.write(run.block, bytes);
    if (error < 0) return error;
    this.stored.size = (n + 1) * this.blockSize;
    index.rooms.push(this.#room(bytes));
    return 0;
  }
  #room(bytes: Uint8Array): number {
    const entries = this.#entries(bytes);
    return typeof entries === "number" ? 0 : Math.max(...entries.map(roomOf));
  }
  #changed(): void {
    this.stored.hiddenFlags &= ~INDEX_FL;
    this.touch("modify");
  }
  /** Changes the record of a name: 0 or -errno. */
  #edit(name: string, edit: (bytes: Uint8Array, entries: readonly Entry[], i: number) => void): number {
    const index = this.#names();
    const found = typeof index === "number" ? undefined : index.names.get(name);
    if (typeof index === "number" || !found) return typeof index === "number" ? index : -E.ENOENT;
    const n = Math.floor(found.at / this.blockSize);
    const block = this.#blockOf(n);
    const bytes = block < 0 ? block : this.fs.volume.block(block);
    const entries = typeof bytes === "number" ? bytes : this.#entries(bytes);
    if (typeof entries === "number" || typeof bytes === "number") return entries as number;
    const i = entries.findIndex((entry) => entry.at === found.at % this.blockSize && entry.name === name);
    if (i < 0) return -E.EUCLEAN;
    edit(bytes, entries, i);
    const error = this.fs.volume.write(block, bytes);
    index.rooms[n] = this.#room(bytes);
    index.full = Math.min(index.full, n);
    return error;
  }
  #remove(name: string): number {
    const error = this.#edit(name, (bytes, entries, i) => {
      const view = new DataView(bytes.buffer);
      const [gone, before] = [entries[i] as Entry, entries[i - 1]];
      view.setUint32(gone.at, 0, true);
      if (before) view.setUint16(before.at + 4, before.length + gone.length, true);
    });
    if (error < 0) return error;
    this.#index?.names.delete(name);
    const bytes = sizes.name + name.length;
    this.#charged -= bytes;
    this.fs.give(bytes);
    this.#changed();
    return 0;
  }
  #replace(name: string, inode: Inode): number {
    const error = this.#edit(name, (bytes, entries, i) => {
      const { at, length } = entries[i] as Entry;
      this.#put(bytes, at, length, name, inode);
    });
    const entry = this.#index?.names.get(name);
    if (error === 0 && entry) entry.ino = inode.ino;
    return error;
  }
  /** The directory moves: its name ".." leads to `parent`. */
  #moved(parent: Ext2Dir, name: string): number {
    this.#place = { parent, name: own(name) };
    const block = this.#blockOf(0);
    const bytes = block < 0 ? block : this.fs.volume.block(block);
    const entries = typeof bytes === "number" ? bytes : this.#entries(bytes);
    if (typeof entries === "number" || typeof bytes === "number") return entries as number;
    const up = entries.find((entry) => entry.name === "..");
    if (!up) return -E.EUCLEAN;
    new DataView(bytes.buffer).setUint32(up.at, parent.ino, true);
    return this.fs.volume.write(block, bytes);
  }
  /** The first block of a new directory: 0 or -errno. */
  begin(parent: Ext2Dir, name: string): number {
    const run = this.stored.map.make(0, 1);
    if (typeof run === "number") return run;
    const bytes = new Uint8Array(this.blockSize);
    this.#put(bytes, 0, direntLength(1), ".", this);
    this.#put(bytes, direntLength(1), bytes.length - direntLength(1), "..", parent);
    this.stored.size = bytes.length;
    this.nlink = 2;
    this.#place = { parent, name: own(name) };
    return this.fs.volume.write(run.block, bytes);
  }

  // Operations of the VFS.
  override lookup(name: string): Or<Inode> {
    if (this.nlink === 0) return -E.ENOENT;
    const index = this.#names();
    if (typeof index === "number") return index;
    const found = index.names.get(name);
    if (!found) return -E.ENOENT;
    const inode = this.fs.inode(found.ino);
    if (!(inode instanceof Ext2Dir)) return inode;
    inode.#place ??= { parent: this, name: own(name) };
    const isHere = inode.#place.parent === this && inode.#place.name === name && inode.ino !== ROOT_INO && inode !== this;
    return isHere ? inode : -E.EUCLEAN;
  }
  override get isEmpty(): boolean {
    const index = this.#names();
    return typeof index !== "number" && index.names.size === 0;
  }
  override *entries(cookie: number): Generator<DirEntry> {
    // The index is proof that the directory ends.
    if (typeof this.#names() === "number") return;
    for (let n = Math.floor(cookie / this.blockSize); n * this.blockSize < this.stored.size && this.nlink > 0; n++) {
      const block = this.#blockOf(n);
      const bytes = block < 0 ? block : this.fs.volume.block(block);
      const entries = typeof bytes === "number" ? bytes : this.#entries(bytes);
      if (typeof entries === "number") return;
      for (const { at, length, ino, fileType, name } of entries) {
        const offset = n * this.blockSize + at;
        if (offset < cookie || ino === 0 || isDots(name)) continue;
        yield { name, ino, type: direntType(typeOfFileType(fileType)), cookie: offset + length };
      }
    }
  }

  /** Makes an inode and its name. `target`: the text of a symbolic link. */
  #make(name: string | undefined, made: NewInode, target = ""): Or<Inode> {
    const isDir = (made.mode & S_IFMT) === S_IFDIR;
    if (isDir && this.nlink >= LINK_MAX) return -E.EMLINK;
    const index = this.#names();
    if (typeof index === "number") return index;
    const inode = this.fs.create(this, made);
    if (typeof inode === "number") return inode;
    let error = 0;
    if (inode instanceof Ext2Dir) error = inode.begin(this, name as string);
    else if (inode instanceof Ext2Node && inode.isLink) error = inode.setTarget(target);
    for (const [list, value] of made.acls ?? []) error ||= inode.setXattr(list, value);
    if (name === undefined) inode.nlink = 0;
    if (error === 0) error = inode.stored.store(inode);
    if (error === 0 && name !== undefined) error = this.#add(name, inode);
    if (error < 0) {
      inode.nlink = 0;
      inode.unused();
      return error;
    }
    if (isDir) {
      this.nlink++;
      this.stored.store(this);
    }
    return inode;
  }
  override mknod(name: string, made: NewInode): Or<Inode> {
    return this.#make(name, made);
  }
  override mkdir(name: string, made: NewInode): Or<Inode> {
    return this.#make(name, { ...made, mode: (made.mode & ~S_IFMT) | S_IFDIR });
  }
  override symlink(name: string, target: string, made: NewInode): Or<Inode> {
    return this.#make(name, { ...made, mode: S_IFLNK | 0o777 }, target);
  }
  override tmpfile(made: NewInode): Or<Inode> {
    return this.#make(undefined, { ...made, mode: (made.mode & ~S_IFMT) | S_IFREG });
  }
  override link(name: string, target: Inode): number {
    if (target.nlink >= LINK_MAX) return -E.EMLINK;
    const error = this.#add(name, target);
    if (error < 0) return error;
    target.nlink++;
    target.touch("change");
    return 0;
  }
  override unlink(name: string, target: Inode): number {
    const error = this.#remove(name);
    if (error < 0) return error;
    this.#lost(target);
    return 0;
  }
  override rmdir(name: string, target: Inode): number {
    return this.unlink(name, target);
  }
  /** A file has lost a name in this directory. */
  #lost(target: Inode): void {
    if (target.isDir) this.nlink = Math.max(2, this.nlink - 1);
    this.stored.store(this);
    target.nlink = target.isDir ? 0 : Math.max(0, target.nlink - 1);
    target.touch("change");
    target.unused();
  }
  override rename(name: string, to: Inode, newName: string, flags: number): number {
    if (!(to instanceof Ext2Dir)) return -E.EXDEV;
    if (flags & ~RENAME_NOREPLACE) return -E.EINVAL;
    const moved = this.lookup(name);
    if (typeof moved === "number") return moved;
    const there = to.lookup(newName);
    if (typeof there === "number" && there !== -E.ENOENT) return there;
    if (moved.isDir && to !== this && typeof there === "number" && to.nlink >= LINK_MAX) return -E.EMLINK;
    const error = typeof there === "number" ? to.#add(newName, moved) : to.#replace(newName, moved);
    if (error < 0) return error;
    const removed = this.#remove(name);
    if (removed < 0) return removed;
    if (moved instanceof Ext2Dir) {
      if (to === this) moved.#place = { parent: to, name: own(newName) };
      else {
        moved.#moved(to, newName);
        this.nlink--;
        to.nlink++;
      }
    }
    if (typeof there !== "number") to.#lost(there);
    for (const inode of [this, to]) inode.touch("modify");
    moved.touch("change");
    return 0;
  }
  protected override evict(): void {
    this.#index = undefined;
    this.#uncharged(0);
    this.stored.give(this as Ext2Inode);
    this.fs.forget(this);
  }
}

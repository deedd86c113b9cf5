// Directories on ext2. Linux fs/ext2/namei.c, dir.c.
import { E } from "../../../abi/errno.ts";
import { RENAME_NOREPLACE } from "../../../abi/uapi/rename.ts";
import { own } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { DirFile } from "../../fs/files/dir-file.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { type DirEntry, Inode, type NewInode, type Or } from "../../fs/vfs/inode.ts";
import { S_IFDIR, S_IFMT } from "../../fs/vfs/mode.ts";
import { DirIndex } from "./dir-index.ts";
import type { Ext2Fs } from "./ext2.ts";
import { Ext2Node } from "./file.ts";
import { LINK_MAX, ROOT_INO } from "./layout.ts";
import { type Ext2Inode, StoredInode } from "./node.ts";

/** A directory. */
export class Ext2Dir extends Inode {
  declare readonly fs: Ext2Fs;
  readonly stored: StoredInode;
  private readonly _index: DirIndex;
  /** Its one place in the tree. An image can have more, which are refused. */
  private _place: { readonly parent: Ext2Dir; readonly name: string } | undefined = undefined;
  constructor(fs: Ext2Fs, mode: number, ino: number) {
    super(fs, mode, ino);
    this.stored = new StoredInode(fs, ino);
    this._index = new DirIndex(fs, this.stored);
  }
  override get size(): number {
    return this.stored.size;
  }
  override get blocks(): number {
    return this.stored.sectors;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }

  private _add(name: string, inode: Inode): number {
    return this._edited(this._index.add(name, inode));
  }
  private _remove(name: string): number {
    return this._edited(this._index.remove(name));
  }
  private _edited(error: number): number {
    if (error === 0) this.touch("modify");
    return error;
  }
  /** The directory moves: its name ".." leads to `parent`. */
  private _moved(parent: Ext2Dir, name: string): number {
    this._place = { parent, name: own(name) };
    return this._index.setParent(parent.ino);
  }
  /** A new directory gets its place and its first block: 0 or -errno. */
  begin(parent: Ext2Dir, name: string): number {
    this.nlink = 2;
    this._place = { parent, name: own(name) };
    return this._index.begin(this.ino, parent.ino);
  }

  override lookup(name: string): Or<Inode> {
    if (this.nlink === 0) return -E.ENOENT;
    const ino = this._index.find(name);
    if (ino < 0) return ino;
    const inode = this.fs.inode(ino);
    if (!(inode instanceof Ext2Dir)) return inode;
    inode._place ??= { parent: this, name: own(name) };
    const isHere = inode._place.parent === this && inode._place.name === name && inode.ino !== ROOT_INO && inode !== this;
    return isHere ? inode : -E.EUCLEAN;
  }
  override get isEmpty(): boolean {
    return this._index.isEmpty;
  }
  override entries(cookie: number): Generator<DirEntry> {
    return this._index.entries(cookie, () => this.nlink > 0);
  }

  /** Makes an inode and its name. `target`: the text of a symbolic link. */
  private _make(name: string | undefined, made: NewInode, target = ""): Or<Inode> {
    const isDir = (made.mode & S_IFMT) === S_IFDIR;
    if (isDir && this.nlink >= LINK_MAX) return -E.EMLINK;
    const unreadable = this._index.check();
    if (unreadable < 0) return unreadable;
    const inode = this.fs.create(this, made);
    if (typeof inode === "number") return inode;
    let error = 0;
    if (inode instanceof Ext2Dir) error = inode.begin(this, name as string);
    else if (inode instanceof Ext2Node && inode.isLink) error = inode.setTarget(target);
    for (const [list, value] of made.acls ?? []) error ||= inode.setXattr(list, value);
    if (name === undefined) inode.nlink = 0;
    if (error === 0) error = inode.stored.store(inode);
    if (error === 0 && name !== undefined) error = this._add(name, inode);
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
  override create(name: string, made: NewInode, target = ""): Or<Inode> {
    return this._make(name, made, target);
  }
  override tmpfile(made: NewInode): Or<Inode> {
    return this._make(undefined, made);
  }
  override link(name: string, target: Inode): number {
    if (target.nlink >= LINK_MAX) return -E.EMLINK;
    const error = this._add(name, target);
    if (error < 0) return error;
    target.nlink++;
    target.touch("change");
    return 0;
  }
  override unlink(name: string, target: Inode): number {
    const error = this._remove(name);
    if (error < 0) return error;
    this._lost(target);
    return 0;
  }
  override rmdir(name: string, target: Inode): number {
    return this.unlink(name, target);
  }
  /** A file has lost a name in this directory. */
  private _lost(target: Inode): void {
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
    const error = typeof there === "number" ? to._add(newName, moved) : to._index.replace(newName, moved);
    if (error < 0) return error;
    const removed = this._remove(name);
    if (removed < 0) return removed;
    if (moved instanceof Ext2Dir) {
      if (to === this) moved._place = { parent: to, name: own(newName) };
      else {
        moved._moved(to, newName);
        this.nlink--;
        to.nlink++;
      }
    }
    if (typeof there !== "number") to._lost(there);
    for (const inode of [this, to]) inode.touch("modify");
    moved.touch("change");
    return 0;
  }
  protected override evict(): void {
    this._index.drop();
    this.stored.give(this as Ext2Inode);
    this.fs.forget(this);
  }
}

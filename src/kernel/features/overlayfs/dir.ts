// Directories of an overlay: the union of their layers. Linux fs/overlayfs/dir.c, readdir.c, namei.c.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { DirFile } from "../../fs/files/dir-file.ts";
import { RegularInode } from "../../fs/files/regular.ts";
import { Dentry, type Path } from "../../fs/vfs/dentry.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { type Changes, type DirEntry, Inode, type NewInode, type Or } from "../../fs/vfs/inode.ts";
import { S_IFCHR, S_IFDIR } from "../../fs/vfs/mode.ts";
import { adopt } from "../../fs/vfs/resolve.ts";
import { OverlayFile, OverlayOther } from "./file.ts";
import {
  copyUp,
  found,
  isNode,
  isOpaque,
  isWhiteout,
  NOBODY,
  OPAQUE,
  type Overlay,
  type OverlayPlace,
  refresh,
  removeReal,
  setattr,
} from "./node.ts";

/** A directory: those of all layers that have it, from the topmost one. */
export class OverlayDir extends Inode {
  declare readonly fs: Overlay;
  readonly layers: Dentry[];
  isUpper: boolean;
  readonly place: OverlayPlace | undefined;
  /** The names in their order, until a change. */
  private _listing: DirEntry[] | undefined = undefined;
  constructor(fs: Overlay, layers: readonly Dentry[], isUpper: boolean, place: OverlayPlace | undefined) {
    super(fs, S_IFDIR);
    this.layers = [...layers];
    this.isUpper = isUpper;
    this.place = place;
    refresh(this);
  }
  get real(): Dentry {
    return this.layers[0] as Dentry;
  }
  moved(to: Dentry): void {
    this.layers.unshift(to);
    this.isUpper = true;
  }
  override get size(): number {
    return this.real.inode.size;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }
  override setattr(changes: Changes): number {
    return setattr(this, changes);
  }

  protected override evict(): void {
    this.fs.nodes.delete(this);
    this.fs.count(-1);
  }

  /** True if a layer below the upper one has the name. */
  private _isBelow(name: string): boolean {
    for (const layer of this.isUpper ? this.layers.slice(1) : this.layers) {
      const real = found(layer, name);
      if (real) return !isWhiteout(real.inode);
    }
    return false;
  }
  override lookup(name: string): Or<Inode> {
    const dirs: Dentry[] = [];
    let first = -1;
    for (const [i, layer] of this.layers.entries()) {
      const real = found(layer, name);
      if (!real) continue;
      if (isWhiteout(real.inode)) break;
      if (!real.inode.isDir && dirs.length > 0) break;
      if (first < 0) first = i;
      if (!real.inode.isDir) return this._node(name, real, this.isUpper && first === 0);
      dirs.push(real);
      if (isOpaque(real.inode)) break;
    }
    if (dirs.length === 0) return -E.ENOENT;
    const known = this.fs.nodes.get((dirs[0] as Dentry).inode);
    if (known) return known;
    const made = new OverlayDir(this.fs, dirs, this.isUpper && first === 0, { dir: this, name });
    this.fs.nodes.set((dirs[0] as Dentry).inode, made);
    return made;
  }
  private _node(name: string, real: Dentry, isUpper: boolean): Inode {
    const known = this.fs.nodes.get(real.inode);
    if (known) return known;
    const kind = real.inode instanceof RegularInode ? OverlayFile : OverlayOther;
    const made = new kind(this.fs, real, isUpper, { dir: this, name });
    this.fs.nodes.set(real.inode, made);
    return made;
  }

  override *entries(cookie: number, task: Task): Generator<DirEntry> {
    this._listing ??= this._merged(task);
    for (let i = cookie; i < this._listing.length; i++) yield this._listing[i] as DirEntry;
  }
  private _merged(task: Task): DirEntry[] {
    const seen = new Map<string, DirEntry | undefined>();
    for (const layer of this.layers) {
      const all = layer.inode.entries(layer.inode.start ?? 0, task);
      for (let next = all.next(); !next.done; next = all.next()) {
        const { name, type } = next.value;
        if (seen.has(name)) continue;
        const hidden = type === 2 && isWhiteout(found(layer, name)?.inode as Inode);
        seen.set(name, hidden ? undefined : next.value);
      }
    }
    const shown = [...seen.values()].filter((entry) => entry !== undefined);
    return shown.map((entry, i) => ({ ...entry, ino: this._inodeNumber(entry), cookie: i + 1 }));
  }
  private _inodeNumber({ name, ino }: DirEntry): number {
    const inode = this.lookup(name);
    return typeof inode === "number" ? ino : inode.ino;
  }
  override get isEmpty(): boolean {
    this._listing = undefined;
    return this.entries(0, NOBODY).next().done === true;
  }
  private _changed(): void {
    this._listing = undefined;
    refresh(this);
  }

  /** Prepares a new name: the upper directory, without a whiteout of the name; or -errno. */
  private _prepare(name: string): Or<Dentry> {
    const bad = copyUp(this);
    if (bad < 0) return bad;
    const old = found(this.real, name);
    const removed = old && isWhiteout(old.inode) ? removeReal(this.real, old) : 0;
    return removed < 0 ? removed : this.real;
  }
  override create(name: string, made: NewInode, target = ""): Or<Inode> {
    const dir = this._prepare(name);
    if (typeof dir === "number") return dir;
    const real = dir.inode.create(name, made, target);
    if (typeof real === "number") return real;
    if (real.isDir && this._isBelow(name)) (real.xattrs ??= new Map()).set(OPAQUE, Uint8Array.of(0x79));
    adopt(dir, name, real);
    this._changed();
    return this.lookup(name);
  }
  override tmpfile(made: NewInode): Or<Inode> {
    const bad = copyUp(this);
    const real = bad < 0 ? bad : this.real.inode.tmpfile(made);
    if (typeof real === "number") return real;
    return new OverlayFile(this.fs, new Dentry("", undefined, real), true, { dir: this, name: "" });
  }
  override link(name: string, target: Inode): number {
    if (!isNode(target)) return -E.EXDEV;
    const bad = copyUp(target);
    const dir = bad < 0 ? bad : this._prepare(name);
    if (typeof dir === "number") return dir;
    const done = dir.inode.link(name, target.real.inode);
    if (done < 0) return done;
    adopt(dir, name, target.real.inode);
    refresh(target);
    this._changed();
    return 0;
  }
  /** Removes the upper name, and hides those below. */
  private _remove(name: string, target: Inode): number {
    const hides = this._isBelow(name);
    const bad = copyUp(this);
    if (bad < 0) return bad;
    const real = found(this.real, name);
    const removed = real ? removeReal(this.real, real) : 0;
    const hidden = removed < 0 || !hides ? removed : this._hide(name);
    if (hidden < 0) return hidden;
    if (isNode(target)) {
      if (target.isUpper && !target.isDir) refresh(target);
      else target.nlink = 0;
    }
    if (target.isDir) target.nlink = 0;
    this._changed();
    return 0;
  }
  private _hide(name: string): number {
    const made = this.real.inode.create(name, { mode: S_IFCHR, uid: 0, gid: 0, rdev: 0 });
    if (typeof made === "number") return made;
    adopt(this.real, name, made);
    return 0;
  }
  override unlink(name: string, target: Inode): number {
    return this._remove(name, target);
  }
  override rmdir(name: string, target: Inode): number {
    // The upper directory may hold whiteouts, which no listing shows.
    if (target instanceof OverlayDir && target.isUpper) {
      const all = [...iterate(target.real.inode.entries(target.real.inode.start ?? 0, NOBODY))];
      for (const { name: hidden } of all) {
        const real = found(target.real, hidden);
        const removed = real ? removeReal(target.real, real) : 0;
        if (removed < 0) return removed;
      }
    }
    return this._remove(name, target);
  }
  /** Directories that a lower layer has are not renamed: the caller copies them (redirect_dir=off). */
  override rename(name: string, to: Inode, newName: string, flags: number): number {
    const source = this.lookup(name);
    if (typeof source === "number") return source;
    if (!(to instanceof OverlayDir) || !isNode(source)) return -E.EXDEV;
    if (flags !== 0) return -E.EINVAL;
    if (source instanceof OverlayDir && (!source.isUpper || source.layers.length > 1)) return -E.EXDEV;
    const bad = copyUp(source);
    if (bad < 0) return bad;
    const old = to.lookup(newName);
    const dir = to._prepare(newName);
    if (typeof dir === "number") return dir;
    if (typeof old !== "number" && old.isDir) {
      const removed = to.rmdir(newName, old);
      const cleared = removed < 0 ? removed : to._prepare(newName);
      if (typeof cleared === "number") return cleared;
    }
    const hides = this._isBelow(name);
    const replaced = found(dir, newName);
    const from = this.real;
    const done = from.inode.rename(name, dir.inode, newName, 0);
    if (done < 0) return done;
    if (replaced) replaced.deleted = true;
    from.children.delete(name);
    dir.children.delete(newName);
    source.real.name = newName;
    source.real.parent = dir;
    dir.children.set(newName, source.real);
    const place = source.place as { dir: OverlayDir; name: string };
    place.dir = to;
    place.name = newName;
    if (source.isDir && to._isBelow(newName)) (source.real.inode.xattrs ??= new Map()).set(OPAQUE, Uint8Array.of(0x79));
    const hidden = hides ? this._hide(name) : 0;
    if (typeof old !== "number" && isNode(old) && !old.isDir) refresh(old);
    this._changed();
    to._changed();
    return hidden;
  }
}
function* iterate<T>(iterator: Iterator<T>): Generator<T> {
  for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value;
}

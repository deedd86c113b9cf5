// Files of an overlay that are no directories. Linux fs/overlayfs/file.c.
import { E } from "../../../abi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_TRUNC } from "../../../abi/uapi/fcntl.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { RegularFile, RegularInode } from "../../fs/files/regular.ts";
import type { Dentry, Path } from "../../fs/vfs/dentry.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { type Changes, Inode, type Or } from "../../fs/vfs/inode.ts";
import { copyUp, type Overlay, type OverlayPlace, refresh, setattr } from "./node.ts";

/** A regular file. Its bytes are those of the layer's file, also after a copy up. */
export class OverlayFile extends RegularInode {
  declare readonly fs: Overlay;
  real: Dentry;
  isUpper: boolean;
  readonly place: OverlayPlace;
  constructor(fs: Overlay, real: Dentry, isUpper: boolean, place: OverlayPlace) {
    super(fs, real.inode.mode);
    this.real = real;
    this.isUpper = isUpper;
    this.place = place;
    refresh(this);
    fs.count(1);
  }
  moved(to: Dentry): void {
    this.real = to;
    this.isUpper = true;
  }
  override get size(): number {
    return this.real.inode.size;
  }
  override get blocks(): number {
    return this.real.inode.blocks;
  }
  override readAt(at: number, into: Uint8Array): number {
    const got = this._real().readAt(at, into);
    if (got > 0) this._real().pages?.overlay(at, into);
    return got;
  }
  override writeAt(at: number, from: Uint8Array): number {
    const wrote = this.isUpper ? this._real().writeAt(at, from) : -E.EROFS;
    if (wrote > 0) this._real().pages?.wrote(at, from.subarray(0, wrote));
    return wrote;
  }
  override nextData(at: number, data: boolean): number {
    return this._real().nextData(at, data);
  }
  override get heldPages(): number {
    return this._real().heldPages;
  }
  override allocate(at: number, end: number, punch: boolean): number {
    const done = this.isUpper ? this._real().allocate(at, end, punch) : -E.EROFS;
    if (punch) this.pages?.zero(at, Math.min(end, this.size));
    return done;
  }
  override truncate(size: number): number {
    const bad = copyUp(this);
    if (bad < 0) return bad;
    const done = this._real().truncate(size);
    this.pages?.truncated(size);
    refresh(this);
    return done;
  }
  private _real(): RegularInode {
    return this.real.inode as RegularInode;
  }
  override setattr(changes: Changes): number {
    return setattr(this, changes);
  }
  override touch(what: "modify" | "change"): void {
    if (this.isUpper) this.real.inode.touch(what);
    super.touch(what);
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    if (!this.isUpper && (flags & O_ACCMODE) !== O_RDONLY) task.kernel.charge(this.size * cost.byte);
    if ((flags & O_ACCMODE) !== O_RDONLY || flags & O_TRUNC) {
      const bad = copyUp(this);
      if (bad < 0) return bad;
      refresh(this);
    }
    return new OverlayOpen(this, flags, path);
  }
  protected override evict(): void {
    super.evict();
    this.fs.nodes.delete(this);
    this.fs.count(-1);
  }
  /** The file of the layer lives as long as one here is open. */
  hold(): Inode {
    const { inode } = this.real;
    inode.opens++;
    return inode;
  }
}
/** An open file of an overlay. */
export class OverlayOpen extends RegularFile {
  private readonly _held: Inode;
  constructor(inode: OverlayFile, flags: number, path: Path) {
    super(inode, flags, path);
    this._held = inode.hold();
  }
  override release(): void {
    super.release();
    this._held.opens--;
    this._held.unused();
  }
}

/** A symbolic link, device node, FIFO or socket. */
export class OverlayOther extends Inode {
  declare readonly fs: Overlay;
  real: Dentry;
  isUpper: boolean;
  readonly place: OverlayPlace;
  constructor(fs: Overlay, real: Dentry, isUpper: boolean, place: OverlayPlace) {
    super(fs, real.inode.mode);
    this.real = real;
    this.isUpper = isUpper;
    this.place = place;
    refresh(this);
    fs.count(1);
  }
  moved(to: Dentry): void {
    this.real = to;
    this.isUpper = true;
  }
  override get size(): number {
    return this.real.inode.size;
  }
  override readlink(task: Task): Or<string> {
    return this.real.inode.readlink(task);
  }
  override setattr(changes: Changes): number {
    return setattr(this, changes);
  }
  override open(): Or<FileDescription> {
    return this.isLink ? -E.ELOOP : -E.ENXIO;
  }
  protected override evict(): void {
    this.fs.nodes.delete(this);
    this.fs.count(-1);
  }
}

// The files of an overlay. They are files in memory that tell the file system each change.

import { RENAME_EXCHANGE, RENAME_WHITEOUT } from "../../../abi/uapi/rename.ts";
import type { Inode, NewInode, Or } from "../vfs/inode.ts";
import type { HostNode } from "./host-tree.ts";
import { MemDir, type MemEntry, MemFile, MemNode } from "./memfs.ts";
import type { ContentOwner, OverlayContent } from "./overlay-content.ts";
import type { HostOverlayFs } from "./overlay-fs.ts";
import type { UpperRecord } from "./upper-store.ts";

/** A regular file. */
export class HostOverlayFile extends MemFile implements ContentOwner {
  declare readonly fs: HostOverlayFs;
  readonly overlaid: OverlayContent;
  constructor(fs: HostOverlayFs, made: NewInode, content: OverlayContent) {
    super(fs, made, content);
    this.overlaid = content;
    content.owner = this;
  }
  number(): number {
    return this.fs.ready(this);
  }
  note(record: Pick<UpperRecord, "chunks"> | "base"): number {
    return this.fs.note(this, record);
  }
  override unused(): void {
    this.fs.unused(this);
    super.unused();
  }
}

/** A device node, FIFO or socket. One of the host is shown and never opened. */
export class HostOverlayNode extends MemNode {
  declare readonly fs: HostOverlayFs;
  override readonly nodev: boolean;
  constructor(fs: HostOverlayFs, made: NewInode, isHosts: boolean) {
    super(fs, made);
    this.nodev = isHosts;
  }
}

/** A directory. */
export class HostOverlayDir extends MemDir {
  declare readonly fs: HostOverlayFs;
  /** The directory of the lower layer with more names. */
  readonly lower: HostNode | undefined;
  private _filled = false;
  constructor(fs: HostOverlayFs, made: NewInode, lower: HostNode | undefined) {
    super(fs, made);
    this.lower = lower;
  }
  override get size(): number {
    return 4096;
  }
  protected override fill(): void {
    if (this._filled) return;
    this._filled = true;
    const found = this.lower?.readdir() ?? [];
    const below = typeof found === "number" ? [] : [...found].sort((a, b) => (a.name < b.name ? 1 : -1));
    const upper = this.fs.namesOf(this) ?? new Map<string, number>();
    this.addLazy(below.filter(({ name }) => !upper.has(name)));
    this.addLazy([...upper].filter(([, id]) => id !== 0).map(([name, id]) => ({ name, type: this.fs.typeOf(id) })));
  }
  protected override load(name: string, _entry: MemEntry): Or<Inode> {
    return this.fs.load(this, name);
  }
  protected override newInode(made: NewInode, target: string): Inode {
    return this.fs.newInode(made, target);
  }
  override create(name: string, made: NewInode, target = ""): Or<Inode> {
    const inode = super.create(name, made, target);
    if (typeof inode === "number") return inode;
    const done = this.fs.renamed([{ directory: this, name, inode }]);
    return done < 0 ? done : inode;
  }
  override link(name: string, target: Inode): number {
    const done = super.link(name, target);
    return done < 0 ? done : this.fs.renamed([{ directory: this, name, inode: target }]);
  }
  override unlink(name: string, target: Inode): number {
    const done = super.unlink(name, target);
    return done < 0 ? done : this._removed(name, target);
  }
  override rmdir(name: string, target: Inode): number {
    const done = super.rmdir(name, target);
    return done < 0 ? done : this._removed(name, target);
  }
  private _removed(name: string, inode: Inode): number {
    if (this._moving) return 0;
    return this.fs.renamed([{ directory: this, name, inode: undefined }], [{ inode, directory: this, name }]);
  }
  /** A rename replaces a file of this directory: one record has all of it. */
  private _moving = false;
  override rename(name: string, to: Inode, newName: string, flags: number, whiteout?: NewInode): number {
    if (!(to instanceof HostOverlayDir)) return super.rename(name, to, newName, flags, whiteout);
    const moved = this.lookup(name);
    const there = to.lookup(newName);
    to._moving = true;
    const done = super.rename(name, to, newName, flags, whiteout);
    to._moving = false;
    if (done < 0 || typeof moved === "number") return done;
    const gone = [{ inode: moved, directory: this as Inode, name }];
    if (typeof there !== "number") gone.push({ inode: there, directory: to, name: newName });
    const left = flags & (RENAME_EXCHANGE | RENAME_WHITEOUT) ? this.lookup(name) : undefined;
    const before = { directory: this as Inode, name, inode: typeof left === "number" ? undefined : left };
    return this.fs.renamed([before, { directory: to, name: newName, inode: moved }], gone);
  }
}

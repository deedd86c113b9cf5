// overlayfs: directories of several file systems as one. Changes go to the upper one. Linux
// Documentation/filesystems/overlayfs.rst, fs/overlayfs/super.c.
import { sizes } from "../../base/sizes.ts";
import type { Dentry } from "../../fs/vfs/dentry.ts";
import { type Clock, FileSystem, type StatFs } from "../../fs/vfs/inode.ts";
import { OverlayDir } from "./dir.ts";
import { OverlayNodes } from "./node.ts";

/** The layers of a mount: lower directories from the topmost one, and the directory for changes. */
export interface Layers {
  readonly lower: readonly Dentry[];
  readonly upper: Dentry | undefined;
  /** The options in /proc/mounts. */
  readonly text: string;
}

/** An overlay. */
export class OverlayFs extends FileSystem {
  override readonly type = "overlay";
  override readonly magic = 0x794c_7630;
  override readonly writable: boolean;
  readonly layers: Layers;
  override readonly below: readonly Dentry[];
  private readonly _root: Dentry;
  private _nodes = 0;
  /** The inode of each file of a layer, so that all names of a file have one. */
  readonly nodes = new OverlayNodes();
  constructor(dev: number, clock: Clock, layers: Layers) {
    super(dev, clock);
    clock.garbage.add(this, sizes.fileSystem);
    this.layers = layers;
    this.writable = layers.upper !== undefined;
    const all = layers.upper ? [layers.upper, ...layers.lower] : layers.lower;
    this.below = all;
    this._root = this.makeRoot(new OverlayDir(this, all, layers.upper !== undefined, undefined));
  }
  override get root(): Dentry {
    return this._root;
  }
  /** Charges or, with a negative number, gives back nodes. */
  count(nodes: number): void {
    this._nodes += nodes;
    this.account.force(nodes * sizes.inode);
  }
  /** Nothing leads to the file system any more (kept.ts). */
  end(): void {
    this.count(-this._nodes);
  }
  override statfs(): StatFs {
    return ((this.layers.upper ?? this.layers.lower[0]) as Dentry).inode.fs.statfs();
  }
  override options(): string {
    return this.layers.text;
  }
}

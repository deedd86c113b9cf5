// sysfs: the devices of this machine. man 5 sysfs. The tree is loaded at the first use of a name.

import type { Kernel } from "../../core/kernel.ts";
import { type Derived, recipe } from "../proc/tree/derived.ts";
import { type FixedFileSystem, type FixedTree, fixedEntries } from "../proc/tree/fixed-tree.ts";
import { DT, linksOf, ProcDirNode, type ProcEntry, type ProcFolder } from "../proc/tree/node.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileSystem } from "../vfs/inode.ts";
import { lazySysTree } from "./lazy.ts";

const ROOT_INO = 1;
const FIRST_INO = 16;

/** The file system of /sys: read-only directories and files that are made when they are looked up. */
export class SysFs extends FileSystem implements FixedFileSystem {
  override readonly type = "sysfs";
  override readonly magic = 0x6265_6572;
  override readonly dynamic = true;
  override readonly growable = false;
  private readonly _kernel: Kernel;
  private readonly _root: Dentry;
  constructor(dev: number, kernel: Kernel) {
    super(dev, kernel);
    this._kernel = kernel;
    this._root = this.makeRoot(new ProcDirNode(this, ROOT_INO, 0o555, rootFolder(this)));
  }
  override get root(): Dentry {
    return this._root;
  }
  fixedTree(): { readonly tree: FixedTree; readonly before: number } {
    return { tree: lazySysTree().sysTree(this._kernel), before: FIRST_INO };
  }
}

const noEntries = recipe("sysfs mount point", (): ProcFolder => ({ list: () => [] }));
const folderOf = (fs: SysFs, name: string, ino: number, content: Derived<ProcFolder>): ProcEntry => ({
  name,
  ino,
  type: DT.dir,
  make: () => new ProcDirNode(fs, ino, 0o555, content),
});
const mountPoints = recipe(
  "sysfs fs",
  (fs: SysFs): ProcFolder => ({
    list: () => [folderOf(fs, "cgroup", 3, noEntries()), folderOf(fs, "fuse", 4, noEntries())],
  }),
);
/** /sys/fs, with the mount point of cgroup2. It is separate, so that a boot does not load the tree. */
const fsEntry = (fs: SysFs): ProcEntry => folderOf(fs, "fs", 2, mountPoints(fs));
const rootFolder = recipe(
  "sysfs root",
  (fs: SysFs): ProcFolder => ({
    list: () => [fsEntry(fs), ...fixedEntries(fs)],
    find: (name) => (name === "fs" ? fsEntry(fs) : fixedEntries(fs).find((entry) => entry.name === name)),
    links: () => linksOf([fsEntry(fs), ...fixedEntries(fs)]),
  }),
);

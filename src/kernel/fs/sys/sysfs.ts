// sysfs: the devices of this machine. man 5 sysfs. The tree is loaded at the first use of a name.
import type { Kernel } from "../../kernel.ts";
import { fixedEntries } from "../proc/fixed-tree.ts";
import { DT, linksOf, ProcDirNode, type ProcEntry } from "../proc/node.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileSystem } from "../vfs/inode.ts";
import { lazySysTree } from "./lazy.ts";

const ROOT_INO = 1;
const FIRST_INO = 16;

/** The file system of /sys: read-only directories and files that are made when they are looked up. */
export class SysFs extends FileSystem {
  override readonly type = "sysfs";
  override readonly magic = 0x6265_6572;
  override readonly dynamic = true;
  override readonly growable = false;
  private readonly _kernel: Kernel;
  private readonly _root: Dentry;
  private _tree: readonly ProcEntry[] | undefined = undefined;
  constructor(dev: number, kernel: Kernel) {
    super(dev, kernel);
    this._kernel = kernel;
    const dir = new ProcDirNode(
      this,
      ROOT_INO,
      0o555,
      () => [this._fs(), ...this._entries()],
      (name) => this._find(name),
    );
    dir.shape = { links: () => linksOf([this._fs(), ...this._entries()]) };
    this._root = this.makeRoot(dir);
  }
  override get root(): Dentry {
    return this._root;
  }
  private _find(name: string): ProcEntry | undefined {
    return name === "fs" ? this._fs() : this._entries().find((entry) => entry.name === name);
  }
  private _entries(): readonly ProcEntry[] {
    let ino = FIRST_INO;
    return (this._tree ??= fixedEntries(this, lazySysTree().sysTree(this._kernel), () => ++ino));
  }
  /** /sys/fs, with the mount point of cgroup2. It is separate, so that a boot does not load the tree. */
  private _fs(): ProcEntry {
    const empty = (name: string, ino: number): ProcEntry => ({
      name,
      ino,
      type: DT.dir,
      make: () => new ProcDirNode(this, ino, 0o555, () => []),
    });
    return { name: "fs", ino: 2, type: DT.dir, make: () => new ProcDirNode(this, 2, 0o555, () => [empty("cgroup", 3), empty("fuse", 4)]) };
  }
}

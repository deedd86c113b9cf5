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
  readonly #kernel: Kernel;
  readonly #root: Dentry;
  #tree: readonly ProcEntry[] | undefined = undefined;
  constructor(dev: number, kernel: Kernel) {
    super(dev, kernel);
    this.#kernel = kernel;
    const dir = new ProcDirNode(
      this,
      ROOT_INO,
      0o555,
      () => [this.#fs(), ...this.#entries()],
      (name) => this.#find(name),
    );
    dir.shape = { links: () => linksOf([this.#fs(), ...this.#entries()]) };
    this.#root = this.makeRoot(dir);
  }
  override get root(): Dentry {
    return this.#root;
  }
  #find(name: string): ProcEntry | undefined {
    return name === "fs" ? this.#fs() : this.#entries().find((entry) => entry.name === name);
  }
  #entries(): readonly ProcEntry[] {
    let ino = FIRST_INO;
    return (this.#tree ??= fixedEntries(this, lazySysTree().sysTree(this.#kernel), () => ++ino));
  }
  /** /sys/fs, with the mount point of cgroup2. It is separate, so that a boot does not load the tree. */
  #fs(): ProcEntry {
    const empty = (name: string, ino: number): ProcEntry => ({
      name,
      ino,
      type: DT.dir,
      make: () => new ProcDirNode(this, ino, 0o555, () => []),
    });
    return { name: "fs", ino: 2, type: DT.dir, make: () => new ProcDirNode(this, 2, 0o555, () => [empty("cgroup", 3), empty("fuse", 4)]) };
  }
}

// A name in a directory, and a path: which mount, which name. man 7 path_resolution; Linux Documentation/filesystems/vfs.rst.
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount.ts";

/**
 * One name. A dentry says what a file is called now: a rename moves it, an unlink marks it deleted, open files and working
 * directories keep it. Names of static file systems are remembered, so that a mount point has identity.
 */
export class Dentry {
  name: string;
  /** The root of a file system is its own parent. */
  parent: Dentry;
  inode: Inode;
  deleted = false;
  /** What is shown instead of a path, for files that never had one: "pipe:[17]", "/memfd:x (deleted)". */
  label: string | undefined = undefined;
  #children: Map<string, Dentry> | undefined = undefined;

  constructor(name: string, parent: Dentry | undefined, inode: Inode) {
    this.name = name;
    this.parent = parent ?? this;
    this.inode = inode;
  }
  /** Those that are remembered, by name. */
  get children(): Map<string, Dentry> {
    return (this.#children ??= new Map());
  }
  child(name: string): Dentry | undefined {
    return this.#children?.get(name);
  }
  get isRoot(): boolean {
    return this.parent === this;
  }

  /** Whether this is `other` or below it. */
  isWithin(other: Dentry): boolean {
    for (let d: Dentry = this; ; d = d.parent) {
      if (d === other) return true;
      if (d.isRoot) return false;
    }
  }
}

export interface Path {
  readonly mount: Mount;
  readonly dentry: Dentry;
}
export const samePath = (a: Path, b: Path): boolean => a.mount === b.mount && a.dentry === b.dentry;

/**
 * The absolute name, as getcwd(2) and /proc/PID/fd show it: seen from `root`, with " (deleted)" for a name that is gone.
 * `reachable` is false when the path is not below root (chroot): getcwd(2) then says "(unreachable)".
 */
export const pathName = (path: Path, root: Path): { name: string; reachable: boolean } => {
  if (path.dentry.label !== undefined) return { name: path.dentry.label, reachable: true };
  const parts: string[] = [];
  let { mount, dentry } = path;
  const gone = dentry.deleted;
  let reachable = true;
  while (!(mount === root.mount && dentry === root.dentry)) {
    if (dentry !== mount.root && !dentry.isRoot) {
      parts.push(dentry.name);
      dentry = dentry.parent;
    } else if (mount.parent) {
      dentry = mount.mountpoint as Dentry;
      mount = mount.parent;
    } else {
      reachable = false;
      break;
    }
  }
  return { name: `/${parts.reverse().join("/")}${gone ? " (deleted)" : ""}`, reachable };
};

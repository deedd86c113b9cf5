// Dentries, the names in directories, and paths, pairs of a mount and a dentry. man 7 path_resolution;
// Linux Documentation/filesystems/vfs.rst.
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount.ts";

/**
 * The current name of a file. A rename moves the dentry, an unlink marks it deleted. Open files and working
 * directories refer to it. Dentries of static file systems are cached, so that a mount point has identity.
 */
export class Dentry {
  name: string;
  /** The root of a file system is its own parent. */
  parent: Dentry;
  inode: Inode;
  deleted = false;
  /** The text in place of a path, for a file that never had one: "pipe:[17]", "/memfd:x (deleted)". */
  label: string | undefined = undefined;
  /** The mounts of all namespaces whose mount point it is. */
  mounts: Set<Mount> | undefined = undefined;
  private _children: Map<string, Dentry> | undefined = undefined;

  constructor(name: string, parent: Dentry | undefined, inode: Inode) {
    this.name = name;
    this.parent = parent ?? this;
    this.inode = inode;
  }
  /** The cached names in this directory. The map is made at the first use. */
  get children(): Map<string, Dentry> {
    return (this._children ??= new Map());
  }
  /** The cached name, if any. Makes no map. */
  child(name: string): Dentry | undefined {
    return this._children?.get(name);
  }
  get isRoot(): boolean {
    return this.parent === this;
  }

  /** True if this is `other` or below it. */
  isWithin(other: Dentry): boolean {
    for (let d: Dentry = this; ; d = d.parent) {
      if (d === other) return true;
      if (d.isRoot) return false;
    }
  }
}

/** A file's position in the tree of mounts. */
export interface Path {
  readonly mount: Mount;
  readonly dentry: Dentry;
}
/** True if both paths name one position. Linux path_equal(). */
export const samePath = (a: Path, b: Path): boolean => a.mount === b.mount && a.dentry === b.dentry;

/** The name of a dentry inside its file system. Linux dentry_path(). */
export const nameInside = (dentry: Dentry): string => {
  const names: string[] = [];
  for (let d = dentry; !d.isRoot; d = d.parent) names.push(d.name);
  return `/${names.reverse().join("/")}${dentry.deleted ? "//deleted" : ""}`;
};

/**
 * The absolute name below `root`, as getcwd(2) and /proc/PID/fd show it. A deleted name ends in " (deleted)".
 * `reachable` is false if the path is not below `root` (chroot). getcwd(2) then returns "(unreachable)".
 * Linux d_path().
 */
export const pathName = (path: Path, root: Path): { name: string; reachable: boolean } => {
  if (path.dentry.label !== undefined) return { name: path.dentry.label, reachable: true };
  const names: string[] = [];
  let { mount, dentry } = path;
  const gone = dentry.deleted;
  let reachable = true;
  while (!(mount === root.mount && dentry === root.dentry)) {
    if (dentry !== mount.root && !dentry.isRoot) {
      names.push(dentry.name);
      dentry = dentry.parent;
    } else if (mount.parent) {
      dentry = mount.mountpoint as Dentry;
      mount = mount.parent;
    } else {
      reachable = false;
      break;
    }
  }
  return { name: `/${names.reverse().join("/")}${gone ? " (deleted)" : ""}`, reachable };
};

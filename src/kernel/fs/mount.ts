// The mount tree of a mount namespace. man 2 mount, man 7 mount_namespaces.
import type { Dentry, Path } from "./dentry.ts";
import type { FileSystem } from "./inode.ts";

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_NOATIME = 1024;
export const MS_NODIRATIME = 2048;
export const MS_RELATIME = 1 << 21;

/** /proc/sys/fs/mount-max is 100000; nobody needs that many. */
export const MOUNT_MAX = 4096;

export class Mount {
  readonly id: number;
  readonly fs: FileSystem;
  /** What is seen at the mount point: the file system's root, or the source of a bind mount. */
  readonly root: Dentry;
  /** What /proc/mounts names as the device. */
  readonly source: string;
  flags: number;
  parent: Mount | undefined;
  mountpoint: Dentry | undefined;
  readonly children = new Map<Dentry, Mount>();

  constructor(id: number, fs: FileSystem, root: Dentry, source: string, flags: number) {
    this.id = id;
    this.fs = fs;
    this.root = root;
    this.source = source;
    this.flags = flags;
  }
  get path(): Path {
    return { mount: this, dentry: this.root };
  }
}

export class MountNamespace {
  #nextId = 1;
  root: Mount;
  constructor(fs: FileSystem, source: string, flags = 0) {
    this.root = new Mount(this.#nextId++, fs, fs.root, source, flags);
  }

  /** The topmost mount over a path, followed until nothing is mounted on its root. */
  static cross(path: Path): Path {
    let at = path;
    for (let over = at.mount.children.get(at.dentry); over; over = over.children.get(over.root)) at = over.path;
    return at;
  }

  attach(at: Path, fs: FileSystem, options: { source?: string; flags?: number; root?: Dentry } = {}): Mount {
    const on = MountNamespace.cross(at);
    const made = new Mount(this.#nextId++, fs, options.root ?? fs.root, options.source ?? fs.type, options.flags ?? 0);
    made.parent = on.mount;
    made.mountpoint = on.dentry;
    on.mount.children.set(on.dentry, made);
    return made;
  }
  detach(mount: Mount): void {
    if (mount.parent && mount.mountpoint) mount.parent.children.delete(mount.mountpoint);
    mount.parent = undefined;
    mount.mountpoint = undefined;
  }

  /** MS_MOVE: the same mount, elsewhere. */
  move(mount: Mount, to: Path): void {
    const on = MountNamespace.cross(to);
    this.detach(mount);
    mount.parent = on.mount;
    mount.mountpoint = on.dentry;
    on.mount.children.set(on.dentry, mount);
  }
  /** pivot_root(2): `fresh` becomes the root, and the old root is mounted at `putOld` inside it. */
  pivot(fresh: Mount, putOld: Path): void {
    const old = this.root;
    this.detach(fresh);
    this.root = fresh;
    this.move(old, putOld);
  }

  /** All mounts, in the order they were made. */
  list(): Mount[] {
    const all = [this.root];
    for (const mount of all) all.push(...mount.children.values());
    return all.sort((a, b) => a.id - b.id);
  }
}

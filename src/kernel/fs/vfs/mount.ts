// The mount tree of a mount namespace. man 2 mount, man 7 mount_namespaces.

import { OrderedMap } from "../../../memory/ordered-map.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import type { FsContext } from "./context.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { FileSystem } from "./inode.ts";

/** Flags of mount(2). Linux uapi linux/mount.h. */
export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_NOATIME = 1024;
export const MS_NODIRATIME = 2048;
export const MS_RELATIME = 1 << 21;

/** The flags that a less privileged namespace cannot clear. Linux lock_mnt_tree(). */
const LOCKABLE = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

/** The limit of mounts in a namespace. Linux /proc/sys/fs/mount-max is 100000. */
export const MOUNT_MAX = 4096;

/** A mount. */
export class Mount {
  readonly id: number;
  readonly fs: FileSystem;
  /** The dentry at the mount point: the root of the file system, or the source of a bind mount. */
  readonly root: Dentry;
  /** The device name in /proc/mounts. */
  readonly source: string;
  flags: number;
  /**
   * For a copy in a less privileged namespace: the flags that cannot be cleared, and if the mount itself
   * cannot be removed alone, because it may hide files. man 7 mount_namespaces, "Restrictions on mount
   * namespaces".
   */
  locked = { flags: 0, place: false };
  /** The number of file descriptions that were opened through it. */
  opens = 0;
  namespace: MountNamespace | undefined = undefined;
  parent: Mount | undefined;
  mountpoint: Dentry | undefined;
  readonly children = new Map<Dentry, Mount>();
  /** The cached topmost mount on its root, with the number of changes at that time. */
  top: { readonly mount: Mount; readonly changes: number } | undefined = undefined;

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

/** The dentry of a mount point. It is cached also in file systems whose names change by themselves. */
const remember = (dentry: Dentry): void => {
  for (let d = dentry; !d.isRoot; d = d.parent) if (d.inode.fs.dynamic) d.parent.children.set(d.name, d);
};

/** The number of changes to mount trees in all machines. A change invalidates all cached tops. */
let changes = 0;
/** The topmost mount of a stack of mounts on each other's roots, which can be of any height. */
const topOf = (mount: Mount): Mount => {
  const { top } = mount;
  if (top !== undefined && top.changes === changes) return top.mount;
  let at = mount;
  for (let over = at.children.get(at.root); over !== undefined; over = at.children.get(at.root)) at = over;
  if (at !== mount) mount.top = { mount: at, changes };
  return at;
};
/**
 * A mount and all below it, each after its parent. Not recursive, because the depth is not limited. Linux
 * next_mnt().
 */
export const withBelow = (mount: Mount): Mount[] => {
  const all: Mount[] = [];
  const next = [mount];
  for (let each = next.pop(); each; each = next.pop()) {
    all.push(each);
    next.push(...[...each.children.values()].reverse());
  }
  return all;
};

/** Mount ids are unique in the machine. */
interface Ids {
  next: number;
}

/** A mount namespace: a tree of mounts. */
export class MountNamespace {
  readonly owner: UserNamespace | undefined;
  readonly #ids: Ids;
  /** All mounts by id. */
  readonly #mounts = new OrderedMap<Mount>();
  /** The number of mounts on each mount point. */
  readonly #points = new Map<Dentry, number>();
  root: Mount;
  /** The number of changes so far, and the queue that each change wakes: poll(2) of /proc/PID/mounts. */
  events = 0;
  readonly changed = new WaitQueue();
  constructor(fs: FileSystem, source: string, flags = 0, owner?: UserNamespace, ids: Ids = { next: 1 }) {
    this.owner = owner;
    this.#ids = ids;
    this.root = new Mount(this.#ids.next++, fs, fs.root, source, flags);
    this.root.namespace = this;
    this.#mounts.set(this.root.id, this.root);
  }

  /** The topmost mount over a path, followed until nothing is mounted on its root. */
  static cross(path: Path): Path {
    const over = path.mount.children.get(path.dentry);
    return over ? topOf(over).path : path;
  }

  /**
   * CLONE_NEWNS: a copy of all mounts. `enter` moves a file system context into the copy. Linux
   * copy_mnt_ns().
   */
  copy(owner: UserNamespace | undefined): { readonly namespace: MountNamespace; readonly enter: (fs: FsContext) => void } {
    const made = new MountNamespace(this.root.fs, this.root.source, this.root.flags, owner, this.#ids);
    const twins = new Map<Mount, Mount>();
    const less = owner !== this.owner;
    for (const mount of withBelow(this.root)) {
      const twin = new Mount(mount === this.root ? made.root.id : this.#ids.next++, mount.fs, mount.root, mount.source, mount.flags);
      twin.namespace = made;
      made.#mounts.set(twin.id, twin);
      twin.locked = less ? { flags: mount.flags & LOCKABLE, place: mount !== this.root } : { ...mount.locked };
      twins.set(mount, twin);
      mount.fs.clock.kept.add(twin, sizes.mount);
      const on = mount !== this.root && mount.mountpoint;
      if (!on) continue;
      made.#join(twin, twins.get(mount.parent as Mount) as Mount, on);
    }
    made.root = twins.get(this.root) as Mount;
    const twinOf = (path: Path): Path => ({ ...path, mount: twins.get(path.mount) ?? path.mount });
    return {
      namespace: made,
      enter: (fs) => {
        fs.root = twinOf(fs.root);
        fs.cwd = twinOf(fs.cwd);
      },
    };
  }

  /** Mounts a file system at a path. */
  attach(at: Path, fs: FileSystem, options: { source?: string; flags?: number; root?: Dentry } = {}): Mount {
    const made = new Mount(this.#ids.next++, fs, options.root ?? fs.root, options.source ?? fs.type, options.flags ?? 0);
    fs.clock.kept.add(made, sizes.mount);
    this.#place(made, at);
    return made;
  }
  #place(mount: Mount, at: Path): void {
    const on = MountNamespace.cross(at);
    mount.namespace = this;
    this.#mounts.set(mount.id, mount);
    remember(on.dentry);
    this.#join(mount, on.mount, on.dentry);
  }
  #join(mount: Mount, parent: Mount, mountpoint: Dentry): void {
    mount.parent = parent;
    mount.mountpoint = mountpoint;
    parent.children.set(mountpoint, mount);
    this.#points.set(mountpoint, (this.#points.get(mountpoint) ?? 0) + 1);
    this.#note();
  }
  #note(): void {
    changes++;
    this.events++;
    this.changed.wake();
  }
  #leave({ mountpoint }: Mount): void {
    if (!mountpoint) return;
    const remaining = (this.#points.get(mountpoint) ?? 0) - 1;
    if (remaining > 0) this.#points.set(mountpoint, remaining);
    else this.#points.delete(mountpoint);
  }
  /** True if a mount of this namespace is on the dentry. Linux is_local_mountpoint(). */
  isMountpoint(dentry: Dentry): boolean {
    return this.#points.has(dentry);
  }
  /** Removes a mount and all mounts below it. */
  detach(mount: Mount): void {
    this.#lift(mount);
    for (const each of withBelow(mount)) {
      each.namespace = undefined;
      this.#mounts.delete(each.id);
      if (each !== mount) this.#leave(each);
    }
  }
  #lift(mount: Mount): void {
    if (mount.parent && mount.mountpoint) mount.parent.children.delete(mount.mountpoint);
    this.#leave(mount);
    mount.parent = undefined;
    mount.mountpoint = undefined;
    this.#note();
  }

  /** MS_MOVE: moves a mount to another mount point. */
  move(mount: Mount, to: Path): void {
    const on = MountNamespace.cross(to);
    this.#lift(mount);
    this.#place(mount, on);
  }
  /** pivot_root(2): `fresh` replaces `old`, a task's root, which is then mounted at `putOld`. */
  pivot(old: Mount, fresh: Mount, putOld: Path): void {
    const { parent, mountpoint } = old;
    this.#lift(fresh);
    this.#lift(old);
    fresh.locked.place = old.locked.place;
    old.locked.place = false;
    if (parent && mountpoint) this.#join(fresh, parent, mountpoint);
    else this.root = fresh;
    this.#place(old, putOld);
  }

  /** The number of mounts. */
  get size(): number {
    return this.#mounts.size;
  }
  /** The mounts from id `from` on, in the order of their creation. */
  *list(from = 0): Generator<Mount> {
    for (let id = this.#mounts.next(from); id !== undefined; id = this.#mounts.next(id + 1)) yield this.#mounts.get(id) as Mount;
  }
}

// The mount tree of a mount namespace. man 2 mount, man 7 mount_namespaces.

import { E } from "../../../abi/errno.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import type { FsContext } from "./context.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { FileSystem, Or } from "./inode.ts";
import { type CopyPlace, isolate, MountIds, type PeerGroup, placeCopy, share } from "./peers.ts";

/** Flags of mount(2). Linux uapi linux/mount.h. */
export const MS_RDONLY = 1;
/** Set-user-ID bits and file capabilities have no effect. */
export const MS_NOSUID = 2;
/** Devices cannot be opened. */
export const MS_NODEV = 4;
/** Programs cannot be executed. */
export const MS_NOEXEC = 8;
/** Symbolic links are not followed. */
export const MS_NOSYMFOLLOW = 256;
/** Access times do not change. */
export const MS_NOATIME = 1024;
/** Access times of directories do not change. */
export const MS_NODIRATIME = 2048;
/** An access time changes if it is older than a change of the file, or than a day. */
export const MS_RELATIME = 1 << 21;

/** The flags that choose when access times change. None of them: at every access. */
export const ATIME_FLAGS = MS_NOATIME | MS_NODIRATIME | MS_RELATIME;

/** The flags that a less privileged namespace cannot clear. Linux lock_mnt_tree(). */
const LOCKABLE = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

/** The limit of mounts in a namespace. Linux /proc/sys/fs/mount-max is 100000. */
export const MOUNT_MAX = 4096;

/** Unique ids of mounts are greater than all others. Linux MNT_UNIQUE_ID_OFFSET. */
export const FIRST_UNIQUE_ID = 1n << 31n;

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
  locked = { flags: 0, atime: false, place: false };
  /**
   * The group of a shared mount, the group that a slave receives from, and a flag that forbids bind mounts of
   * it.
   */
  peers: PeerGroup | undefined = undefined;
  master: PeerGroup | undefined = undefined;
  unbindable = false;
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
  /** mnt_id_unique. Ids are never given twice here. */
  get uniqueId(): bigint {
    return FIRST_UNIQUE_ID + BigInt(this.id);
  }
  /** Nothing leads to the mount any more (kept.ts). */
  end(): void {
    isolate(this);
    forget(this);
  }
}

/** The dentry of a mount point. It is cached also in file systems whose names change by themselves. */
const remember = (dentry: Dentry): void => {
  for (let d = dentry; !d.isRoot; d = d.parent) if (d.inode.fs.dynamic) d.parent.children.set(d.name, d);
};

/** The topmost mount of a stack of mounts on each other's roots, which can be of any height. */
const topOf = (mount: Mount): Mount => {
  const { top } = mount;
  const { mountChanges: changes } = mount.fs.clock.fileEvents;
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

const NONE: ReadonlySet<Mount> = new Set();
/** The mounts of all namespaces whose mount point is the dentry. */
export const mountsOn = (mountpoint: Dentry): ReadonlySet<Mount> => mountpoint.mounts ?? NONE;

const forget = (mount: Mount): void => {
  if (mount.mountpoint) mount.mountpoint.mounts?.delete(mount);
};

/** Puts a mount on a mount point of another. */
const link = (mount: Mount, parent: Mount, mountpoint: Dentry): void => {
  forget(mount);
  mountpoint.mounts ??= new Set();
  mountpoint.mounts.add(mount);
  mount.parent = parent;
  mount.mountpoint = mountpoint;
  parent.children.set(mountpoint, mount);
};
const unlink = (mount: Mount): void => {
  if (mount.parent && mount.mountpoint) mount.parent.children.delete(mount.mountpoint);
  forget(mount);
  mount.parent = undefined;
  mount.mountpoint = undefined;
};

/** The kind of copy: its place among peers, if it is shared, and if unbindable mounts are copied too. */
export interface CopyKind {
  readonly place: CopyPlace;
  readonly share?: boolean;
  readonly unbindable?: boolean;
  /** The copy has only the mount itself. */
  readonly alone?: boolean;
  /** Called for each copy. */
  readonly copied?: (original: Mount, copy: Mount) => void;
}

/**
 * A copy of `mount` from `root` on, and of all mounts below, in no namespace yet. -EINVAL for an unbindable
 * mount; -EPERM if a locked one would be left out. Linux copy_tree().
 */
export const copyTree = (ids: MountIds, mount: Mount, root: Dentry, kind: CopyKind): Or<Mount> => {
  const { unbindable = false } = kind;
  if (mount.unbindable && !unbindable) return -E.EINVAL;
  const twins = new Map<Mount, Mount>();
  const twin = (original: Mount, from: Dentry): Mount => {
    const copy = new Mount(ids.mount(), original.fs, from, original.source, original.flags);
    copy.locked = { ...original.locked, place: original.locked.place && original !== mount };
    placeCopy(copy, original, kind.place);
    if (kind.share) share(copy, ids);
    twins.set(original, copy);
    original.fs.clock.garbage.add(copy, sizes.mount);
    kind.copied?.(original, copy);
    return copy;
  };
  const made = twin(mount, root);
  const next = kind.alone ? [] : [...mount.children.values()].filter((child) => (child.mountpoint as Dentry).isWithin(root)).reverse();
  for (let each = next.pop(); each; each = next.pop()) {
    if (each.unbindable && !unbindable) {
      if (!each.locked.place) continue;
      for (const copy of twins.values()) isolate(copy);
      return -E.EPERM;
    }
    link(twin(each, each.root), twins.get(each.parent as Mount) as Mount, each.mountpoint as Dentry);
    next.push(...[...each.children.values()].reverse());
  }
  return made;
};

/**
 * Locks a tree that a less privileged namespace receives: flags cannot change, and hidden files stay hidden.
 * Linux lock_mnt_tree().
 */
export const lockTree = (tree: Mount): void => {
  for (const mount of withBelow(tree)) mount.locked = { flags: mount.flags & LOCKABLE, atime: true, place: mount !== tree };
};

/** A mount namespace: a tree of mounts. */
export class MountNamespace {
  readonly owner: UserNamespace | undefined;
  readonly ids: MountIds;
  /** Its number for NS_MNT_GET_INFO and statmount(2). 0: that of a detached tree, which no task is in. */
  readonly number: number;
  /** All mounts by id. */
  private readonly _mounts = new OrderedMap<Mount>();
  /** The number of mounts on each mount point. */
  private readonly _points = new Map<Dentry, number>();
  root: Mount;
  /** The number of changes so far, and the queue that each change wakes: poll(2) of /proc/PID/mounts. */
  events = 0;
  readonly changed = new WaitQueue();
  /** `tree` becomes its tree. */
  constructor(tree: Mount, ids: MountIds, owner?: UserNamespace, detached = false) {
    this.owner = owner;
    this.ids = ids;
    this.number = detached ? 0 : ids.namespace();
    this.root = tree;
    this._enroll(tree);
  }
  /** The first namespace of a machine, with its root file system. */
  static initial(fs: FileSystem, source: string): MountNamespace {
    const ids = new MountIds();
    return new MountNamespace(new Mount(ids.mount(), fs, fs.root, source, 0), ids);
  }
  /** True for the namespace of a detached tree, which a descriptor holds. Linux is_anon_ns(). */
  get isDetached(): boolean {
    return this.number === 0;
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
    const twins = new Map<Mount, Mount>();
    const less = owner !== this.owner;
    const place = less ? "shared-to-slave" : "same";
    const tree = copyTree(this.ids, this.root, this.root.root, { place, unbindable: true, copied: (o, c) => twins.set(o, c) }) as Mount;
    if (less) lockTree(tree);
    else tree.locked.place = this.root.locked.place;
    const twinOf = (path: Path): Path => ({ ...path, mount: twins.get(path.mount) ?? path.mount });
    return {
      namespace: new MountNamespace(tree, this.ids, owner),
      enter: (fs) => {
        fs.root = twinOf(fs.root);
        fs.cwd = twinOf(fs.cwd);
      },
    };
  }

  /** A new mount in no namespace. */
  make(fs: FileSystem, options: { source?: string; flags?: number; root?: Dentry } = {}): Mount {
    const made = new Mount(this.ids.mount(), fs, options.root ?? fs.root, options.source ?? fs.type, options.flags ?? 0);
    fs.clock.garbage.add(made, sizes.mount);
    return made;
  }
  /** Mounts a file system at a path, here only. */
  attach(at: Path, fs: FileSystem, options: { source?: string; flags?: number; root?: Dentry } = {}): Mount {
    const made = this.make(fs, options);
    const on = MountNamespace.cross(at);
    this.graft(made, on.mount, on.dentry);
    return made;
  }
  /**
   * Puts a tree of no namespace on a mount point. An earlier mount at that point comes on top of it. Linux
   * commit_tree().
   */
  graft(tree: Mount, parent: Mount, mountpoint: Dentry): void {
    const over = parent.children.get(mountpoint);
    remember(mountpoint);
    link(tree, parent, mountpoint);
    this._enroll(tree);
    if (!over) return;
    const top = topOf(tree);
    this._leave(over);
    link(over, top, top.root);
    this._count(top.root);
    this._note();
  }
  private _enroll(tree: Mount): void {
    for (const mount of withBelow(tree)) {
      mount.namespace = this;
      this._mounts.set(mount.id, mount);
      if (mount.mountpoint) this._count(mount.mountpoint);
    }
    this._note();
  }
  private _count(mountpoint: Dentry): void {
    this._points.set(mountpoint, (this._points.get(mountpoint) ?? 0) + 1);
  }
  private _note(): void {
    this.root.fs.clock.fileEvents.mountChanges++;
    this.events++;
    this.changed.wake();
  }
  private _leave({ mountpoint }: Mount): void {
    if (!mountpoint) return;
    const remaining = (this._points.get(mountpoint) ?? 0) - 1;
    if (remaining > 0) this._points.set(mountpoint, remaining);
    else this._points.delete(mountpoint);
  }
  /** True if a mount of this namespace is on the dentry. Linux is_local_mountpoint(). */
  isMountpoint(dentry: Dentry): boolean {
    return this._points.has(dentry);
  }
  /** Takes a tree out of the namespace, whole and with its peers. */
  take(tree: Mount): void {
    for (const each of withBelow(tree)) {
      each.namespace = undefined;
      this._mounts.delete(each.id);
      this._leave(each);
    }
    unlink(tree);
    this._note();
  }
  /**
   * Removes one mount. Locked mounts on it stay connected, because they may hide files. A mount over its root
   * that is not `gone` takes its place. Linux umount_tree().
   */
  remove(mount: Mount, gone: ReadonlySet<Mount>): void {
    const { parent, mountpoint } = mount;
    const over = mount.children.get(mount.root);
    mount.namespace = undefined;
    this._mounts.delete(mount.id);
    this._leave(mount);
    isolate(mount);
    if (!parent || !gone.has(parent) || !mount.locked.place) unlink(mount);
    if (parent && mountpoint && over && !gone.has(over)) {
      this._leave(over);
      unlink(over);
      link(over, parent, mountpoint);
      this._count(mountpoint);
    }
    this._note();
  }

  /** pivot_root(2): `fresh` replaces `old`, a task's root, which is then mounted at `putOld`. */
  pivot(old: Mount, fresh: Mount, putOld: Path): void {
    const { parent, mountpoint } = old;
    this.take(fresh);
    this.take(old);
    fresh.locked.place = old.locked.place;
    old.locked.place = false;
    if (parent && mountpoint) this.graft(fresh, parent, mountpoint);
    else {
      this.root = fresh;
      this._enroll(fresh);
    }
    const on = MountNamespace.cross(putOld);
    this.graft(old, on.mount, on.dentry);
  }

  /** The number of mounts. */
  get size(): number {
    return this._mounts.size;
  }
  /** The mounts from id `from` on, in the order of their creation. */
  *list(from = 0): Generator<Mount> {
    for (let id = this._mounts.next(from); id !== undefined; id = this._mounts.next(id + 1)) yield this._mounts.get(id) as Mount;
  }
  /** The mount with this id. */
  mount(id: number): Mount | undefined {
    return this._mounts.get(id);
  }
}

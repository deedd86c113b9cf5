// The mount tree of a mount namespace. man 2 mount, man 7 mount_namespaces.
import type { UserNamespace } from "../namespace/user.ts";
import { sizes } from "../sizes.ts";
import type { FsContext } from "./context.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { FileSystem } from "./inode.ts";

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_NOATIME = 1024;
export const MS_NODIRATIME = 2048;
export const MS_RELATIME = 1 << 21;

/** What cannot be taken from a mount that came from somebody more privileged. Linux lock_mnt_tree(). */
const LOCKABLE = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

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
  /**
   * Of a copy in a namespace of somebody less privileged: what of the flags cannot be taken away, and whether the mount cannot be taken
   * away alone, since it may hide something. man 7 mount_namespaces, "Restrictions on mount namespaces".
   */
  locked = { flags: 0, place: false };
  /** File descriptions that were opened through it. */
  opens = 0;
  namespace: MountNamespace | undefined = undefined;
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

/** A mount point keeps its identity, also where names come and go by themselves. */
const remember = (dentry: Dentry): void => {
  for (let d = dentry; !d.isRoot; d = d.parent) if (d.inode.fs.dynamic) d.parent.children.set(d.name, d);
};

/** Mount ids are unique in the machine. */
interface Ids {
  next: number;
}

export class MountNamespace {
  readonly owner: UserNamespace | undefined;
  readonly #ids: Ids;
  root: Mount;
  constructor(fs: FileSystem, source: string, flags = 0, owner?: UserNamespace, ids: Ids = { next: 1 }) {
    this.owner = owner;
    this.#ids = ids;
    this.root = new Mount(this.#ids.next++, fs, fs.root, source, flags);
    this.root.namespace = this;
  }

  /** The topmost mount over a path, followed until nothing is mounted on its root. */
  static cross(path: Path): Path {
    let at = path;
    for (let over = at.mount.children.get(at.dentry); over; over = over.children.get(over.root)) at = over.path;
    return at;
  }

  /** CLONE_NEWNS: the same mounts, of which each can change without the other; `fs` moves into the copy. Linux copy_mnt_ns(). */
  copy(owner: UserNamespace | undefined): { readonly namespace: MountNamespace; readonly enter: (fs: FsContext) => void } {
    const made = new MountNamespace(this.root.fs, this.root.source, this.root.flags, owner, this.#ids);
    const twins = new Map<Mount, Mount>();
    const less = owner !== this.owner;
    const duplicate = (mount: Mount): Mount => {
      const twin = new Mount(mount === this.root ? made.root.id : this.#ids.next++, mount.fs, mount.root, mount.source, mount.flags);
      twin.namespace = made;
      twin.locked = less ? { flags: mount.flags & LOCKABLE, place: mount !== this.root } : { ...mount.locked };
      twins.set(mount, twin);
      mount.fs.clock.kept.add(twin, sizes.mount);
      for (const [on, child] of mount.children) {
        const below = duplicate(child);
        below.parent = twin;
        below.mountpoint = on;
        twin.children.set(on, below);
      }
      return twin;
    };
    made.root = duplicate(this.root);
    const twinOf = (path: Path): Path => ({ ...path, mount: twins.get(path.mount) ?? path.mount });
    return {
      namespace: made,
      enter: (fs) => {
        fs.root = twinOf(fs.root);
        fs.cwd = twinOf(fs.cwd);
      },
    };
  }

  attach(at: Path, fs: FileSystem, options: { source?: string; flags?: number; root?: Dentry } = {}): Mount {
    const made = new Mount(this.#ids.next++, fs, options.root ?? fs.root, options.source ?? fs.type, options.flags ?? 0);
    fs.clock.kept.add(made, sizes.mount);
    this.#place(made, at);
    return made;
  }
  #place(mount: Mount, at: Path): void {
    const on = MountNamespace.cross(at);
    mount.parent = on.mount;
    mount.mountpoint = on.dentry;
    mount.namespace = this;
    remember(on.dentry);
    on.mount.children.set(on.dentry, mount);
  }
  /** Take a mount away; what is mounted below goes with it. */
  detach(mount: Mount): void {
    this.#lift(mount);
    const leave = (gone: Mount): void => {
      gone.namespace = undefined;
      for (const child of gone.children.values()) leave(child);
    };
    leave(mount);
  }
  #lift(mount: Mount): void {
    if (mount.parent && mount.mountpoint) mount.parent.children.delete(mount.mountpoint);
    mount.parent = undefined;
    mount.mountpoint = undefined;
  }

  /** MS_MOVE: the same mount, elsewhere. */
  move(mount: Mount, to: Path): void {
    const on = MountNamespace.cross(to);
    this.#lift(mount);
    this.#place(mount, on);
  }
  /** pivot_root(2): `fresh` takes the place of `old`, a task's root, which is mounted at `putOld` inside it. */
  pivot(old: Mount, fresh: Mount, putOld: Path): void {
    const { parent, mountpoint } = old;
    this.#lift(fresh);
    this.#lift(old);
    fresh.locked.place = old.locked.place;
    old.locked.place = false;
    if (parent && mountpoint) {
      fresh.parent = parent;
      fresh.mountpoint = mountpoint;
      parent.children.set(mountpoint, fresh);
    } else this.root = fresh;
    this.#place(old, putOld);
  }

  /** All mounts, in the order they were made. */
  list(): Mount[] {
    const all = [this.root];
    for (const mount of all) all.push(...mount.children.values());
    return all.sort((a, b) => a.id - b.id);
  }
}

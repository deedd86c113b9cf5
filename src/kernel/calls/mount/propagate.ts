// Mounts and unmounts trees, also at every place to which the change propagates. man 7 mount_namespaces,
// "Shared subtrees"; Linux fs/namespace.c attach_recursive_mnt(), umount_tree(), fs/pnode.c.
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { watchedOn, watchersOf } from "../../fs/files/watch-limits.ts";
import type { Dentry, Path } from "../../fs/vfs/dentry.ts";
import type { FileSystem } from "../../fs/vfs/inode.ts";
import { copyTree, lockTree, MOUNT_MAX, type Mount, MountNamespace, mountsOn, withBelow } from "../../fs/vfs/mount.ts";
import { unmounted } from "../../fs/vfs/notify.ts";
import { type CopyPlace, type PeerGroup, reachedBy, share } from "../../fs/vfs/peers.ts";
import { hasRoom, isInUse } from "./tree.ts";

/** A copy that is to be mounted on `on`. */
interface Copy {
  readonly on: Mount;
  readonly tree: Mount;
}

/** Namespaces without tasks and open files have no use for copies: a search ends them. */
const tidy = (t: Task, targets: readonly Mount[]): void => {
  const here = t.namespaces.mnt;
  const others = new Set(targets.map(({ namespace }) => namespace).filter((ns) => ns !== here));
  if (others.size === 0) return;
  for (const task of t.kernel.tasks.values()) others.delete(task.namespaces.mnt);
  if (others.size > 0) t.kernel.garbage.sweep();
};

/** The mounts on which a tree that is mounted at `at` appears too. */
const targets = (at: Path): Mount[] =>
  [...reachedBy(at.mount, at.mount)].filter((mount) => mount.namespace && at.dentry.isWithin(mount.root));

/**
 * Copies of `tree` for all targets. A copy for a peer is a peer of the tree, one for a slave its slave. Linux
 * propagate_mnt().
 */
const copies = (at: Path, tree: Mount): Copy[] => {
  const { ids } = at.mount.namespace as MountNamespace;
  const made: Copy[] = [];
  const copy = (on: Mount, source: Mount, place: CopyPlace, shared: boolean): Mount | undefined => {
    if (!on.namespace || !at.dentry.isWithin(on.root)) return undefined;
    const twin = copyTree(ids, source, source.root, { place, share: shared, unbindable: true }) as Mount;
    made.push({ on, tree: twin });
    return twin;
  };
  const seen = new Set<PeerGroup>();
  // The slaves that remain to be visited, and the copy that their masters have.
  const open: { readonly slaves: Iterator<Mount>; readonly source: Mount }[] = [];
  const enter = (group: PeerGroup | undefined, from: Mount, first: CopyPlace): void => {
    if (!group || seen.has(group)) return;
    seen.add(group);
    let [source, place] = [from, first];
    for (const member of group.members) {
      const twin = member === at.mount ? undefined : copy(member, source, place, true);
      if (twin) [source, place] = [twin, "same"];
    }
    open.push({ slaves: group.slaves.values(), source });
  };
  enter(at.mount.peers, tree, "same");
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const { value: slave, done } = top.slaves.next();
    if (done) open.pop();
    else if (slave.peers) enter(slave.peers, top.source, "slave");
    else copy(slave, top.source, "slave", false);
  }
  return made;
};

/**
 * Mounts a tree that is in no namespace, or moves one (`from`). 0 or -errno. `beneath`: below the topmost
 * mount of the mount point. Linux attach_recursive_mnt().
 */
export const attachTree = (t: Task, tree: Mount, where: Path, from?: MountNamespace): number => {
  const at = MountNamespace.cross(where);
  const namespace = at.mount.namespace as MountNamespace;
  const count = withBelow(tree).length;
  if (at.mount.peers) tidy(t, targets(at));
  const others = targets(at);
  const more = new Map<MountNamespace, number>();
  for (const { namespace: ns } of others) more.set(ns as MountNamespace, (more.get(ns as MountNamespace) ?? 0) + count);
  if (from !== namespace) more.set(namespace, (more.get(namespace) ?? 0) + count);
  for (const [ns, n] of more) if (ns.size + n > MOUNT_MAX) return -E.ENOSPC;
  if (!hasRoom(t, others.length * count)) return -E.ENOMEM;
  t.kernel.charge((others.length + 1) * count * cost.mapping);
  from?.take(tree);
  if (at.mount.peers) for (const mount of withBelow(tree)) share(mount, namespace.ids);
  const made = copies(at, tree);
  namespace.graft(tree, at.mount, at.dentry);
  for (const { on, tree: twin } of made) {
    const ns = on.namespace as MountNamespace;
    if (ns.owner !== namespace.owner) lockTree(twin);
    ns.graft(twin, on, at.dentry);
  }
  return 0;
};

/**
 * The copies of a mount that an unmount reaches: those on the same mount point of its parent's peers and
 * slaves.
 */
const copiesOf = ({ parent, mountpoint }: Mount): Mount[] =>
  parent ? [...reachedBy(parent, parent)].flatMap((on) => on.children.get(mountpoint as Dentry) ?? []) : [];
/** The mounts below one, apart from a mount over its root, which can take its place. */
const below = (mount: Mount): Mount[] => [...mount.children.values()].filter((child) => child.mountpoint !== mount.root);

/** True if the mount or a copy that would go with it is in use. Linux propagate_mount_busy(). */
export const isBusy = (t: Task, mount: Mount): boolean =>
  mount.children.size > 0 || isInUse(t, mount) || copiesOf(mount).some((copy) => below(copy).length === 0 && isInUse(t, copy));

/** Watches of a file system end with its last mount. Linux fsnotify_sb_delete(). */
const endWatches = (t: Task, fs: FileSystem): void => {
  const { tasks } = t.kernel;
  const watched = new Set([...watchersOf(t.kernel)].flatMap((limits) => [...watchedOn(limits, fs)]));
  if (watched.size === 0) return;
  const namespaces = new Set(Array.from(tasks.values(), (task) => task.namespaces.mnt));
  if ([...namespaces].some((ns) => [...ns.list()].some((mount) => mount.fs === fs))) return;
  for (const inode of watched) unmounted(inode);
};

/** The mounts on a mount point of some parents. */
const mountsOnAny = (parents: ReadonlySet<Mount>, mountpoint: Dentry): Iterable<Mount> => {
  const there = mountsOn(mountpoint);
  if (parents.size < there.size) return Array.from(parents).flatMap((parent) => parent.children.get(mountpoint) ?? []);
  return Array.from(there).filter(({ parent }) => parent && parents.has(parent));
};
/**
 * The copies that go with `list`: those without another mount below them and without a lock. Linux
 * propagate_umount().
 */
const alsoGone = (list: readonly Mount[]): Set<Mount> => {
  const gone = new Set(list);
  const found = new Set<Mount>();
  // Each group of parents and mount point once: all mounts of the list may have the same ones.
  const reached = new Map<PeerGroup, { readonly mounts: ReadonlySet<Mount>; readonly done: Set<Dentry> }>();
  for (const { parent, mountpoint } of list) {
    if (!parent?.peers || !mountpoint) continue;
    let group = reached.get(parent.peers);
    if (!group) reached.set(parent.peers, (group = { mounts: new Set(reachedBy(parent, parent)), done: new Set() }));
    if (group.done.has(mountpoint)) continue;
    group.done.add(mountpoint);
    for (const copy of mountsOnAny(group.mounts, mountpoint)) if (!gone.has(copy)) found.add(copy);
  }
  const open = [...found];
  for (let copy = open.pop(); copy; copy = open.pop()) {
    if (!found.has(copy)) continue;
    const stays = (child: Mount): boolean => !gone.has(child) && !found.has(child);
    const held = copy.locked.place && copy.parent && stays(copy.parent);
    if (!held && !below(copy).some(stays)) continue;
    found.delete(copy);
    if (copy.parent && found.has(copy.parent)) open.push(copy.parent);
    for (const child of copy.children.values()) if (child.locked.place && found.has(child)) open.push(child);
  }
  return found;
};

/** Unmounts a mount and all below it, and the copies of these. Linux umount_tree(). */
export const umountTree = (t: Task, mount: Mount): void => {
  const list = withBelow(mount);
  const gone = new Set([...list, ...alsoGone(list)]);
  t.kernel.charge(gone.size * cost.mapping);
  for (const each of gone) each.namespace?.remove(each, gone);
  for (const fs of new Set(Array.from(gone, (each) => each.fs))) endWatches(t, fs);
  // A device is free when umount(2) returns.
  if (Array.from(gone).some(({ fs }) => fs.device)) t.kernel.garbage.sweep();
  else t.kernel.garbage.unmounted();
};

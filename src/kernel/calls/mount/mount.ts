// mount(2), umount2(2), pivot_root(2). Linux fs/namespace.c.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import { sizes } from "../../base/sizes.ts";
import { CAP, capable, capableIn } from "../../cred/cred.ts";
import { watchedOn } from "../../fs/files/inotify.ts";
import { fileSystemTypes } from "../../fs/mountable.ts";
import { type Dentry, type Path, samePath } from "../../fs/vfs/dentry.ts";
import type { FileSystem } from "../../fs/vfs/inode.ts";
import {
  MOUNT_MAX,
  type Mount,
  MountNamespace,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_RELATIME,
  withBelow,
} from "../../fs/vfs/mount.ts";
import { unmounted } from "../../fs/vfs/notify.ts";
import { mayChangeMounts } from "../../landlock/paths.ts";
import { ptr, ulong } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { flags, flagText } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type Arg, type Syscall, syscall } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";
import { getname, lookup } from "../file/path.ts";

const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_MOVE = 8192;
const MS_REC = 16384;
const MS_SILENT = 32768;
const MS_UNBINDABLE = 1 << 17;
const MS_PRIVATE = 1 << 18;
const MS_SLAVE = 1 << 19;
const MS_SHARED = 1 << 20;
const propagation = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;
const kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME;
/** The magic number of old programs in the upper half is ignored. */
const MS_MGC_MSK = 0xffff0000;
const MS_MGC_VAL = 0xc0ed0000;

/** The mounts below a path now, parents before children. Later mounts are not included. */
const mountsBelow = (mount: Mount, within: Dentry): Mount[] => {
  const found = [...mount.children].filter(([on]) => on.isWithin(within)).map(([, child]) => child);
  for (const each of found) found.push(...each.children.values());
  return found;
};

/** Linux may_mount(): CAP_SYS_ADMIN over the mount namespace, not over the machine; and Landlock's hooks. */
const mayMount = (t: Task): boolean => mayChangeMounts(t) === 0 && capableIn(t.cred, t.namespaces.mnt.owner, CAP.SYS_ADMIN);
const isRoot = (path: Path): boolean => path.dentry === path.mount.root;
/**
 * True for mounts of the caller's namespace. Others, and detached ones, cannot be changed. Linux check_mnt().
 */
const isOurs = (t: Task, mount: Mount): boolean => mount.namespace === t.namespaces.mnt;

const hasRoom = (t: Task, mounts: number): boolean => t.kernel.frames.account.canTake(mounts * sizes.mount);

/** Linux do_loopback(). */
const bind = (t: Task, source: VAddr, at: Path, recursive: boolean): number => {
  const from = lookup(t, AT_FDCWD, source, true);
  if (typeof from === "number") return from;
  if (!isOurs(t, from.mount) || !isOurs(t, at.mount)) return -E.EINVAL;
  const below = mountsBelow(from.mount, from.dentry);
  if (!recursive && below.some((mount) => mount.parent === from.mount && mount.locked.place)) return -E.EINVAL;
  if (from.dentry.inode.isDir !== at.dentry.inode.isDir) return -E.ENOTDIR;
  const namespace = t.namespaces.mnt;
  if (recursive && namespace.size + 1 + below.length > MOUNT_MAX) return -E.ENOSPC;
  if (!hasRoom(t, 1 + (recursive ? below.length : 0))) return -E.ENOMEM;
  t.kernel.charge(below.length * cost.mapping);
  const copies = new Map<Mount, Mount>();
  const attach = (place: Path, mount: Mount, root: Dentry): Mount => {
    const made = namespace.attach(place, mount.fs, { root, source: mount.source, flags: mount.flags });
    made.locked.flags = mount.locked.flags;
    copies.set(mount, made);
    return made;
  };
  attach(at, from.mount, from.dentry);
  if (!recursive) return 0;
  for (const mount of below) {
    const place = { mount: copies.get(mount.parent as Mount) as Mount, dentry: mount.mountpoint as Dentry };
    attach(place, mount, mount.root).locked.place = mount.locked.place;
  }
  return 0;
};

/**
 * Linux do_reconfigure_mnt(), do_remount(): with MS_BIND the mount changes, without it the file system, which
 * has no flags of its own here.
 */
const remount = (t: Task, at: Path, how: number): number => {
  if (!isOurs(t, at.mount) || !isRoot(at)) return -E.EINVAL;
  if (!(how & MS_BIND) && !capableIn(t.cred, at.mount.fs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  if ((at.mount.locked.flags & ~how) !== 0) return -E.EPERM;
  const atime = how & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME) ? 0 : at.mount.flags & (MS_NOATIME | MS_NODIRATIME | MS_RELATIME);
  at.mount.flags = (how & kept) | atime;
  return 0;
};

/** Linux do_move_mount_old(). */
const moveMount = (t: Task, source: VAddr, at: Path): number => {
  const from = lookup(t, AT_FDCWD, source, true);
  if (typeof from === "number") return from;
  const { mount } = from;
  if (!isOurs(t, mount) || !isOurs(t, at.mount) || !isRoot(from) || !mount.parent || mount.locked.place) return -E.EINVAL;
  if (from.dentry.inode.isDir !== at.dentry.inode.isDir) return -E.EINVAL;
  for (let above: Mount | undefined = at.mount; above; above = above.parent) if (above === mount) return -E.ELOOP;
  t.namespaces.mnt.move(mount, at);
  return 0;
};

/** Linux do_new_mount(). */
const newMount = (t: Task, a: { source: VAddr; filesystemtype: VAddr; data: VAddr }, at: Path, how: number): number => {
  const type = a.filesystemtype === 0 ? -E.EINVAL : getname(t, a.filesystemtype);
  if (typeof type === "number") return type;
  const make = Object.hasOwn(fileSystemTypes, type) ? fileSystemTypes[type] : undefined;
  if (!make) return -E.ENODEV;
  t.kernel.kept.tidy();
  if (!hasRoom(t, 8)) return -E.ENOMEM;
  const data = a.data === 0 ? "" : getname(t, a.data);
  if (typeof data === "number") return data;
  const fs = make(t, data);
  if (typeof fs === "number") return fs;
  const source = a.source === 0 ? "none" : getname(t, a.source);
  if (typeof source === "number") return source;
  if (!isOurs(t, at.mount)) return -E.EINVAL;
  if (!at.dentry.inode.isDir) return -E.ENOTDIR;
  t.namespaces.mnt.attach(at, fs, { source, flags: (how & kept) | (how & MS_NOATIME ? 0 : MS_RELATIME) });
  return 0;
};

const mount = (t: Task, a: { source: VAddr; target: VAddr; filesystemtype: VAddr; mountflags: number; data: VAddr }): number => {
  let how = a.mountflags >>> 0;
  if ((how & MS_MGC_MSK) >>> 0 === MS_MGC_VAL) how &= ~MS_MGC_MSK;
  const at = lookup(t, AT_FDCWD, a.target, true);
  if (typeof at === "number") return at;
  if (!mayMount(t)) return -E.EPERM;
  if (how & MS_REMOUNT) return remount(t, at, how);
  if (t.namespaces.mnt.size >= MOUNT_MAX) return -E.ENOSPC;
  if (how & MS_BIND) return bind(t, a.source, at, (how & MS_REC) !== 0);
  if (how & propagation) {
    // Nothing propagates anywhere: every mount is private already.
    const kind = how & ~(MS_REC | MS_SILENT);
    return isOurs(t, at.mount) && isRoot(at) && (kind & (kind - 1)) === 0 ? 0 : -E.EINVAL;
  }
  if (how & MS_MOVE) return moveMount(t, a.source, at);
  return newMount(t, a, at, how);
};

const MNT_FORCE = 1;
const MNT_DETACH = 2;
const MNT_EXPIRE = 4;
const UMOUNT_NOFOLLOW = 8;

/** True if a task has its root, its working directory or an open file there. */
const isBusy = (t: Task, mount: Mount): boolean => {
  if (mount.children.size > 0) return true;
  for (const task of t.kernel.tasks.values()) {
    if (task.fs.cwd.mount === mount || task.fs.root.mount === mount) return true;
    for (const [, file] of task.files.list()) if (file.path.mount === mount) return true;
  }
  return false;
};
/** Watches of a file system end with its last mount. Linux fsnotify_sb_delete(). */
const endWatches = (t: Task, fs: FileSystem): void => {
  const { inotify, tasks } = t.kernel;
  const watched = inotify.files.size > 0 ? watchedOn(inotify, fs) : new Set<never>();
  if (watched.size === 0) return;
  const namespaces = new Set(Array.from(tasks.values(), (task) => task.namespaces.mnt));
  if ([...namespaces].some((ns) => [...ns.list()].some((mount) => mount.fs === fs))) return;
  for (const inode of watched) unmounted(inode);
};
/** Linux path_umount(). The topmost mount is unmounted, also for the names "." and "/". */
const umount = (t: Task, target: VAddr, how: number): number => {
  if (how & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) return -E.EINVAL;
  const found = lookup(t, AT_FDCWD, target, !(how & UMOUNT_NOFOLLOW));
  if (typeof found === "number") return found;
  const at = MountNamespace.cross(found);
  if (!mayMount(t)) return -E.EPERM;
  if (!isRoot(at) || !isOurs(t, at.mount) || at.mount.locked.place) return -E.EINVAL;
  if (how & MNT_FORCE && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (!at.mount.parent) return -E.EINVAL;
  if (!(how & MNT_DETACH) && isBusy(t, at.mount)) return -E.EBUSY;
  const gone = new Set(withBelow(at.mount).map((mount) => mount.fs));
  t.namespaces.mnt.detach(at.mount);
  for (const fs of gone) endWatches(t, fs);
  t.kernel.kept.unmounted();
  return 0;
};

/** True if a path is at or below another one, across mounts. Linux is_path_reachable(). */
const isBelow = (path: Path, top: Path): boolean => {
  let { mount, dentry } = path;
  while (mount !== top.mount && mount.parent) {
    dentry = mount.mountpoint as Dentry;
    mount = mount.parent;
  }
  return mount === top.mount && dentry.isWithin(top.dentry);
};
/** man 2 pivot_root; Linux path_pivot_root(). */
const pivotRoot = (t: Task, newRoot: VAddr, putOld: VAddr): number => {
  if (!mayMount(t)) return -E.EPERM;
  const fresh = lookup(t, AT_FDCWD, newRoot, true);
  if (typeof fresh === "number") return fresh;
  const old = lookup(t, AT_FDCWD, putOld, true);
  if (typeof old === "number") return old;
  if (!fresh.dentry.inode.isDir || !old.dentry.inode.isDir) return -E.ENOTDIR;
  const { root } = t.fs;
  if (![root.mount, fresh.mount, old.mount].every((m) => isOurs(t, m)) || fresh.mount.locked.place) return -E.EINVAL;
  if (fresh.mount === root.mount || old.mount === root.mount) return -E.EBUSY;
  if (!isRoot(root) || !isRoot(fresh) || !fresh.mount.parent) return -E.EINVAL;
  if (!isBelow(old, fresh) || !isBelow(fresh, root)) return -E.EINVAL;
  t.namespaces.mnt.pivot(root.mount, fresh.mount, old);
  for (const task of t.kernel.tasks.values()) {
    if (samePath(task.fs.root, root)) task.fs.root = fresh;
    if (samePath(task.fs.cwd, root)) task.fs.cwd = fresh;
  }
  return 0;
};

// biome-ignore format: table
const flagNames = {
  MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_MOVE, MS_REC, MS_SILENT, MS_UNBINDABLE, MS_PRIVATE,
  MS_SLAVE, MS_SHARED, MS_RELATIME,
};
const mountflags: Arg<number> = {
  ...ulong,
  names: flagNames,
  combines: true,
  show: (v) => flagText(v >>> 0, flagNames, "0", "MS_???"),
};

export const mountCalls: readonly Syscall[] = [
  syscall("mount", { source: cstring, target: cstring, filesystemtype: cstring, mountflags, data: ptr }, (t, a) => mount(t, a), {
    note: "tmpfs, proc, devpts (its options change nothing), bind and move; nothing propagates: MS_SHARED, MS_SLAVE and MS_UNBINDABLE are taken for MS_PRIVATE",
  }),
  syscall(
    "umount2",
    { target: cstring, flags: flags("int", { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW }, "UMOUNT_???") },
    (t, a) => umount(t, a.target, a.flags),
  ),
  syscall("umount", { target: cstring }, (t, a) => umount(t, a.target, 0)),
  syscall("pivot_root", { new_root: cstring, put_old: cstring }, (t, a) => pivotRoot(t, a.new_root, a.put_old)),
];

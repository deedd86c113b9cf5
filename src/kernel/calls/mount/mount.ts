// mount(2), umount2(2), pivot_root(2). Linux fs/namespace.c.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable, capableIn } from "../../cred/cred.ts";
import { fileSystemType, optionsOf } from "../../fs/file-systems.ts";
import { MountContext } from "../../fs/types/mountable.ts";
import { isNsInode } from "../../fs/types/nsfs.ts";
import { type Path, samePath } from "../../fs/vfs/dentry.ts";
import { type FileSystem, type Or, SB } from "../../fs/vfs/inode.ts";
import {
  ATIME_FLAGS,
  copyTree,
  MOUNT_MAX,
  type Mount,
  MountNamespace,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
  withBelow,
} from "../../fs/vfs/mount.ts";
import { isolate } from "../../fs/vfs/peers.ts";
import { ptr, ulong } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { flags, flagText } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { getname, lookup } from "../file/path.ts";
import { attachTree, isBusy, umountTree } from "./propagate.ts";
import {
  changeFlags,
  hasRoom,
  isBelow,
  isDetachedRoot,
  isOurs,
  isRoot,
  MOUNT_FLAGS,
  MS_PRIVATE,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  mayChange,
  mountsOf,
  PROPAGATION,
  setPropagation,
} from "./tree.ts";

const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_MOVE = 8192;
const MS_REC = 16384;
const MS_SILENT = 32768;
const MS_STRICTATIME = 1 << 24;
/** Flags of the file system. */
const superMask = Object.values(SB).reduce((all, flag) => all | flag, 0);
/** The magic number of old programs in the upper half is ignored. */
const MS_MGC_MSK = 0xffff0000;
const MS_MGC_VAL = 0xc0ed0000;

/** The mount's flags among those of mount(2). Linux path_mount(). */
const mountFlagsOf = (how: number): number => {
  const strict = how & MS_STRICTATIME ? MS_RELATIME | MS_NOATIME : 0;
  return ((how & MOUNT_FLAGS) | (how & MS_NOATIME ? 0 : MS_RELATIME)) & ~strict;
};

/**
 * True if a copy of the mount alone would show files that mounts below `from` hide. Linux
 * has_locked_children().
 */
const revealsFiles = (from: Path): boolean =>
  [...from.mount.children].some(([on, child]) => child.locked.place && on.isWithin(from.dentry));

/** A copy of the mount of a path from the path on, or -errno. Linux __do_loopback(). */
export const copyOf = (t: Task, from: Path, recursive: boolean): Or<Mount> => {
  if (from.mount.unbindable) return -E.EINVAL;
  const { inode } = from.dentry;
  // A namespace that holds the mount of itself or of a later one would never end. Linux mnt_ns_loop().
  if (isNsInode(inode) && inode.nsType === "mnt" && (inode.namespace as MountNamespace).number >= t.namespaces.mnt.number) return -E.EINVAL;
  if (!isOurs(t, from.mount) && !isDetachedRoot(from.mount) && !isNsInode(inode)) return -E.EINVAL;
  if (!recursive && revealsFiles(from)) return -E.EINVAL;
  if (!hasRoom(t, recursive ? withBelow(from.mount).length : 1)) return -E.ENOMEM;
  return copyTree(t.namespaces.mnt.ids, from.mount, from.dentry, { place: "same", alone: !recursive });
};

/** Mounts a new tree, or ends it. Linux graft_tree(). */
export const graft = (t: Task, tree: Mount, at: Path): number => {
  const fits = tree.root.inode.isDir === at.dentry.inode.isDir;
  const bad = fits ? attachTree(t, tree, at) : -E.ENOTDIR;
  if (bad < 0) for (const mount of withBelow(tree)) isolate(mount);
  return bad;
};

/** Linux do_loopback(). */
const bind = (t: Task, source: VAddr, at: Path, recursive: boolean): number => {
  const from = lookup(t, AT_FDCWD, source, true);
  if (typeof from === "number") return from;
  if (!isOurs(t, at.mount)) return -E.EINVAL;
  const tree = copyOf(t, from, recursive);
  return typeof tree === "number" ? tree : graft(t, tree, at);
};

/** The flags of a changed mount. Without a flag for access times those stay. */
const remountFlags = (mount: Mount, how: number): number => {
  const atime = how & (ATIME_FLAGS | MS_STRICTATIME);
  return atime === 0 ? (mountFlagsOf(how) & ~ATIME_FLAGS) | (mount.flags & ATIME_FLAGS) : mountFlagsOf(how);
};

/**
 * With MS_BIND only the mount changes, without it also the file system. Linux do_reconfigure_mnt(),
 * do_remount().
 */
const remount = (t: Task, at: Path, how: number, data: VAddr): number => {
  if (!isOurs(t, at.mount) || !isRoot(at)) return -E.EINVAL;
  const change = { set: remountFlags(at.mount, how), clear: MOUNT_FLAGS };
  if (how & MS_BIND) return changeFlags(t, [at.mount], change);
  const { fs } = at.mount;
  if (!capableIn(t.cred, fs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  const options = optionsOf(t.kernel, fs);
  options.flags = how & superMask;
  const text = data === 0 ? "" : getname(t, data);
  if (typeof text === "number") return text;
  const bad = options.addAll(text);
  if (bad < 0) return bad;
  const failed = changeFlags(t, [at.mount], change);
  return failed < 0 ? failed : options.change(t, fs, superMask);
};

/** Linux do_change_type(). */
const changeType = (t: Task, at: Path, how: number): number => {
  const kind = how & ~(MS_REC | MS_SILENT);
  if ((kind & ~PROPAGATION) !== 0 || (kind & (kind - 1)) !== 0 || !isRoot(at) || !isOurs(t, at.mount)) return -E.EINVAL;
  for (const mount of mountsOf(at.mount, (how & MS_REC) !== 0)) setPropagation(t, mount, kind);
  return 0;
};

/** True if a mount of the tree refuses copies. Linux tree_contains_unbindable(). */
const refusesCopies = (tree: Mount): boolean => withBelow(tree).some((mount) => mount.unbindable);

/** Moves an attached mount, or attaches a detached tree. Linux do_move_mount(). */
export const moveTree = (t: Task, from: Path, at: Path): number => {
  const { mount } = from;
  // Linux mounts the root of a namespace over an empty one.
  const attached = mount.parent !== undefined || mount.namespace?.isDetached === false;
  if (!isOurs(t, at.mount) || !isRoot(from)) return -E.EINVAL;
  if (attached ? !isOurs(t, mount) || mount.locked.place : !isDetachedRoot(mount)) return -E.EINVAL;
  if (from.dentry.inode.isDir !== at.dentry.inode.isDir) return -E.EINVAL;
  if (mount.parent?.peers || (at.mount.peers && refusesCopies(mount))) return -E.EINVAL;
  for (let above: Mount | undefined = at.mount; above; above = above.parent) if (above === mount) return -E.ELOOP;
  return attachTree(t, mount, at, mount.namespace);
};

/** Linux do_move_mount_old(). */
const moveMount = (t: Task, source: VAddr, at: Path): number => {
  const from = lookup(t, AT_FDCWD, source, true);
  if (typeof from === "number") return from;
  return from.mount.parent ? moveTree(t, from, at) : -E.EINVAL;
};

/** The mount of a new file system, in no namespace. */
export const mountOf = (t: Task, fs: FileSystem, source: string | undefined, flags: number): Mount =>
  t.namespaces.mnt.make(fs, { source: source ?? "none", flags });

/** Linux do_new_mount(). */
const newMount = (t: Task, a: { source: VAddr; filesystemtype: VAddr; data: VAddr }, at: Path, how: number): number => {
  const name = a.filesystemtype === 0 ? -E.EINVAL : getname(t, a.filesystemtype);
  const type = typeof name === "number" ? name : fileSystemType(t.kernel, name);
  if (typeof type === "number") return type;
  t.kernel.garbage.tidy();
  if (!hasRoom(t, 8)) return -E.ENOMEM;
  const options = new MountContext(type);
  options.flags = how & superMask;
  const data = a.data === 0 ? "" : getname(t, a.data);
  const bad = typeof data === "number" ? data : options.addAll(data);
  if (bad < 0) return bad;
  const source = a.source === 0 ? "none" : getname(t, a.source);
  if (typeof source === "number") return source;
  if (a.source !== 0) options.source ??= source;
  const fs = options.make(t);
  if (typeof fs === "number") return fs;
  if (!isOurs(t, at.mount)) return -E.EINVAL;
  if (!at.dentry.inode.isDir) return -E.ENOTDIR;
  return graft(t, mountOf(t, fs, options.source ?? source, mountFlagsOf(how)), at);
};

const mount = (t: Task, a: { source: VAddr; target: VAddr; filesystemtype: VAddr; mountflags: number; data: VAddr }): number => {
  let how = a.mountflags >>> 0;
  if ((how & MS_MGC_MSK) >>> 0 === MS_MGC_VAL) how &= ~MS_MGC_MSK;
  const at = lookup(t, AT_FDCWD, a.target, true);
  if (typeof at === "number") return at;
  if (!mayChange(t)) return -E.EPERM;
  if (how & MS_REMOUNT) return remount(t, at, how, a.data);
  if (t.namespaces.mnt.size >= MOUNT_MAX && !(how & PROPAGATION)) return -E.ENOSPC;
  if (how & MS_BIND) return bind(t, a.source, at, (how & MS_REC) !== 0);
  if (how & PROPAGATION) return changeType(t, at, how);
  if (how & MS_MOVE) return moveMount(t, a.source, at);
  return newMount(t, a, at, how);
};

const MNT_FORCE = 1;
const MNT_DETACH = 2;
const MNT_EXPIRE = 4;
const UMOUNT_NOFOLLOW = 8;

/** The root of the caller stays, and becomes read-only. Linux do_umount_root(). */
const umountRoot = (t: Task, fs: FileSystem): number => {
  if (!capableIn(t.cred, fs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  if (fs.readOnly) return 0;
  const options = optionsOf(t.kernel, fs);
  options.flags = SB.RDONLY;
  return options.change(t, fs, SB.RDONLY);
};

/** Linux path_umount(). The topmost mount is unmounted, also for the names "." and "/". */
const umount = (t: Task, target: VAddr, how: number): number => {
  if (how & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) return -E.EINVAL;
  const found = lookup(t, AT_FDCWD, target, !(how & UMOUNT_NOFOLLOW));
  if (typeof found === "number") return found;
  const at = MountNamespace.cross(found);
  if (!mayChange(t)) return -E.EPERM;
  if (!isRoot(at) || !isOurs(t, at.mount) || at.mount.locked.place) return -E.EINVAL;
  if (how & MNT_FORCE && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (how & MNT_EXPIRE && (at.mount === t.fs.root.mount || how & (MNT_FORCE | MNT_DETACH))) return -E.EINVAL;
  if (at.mount === t.fs.root.mount && !(how & MNT_DETACH)) return umountRoot(t, at.mount.fs);
  if (!at.mount.parent) return -E.EINVAL;
  if (!(how & MNT_DETACH) && isBusy(t, at.mount)) return -E.EBUSY;
  umountTree(t, at.mount);
  return 0;
};

/** man 2 pivot_root; Linux path_pivot_root(). */
const pivotRoot = (t: Task, newRoot: VAddr, putOld: VAddr): number => {
  if (!mayChange(t)) return -E.EPERM;
  const fresh = lookup(t, AT_FDCWD, newRoot, true);
  if (typeof fresh === "number") return fresh;
  const old = lookup(t, AT_FDCWD, putOld, true);
  if (typeof old === "number") return old;
  if (!fresh.dentry.inode.isDir || !old.dentry.inode.isDir) return -E.ENOTDIR;
  const { root } = t.fs;
  if (![root.mount, fresh.mount, old.mount].every((m) => isOurs(t, m)) || fresh.mount.locked.place) return -E.EINVAL;
  if (fresh.mount === root.mount || old.mount === root.mount) return -E.EBUSY;
  if (!isRoot(root) || !isRoot(fresh) || !fresh.mount.parent) return -E.EINVAL;
  if (old.mount.peers || fresh.mount.parent.peers || root.mount.parent?.peers) return -E.EINVAL;
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
  MS_SLAVE, MS_SHARED, MS_RELATIME, MS_NOSYMFOLLOW, MS_STRICTATIME,
};
const mountflags: ArgType<number> = {
  ...ulong,
  names: flagNames,
  combines: true,
  show: (v) => flagText(v >>> 0, flagNames, "0", "MS_???"),
};

/** Calls on mounts by path. man 2 mount, umount, pivot_root. */
export const mountCalls: readonly Syscall[] = [
  syscall("mount", { source: cstring, target: cstring, filesystemtype: cstring, mountflags, data: ptr }, (t, a) => mount(t, a), {
    note: "of file systems on block devices (loop devices) only ext2, without quotas and reserved blocks; the options of proc and devpts change nothing; overlay: redirect_dir, index and metacopy are off",
  }),
  syscall("umount2", { target: cstring, flags: flags("int", { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW }, "MNT_???") }, (t, a) =>
    umount(t, a.target, a.flags),
  ),
  syscall("umount", { target: cstring }, (t, a) => umount(t, a.target, 0)),
  syscall("pivot_root", { new_root: cstring, put_old: cstring }, (t, a) => pivotRoot(t, a.new_root, a.put_old)),
];

// mount(2), umount2(2), pivot_root(2). Linux fs/namespace.c.

import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { ptr, ulong } from "../arg.ts";
import { AT_FDCWD } from "../arg-file.ts";
import { flags, flagText } from "../arg-flags.ts";
import { cstring } from "../arg-string.ts";
import { CAP, capable } from "../cred.ts";
import { type Dentry, type Path, samePath } from "../fs/dentry.ts";
import { newDevPts } from "../fs/devtmpfs.ts";
import type { FileSystem } from "../fs/inode.ts";
import { MemFs } from "../fs/memfs.ts";
import { MOUNT_MAX, type Mount, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_RELATIME } from "../fs/mount.ts";
import { ProcFs } from "../fs/proc/procfs.ts";
import { type Arg, type Syscall, syscall } from "../syscall.ts";
import type { Task } from "../task.ts";
import { getname, lookup } from "./path.ts";

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
/** The old magic number in the upper half is ignored. */
const MS_MGC_MSK = 0xffff0000;
const MS_MGC_VAL = 0xc0ed0000;

/** File systems that a guest may mount. */
const types: Readonly<Record<string, (t: Task) => FileSystem>> = {
  tmpfs: ({ kernel: { vfs } }) => new MemFs(vfs.newDev(), vfs.clock, { mode: 0o1777 }),
  proc: ({ kernel }) => new ProcFs(kernel.vfs.newDev(), kernel),
  devpts: ({ kernel: { vfs } }) => newDevPts(vfs.newDev(), vfs.clock),
};

interface Tree {
  readonly on: Dentry;
  readonly mount: Mount;
  readonly below: readonly Tree[];
}
/** The mounts at and below a place, as they are now: what is attached later is not part of it. */
const treeBelow = (mount: Mount, within: Dentry): Tree[] =>
  [...mount.children]
    .filter(([on]) => on.isWithin(within))
    .map(([on, child]) => ({ on, mount: child, below: treeBelow(child, child.root) }));

const bind = (t: Task, source: VAddr, at: Path, recursive: boolean): number => {
  const from = lookup(t, AT_FDCWD, source, true);
  if (typeof from === "number") return from;
  if (from.dentry.inode.isDir !== at.dentry.inode.isDir) return -E.ENOTDIR;
  const { namespace } = t.kernel.vfs;
  const attach = (place: Path, mount: Mount, root: Dentry, below: readonly Tree[]): void => {
    const made = namespace.attach(place, mount.fs, { root, source: mount.source, flags: mount.flags });
    for (const tree of below) attach({ mount: made, dentry: tree.on }, tree.mount, tree.mount.root, tree.below);
  };
  attach(at, from.mount, from.dentry, recursive ? treeBelow(from.mount, from.dentry) : []);
  return 0;
};

const mount = (t: Task, a: { source: VAddr; target: VAddr; filesystemtype: VAddr; mountflags: number }): number => {
  let how = a.mountflags >>> 0;
  if ((how & MS_MGC_MSK) >>> 0 === MS_MGC_VAL) how &= ~MS_MGC_MSK;
  const at = lookup(t, AT_FDCWD, a.target, true);
  if (typeof at === "number") return at;
  if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  const { namespace } = t.kernel.vfs;
  if (how & MS_REMOUNT) {
    if (at.dentry !== at.mount.root) return -E.EINVAL;
    at.mount.flags = how & kept;
    return 0;
  }
  if (namespace.list().length >= MOUNT_MAX) return -E.ENOSPC;
  if (how & MS_BIND) return bind(t, a.source, at, (how & MS_REC) !== 0);
  // There is one namespace, so nothing propagates anywhere.
  if (how & propagation) return at.dentry === at.mount.root ? 0 : -E.EINVAL;
  if (how & MS_MOVE) {
    const from = lookup(t, AT_FDCWD, a.source, true);
    if (typeof from === "number") return from;
    if (from.dentry !== from.mount.root || !from.mount.parent) return -E.EINVAL;
    namespace.move(from.mount, at);
    return 0;
  }
  const type = a.filesystemtype === 0 ? -E.EINVAL : getname(t, a.filesystemtype);
  if (typeof type === "number") return type;
  const make = Object.hasOwn(types, type) ? types[type] : undefined;
  if (!make) return -E.ENODEV;
  if (!at.dentry.inode.isDir) return -E.ENOTDIR;
  const source = a.source === 0 ? "none" : getname(t, a.source);
  if (typeof source === "number") return source;
  namespace.attach(at, make(t), { source, flags: how & kept });
  return 0;
};

const MNT_FORCE = 1;
const MNT_DETACH = 2;
const MNT_EXPIRE = 4;
const UMOUNT_NOFOLLOW = 8;

/** Somebody stands in it or has a file of it open. */
const isBusy = (t: Task, mount: Mount): boolean => {
  if (mount.children.size > 0) return true;
  for (const task of t.kernel.tasks.values()) {
    if (task.fs.cwd.mount === mount || task.fs.root.mount === mount) return true;
    for (const [, file] of task.files.list()) if (file.path.mount === mount) return true;
  }
  return false;
};
const umount = (t: Task, target: VAddr, how: number): number => {
  if (how & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) return -E.EINVAL;
  const at = lookup(t, AT_FDCWD, target, !(how & UMOUNT_NOFOLLOW));
  if (typeof at === "number") return at;
  if (at.dentry !== at.mount.root) return -E.EINVAL;
  if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (!at.mount.parent) return -E.EINVAL;
  if (!(how & MNT_DETACH) && isBusy(t, at.mount)) return -E.EBUSY;
  t.kernel.vfs.namespace.detach(at.mount);
  return 0;
};

const pivotRoot = (t: Task, newRoot: VAddr, putOld: VAddr): number => {
  if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  const [fresh, old] = [lookup(t, AT_FDCWD, newRoot, true), lookup(t, AT_FDCWD, putOld, true)];
  if (typeof fresh === "number") return fresh;
  if (typeof old === "number") return old;
  if (!fresh.dentry.inode.isDir || !old.dentry.inode.isDir) return -E.ENOTDIR;
  const { root } = t.fs;
  if (fresh.mount === root.mount || old.mount === root.mount) return -E.EBUSY;
  if (fresh.dentry !== fresh.mount.root || root.dentry !== root.mount.root || !fresh.mount.parent) return -E.EINVAL;
  if (old.mount !== fresh.mount) return -E.EINVAL;
  t.kernel.vfs.namespace.pivot(fresh.mount, old);
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
const mountflags: Arg<number> = { ...ulong, show: (v) => flagText(v >>> 0, flagNames, "0", "MS_???") };

export const mountCalls: readonly Syscall[] = [
  syscall("mount", { source: cstring, target: cstring, filesystemtype: cstring, mountflags, data: ptr }, (t, a) => mount(t, a), {
    note: "tmpfs, proc, devpts, bind and move; mount options in data are ignored; one namespace without propagation",
  }),
  syscall(
    "umount2",
    { target: cstring, flags: flags("int", { MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW }, "UMOUNT_???") },
    (t, a) => umount(t, a.target, a.flags),
  ),
  syscall("umount", { target: cstring }, (t, a) => umount(t, a.target, 0)),
  syscall("pivot_root", { new_root: cstring, put_old: cstring }, (t, a) => pivotRoot(t, a.new_root, a.put_old)),
];

// rename(2) and renameat2(2). Linux fs/namei.c do_renameat2(), vfs_rename().

import { E } from "../../../abi/errno.ts";
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from "../../../abi/uapi/rename.ts";
import { own } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { newInode } from "./create.ts";
import type { Dentry } from "./dentry.ts";
import type { Inode } from "./inode.ts";
import { may, S_IFCHR } from "./mode.ts";
import { afterRemoval, notifyMove, withInode } from "./notify.ts";
import { mayCreate, mayDelete, permission, wantWrite } from "./permission.ts";
import { forget, isMountpoint } from "./remove.ts";
import { type Last, lookupIn } from "./resolve.ts";
import { mayRefer } from "./security.ts";

/** renameat2(2): 0 or -errno. */
export const rename = (task: Task, from: Last, to: Last, flags: number): number => {
  if (from.parent.mount !== to.parent.mount) return -E.EXDEV;
  if (from.kind !== "name") return -E.EBUSY;
  if (to.kind !== "name") return flags & RENAME_NOREPLACE ? -E.EEXIST : -E.EBUSY;
  const writable = wantWrite(from.parent.mount);
  if (writable < 0) return writable;
  return renameNames(task, from, to, flags);
};

const renameNames = (task: Task, from: Last, to: Last, flags: number): number => {
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const source = lookupIn(task, from.parent.dentry, from.name);
  if (typeof source === "number") return source;
  const target = lookupIn(task, to.parent.dentry, to.name);
  if (typeof target === "number") {
    if (target !== -E.ENOENT || exchange) return target;
  } else {
    if (flags & RENAME_NOREPLACE) return -E.EEXIST;
    if (exchange && !target.inode.isDir && to.slash) return -E.ENOTDIR;
  }
  if (!source.inode.isDir && (from.slash || (!exchange && to.slash))) return -E.ENOTDIR;
  // The source must not be an ancestor of the target, nor the target of the source.
  if (to.parent.dentry.isWithin(source)) return -E.EINVAL;
  const replaced = typeof target === "number" ? undefined : target;
  if (replaced && from.parent.dentry.isWithin(replaced)) return exchange ? -E.EINVAL : -E.ENOTEMPTY;
  const denied = mayRefer(task, { from: source, dir: to.parent, to: replaced, removes: true, exchange });
  if (denied < 0) return denied;
  if (replaced?.inode === source.inode) return 0;

  const allowed = mayRename(task, from, source.inode, to, replaced?.inode, exchange);
  if (allowed < 0) return allowed;
  const namespace = task.namespaces.mnt;
  if (isMountpoint(namespace, source) || (replaced && isMountpoint(namespace, replaced))) return -E.EBUSY;
  if (replaced && !exchange && replaced.inode.isDir && !replaced.inode.isEmpty) return -E.ENOTEMPTY;
  const [dir, newDir] = [from.parent.dentry.inode, to.parent.dentry.inode];
  task.kernel.charge(2 * cost.name);
  // Overlayfs marks a removed name with a character device 0:0. Linux mm/shmem.c shmem_whiteout().
  const whiteout = flags & RENAME_WHITEOUT ? newInode(task, dir, S_IFCHR) : undefined;
  const done = withInode(replaced?.inode, () => dir.rename(from.name, newDir, to.name, flags, whiteout));
  if (done < 0) return done;
  move(source, to, replaced, exchange);
  const [place, newPlace] = [from.parent.dentry, to.parent.dentry];
  notifyMove(place, from.name, newPlace, to.name, source.inode, exchange ? undefined : replaced?.inode);
  if (exchange && replaced) notifyMove(newPlace, to.name, place, from.name, replaced.inode);
  else if (replaced) afterRemoval(replaced.inode);
  return 0;
};

/** The checks of both directories, and of a directory that gets a new parent. Linux vfs_rename(). */
const mayRename = (task: Task, from: Last, source: Inode, to: Last, target: Inode | undefined, exchange: boolean): number => {
  const oldDir = from.parent.dentry.inode;
  const newDir = to.parent.dentry.inode;
  const checks = [
    () => mayDelete(task, oldDir, source, source.isDir, false),
    () => (target ? mayDelete(task, newDir, target, exchange ? target.isDir : source.isDir, false) : mayCreate(task, newDir)),
    () => (newDir !== oldDir && source.isDir ? permission(task, source, may.write) : 0),
    () => (newDir !== oldDir && exchange && target?.isDir ? permission(task, target, may.write) : 0),
  ];
  for (const check of checks) {
    const denied = check();
    if (denied < 0) return denied;
  }
  return 0;
};

const moveTo = (dentry: Dentry, parent: Dentry, name: string): void => {
  dentry.parent = parent;
  dentry.name = own(name);
  if (!parent.inode.fs.dynamic) parent.children.set(dentry.name, dentry);
};
/** Updates the dentries after the rename, so that open files and working directories have their new names. */
const move = (source: Dentry, to: Last, replaced: Dentry | undefined, exchange: boolean): void => {
  const { parent, name } = source;
  if (parent.children.get(name) === source) parent.children.delete(name);
  if (replaced && exchange) moveTo(replaced, parent, name);
  else if (replaced) forget(replaced);
  moveTo(source, to.parent.dentry, to.name);
};

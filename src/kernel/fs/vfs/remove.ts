// Removal of names: unlink and rmdir. Linux fs/namei.c do_unlinkat(), do_rmdir().
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { MountNamespace } from "./mount.ts";
import { afterRemoval, EVENT, notifyInode, notifyName, withInode } from "./notify.ts";
import { mayDelete, wantWrite } from "./permission.ts";
import { lookupIn, resolveParent } from "./resolve.ts";
import { mayRemove } from "./security.ts";

/** Removes a dentry from its directory's cache. Open files still refer to it. */
export const forget = (dentry: Dentry): void => {
  dentry.deleted = true;
  if (dentry.parent.children.get(dentry.name) === dentry) dentry.parent.children.delete(dentry.name);
};
/** True if any mount of the namespace has its mount point at the dentry. */
export const isMountpoint = (namespace: MountNamespace, dentry: Dentry): boolean => namespace.isMountpoint(dentry);

/** unlink(2): 0 or -errno. */
export const unlink = (task: Task, base: Path, name: string): number => {
  const last = resolveParent(task, base, name);
  if (typeof last === "number") return last;
  if (last.kind !== "name") return -E.EISDIR;
  const writable = wantWrite(last.parent.mount);
  if (writable < 0) return writable;
  const dir = last.parent.dentry;
  const victim = lookupIn(task, dir, last.name);
  if (typeof victim === "number") return victim;
  if (last.slash) return victim.inode.isDir ? -E.EISDIR : -E.ENOTDIR;
  const denied = mayRemove(task, last.parent, false);
  if (denied < 0) return denied;
  const allowed = mayDelete(task, dir.inode, victim.inode, false, false);
  if (allowed < 0) return allowed;
  if (isMountpoint(task.namespaces.mnt, victim)) return -E.EBUSY;
  const { inode } = victim;
  task.kernel.charge(cost.name);
  const done = withInode(inode, () => dir.inode.unlink(last.name, inode));
  if (done < 0) return done;
  forget(victim);
  notifyInode(inode, EVENT.ATTRIB);
  afterRemoval(inode);
  notifyName(dir, EVENT.DELETE, last.name, inode);
  return 0;
};

const notAName = { dot: -E.EINVAL, dotdot: -E.ENOTEMPTY, root: -E.EBUSY } as const;

/** rmdir(2): 0 or -errno. */
export const rmdir = (task: Task, base: Path, name: string): number => {
  const last = resolveParent(task, base, name);
  if (typeof last === "number") return last;
  if (last.kind !== "name") return notAName[last.kind];
  const writable = wantWrite(last.parent.mount);
  if (writable < 0) return writable;
  const dir = last.parent.dentry;
  const victim = lookupIn(task, dir, last.name);
  if (typeof victim === "number") return victim;
  const denied = mayRemove(task, last.parent, true);
  if (denied < 0) return denied;
  const allowed = mayDelete(task, dir.inode, victim.inode, true, victim.isRoot);
  if (allowed < 0) return allowed;
  if (isMountpoint(task.namespaces.mnt, victim)) return -E.EBUSY;
  if (!victim.inode.isEmpty) return -E.ENOTEMPTY;
  const { inode } = victim;
  task.kernel.charge(cost.name);
  const done = withInode(inode, () => dir.inode.rmdir(last.name, inode));
  if (done < 0) return done;
  forget(victim);
  afterRemoval(inode);
  notifyName(dir, EVENT.DELETE, last.name, inode);
  return 0;
};

// Creation of names: mknod, mkdir, symlink, link. Linux fs/namei.c filename_create() and vfs_*().

import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import { ACCESS, mayUseDevice } from "../../cgroup/devices.ts";
import type { Task } from "../../core/task.ts";
import { ACL_ACCESS, ACL_DEFAULT, aclOfBytes, bytesOfAcl, inheritedAcl, isMode, modeOfAcl } from "../../cred/acl.ts";
import { CAP, capable, inGroup } from "../../cred/cred.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { Inode, NewInode, Or } from "./inode.ts";
import { INHERITED, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_IXGRP } from "./mode.ts";
import { EVENT, notifyInode, notifyName } from "./notify.ts";
import { mayChange, mayCreate, mayLink, wantWrite } from "./permission.ts";
import { adopt, type Last, lookupIn, resolveParent } from "./resolve.ts";
import { mayMake, mayRefer } from "./security.ts";

/**
 * Owner, mode and lists of a new inode in `dir`. A default list of the directory takes its bits from the
 * mode, or else `umask` does. Linux inode_init_owner(), mode_strip_sgid(), posix_acl_create().
 */
export const newInode = (task: Task, dir: Inode, mode: number, rdev = 0, umask = 0): NewInode => {
  const { cred } = task;
  const inherits = (dir.mode & S_ISGID) !== 0;
  const gid = inherits ? dir.gid : cred.fsgid;
  let bits = mode;
  if (inherits && (mode & S_IFMT) === S_IFDIR) bits |= S_ISGID;
  else if (inherits && (mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) && !inGroup(cred, gid) && !capable(cred, CAP.FSETID))
    bits &= ~S_ISGID;
  const owner = { uid: cred.fsuid, gid, rdev, fileFlags: dir.fileFlags & INHERITED };
  const bytes = (mode & S_IFMT) === S_IFLNK ? undefined : dir.xattrs?.get(ACL_DEFAULT);
  const list = bytes && aclOfBytes(bytes, undefined);
  if (!list || typeof list === "number") return { ...owner, mode: bits & ~umask };
  const acl = inheritedAcl(list, bits);
  const acls: [string, Uint8Array][] = isMode(acl) ? [] : [[ACL_ACCESS, bytesOfAcl(acl, undefined)]];
  if ((mode & S_IFMT) === S_IFDIR) acls.push([ACL_DEFAULT, bytes]);
  return { ...owner, mode: (bits & ~0o777) | modeOfAcl(acl), acls };
};

const umaskOf = (task: Task): number => task.fs.umask & 0o777;
/** A mode without the bits of the task's umask. */
export const masked = (task: Task, mode: number): number => mode & ~umaskOf(task);

/**
 * The parent and last component of a new name: -EEXIST if it exists, -EROFS if the mount is read-only.
 * `isDir`: the name may end in a slash. Linux filename_create().
 */
const newName = (task: Task, base: Path, name: string, isDir: boolean): Or<Last> => {
  const last = resolveParent(task, base, name);
  if (typeof last === "number") return last;
  if (last.kind !== "name") return -E.EEXIST;
  const there = lookupIn(task, last.parent.dentry, last.name);
  if (typeof there !== "number") return -E.EEXIST;
  if (there !== -E.ENOENT || !last.parent.dentry.inode.fs.growable) return there;
  if (last.slash && !isDir) return -E.ENOENT;
  const writable = wantWrite(last.parent.mount);
  return writable < 0 ? writable : last;
};

/** Checks the permission for a new name, and makes its inode by `make`. */
const makeIn = (task: Task, last: Last, type: number, make: (dir: Inode) => Or<Inode>): Or<Dentry> => {
  const denied = mayMake(task, last.parent, type);
  return denied < 0 ? denied : makeAllowed(task, last, make);
};
const makeAllowed = (task: Task, last: Last, make: (dir: Inode) => Or<Inode>): Or<Dentry> => {
  const dir = last.parent.dentry;
  const allowed = mayCreate(task, dir.inode);
  if (allowed < 0) return allowed;
  task.kernel.charge(cost.name);
  const inode = make(dir.inode);
  if (typeof inode === "number") return inode;
  const made = adopt(dir, last.name, inode);
  notifyName(dir, EVENT.CREATE, last.name, inode);
  return made;
};
const outcome = (made: Or<unknown>): number => (typeof made === "number" ? made : 0);

/** mknod(2): 0 or -errno. `mode` has the file type, and the umask is not applied yet. */
export const mknod = (task: Task, base: Path, name: string, mode: number, rdev: number): number => {
  const last = newName(task, base, name, false);
  if (typeof last === "number") return last;
  const type = mode & S_IFMT;
  return outcome(
    makeIn(task, last, type, (dir) => {
      const device = type === S_IFCHR || type === S_IFBLK;
      // Overlayfs whiteouts (character devices 0:0) need no privilege. Linux vfs_mknod().
      if (device && !(type === S_IFCHR && rdev === 0) && !capable(task.cred, CAP.MKNOD)) return -E.EPERM;
      const denied = device && rdev !== 0 ? mayUseDevice(task, type, rdev, ACCESS.mknod) : 0;
      if (denied < 0) return denied;
      return dir.create(last.name, newInode(task, dir, mode, rdev, umaskOf(task)));
    }),
  );
};

/** Makes the regular file of open(O_CREAT). The name does not exist. */
export const createFile = (task: Task, last: Last, mode: number): Or<Dentry> =>
  makeIn(task, last, S_IFREG, (dir) => dir.create(last.name, newInode(task, dir, mode, 0, umaskOf(task))));

/** mkdir(2): 0 or -errno. */
export const mkdir = (task: Task, base: Path, name: string, mode: number): number => {
  const last = newName(task, base, name, true);
  if (typeof last === "number") return last;
  const bits = S_IFDIR | (mode & 0o1777);
  return outcome(makeIn(task, last, S_IFDIR, (dir) => dir.create(last.name, newInode(task, dir, bits, 0, umaskOf(task)))));
};

/** symlink(2): 0 or -errno. */
export const symlink = (task: Task, target: string, base: Path, name: string): number => {
  const last = newName(task, base, name, false);
  if (typeof last === "number") return last;
  return outcome(makeIn(task, last, S_IFLNK, (dir) => dir.create(last.name, newInode(task, dir, S_IFLNK | 0o777), target)));
};

/** link(2): `name` becomes a further name of `from`. 0 or -errno. */
export const link = (task: Task, from: Path, base: Path, name: string): number => {
  const last = newName(task, base, name, false);
  if (typeof last === "number") return last;
  if (last.parent.mount !== from.mount) return -E.EXDEV;
  const { inode } = from.dentry;
  const allowed = mayLink(task, inode);
  if (allowed < 0) return allowed;
  const denied = mayRefer(task, { from: from.dentry, dir: last.parent, to: undefined, removes: false, exchange: false });
  if (denied < 0) return denied;
  return outcome(
    makeAllowed(task, last, (dir) => {
      if (inode.isDir || mayChange(inode) < 0) return -E.EPERM;
      // A file without a name gets none, unless O_TMPFILE made it. Linux vfs_link(), I_LINKABLE.
      if (inode.nlink === 0 && !inode.linkable) return -E.ENOENT;
      task.kernel.charge(cost.name);
      const done = dir.link(last.name, inode);
      if (done < 0) return done;
      notifyInode(inode, EVENT.ATTRIB);
      return inode;
    }),
  );
};

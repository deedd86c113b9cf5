// Permission checks on inodes. man 7 path_resolution "Permissions"; Linux fs/namei.c generic_permission() and
// its callers.

import { FILE_CAPS } from "../../../abi/capability.ts";
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { ACL_ACCESS, type Acl, aclGrants, aclOfBytes } from "../../cred/acl.ts";
import { CAP, type Cred, capable, capableOver, inGroup } from "../../cred/cred.ts";
import type { Inode } from "./inode.ts";
import { FS_FL, may, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK, S_ISVTX, S_IXUGO } from "./mode.ts";
import { type Mount, MS_RDONLY } from "./mount.ts";

/** The list that decides on access to an inode, if it has one. */
export const accessAcl = ({ xattrs }: Inode): Acl | undefined => {
  const bytes = xattrs?.get(ACL_ACCESS);
  const acl = bytes && aclOfBytes(bytes, undefined);
  return typeof acl === "number" ? undefined : acl;
};

/**
 * Linux acl_permission_check(): a list counts only for others than the owner, and if the group's bits allow
 * anything.
 */
const granted = (inode: Inode, cred: Cred, mask: number): boolean => {
  const owns = inode.uid === cred.fsuid;
  const acl = owns || (inode.mode & 0o070) === 0 ? undefined : accessAcl(inode);
  if (acl) return aclGrants(acl, inode.gid, cred, mask);
  const shift = owns ? 6 : inGroup(cred, inode.gid) ? 3 : 0;
  return ((inode.mode >> shift) & mask) === mask;
};

/** The check by mode bits and capabilities: 0 or -EACCES. Linux generic_permission(). */
const byMode = (inode: Inode, cred: Cred, mask: number): number => {
  if (granted(inode, cred, mask)) return 0;
  const readSearch = inode.isDir ? (mask & may.write) === 0 : mask === may.read;
  if (readSearch && capableOver(cred, inode, CAP.DAC_READ_SEARCH)) return 0;
  const override = inode.isDir || (mask & may.exec) === 0 || (inode.mode & S_IXUGO) !== 0;
  return override && capableOver(cred, inode, CAP.DAC_OVERRIDE) ? 0 : -E.EACCES;
};

/** True for a file that nothing may change. */
export const isImmutable = (inode: Inode): boolean => (inode.fileFlags & FS_FL.IMMUTABLE) !== 0;
/** True for a file that may only grow, and for a directory whose names stay. */
export const isAppendOnly = (inode: Inode): boolean => (inode.fileFlags & FS_FL.APPEND) !== 0;
/** -EPERM for a file whose owner, mode, times or attributes must stay, else 0. Linux may_setattr(). */
export const mayChange = (inode: Inode): number => (inode.fileFlags & (FS_FL.IMMUTABLE | FS_FL.APPEND) ? -E.EPERM : 0);

/** Takes the capabilities of a file whose owner or content changes. Linux cap_inode_killpriv(). */
export const killFileCaps = (inode: Inode): void => {
  if (inode.xattrs?.has(FILE_CAPS)) inode.setXattr(FILE_CAPS, undefined);
};
/**
 * Takes the capabilities of a file that is written or resized, and, without CAP_FSETID, its set-user-ID bit
 * and, if group-executable, its set-group-ID bit. Linux file_remove_privs().
 */
export const killPrivileges = (cred: Cred, inode: Inode): void => {
  killFileCaps(inode);
  if (inode.mode & 0o6000 && !capable(cred, CAP.FSETID))
    inode.setattr({ mode: inode.mode & ~(0o4000 | (inode.mode & 0o010 ? 0o2000 : 0)) });
};

const readOnlyTypes = new Set([S_IFREG, S_IFDIR, S_IFLNK]);

/**
 * 0, -EACCES, or -EROFS for a write to a read-only file system. `mask` has `may` bits. Linux
 * inode_permission().
 */
export const permission = (task: Task, inode: Inode, mask: number, cred: Cred = task.cred): number => {
  if (mask & may.write && inode.fs.readOnly && readOnlyTypes.has(inode.type)) return -E.EROFS;
  if (mask & may.write && isImmutable(inode)) return -E.EPERM;
  return inode.permission(task, mask) ?? byMode(inode, cred, mask);
};

/** True if the mount or its file system is read-only. Linux __mnt_is_readonly(). */
export const isReadOnly = (mount: Mount): boolean => (mount.flags & MS_RDONLY) !== 0 || mount.fs.readOnly;
/** 0, or -EROFS for a read-only mount. Linux mnt_want_write(). */
export const wantWrite = (mount: Mount): number => (isReadOnly(mount) ? -E.EROFS : 0);

/** True for the owner of the inode, and with CAP_FOWNER. Linux inode_owner_or_capable(). */
export const ownerOrCapable = (cred: Cred, inode: Inode): boolean => inode.uid === cred.fsuid || capableOver(cred, inode, CAP.FOWNER);

/** The check for a new name in `dir`: 0 or -errno. Linux may_create(). */
export const mayCreate = (task: Task, dir: Inode): number => {
  if (dir.nlink === 0) return -E.ENOENT;
  return permission(task, dir, may.write | may.exec);
};

/** The check for the removal of `victim`'s name from `dir`: 0 or -errno. Linux may_delete(). */
export const mayDelete = (task: Task, dir: Inode, victim: Inode, wantDir: boolean, isRoot: boolean): number => {
  const denied = permission(task, dir, may.write | may.exec);
  if (denied < 0) return denied;
  if (isAppendOnly(dir)) return -E.EPERM;
  const sticky = (dir.mode & S_ISVTX) !== 0 && victim.uid !== task.cred.fsuid && dir.uid !== task.cred.fsuid;
  if ((sticky && !capableOver(task.cred, victim, CAP.FOWNER)) || mayChange(victim) < 0) return -E.EPERM;
  if (wantDir) {
    if (!victim.isDir) return -E.ENOTDIR;
    if (isRoot) return -E.EBUSY;
  } else if (victim.isDir) return -E.EISDIR;
  if (dir.nlink === 0) return -E.ENOENT;
  return 0;
};

/**
 * protected_hardlinks: a task links a file of another user only if the file is safe, readable and writable.
 * Linux may_linkat(), safe_hardlink_source().
 */
export const mayLink = (task: Task, inode: Inode): number => {
  if (!task.kernel.vfs.protection.hardlinks || ownerOrCapable(task.cred, inode)) return 0;
  const special = inode.type !== S_IFREG || (inode.mode & 0o4000) !== 0 || (inode.mode & 0o2010) === 0o2010;
  return special || permission(task, inode, may.read | may.write) < 0 ? -E.EPERM : 0;
};

/**
 * protected_symlinks: a link in a sticky, world-writable directory is followed only by its owner, or if the
 * directory has the same owner. Linux may_follow_link().
 */
export const mayFollow = (task: Task, dir: Inode, link: Inode): number => {
  if (!task.kernel.vfs.protection.symlinks || task.cred.fsuid === link.uid) return 0;
  return (dir.mode & (S_ISVTX | 0o002)) !== (S_ISVTX | 0o002) || dir.uid === link.uid ? 0 : -E.EACCES;
};

/**
 * protected_regular and protected_fifos: open(O_CREAT) refuses files of other users in sticky directories.
 * Level 1 concerns world-writable directories, level 2 also group-writable ones. Linux
 * may_create_in_sticky().
 */
export const mayCreateInSticky = (task: Task, dir: Inode, inode: Inode): number => {
  const { regular, fifos } = task.kernel.vfs.protection;
  const level = inode.type === S_IFREG ? regular : inode.type === S_IFIFO ? fifos : 0;
  if (level === 0 || !(dir.mode & S_ISVTX) || inode.uid === dir.uid || inode.uid === task.cred.fsuid) return 0;
  return dir.mode & 0o002 || (dir.mode & 0o020 && level >= 2) ? -E.EACCES : 0;
};

/** True for devices, FIFOs and sockets. Linux special_file(). */
export const isSpecial = (type: number): boolean => type === S_IFCHR || type === S_IFBLK || type === S_IFIFO || type === S_IFSOCK;
/** True for the types that mknod(2) can make. */
export const isNode = (type: number): boolean => type !== S_IFDIR && type !== S_IFLNK;

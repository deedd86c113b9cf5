// Extended attributes. man 7 xattr; Linux fs/xattr.c, fs/posix_acl.c. tmpfs has user.*, trusted.* and
// security.*, and POSIX access control lists.
import type { VAddr } from "../../../abi/brand.ts";
import { FILE_CAPS } from "../../../abi/capability.ts";
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { ACL_ACCESS, ACL_DEFAULT, aclOfBytes, bytesOfAcl, isMode, isValidAcl, modeOfAcl } from "../../cred/acl.ts";
import { CAP, capable, capableIn, capableOver, inGroup } from "../../cred/cred.ts";
import { fileCapsToKeep, fileCapsToShow } from "../../cred/file-caps.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Inode, Or } from "../../fs/vfs/inode.ts";
import { may, S_ISGID, S_ISVTX } from "../../fs/vfs/mode.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import { mayChange, ownerOrCapable, permission, wantWrite } from "../../fs/vfs/permission.ts";
import { fd, size } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { cstring, inBuffer, outBuffer } from "../../syscall/arg-string.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

const XATTR_NAME_MAX = 255;
const XATTR_SIZE_MAX = 65536;
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
const XATTR_LIST_MAX = 65536;

const getName = (t: Task, at: VAddr): Or<string> => {
  const name = t.mem.cString(at, XATTR_NAME_MAX + 1);
  if (name === undefined) return -E.EFAULT;
  return name === "" || name.length > XATTR_NAME_MAX ? -E.ERANGE : name;
};

/** The permission that each name space requires. Linux xattr_permission(). */
const allowed = (t: Task, inode: Inode, name: string, mask: number): number => {
  if (mask & may.write && mayChange(inode) < 0) return -E.EPERM;
  const trusted = name.startsWith("trusted.");
  if (trusted) return capable(t.cred, CAP.SYS_ADMIN) ? 0 : mask & may.write ? -E.EPERM : -E.ENODATA;
  if (name.startsWith("system.")) return 0;
  if (name === FILE_CAPS) return 0;
  if (name.startsWith("security.")) return mask & may.write && !capableIn(t.cred, inode.fs.owner, CAP.SYS_ADMIN) ? -E.EPERM : 0;
  if (name.startsWith("user.")) {
    if (!inode.isFile && !inode.isDir) return mask & may.write ? -E.EPERM : -E.ENODATA;
    if (inode.isDir && inode.mode & S_ISVTX && mask & may.write && !ownerOrCapable(t.cred, inode)) return -E.EPERM;
  }
  return permission(t, inode, mask);
};
const known = /^(user|trusted|security)\./;
/** 0, or the -errno of the name. Linux xattr_resolve_name(). */
const resolveName = (inode: Inode, name: string): number => {
  const prefix = inode.fs.keepsXattrs ? known.exec(name)?.[0] : undefined;
  if (prefix === undefined) return -E.EOPNOTSUPP;
  return name === prefix ? -E.EINVAL : 0;
};

/** The inode whose attribute a call may set or remove, or -errno. */
const inodeToChange = (t: Task, path: Or<Path>, name: string): Or<Inode> => {
  if (typeof path === "number") return path;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const { inode } = path.dentry;
  const denied = allowed(t, inode, name, may.write);
  if (denied < 0) return denied;
  const unknown = resolveName(inode, name);
  return unknown < 0 ? unknown : inode;
};

const changed = (path: Or<Path>): number => {
  if (typeof path === "number") return 0;
  const { inode } = path.dentry;
  const kept = inode.fs.attributesChanged(inode);
  if (kept === 0) notifyDentry(path.dentry, EVENT.ATTRIB);
  return kept;
};

const isAcl = (name: string): boolean => name === ACL_ACCESS || name === ACL_DEFAULT;
/** Symbolic links have no lists. */
const hasAcls = ({ fs, isLink }: Inode): boolean => fs.keepsXattrs && !isLink;
/** Replaces a list: 0 or -errno. An empty list is none. Linux set_posix_acl(), simple_set_acl(). */
const setAcl = (t: Task, path: Or<Path>, name: string, bytes: Uint8Array): number => {
  if (typeof path === "number") return path;
  const { cred } = t;
  const acl = aclOfBytes(bytes, cred.userNs);
  if (typeof acl === "number") return acl;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const { inode } = path.dentry;
  if (!hasAcls(inode)) return -E.EOPNOTSUPP;
  if (name === ACL_DEFAULT && !inode.isDir) return acl.length > 0 ? -E.EACCES : 0;
  if (!ownerOrCapable(cred, inode)) return -E.EPERM;
  if (acl.length > 0 && !isValidAcl(acl)) return -E.EINVAL;
  const access = name === ACL_ACCESS;
  const kept = acl.length > 0 && !(access && isMode(acl)) ? bytesOfAcl(acl, undefined) : undefined;
  const done = inode.setXattr(name, kept);
  if (done < 0) return done;
  if (access) {
    const mode = acl.length > 0 ? (inode.mode & ~0o777) | modeOfAcl(acl) : inode.mode;
    const keepsGroup = inGroup(cred, inode.gid) || capableOver(cred, inode, CAP.FSETID);
    inode.setattr({ mode: keepsGroup ? mode : mode & ~S_ISGID });
  }
  inode.touch("change");
  return changed(path);
};

/** Capabilities as the file system keeps them, or -errno. Linux cap_convert_nscap(). */
const capsToKeep = ({ cred }: Task, inode: Inode, bytes: Uint8Array): Or<Uint8Array> => {
  const { owner } = inode.fs;
  return fileCapsToKeep(bytes, cred, owner, capableOver(cred, inode, CAP.SETFCAP), capableIn(cred, owner, CAP.SETFCAP));
};

const set = (t: Task, path: Or<Path>, at: VAddr, value: VAddr, length: number, how: number): number => {
  if (how & ~(XATTR_CREATE | XATTR_REPLACE)) return -E.EINVAL;
  const name = getName(t, at);
  if (typeof name === "number") return name;
  if (length > XATTR_SIZE_MAX) return -E.E2BIG;
  const given = t.mem.read(value, length);
  if (!given) return -E.EFAULT;
  if (isAcl(name)) return setAcl(t, path, name, given);
  if (typeof path === "number") return path;
  const bytes = name === FILE_CAPS ? capsToKeep(t, path.dentry.inode, given) : given;
  if (typeof bytes === "number") return bytes;
  const inode = inodeToChange(t, path, name);
  if (typeof inode === "number") return inode;
  const held = inode.xattrs?.has(name) ?? false;
  if (how & XATTR_CREATE && held) return -E.EEXIST;
  if (how & XATTR_REPLACE && !held) return -E.ENODATA;
  const done = inode.setXattr(name, bytes);
  if (done < 0) return done;
  inode.touch("change");
  return changed(path);
};
/** Size 0 asks how large the answer is. */
const answer = (t: Task, at: VAddr, length: number, bytes: Uint8Array): number => {
  if (length === 0) return bytes.length;
  if (bytes.length > length) return -E.ERANGE;
  return t.mem.write(at, bytes) ? bytes.length : -E.EFAULT;
};
/** Linux vfs_get_acl(): no permission is needed. Ids are those of the task's user namespace. */
const getAcl = (t: Task, inode: Inode, name: string, value: VAddr, length: number): number => {
  if (!hasAcls(inode)) return -E.EOPNOTSUPP;
  const kept = inode.xattrs?.get(name);
  const acl = kept && aclOfBytes(kept, undefined);
  return acl && typeof acl !== "number" ? answer(t, value, Math.min(length, XATTR_SIZE_MAX), bytesOfAcl(acl, t.cred.userNs)) : -E.ENODATA;
};
const get = (t: Task, path: Or<Path>, at: VAddr, value: VAddr, length: number): number => {
  const name = getName(t, at);
  if (typeof name === "number") return name;
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  if (isAcl(name)) return getAcl(t, inode, name, value, length);
  const denied = allowed(t, inode, name, may.read);
  if (denied < 0) return denied;
  const unknown = resolveName(inode, name);
  if (unknown < 0) return unknown;
  const kept = inode.xattrs?.get(name);
  if (!kept) return -E.ENODATA;
  const bytes = name === FILE_CAPS ? fileCapsToShow(kept, t.cred, inode.fs.owner) : kept;
  return typeof bytes === "number" ? bytes : answer(t, value, Math.min(length, XATTR_SIZE_MAX), bytes);
};
const list = (t: Task, path: Or<Path>, at: VAddr, length: number): number => {
  if (typeof path === "number") return path;
  const kept = path.dentry.inode.xattrs;
  // Lists come first, then other names backwards. Linux simple_xattr_list(), simple_xattr_add().
  const others = [...(kept?.keys() ?? [])].filter((n) => !isAcl(n) && (!n.startsWith("trusted.") || capable(t.cred, CAP.SYS_ADMIN)));
  const names = [...[ACL_ACCESS, ACL_DEFAULT].filter((n) => kept?.has(n)), ...others.sort().reverse()];
  return answer(t, at, Math.min(length, XATTR_LIST_MAX), asBytes(names.map((n) => `${n}\0`).join("")));
};
const remove = (t: Task, path: Or<Path>, at: VAddr): number => {
  const name = getName(t, at);
  if (typeof name === "number") return name;
  if (isAcl(name)) return setAcl(t, path, name, new Uint8Array());
  const inode = inodeToChange(t, path, name);
  if (typeof inode === "number") return inode;
  if (name === FILE_CAPS && !capableOver(t.cred, inode, CAP.SETFCAP)) return -E.EPERM;
  if (!inode.xattrs?.has(name)) return -E.ENODATA;
  const error = inode.setXattr(name, undefined);
  if (error < 0) return error;
  inode.touch("change");
  return changed(path);
};

const follow = (t: Task, at: VAddr): Or<Path> => lookup(t, AT_FDCWD, at, true);
const itself = (t: Task, at: VAddr): Or<Path> => lookup(t, AT_FDCWD, at, false);
const open = (t: Task, fd: number): Or<Path> => t.files.get(fd)?.path ?? -E.EBADF;
const path = cstring;
const name = cstring;
const setFlags = flags("int", { XATTR_CREATE, XATTR_REPLACE }, "XATTR_???");

/** Calls on extended attributes. man 2 setxattr, getxattr, listxattr, removexattr. */
export const xattrCalls: readonly Syscall[] = [
  syscall("setxattr", { path, name, value: inBuffer("size"), size, flags: setFlags }, (t, a) =>
    set(t, follow(t, a.path), a.name, a.value, a.size, a.flags),
  ),
  syscall("lsetxattr", { path, name, value: inBuffer("size"), size, flags: setFlags }, (t, a) =>
    set(t, itself(t, a.path), a.name, a.value, a.size, a.flags),
  ),
  syscall("fsetxattr", { fd, name, value: inBuffer("size"), size, flags: setFlags }, (t, a) =>
    set(t, open(t, a.fd), a.name, a.value, a.size, a.flags),
  ),
  syscall("getxattr", { path, name, value: outBuffer, size }, (t, a) => get(t, follow(t, a.path), a.name, a.value, a.size)),
  syscall("lgetxattr", { path, name, value: outBuffer, size }, (t, a) => get(t, itself(t, a.path), a.name, a.value, a.size)),
  syscall("fgetxattr", { fd, name, value: outBuffer, size }, (t, a) => get(t, open(t, a.fd), a.name, a.value, a.size)),
  syscall("listxattr", { path, list: filled("strings"), size }, (t, a) => list(t, follow(t, a.path), a.list, a.size)),
  syscall("llistxattr", { path, list: filled("strings"), size }, (t, a) => list(t, itself(t, a.path), a.list, a.size)),
  syscall("flistxattr", { fd, list: filled("strings"), size }, (t, a) => list(t, open(t, a.fd), a.list, a.size)),
  syscall("removexattr", { path, name }, (t, a) => remove(t, follow(t, a.path), a.name)),
  syscall("lremovexattr", { path, name }, (t, a) => remove(t, itself(t, a.path), a.name)),
  syscall("fremovexattr", { fd, name }, (t, a) => remove(t, open(t, a.fd), a.name)),
];

// Extended attributes. man 7 xattr; Linux fs/xattr.c. tmpfs has user.*, trusted.* and security.*.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { MemFs } from "../../fs/types/memfs.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Inode, Or } from "../../fs/vfs/inode.ts";
import { may, S_ISVTX } from "../../fs/vfs/mode.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import { mayChange, ownerOrCapable, permission, wantWrite } from "../../fs/vfs/permission.ts";
import { fd, size } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { cstring, inBuffer, outBuffer } from "../../syscall/arg-string.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";
import { lookup } from "./path.ts";

const XATTR_NAME_MAX = 255;
const XATTR_SIZE_MAX = 65536;
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
const XATTR_LIST_MAX = 65536;
/** The limit in bytes of all attributes of one file. */
const XATTR_TOTAL_MAX = 128 * 1024;

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
  if (name.startsWith("security.")) return mask & may.write && !capable(t.cred, CAP.SYS_ADMIN) ? -E.EPERM : 0;
  if (name.startsWith("user.")) {
    if (!inode.isFile && !inode.isDir) return mask & may.write ? -E.EPERM : -E.ENODATA;
    if (inode.isDir && inode.mode & S_ISVTX && mask & may.write && !ownerOrCapable(t.cred, inode)) return -E.EPERM;
  }
  return permission(t, inode, mask);
};
const known = /^(user|trusted|security)\./;
/** 0, or the -errno of the name. Linux xattr_resolve_name(). */
const resolveName = (inode: Inode, name: string): number => {
  const prefix = inode.fs instanceof MemFs ? known.exec(name)?.[0] : undefined;
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

const set = (t: Task, path: Or<Path>, at: VAddr, value: VAddr, length: number, how: number): number => {
  if (how & ~(XATTR_CREATE | XATTR_REPLACE)) return -E.EINVAL;
  const name = getName(t, at);
  if (typeof name === "number") return name;
  if (length > XATTR_SIZE_MAX) return -E.E2BIG;
  const bytes = t.mem.read(value, length);
  if (!bytes) return -E.EFAULT;
  const inode = inodeToChange(t, path, name);
  if (typeof inode === "number") return inode;
  inode.xattrs ??= new Map();
  if (how & XATTR_CREATE && inode.xattrs.has(name)) return -E.EEXIST;
  if (how & XATTR_REPLACE && !inode.xattrs.has(name)) return -E.ENODATA;
  const held = inode.xattrs.get(name);
  const total = inode.xattrBytes + bytes.length + (held ? -held.length : name.length);
  const count = inode.xattrs.size + (held ? 0 : 1);
  const pages = Math.ceil((total + count * sizes.attribute) / 4096);
  if (total > XATTR_TOTAL_MAX || !inode.fs.charge(pages - inode.xattrPages)) return -E.ENOSPC;
  inode.xattrPages = pages;
  inode.xattrBytes = total;
  inode.xattrs.set(name, bytes);
  inode.touch("change");
  return changed(path);
};
/** Size 0 asks how large the answer is. */
const answer = (t: Task, at: VAddr, length: number, bytes: Uint8Array): number => {
  if (length === 0) return bytes.length;
  if (bytes.length > length) return -E.ERANGE;
  return t.mem.write(at, bytes) ? bytes.length : -E.EFAULT;
};
const get = (t: Task, path: Or<Path>, at: VAddr, value: VAddr, length: number): number => {
  const name = getName(t, at);
  if (typeof name === "number") return name;
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  const denied = allowed(t, inode, name, may.read);
  if (denied < 0) return denied;
  const unknown = resolveName(inode, name);
  if (unknown < 0) return unknown;
  const bytes = inode.xattrs?.get(name);
  return bytes ? answer(t, value, Math.min(length, XATTR_SIZE_MAX), bytes) : -E.ENODATA;
};
const list = (t: Task, path: Or<Path>, at: VAddr, length: number): number => {
  if (typeof path === "number") return path;
  const names = [...(path.dentry.inode.xattrs?.keys() ?? [])].filter((n) => !n.startsWith("trusted.") || capable(t.cred, CAP.SYS_ADMIN));
  return answer(t, at, Math.min(length, XATTR_LIST_MAX), asBytes(names.map((n) => `${n}\0`).join("")));
};
const remove = (t: Task, path: Or<Path>, at: VAddr): number => {
  const name = getName(t, at);
  if (typeof name === "number") return name;
  const inode = inodeToChange(t, path, name);
  if (typeof inode === "number") return inode;
  const held = inode.xattrs?.get(name);
  if (!inode.xattrs || !held) return -E.ENODATA;
  inode.xattrs.delete(name);
  inode.xattrBytes -= name.length + held.length;
  if (inode.xattrs.size === 0) {
    inode.fs.charge(-inode.xattrPages);
    inode.xattrPages = 0;
  }
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

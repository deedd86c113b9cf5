// Directories: reading them, and where a task stands. man 2 getdents, getcwd, chdir, chroot.

import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { fd, ptr, size, uint } from "../arg.ts";
import { AT_FDCWD } from "../arg-file.ts";
import { cstring, outStruct, quote } from "../arg-string.ts";
import { CAP, capableHere } from "../cred.ts";
import { type Path, pathName } from "../fs/dentry.ts";
import { DirFile } from "../fs/dir-file.ts";
import type { DirEntry } from "../fs/inode.ts";
import { may } from "../fs/mode.ts";
import { permission } from "../fs/permission.ts";
import { touchAccess } from "../fs/regular.ts";
import { PATH_MAX } from "../fs/resolve.ts";
import { type Syscall, syscall } from "../syscall.ts";
import type { Task } from "../task.ts";
import { lookup } from "./path.ts";

/** Lay out one directory entry; `unit` is what record lengths are rounded up to. */
interface Format {
  readonly header: number;
  readonly unit: number;
  readonly tail: number;
  put(v: DataView, e: DirEntry, length: number): void;
}

const putName = (v: DataView, at: number, name: string): void => {
  for (let i = 0; i < name.length; i++) v.setUint8(at + i, name.charCodeAt(i));
};
/** struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name. */
const dirent64: Format = {
  header: 19,
  unit: 8,
  tail: 1,
  put(v, e, length) {
    v.setBigUint64(0, BigInt(e.ino), true);
    v.setBigInt64(8, BigInt(e.cookie), true);
    v.setUint16(16, length, true);
    v.setUint8(18, e.type);
    putName(v, 19, e.name);
  },
};
/** struct linux_dirent: d_ino and d_off are long, d_type hides in the last byte. */
const dirent = (abi: Abi): Format => ({
  header: 2 * abi.long + 2,
  unit: abi.long,
  tail: 2,
  put(v, e, length) {
    if (abi.long === 8) {
      v.setBigUint64(0, BigInt(e.ino), true);
      v.setBigInt64(8, BigInt(e.cookie), true);
    } else {
      v.setUint32(0, e.ino, true);
      v.setInt32(4, e.cookie, true);
    }
    v.setUint16(2 * abi.long, length, true);
    putName(v, 2 * abi.long + 2, e.name);
    v.setUint8(length - 1, e.type);
  },
});

const getdents = (t: Task, fd: number, at: VAddr, count: number, format: Format): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!(file instanceof DirFile)) return -E.ENOTDIR;
  if (file.inode.nlink === 0) return -E.ENOENT;
  let done = 0;
  for (const entry of file.entries(t)) {
    const length = Math.ceil((format.header + entry.name.length + format.tail) / format.unit) * format.unit;
    if (done + length > count) {
      if (done === 0) return -E.EINVAL;
      break;
    }
    const bytes = new Uint8Array(length);
    format.put(new DataView(bytes.buffer), entry, length);
    if (!t.mem.write(at + done, bytes)) return done > 0 ? done : -E.EFAULT;
    done += length;
    file.offset = entry.cookie;
  }
  touchAccess(file);
  return done;
};

/** readdir(2) of i386: one struct old_linux_dirent (d_ino, d_offset, d_namlen, d_name). */
const readdir = (t: Task, fd: number, at: VAddr): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!(file instanceof DirFile)) return -E.ENOTDIR;
  const next = file.entries(t).next();
  if (next.done) return 0;
  const { ino, cookie, name } = next.value;
  const bytes = new Uint8Array(11 + name.length);
  const v = new DataView(bytes.buffer);
  v.setUint32(0, ino, true);
  v.setUint32(4, cookie, true);
  v.setUint16(8, name.length, true);
  putName(v, 10, name);
  if (!t.mem.write(at, bytes)) return -E.EFAULT;
  file.offset = cookie;
  return 1;
};

const enter = (t: Task, path: Path | number): number => {
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  if (!inode.isDir) return -E.ENOTDIR;
  return permission(t, inode, may.exec);
};

const entries = outStruct("struct linux_dirent64 *", (_ctx, at) => `0x${at.toString(16)}`);
const cwdBuffer = outStruct("char *", (ctx, at) => quote(ctx.task.mem.cString(at, PATH_MAX) ?? ""));

export const dirCalls: readonly Syscall[] = [
  syscall("getdents64", { fd, dirp: entries, count: uint }, (t, a) => getdents(t, a.fd, a.dirp, a.count, dirent64)),
  syscall("getdents", { fd, dirp: entries, count: uint }, (t, a, abi) => getdents(t, a.fd, a.dirp, a.count, dirent(abi))),
  syscall("readdir", { fd, dirp: ptr, count: uint }, (t, a) => readdir(t, a.fd, a.dirp)),
  syscall("getcwd", { buf: cwdBuffer, size }, (t, a) => {
    if (t.fs.cwd.dentry.deleted) return -E.ENOENT;
    const { name, reachable } = pathName(t.fs.cwd, t.fs.root);
    const text = `${reachable ? "" : "(unreachable)"}${name}`;
    if (text.length + 1 > Math.min(a.size, PATH_MAX)) return a.size > text.length ? -E.ENAMETOOLONG : -E.ERANGE;
    return t.mem.write(
      a.buf,
      Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0)),
    )
      ? text.length + 1
      : -E.EFAULT;
  }),
  syscall("chdir", { path: cstring }, (t, a) => {
    const path = lookup(t, AT_FDCWD, a.path, true);
    const denied = enter(t, path);
    if (denied === 0) t.fs.cwd = path as Path;
    return denied;
  }),
  syscall("fchdir", { fd }, (t, a) => {
    const file = t.files.getRaw(a.fd);
    const denied = enter(t, file ? file.path : -E.EBADF);
    if (denied === 0 && file) t.fs.cwd = file.path;
    return denied;
  }),
  syscall("chroot", { path: cstring }, (t, a) => {
    const path = lookup(t, AT_FDCWD, a.path, true);
    const denied = enter(t, path);
    if (denied < 0) return denied;
    if (!capableHere(t.cred, CAP.SYS_CHROOT)) return -E.EPERM;
    t.fs.root = path as Path;
    return 0;
  }),
];

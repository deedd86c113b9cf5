// Reading directories, and the current and root directories of a task. man 2 getdents, getcwd, chdir, chroot.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { struct, u16, ulong } from "../../../abi/struct.ts";
import { DIRENT, DIRENT64 } from "../../../abi/uapi/dirent.ts";
import { PATH_MAX } from "../../../abi/uapi/limits.ts";
import { asBytes } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableHere } from "../../cred/cred.ts";
import { DirFile } from "../../fs/files/dir-file.ts";
import { touchAccess } from "../../fs/files/regular.ts";
import { type Path, pathName } from "../../fs/vfs/dentry.ts";
import type { DirEntry } from "../../fs/vfs/inode.ts";
import { may } from "../../fs/vfs/mode.ts";
import { EVENT, notifyFile } from "../../fs/vfs/notify.ts";
import { permission } from "../../fs/vfs/permission.ts";
import { fd, ptr, size, uint } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { cstring, outStruct, quote } from "../../syscall/arg-string.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "../file/path.ts";

/**
 * Layout of a directory entry: a head, the name after its last member, a null; in the old form the last byte
 * is the type.
 */
interface Format {
  readonly nameAt: (abi: Abi) => number;
  /** Record lengths are multiples of it, in bytes. */
  readonly unit: (abi: Abi) => number;
  readonly typeLast: boolean;
  readonly head: (entry: DirEntry, length: number, abi: Abi) => Uint8Array;
}
const dirent64: Format = {
  nameAt: (abi) => DIRENT64.offset(abi, "d_type") + 1,
  unit: () => 8,
  typeLast: false,
  head: (e, length, abi) => DIRENT64.encode({ d_ino: BigInt(e.ino), d_off: BigInt(e.cookie), d_reclen: length, d_type: e.type }, abi),
};
const dirent: Format = {
  nameAt: (abi) => DIRENT.offset(abi, "d_reclen") + 2,
  unit: (abi) => abi.long,
  typeLast: true,
  head: (e, length, abi) => DIRENT.encode({ d_ino: e.ino, d_off: e.cookie, d_reclen: length }, abi),
};
/** struct old_linux_dirent of readdir(2), only on i386. */
const headOldest = struct("old_linux_dirent", { d_ino: ulong, d_offset: ulong, d_namlen: u16 });

const putName = (bytes: Uint8Array, at: number, name: string): void => {
  for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i);
};
const entryBytes = (format: Format, entry: DirEntry, abi: Abi): Uint8Array => {
  const nameAt = format.nameAt(abi);
  const unit = format.unit(abi);
  const length = Math.ceil((nameAt + entry.name.length + (format.typeLast ? 2 : 1)) / unit) * unit;
  const bytes = new Uint8Array(length);
  bytes.set(format.head(entry, length, abi).subarray(0, nameAt));
  putName(bytes, nameAt, entry.name);
  if (format.typeLast) bytes[length - 1] = entry.type;
  return bytes;
};

const getdents = (t: Task, fd: number, at: VAddr, count: number, format: Format, abi: Abi): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!(file instanceof DirFile)) return -E.ENOTDIR;
  if (file.inode.nlink === 0) return -E.ENOENT;
  let done = 0;
  for (const entry of file.entries(t)) {
    const bytes = entryBytes(format, entry, abi);
    if (done + bytes.length > count) {
      if (done === 0) return -E.EINVAL;
      break;
    }
    if (!t.mem.write(at + done, bytes)) return done > 0 ? done : -E.EFAULT;
    done += bytes.length;
    file.offset = entry.cookie;
  }
  touchAccess(file);
  notifyFile(file, EVENT.ACCESS);
  return done;
};

/** readdir(2) of i386: one struct old_linux_dirent (d_ino, d_offset, d_namlen, d_name). */
const readdir = (t: Task, fd: number, at: VAddr, abi: Abi): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!(file instanceof DirFile)) return -E.ENOTDIR;
  if (file.inode.nlink === 0) return -E.ENOENT;
  const next = file.entries(t).next();
  if (next.done) return 0;
  const { ino, cookie, name } = next.value;
  const nameAt = headOldest.offset(abi, "d_namlen") + 2;
  const bytes = new Uint8Array(nameAt + name.length + 1);
  bytes.set(headOldest.encode({ d_ino: ino, d_offset: cookie, d_namlen: name.length }, abi).subarray(0, nameAt));
  putName(bytes, nameAt, name);
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

const cwdBuffer = outStruct("char *", (ctx, at) => quote(ctx.task.mem.cString(at, PATH_MAX) ?? ""));

/** Calls that read directories or set a task's directories. man 2 getdents, chdir, chroot. */
export const dirCalls: readonly Syscall[] = [
  syscall("getdents64", { fd, dirp: filled("dirents64"), count: uint }, (t, a, abi) => getdents(t, a.fd, a.dirp, a.count, dirent64, abi)),
  syscall("getdents", { fd, dirp: filled("dirents"), count: uint }, (t, a, abi) => getdents(t, a.fd, a.dirp, a.count, dirent, abi)),
  syscall("readdir", { fd, dirp: ptr, count: uint }, (t, a, abi) => readdir(t, a.fd, a.dirp, abi)),
  syscall("getcwd", { buf: cwdBuffer, size }, (t, a) => {
    if (t.fs.cwd.dentry.deleted) return -E.ENOENT;
    const { name, reachable } = pathName(t.fs.cwd, t.fs.root);
    const text = `${reachable ? "" : "(unreachable)"}${name}`;
    if (text.length + 1 > Math.min(a.size, PATH_MAX)) return a.size > text.length ? -E.ENAMETOOLONG : -E.ERANGE;
    return t.mem.write(a.buf, asBytes(`${text}\0`)) ? text.length + 1 : -E.EFAULT;
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

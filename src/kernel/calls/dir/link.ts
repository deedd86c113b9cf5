// Names of files: mkdir, mknod, link, symlink, readlink, unlink, rmdir, rename and their *at forms. Linux
// fs/namei.c.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from "../../../abi/uapi/rename.ts";
import { asBytes } from "../../base/byte-string.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { touchAccess } from "../../fs/files/regular.ts";
import * as make from "../../fs/vfs/create.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { decodeDev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK } from "../../fs/vfs/mode.ts";
import { rmdir, unlink } from "../../fs/vfs/remove.ts";
import { rename } from "../../fs/vfs/rename.ts";
import { type Last, resolveParent } from "../../fs/vfs/resolve.ts";
import { int, uint } from "../../syscall/arg.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  atFlags,
  dirfd,
  mode,
  typedMode,
  unlinkFlags,
} from "../../syscall/arg-file.ts";
import { flags, only } from "../../syscall/arg-flags.ts";
import { cstring, outBuffer } from "../../syscall/arg-string.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { getname, lookup, withPath } from "../file/path.ts";

const nodeTypes = new Set([0, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK]);
const mknod = (t: Task, dir: number, path: VAddr, mode: number, dev: number): number => {
  // Linux may_mknod() runs before the path walk.
  const type = mode & S_IFMT;
  if (type === S_IFDIR) return -E.EPERM;
  if (!nodeTypes.has(type)) return -E.EINVAL;
  const special = type === S_IFCHR || type === S_IFBLK;
  return withPath(t, dir, path, (base, name) =>
    make.mknod(t, base, name, (type || S_IFREG) | (mode & 0o7777), special ? decodeDev(dev) : 0),
  );
};

const link = (t: Task, fromDir: number, from: VAddr, toDir: number, to: VAddr, how: number): number => {
  if (how & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return -E.EINVAL;
  const old = lookup(t, fromDir, from, (how & AT_SYMLINK_FOLLOW) !== 0, (how & AT_EMPTY_PATH) !== 0);
  if (typeof old === "number") return old;
  if (how & AT_EMPTY_PATH && getname(t, from) === "" && !capable(t.cred, CAP.DAC_READ_SEARCH)) return -E.ENOENT;
  return withPath(t, toDir, to, (base, name) => make.link(t, old, base, name));
};

const symlink = (t: Task, target: VAddr, dir: number, path: VAddr): number => {
  const text = getname(t, target);
  if (typeof text === "number") return text;
  return text === "" ? -E.ENOENT : withPath(t, dir, path, (base, name) => make.symlink(t, text, base, name));
};

const readlink = (t: Task, dir: number, at: VAddr, buffer: VAddr, size: number): number => {
  if (size <= 0) return -E.EINVAL;
  const path: Path | number = lookup(t, dir, at, false, true);
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  // An empty path means dirfd, which must be a link opened with O_PATH.
  if (!inode.isLink) return getname(t, at) === "" ? -E.ENOENT : -E.EINVAL;
  const text = inode.readlink(t);
  if (typeof text === "number") return text;
  const bytes = asBytes(text.slice(0, size));
  touchAccess({ inode, path, flags: 0 });
  return t.mem.write(buffer, bytes) ? bytes.length : -E.EFAULT;
};

const doRename = (t: Task, fromDir: number, from: VAddr, toDir: number, to: VAddr, how: number): number => {
  if (how & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) return -E.EINVAL;
  if (how & RENAME_EXCHANGE && how & (RENAME_NOREPLACE | RENAME_WHITEOUT)) return -E.EINVAL;
  // The walk of the old name comes before all errors of the new one.
  const oldLast = parentAt(t, fromDir, from);
  if (typeof oldLast === "number") return oldLast;
  const newLast = parentAt(t, toDir, to);
  return typeof newLast === "number" ? newLast : rename(t, oldLast, newLast, how);
};
const parentAt = (t: Task, dir: number, at: VAddr): Or<Last> => withPath(t, dir, at, (base, name) => resolveParent(t, base, name));

const renameFlags = flags("unsigned int", { RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT }, "RENAME_???");
const dev: ArgType<number> = only(
  {
    ...uint,
    c: "dev_t",
    show: (v) => `makedev(0x${((decodeDev(v) / 0x100000) | 0).toString(16)}, 0x${(decodeDev(v) & 0xfffff).toString(16)})`,
  },
  (all) => {
    const type = (all["mode"] as number) & S_IFMT;
    return type === S_IFCHR || type === S_IFBLK;
  },
);
const olddirfd = dirfd;
const newdirfd = dirfd;

/** Calls that create, remove and read names. man 2 mkdir, link, symlink, unlink, rename. */
export const linkCalls: readonly Syscall[] = [
  syscall("mkdir", { pathname: cstring, mode }, (t, a) =>
    withPath(t, AT_FDCWD, a.pathname, (base, name) => make.mkdir(t, base, name, a.mode)),
  ),
  syscall("mkdirat", { dirfd, pathname: cstring, mode }, (t, a) =>
    withPath(t, a.dirfd, a.pathname, (base, name) => make.mkdir(t, base, name, a.mode)),
  ),
  syscall("mknod", { pathname: cstring, mode: typedMode, dev }, (t, a) => mknod(t, AT_FDCWD, a.pathname, a.mode, a.dev)),
  syscall("mknodat", { dirfd, pathname: cstring, mode: typedMode, dev }, (t, a) => mknod(t, a.dirfd, a.pathname, a.mode, a.dev)),
  syscall("rmdir", { pathname: cstring }, (t, a) => withPath(t, AT_FDCWD, a.pathname, (base, name) => rmdir(t, base, name))),
  syscall("unlink", { pathname: cstring }, (t, a) => withPath(t, AT_FDCWD, a.pathname, (base, name) => unlink(t, base, name))),
  syscall("unlinkat", { dirfd, pathname: cstring, flags: unlinkFlags }, (t, a) => {
    if (a.flags & ~AT_REMOVEDIR) return -E.EINVAL;
    const remove = a.flags & AT_REMOVEDIR ? rmdir : unlink;
    return withPath(t, a.dirfd, a.pathname, (base, name) => remove(t, base, name));
  }),
  syscall("link", { oldpath: cstring, newpath: cstring }, (t, a) => link(t, AT_FDCWD, a.oldpath, AT_FDCWD, a.newpath, 0)),
  syscall("linkat", { olddirfd, oldpath: cstring, newdirfd, newpath: cstring, flags: atFlags }, (t, a) =>
    link(t, a.olddirfd, a.oldpath, a.newdirfd, a.newpath, a.flags),
  ),
  syscall("symlink", { target: cstring, linkpath: cstring }, (t, a) => symlink(t, a.target, AT_FDCWD, a.linkpath)),
  syscall("symlinkat", { target: cstring, newdirfd, linkpath: cstring }, (t, a) => symlink(t, a.target, a.newdirfd, a.linkpath)),
  syscall("readlink", { path: cstring, buf: outBuffer, bufsiz: int }, (t, a) => readlink(t, AT_FDCWD, a.path, a.buf, a.bufsiz)),
  syscall("readlinkat", { dirfd, path: cstring, buf: outBuffer, bufsiz: int }, (t, a) => readlink(t, a.dirfd, a.path, a.buf, a.bufsiz)),
  syscall("rename", { oldpath: cstring, newpath: cstring }, (t, a) => doRename(t, AT_FDCWD, a.oldpath, AT_FDCWD, a.newpath, 0)),
  syscall("renameat", { olddirfd, oldpath: cstring, newdirfd, newpath: cstring }, (t, a) =>
    doRename(t, a.olddirfd, a.oldpath, a.newdirfd, a.newpath, 0),
  ),
  syscall("renameat2", { olddirfd, oldpath: cstring, newdirfd, newpath: cstring, flags: renameFlags }, (t, a) =>
    doRename(t, a.olddirfd, a.oldpath, a.newdirfd, a.newpath, a.flags),
  ),
];

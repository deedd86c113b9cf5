// ioctl(2): requests for any descriptor; others are passed to the file. Linux fs/ioctl.c do_vfs_ioctl().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_ASYNC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { F, T } from "../../../abi/uapi/ioctl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { fiemap } from "../../fs/files/fiemap.ts";
import { argumentText } from "../../fs/tty/ioctl-text.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { FS_FL } from "../../fs/vfs/mode.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import { ownerOrCapable, wantWrite } from "../../fs/vfs/permission.ts";
import { mayIoctl } from "../../fs/vfs/security.ts";
import { fd, ptr, uint } from "../../syscall/arg.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { asyncChanged } from "./owner.ts";

const setFlag = (t: Task, file: FileDescription, at: VAddr, flag: number): number => {
  const on = t.mem.u32(at);
  if (on < 0) return -E.EFAULT;
  file.flags = on !== 0 ? file.flags | flag : file.flags & ~flag;
  return 0;
};
const setAsync = (t: Task, file: FileDescription, at: VAddr, fd: number): number => {
  const result = setFlag(t, file, at, O_ASYNC);
  if (result === 0) asyncChanged(t, file, fd);
  return result;
};
/** FS_IOC_GETFLAGS and FS_IOC_SETFLAGS: the numbers have the size of a long, the value is an int. */
const FLAGS = { get: 0x80086601, set: 0x40086602, get32: 0x80046601, set32: 0x40046602 } as const;
/** The request in its 64-bit form, which 32-bit programs can use too. Linux compat_sys_ioctl(). */
const wide = (request: number, abi: Abi): number =>
  abi.long === 8 ? request : request === FLAGS.get32 ? FLAGS.get : request === FLAGS.set32 ? FLAGS.set : request;
/** Changes of these need CAP_LINUX_IMMUTABLE. */
const GUARDED = FS_FL.IMMUTABLE | FS_FL.APPEND;

/** The result of a request; undefined if it is not about flags, or the file system has none. */
const fileFlags = (t: Task, file: FileDescription, request: number, at: VAddr, abi: Abi): number | undefined => {
  const asked = wide(request, abi);
  if (asked !== FLAGS.get && asked !== FLAGS.set) return undefined;
  const { inode, path } = file;
  if (inode.fs.fileFlags === 0 || (!inode.isFile && !inode.isDir)) return undefined;
  if (asked === FLAGS.get) return t.mem.setU32(at, inode.fileFlags) ? 0 : -E.EFAULT;
  const wanted = t.mem.u32(at);
  if (wanted < 0) return -E.EFAULT;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  if (!ownerOrCapable(t.cred, inode)) return -E.EPERM;
  if ((wanted ^ inode.fileFlags) & GUARDED && !capable(t.cred, CAP.LINUX_IMMUTABLE)) return -E.EPERM;
  if (wanted & ~inode.fs.fileFlags) return -E.EOPNOTSUPP;
  inode.fileFlags = wanted;
  inode.touch("change");
  notifyDentry(path.dentry, EVENT.ATTRIB);
  return 0;
};

const ioctl = (t: Task, fd: number, request: number, arg: VAddr, abi: Abi): Result => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  const denied = mayIoctl(t, file, request);
  if (denied < 0) return denied;
  switch (request) {
    case F.FIOCLEX:
    case F.FIONCLEX:
      t.files.setCloexec(fd, request === F.FIOCLEX);
      return 0;
    case F.FIONBIO:
      return setFlag(t, file, arg, O_NONBLOCK);
    case F.FIOASYNC:
      return setAsync(t, file, arg, fd);
    // Linux vfs_clone_file_range(): no file system here shares blocks.
    case F.FICLONE:
    case F.FICLONERANGE:
      return file.inode.isFile ? -E.EOPNOTSUPP : -E.EINVAL;
    case F.FS_IOC_FIEMAP:
      return fiemap(t, file, arg);
    case F.FIOQSIZE:
      if (!file.inode.isFile && !file.inode.isDir && !file.inode.isLink) return -E.ENOTTY;
      return t.mem.setU64(arg, file.inode.size, Math.floor(file.inode.size / 2 ** 32)) ? 0 : -E.EFAULT;
    case F.FIONREAD: {
      const n = file.waitingBytes;
      if (n !== undefined) return n < 0 ? n : t.mem.setU32(arg, n) ? 0 : -E.EFAULT;
    }
  }
  return fileFlags(t, file, request, arg, abi) ?? file.ioctl(t, request, arg, abi);
};

const request: ArgType<number> = { ...uint, c: "unsigned int", names: { ...T, ...F }, show: (v, ctx) => ctx.style.texts.names.request(v) };

const argument: ArgType<VAddr> = {
  ...ptr,
  out: true,
  show: (v, ctx) => argumentText(v, ctx) ?? ctx.style.texts.notif.argument(ctx, v) ?? ptr.show(v, ctx),
};

/** The call ioctl(2). */
export const ioctlCalls: readonly Syscall[] = [
  syscall("ioctl", { fd, request, arg: argument }, (t, a, abi) => ioctl(t, a.fd, a.request, a.arg, abi), {
    note: "terminals, pseudo-terminals, loop devices and generic requests; file flags (FS_IOC_SETFLAGS) of tmpfs and of roots, kept in memory; no TUN",
  }),
];

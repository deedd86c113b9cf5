// Landlock's checks of open files. The rights are taken at open(2) and stay with the file description, also
// for a task that gets it later. Linux security/landlock/fs.c hook_file_open(), hook_file_truncate(),
// hook_file_ioctl().

import { E } from "../../../abi/errno.ts";
import { ACCESS_FS } from "../../../abi/uapi/landlock.ts";
import { S_IFBLK, S_IFCHR } from "../../../abi/uapi/stat.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import type { Purpose } from "../../fs/vfs/security.ts";
import { allowedAt } from "./paths.ts";

const A = ACCESS_FS;
const isDevice = (inode: Inode): boolean => inode.type === S_IFCHR || inode.type === S_IFBLK;

/** The rights that an open needs. Linux get_required_file_open_access(). */
const required = (inode: Inode, { reads, writes, executes }: Purpose): number => {
  if (reads && inode.isDir) return A.LANDLOCK_ACCESS_FS_READ_DIR;
  return (
    (reads ? A.LANDLOCK_ACCESS_FS_READ_FILE : 0) |
    (writes ? A.LANDLOCK_ACCESS_FS_WRITE_FILE : 0) |
    (executes ? A.LANDLOCK_ACCESS_FS_EXECUTE : 0)
  );
};

/** The rights of a new file description (in `FileDescription.security`), or -EACCES. */
export const mayOpenFile = (task: Task, path: Path, purpose: Purpose): number => {
  const { inode } = path.dentry;
  const needed = required(inode, purpose);
  const optional = A.LANDLOCK_ACCESS_FS_TRUNCATE | (isDevice(inode) ? A.LANDLOCK_ACCESS_FS_IOCTL_DEV : 0);
  const allowed = allowedAt(task, path, needed | optional);
  return (allowed & needed) === needed ? allowed : -E.EACCES;
};
/** 0 or -EACCES for ftruncate(2) and O_TRUNC. */
export const mayTruncate = (rights: number): number => (rights & A.LANDLOCK_ACCESS_FS_TRUNCATE ? 0 : -E.EACCES);

/** Requests that belong to the descriptor or to the file system, not to the device. */
const GENERIC: ReadonlySet<number> = new Set([
  0x5451, // FIOCLEX
  0x5450, // FIONCLEX
  0x5421, // FIONBIO
  0x5452, // FIOASYNC
  0x5460, // FIOQSIZE
  0xc0045877, // FIFREEZE
  0xc0045878, // FITHAW
  0xc020660b, // FS_IOC_FIEMAP
  0x2, // FIGETBSZ
  0x40049409, // FICLONE
  0x4020940d, // FICLONERANGE
  0xc0189436, // FIDEDUPERANGE
  0x80111500, // FS_IOC_GETFSUUID
  0x80811501, // FS_IOC_GETFSSYSFSPATH
]);
/** 0 or -EACCES for ioctl(2) on a device. Linux is_masked_device_ioctl(). */
export const mayIoctl = (rights: number, file: FileDescription, request: number): number => {
  if (rights & A.LANDLOCK_ACCESS_FS_IOCTL_DEV || !isDevice(file.inode) || GENERIC.has(request >>> 0)) return 0;
  return -E.EACCES;
};

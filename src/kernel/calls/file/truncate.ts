// The size and allocation of files: truncate, fallocate; and calls for a disk, which this machine does not
// have. Linux fs/open.c do_truncate(), vfs_fallocate().
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { F_SEAL_FUTURE_WRITE, F_SEAL_GROW, F_SEAL_WRITE, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { cost } from "../../base/cost.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { MAX_FILE_SIZE, RegularInode } from "../../fs/files/regular.ts";
import type { Dentry } from "../../fs/vfs/dentry.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import { breakLeases } from "../../fs/vfs/leases.ts";
import { may, S_IFBLK, S_IFDIR } from "../../fs/vfs/mode.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import { isAppendOnly, isImmutable, killPrivileges, permission, wantWrite } from "../../fs/vfs/permission.ts";
import { mayTruncate, mayTruncatePath } from "../../fs/vfs/security.ts";
import { sendToTask } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { fd, loff, long, size, uint } from "../../syscall/arg.ts";
import { AT_FDCWD } from "../../syscall/arg-file.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

/** A page that is made or freed: its entry, and its bytes zeroed. */
const PER_PAGE = cost.page + PAGE_SIZE * cost.byte;
/** Charges for the pages of a file in memory that `act` makes or frees. */
const charged = (t: Task, inode: Inode, act: () => number): number => {
  if (!(inode instanceof RegularInode)) return act();
  const before = inode.heldPages;
  const result = act();
  t.kernel.charge(Math.abs(inode.heldPages - before) * PER_PAGE);
  return result;
};

const resize = (t: Task, inode: Inode, length: number): number => {
  if (length > inode.size && length > t.process.limit(RLIMIT.FSIZE)) {
    sendToTask(t, kernelSignal(SIG.SIGXFSZ));
    return -E.EFBIG;
  }
  if (length > MAX_FILE_SIZE) return -E.EFBIG;
  const sealed = inode.mayResize(length);
  if (sealed < 0) return sealed;
  killPrivileges(t.cred, inode);
  return charged(t, inode, () => inode.truncate(length));
};

const modified = (dentry: Dentry, result: number): number => {
  if (result === 0) notifyDentry(dentry, EVENT.MODIFY);
  return result;
};

const truncate = (t: Task, at: VAddr, length: number): Result => {
  if (length < 0) return -E.EINVAL;
  const path = lookup(t, AT_FDCWD, at, true);
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  if (inode.type === S_IFDIR) return -E.EISDIR;
  if (!inode.isFile) return -E.EINVAL;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const denied = permission(t, inode, may.write);
  if (denied < 0) return denied;
  if (isAppendOnly(inode)) return -E.EPERM;
  const breaking = breakLeases(t, inode, O_WRONLY);
  if (breaking !== 0) return breaking;
  if (inode.writers < 0) return -E.ETXTBSY;
  const guarded = mayTruncatePath(t, path);
  return guarded < 0 ? guarded : modified(path.dentry, resize(t, inode, length));
};

const ftruncate = (t: Task, fd: number, length: number): number => {
  if (length < 0) return -E.EINVAL;
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!file.inode.isFile || !file.writable) return -E.EINVAL;
  if (isAppendOnly(file.inode)) return -E.EPERM;
  const guarded = mayTruncate(t, file);
  return guarded < 0 ? guarded : modified(file.path.dentry, resize(t, file.inode, length));
};

/** SYNC_FILE_RANGE_WAIT_BEFORE, _WRITE and _WAIT_AFTER. */
const SYNC_FLAGS = 7;
/** Linux sync_file_range(). */
const syncRange = (t: Task, fd: number, offset: number, length: number, how: number): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (how & ~SYNC_FLAGS || offset < 0 || offset + length < offset) return -E.EINVAL;
  return file.inode.isFile || file.inode.isDir ? synced(t, fd) : -E.ESPIPE;
};

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 16;
/** Modes that vfs_fallocate() passes to file systems: one operation, with KEEP_SIZE where it is allowed. */
const allocations: ReadonlySet<number> = new Set([0, 1, 3, 8, 16, 17, 32, 64, 65]);
const fallocateMode = flags("int", { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE }, "FALLOC_FL_???");

const fallocate = (t: Task, fd: number, how: number, at: number, length: number): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (at < 0 || length <= 0) return -E.EINVAL;
  if (!allocations.has(how)) return -E.EOPNOTSUPP;
  if (!file.writable) return -E.EBADF;
  const { inode } = file;
  if (how & ~FALLOC_FL_KEEP_SIZE && isAppendOnly(inode)) return -E.EPERM;
  if (isImmutable(inode)) return -E.EPERM;
  if (inode.pipe) return -E.ESPIPE;
  if (inode.isDir) return -E.EISDIR;
  if (!(inode instanceof RegularInode)) return -E.ENODEV;
  // shmem_fallocate() supports these two.
  if (how & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) return -E.EOPNOTSUPP;
  if (at + length > MAX_FILE_SIZE) return -E.EFBIG;
  const punch = (how & FALLOC_FL_PUNCH_HOLE) !== 0;
  const seals = inode.seals ?? 0;
  if (punch && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -E.EPERM;
  const grows = !(how & FALLOC_FL_KEEP_SIZE) && at + length > inode.size;
  if (grows && seals & F_SEAL_GROW) return -E.EPERM;
  killPrivileges(t.cred, inode);
  const done = charged(t, inode, () => inode.allocate(at, at + length, punch));
  if (done < 0) return done;
  if (!grows) inode.touch("modify");
  return modified(file.path.dentry, grows ? resize(t, inode, at + length) : 0);
};

/** fsync and related calls: without a disk they only write shared mappings to the file. */
const synced = (t: Task, fd: number): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (!file.inode.isFile && !file.inode.isDir && file.inode.type !== S_IFBLK) return -E.EINVAL;
  if (file.inode instanceof RegularInode) file.inode.pages?.sync();
  return 0;
};
const advice = choice(
  "int",
  {
    POSIX_FADV_NORMAL: 0,
    POSIX_FADV_RANDOM: 1,
    POSIX_FADV_SEQUENTIAL: 2,
    POSIX_FADV_WILLNEED: 3,
    POSIX_FADV_DONTNEED: 4,
    POSIX_FADV_NOREUSE: 5,
  },
  "POSIX_FADV_???",
);
const advise = (t: Task, fd: number, length: number, how: number): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  if (file.inode.pipe) return -E.ESPIPE;
  return length < 0 || how < 0 || how > 5 ? -E.EINVAL : 0;
};

/**
 * Calls on file size and allocation, and those that have nothing to do without a disk. man 2 truncate, fsync.
 */
export const truncateCalls: readonly Syscall[] = [
  syscall("truncate", { path: cstring, length: long }, (t, a) => truncate(t, a.path, a.length)),
  syscall("ftruncate", { fd, length: long }, (t, a) => ftruncate(t, a.fd, a.length)),
  syscall("truncate64", { path: cstring, length: loff }, (t, a) => truncate(t, a.path, a.length)),
  syscall("ftruncate64", { fd, length: loff }, (t, a) => ftruncate(t, a.fd, a.length)),
  syscall("fallocate", { fd, mode: fallocateMode, offset: loff, len: loff }, (t, a) => fallocate(t, a.fd, a.mode, a.offset, a.len), {
    note: "allocates and punches holes; no collapsing, inserting or zeroing",
  }),
  syscall("fsync", { fd }, (t, a) => synced(t, a.fd)),
  syscall("fdatasync", { fd }, (t, a) => synced(t, a.fd)),
  syscall("sync_file_range", { fd, offset: loff, nbytes: loff, flags: uint }, (t, a) => syncRange(t, a.fd, a.offset, a.nbytes, a.flags)),
  syscall("syncfs", { fd }, (t, a) => (t.files.get(a.fd) ? 0 : -E.EBADF)),
  syscall("sync", {}, () => 0),
  syscall("fadvise64", { fd, offset: loff, len: loff, advice }, (t, a) => advise(t, a.fd, a.len, a.advice), { only: "x64" }),
  syscall("fadvise64", { fd, offset: loff, len: size, advice }, (t, a) => advise(t, a.fd, a.len, a.advice), { only: "i386" }),
  syscall("fadvise64_64", { fd, offset: loff, len: loff, advice }, (t, a) => advise(t, a.fd, a.len, a.advice)),
  syscall("readahead", { fd, offset: loff, count: size }, (t, a) => {
    const file = t.files.get(a.fd);
    if (!file?.readable) return -E.EBADF;
    return file.inode.isFile ? 0 : -E.EINVAL;
  }),
];

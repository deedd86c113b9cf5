// fanotify_init and fanotify_mark. man 2 fanotify_init, man 2 fanotify_mark; Linux
// fs/notify/fanotify/fanotify_user.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { CLASSES, EVENTS, FAN, FIDS, INIT, MARK, MASK_FLAGS, NAMES, PERMISSIONS, WITH_FD } from "../../../abi/uapi/fanotify.ts";
import { O_ACCMODE, O_APPEND, O_CLOEXEC, O_DSYNC, O_LARGEFILE, O_NOATIME, O_NONBLOCK, O_RDWR, O_SYNC } from "../../../abi/uapi/fcntl.ts";
import { baseOf, getname, lookup } from "../../calls/file/path.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { keepHandle } from "../../fs/files/handle.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import { FileSystem, Inode } from "../../fs/vfs/inode.ts";
import { install } from "../../fs/vfs/install.ts";
import { may } from "../../fs/vfs/mode.ts";
import { permission } from "../../fs/vfs/permission.ts";
import { fd } from "../../syscall/arg.ts";
import { dirfd, openFlags } from "../../syscall/arg-file.ts";
import { type FlagNames, flags, flagText } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { FanotifyFile } from "./group.ts";
import { limitsOf } from "./limits.ts";
import type { FanotifyMark, Marked } from "./mark.ts";

const ADMIN = CLASSES | INIT.REPORT_TID | INIT.REPORT_PIDFD | INIT.REPORT_FD_ERROR | INIT.UNLIMITED_QUEUE | INIT.UNLIMITED_MARKS;
const ALL_INIT = Object.values(INIT).reduce((all, bit) => all | bit, 0);
const EVENT_FLAGS = O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_CLOEXEC | O_LARGEFILE | O_NOATIME;

const init = (t: Task, how: number, eventFlags: number, large: number): number => {
  const isAdmin = capable(t.cred, CAP.SYS_ADMIN);
  const fids = how & FIDS;
  if (!isAdmin && (how & ADMIN || fids === 0)) return -E.EPERM;
  const has = (bits: number): boolean => (how & bits) === bits;
  if (how & ~ALL_INIT || has(INIT.REPORT_PIDFD | INIT.REPORT_TID)) return -E.EINVAL;
  if (eventFlags & ~EVENT_FLAGS || (eventFlags & O_ACCMODE) > O_RDWR) return -E.EINVAL;
  if (fids !== 0 && (how & CLASSES) !== 0) return -E.EINVAL;
  if (has(INIT.REPORT_NAME) && !has(INIT.REPORT_DIR_FID)) return -E.EINVAL;
  if (has(INIT.REPORT_TARGET_FID) && !has(INIT.REPORT_NAME | INIT.REPORT_FID)) return -E.EINVAL;
  const { kernel, cred } = t;
  if (!limitsOf(kernel).take("instances", cred.euid)) return -E.EMFILE;
  const path = kernel.vfs.anonymous(t, "[fanotify]");
  const file = new FanotifyFile(t, path, has(INIT.NONBLOCK) ? O_NONBLOCK : 0, how, eventFlags | large, isAdmin);
  const refused = (how & CLASSES) === CLASSES ? -E.EINVAL : has(INIT.ENABLE_AUDIT) && !capable(cred, CAP.AUDIT_WRITE) ? -E.EPERM : 0;
  if (refused < 0) {
    file.release();
    return refused;
  }
  return install(t, file, has(INIT.CLOEXEC));
};

const TYPES = MARK.MOUNT | MARK.FILESYSTEM;
const COMMANDS = MARK.ADD | MARK.REMOVE | MARK.FLUSH;
const IGNORES = MARK.IGNORED_MASK | MARK.IGNORE;
const ALL_MARK = Object.values(MARK).reduce((all, bit) => all | bit, 0);
/** Events and flags that only directories have. */
const OF_DIRECTORIES = NAMES | MASK_FLAGS;
const isMountOf = (object: Marked): boolean => !(object instanceof Inode || object instanceof FileSystem);

/** A 64-bit mask. */
interface Mask {
  readonly low: number;
  readonly high: number;
}
interface Request {
  readonly fanotify_fd: number;
  readonly flags: number;
  readonly mask: Mask;
  readonly dirfd: number;
  readonly pathname: VAddr;
}
const mark = (t: Task, a: Request): number => {
  const how = a.flags;
  const type = how & TYPES;
  const command = how & COMMANDS;
  const ignore = how & IGNORES;
  let mask = a.mask.low;
  if (a.mask.high !== 0 || how & ~ALL_MARK || type === TYPES) return -E.EINVAL;
  if (command === MARK.FLUSH) {
    if (how & ~(TYPES | MARK.FLUSH)) return -E.EINVAL;
  } else if ((command !== MARK.ADD && command !== MARK.REMOVE) || mask === 0) return -E.EINVAL;
  if (mask & ~(EVENTS | PERMISSIONS | MASK_FLAGS) || ignore === IGNORES) return -E.EINVAL;
  // Flags have no effect in a mask of FAN_MARK_IGNORED_MASK.
  if (ignore === MARK.IGNORED_MASK) mask &= ~MASK_FLAGS;
  const group = t.files.get(a.fanotify_fd);
  if (!group) return -E.EBADF;
  if (!(group instanceof FanotifyFile)) return -E.EINVAL;
  if (type !== 0 && !(capable(t.cred, CAP.SYS_ADMIN) && group.isPrivileged)) return -E.EPERM;
  if (mask & PERMISSIONS && (group.how & CLASSES) === 0) return -E.EINVAL;
  if (mask & FAN.FS_ERROR && type !== MARK.FILESYSTEM) return -E.EINVAL;
  if (how & MARK.EVICTABLE && type !== 0) return -E.EINVAL;
  if (mask & ~(WITH_FD | MASK_FLAGS) && (group.fids === 0 || type === MARK.MOUNT)) return -E.EINVAL;
  if (mask & FAN.RENAME && (group.fids & INIT.REPORT_NAME) === 0) return -E.EINVAL;
  if (command === MARK.FLUSH) {
    group.flush((object) =>
      type === MARK.MOUNT ? isMountOf(object) : type === 0 ? object instanceof Inode : object instanceof FileSystem,
    );
    return 0;
  }
  const path = find(t, a);
  if (typeof path === "number") return path;
  const bad = supported(group, path, mask, how) || permission(t, path.dentry.inode, may.read);
  if (bad < 0) return bad;
  if (group.fids !== 0 && type !== 0 && !path.mount.fs.exportable) return -E.EOPNOTSUPP;
  return change(group, path, mask, how);
};
/** The marked path. Linux fanotify_find_path(). */
const find = (t: Task, a: Request): Path | number => {
  const name = a.pathname === 0 ? "" : getname(t, a.pathname);
  if (typeof name === "number") return name;
  const path = a.pathname === 0 ? ofDescriptor(t, a) : lookup(t, a.dirfd, a.pathname, (a.flags & MARK.DONT_FOLLOW) === 0);
  if (typeof path === "number") return path;
  return a.flags & MARK.ONLYDIR && !path.dentry.inode.isDir ? -E.ENOTDIR : path;
};
const ofDescriptor = (t: Task, a: Request): Path | number => {
  const path = baseOf(t, a.dirfd, "");
  return typeof path !== "number" && a.flags & MARK.ONLYDIR && !path.dentry.inode.isDir ? -E.ENOTDIR : path;
};
/** 0, or the -errno of events that the file cannot have. Linux fanotify_events_supported(). */
const supported = (group: FanotifyFile, { mount, dentry }: Path, mask: number, how: number): number => {
  if ((how & MARK.ADD) === 0) return 0;
  if (mask & PERMISSIONS && mount.fs.type === "proc") return -E.EINVAL;
  if (how & TYPES && mount.fs.internal) return -E.EINVAL;
  const strict = (group.fids & INIT.REPORT_TARGET_FID) !== 0 || (mask & FAN.RENAME) !== 0 || (how & MARK.IGNORE) !== 0;
  return strict && (how & TYPES) === 0 && !dentry.inode.isDir && mask & OF_DIRECTORIES ? -E.ENOTDIR : 0;
};
const change = (group: FanotifyFile, { mount, dentry }: Path, given: number, how: number): number => {
  const { inode } = dentry;
  const type = how & TYPES;
  const object: Marked = type === MARK.MOUNT ? mount : type === MARK.FILESYSTEM ? mount.fs : inode;
  const isWide = type !== 0;
  const adds = (how & MARK.ADD) !== 0;
  if (adds && how & IGNORES && (how & MARK.IGNORED_SURV_MODIFY) === 0) {
    if ((how & IGNORES) === MARK.IGNORE && (isWide || inode.isDir)) return isWide ? -E.EINVAL : -E.EISDIR;
    if (!isWide && inode.writers > 0) return 0;
  }
  let mask = given;
  let removable = (how & IGNORES) === MARK.IGNORED_MASK ? MASK_FLAGS : 0;
  if (isWide || !inode.isDir) {
    mask &= ~FAN.EVENT_ON_CHILD;
    removable = FAN.EVENT_ON_CHILD;
    if (group.fids & INIT.REPORT_DIR_FID && adds && (how & IGNORES) === 0) mask |= FAN.EVENT_ON_CHILD;
  }
  const present = group.mark(object);
  if (!adds) return present ? remove(group, present, mask, how, removable) : -E.ENOENT;
  const mark = present ?? group.addMark(object);
  if (typeof mark === "number") return mark;
  if (!present) mark.evictable = (how & MARK.EVICTABLE) !== 0;
  if (group.fids !== 0) keepHandle(dentry);
  return add(mark, mask, how);
};
/** Linux fanotify_may_update_existing_mark(), fanotify_mark_add_to_mask(). */
const add = (mark: FanotifyMark, mask: number, how: number): number => {
  if (how & MARK.EVICTABLE && !mark.evictable) return -E.EEXIST;
  if (how & MARK.IGNORED_MASK && mark.ignoresByFlags) return -E.EEXIST;
  if (how & MARK.IGNORE && (how & MARK.IGNORED_SURV_MODIFY) === 0 && mark.survives) return -E.EEXIST;
  if (how & IGNORES) {
    mark.ignored |= mask;
    if (how & MARK.IGNORE) mark.ignoresByFlags = true;
    if (how & MARK.IGNORED_SURV_MODIFY) mark.survives = true;
  } else mark.mask |= mask;
  if ((how & MARK.EVICTABLE) === 0) mark.evictable = false;
  return 0;
};
const remove = (group: FanotifyFile, mark: FanotifyMark, mask: number, how: number, removable: number): number => {
  if (how & IGNORES) mark.ignored &= ~mask;
  else mark.mask &= ~mask;
  if (((mark.mask | mark.ignored) & ~removable) === 0) group.removeMark(mark);
  return 0;
};

const prefixed = (prefix: string, table: FlagNames): FlagNames =>
  Object.fromEntries(Object.entries(table).map(([name, n]) => [prefix + name, n]));
const eventNames = prefixed("FAN_", FAN);
const maskArgument: ArgType<Mask> = {
  c: "uint64_t",
  wide: true,
  names: eventNames,
  combines: true,
  decode: (raw, i, abi) => ({ low: raw[2 * i] as number, high: raw[abi.splits64 ? 2 * (i + 1) : 2 * i + 1] as number }),
  show: ({ low, high }) =>
    high === 0 ? flagText(low, eventNames, "0", "FAN_???") : `0x${high.toString(16)}${low.toString(16).padStart(8, "0")}`,
};
/** Calls of fanotify. man 7 fanotify. */
export const fanotifyCalls: readonly Syscall[] = [
  syscall(
    "fanotify_init",
    { flags: flags("unsigned int", prefixed("FAN_", INIT), "FAN_???", "FAN_CLASS_NOTIF"), event_f_flags: openFlags },
    (t, a, abi) => init(t, a.flags, a.event_f_flags, abi.long === 8 ? O_LARGEFILE : 0),
  ),
  syscall(
    "fanotify_mark",
    {
      fanotify_fd: fd,
      flags: flags("unsigned int", prefixed("FAN_MARK_", MARK), "FAN_MARK_???"),
      mask: maskArgument,
      dirfd,
      pathname: cstring,
    },
    (t, a) => mark(t, a),
    { note: "no FAN_FS_ERROR events: file systems here have no errors" },
  ),
];

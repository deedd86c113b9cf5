// Setting file times. man 2 utime, utimes, utimensat; Linux fs/utimes.c vfs_utimes(), do_utimes().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { long, s64, struct } from "../../../abi/struct.ts";
import { type Timespec, utcText } from "../../base/time.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Changes, Or } from "../../fs/vfs/inode.ts";
import { may } from "../../fs/vfs/mode.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import { isImmutable, mayChange, ownerOrCapable, permission, wantWrite } from "../../fs/vfs/permission.ts";
import { ptr } from "../../syscall/arg.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, atFlags, dirfd } from "../../syscall/arg-file.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
const timespec = struct("timespec", { tv_sec: long, tv_nsec: long });
const timespec64 = struct("__kernel_timespec", { tv_sec: s64, tv_nsec: s64 });

/** Access and modification time. Undefined sets both to the current time. */
type Times = readonly [Timespec, Timespec] | undefined;

const setTimes = (t: Task, path: Or<Path>, times: Times): number => {
  if (typeof path === "number") return path;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const { inode } = path.dentry;
  const now = inode.fs.clock.realtime();
  const isNow = times === undefined || times.every((x) => x.nsec === UTIME_NOW);
  if (isNow) {
    if (isImmutable(inode)) return -E.EPERM;
    // A task with write permission may set the current time.
    if (!ownerOrCapable(t.cred, inode)) {
      const denied = permission(t, inode, may.write);
      if (denied < 0) return denied;
    }
  } else if (mayChange(inode) < 0 || !ownerOrCapable(t.cred, inode)) return -E.EPERM;
  const changes: Changes = { ctime: now };
  const [atime, mtime] = times ?? [
    { sec: 0, nsec: UTIME_NOW },
    { sec: 0, nsec: UTIME_NOW },
  ];
  if (atime.nsec !== UTIME_OMIT) changes.atime = atime.nsec === UTIME_NOW ? now : atime;
  if (mtime.nsec !== UTIME_OMIT) changes.mtime = mtime.nsec === UTIME_NOW ? now : mtime;
  const result = inode.setattr(changes);
  const event = changes.atime && changes.mtime ? EVENT.ATTRIB : changes.atime ? EVENT.ACCESS : EVENT.MODIFY;
  if (result === 0) notifyDentry(path.dentry, event);
  return result;
};

/** The file of a path, or of dirfd if the path is NULL. */
const target = (t: Task, dir: number, at: VAddr, how: number): Or<Path> => {
  if (how & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -E.EINVAL;
  if (at === 0 && dir !== AT_FDCWD) return how ? -E.EINVAL : (t.files.get(dir)?.path ?? -E.EBADF);
  return lookup(t, dir, at, !(how & AT_SYMLINK_NOFOLLOW), (how & AT_EMPTY_PATH) !== 0);
};

const bad = (x: Timespec): boolean => (x.nsec < 0 || x.nsec > 999_999_999) && x.nsec !== UTIME_NOW && x.nsec !== UTIME_OMIT;
const utimensat = (t: Task, dir: number, path: VAddr, times: Or<Times>, how: number): number => {
  if (typeof times === "number") return times;
  if (times?.every((x) => x.nsec === UTIME_OMIT)) return 0;
  if (times?.some(bad)) return -E.EINVAL;
  return setTimes(t, target(t, dir, path, how), times);
};

type Reader = (t: Task, at: VAddr, abi: Abi) => Or<Times>;
const readTimespecs: Reader = (t, at, abi) => {
  if (at === 0) return undefined;
  const length = timespec.size(abi);
  const bytes = t.mem.read(at, 2 * length);
  if (!bytes) return -E.EFAULT;
  const [a, m] = [timespec.decode(bytes, abi), timespec.decode(bytes.subarray(length), abi)];
  return [
    { sec: a.tv_sec, nsec: a.tv_nsec },
    { sec: m.tv_sec, nsec: m.tv_nsec },
  ];
};
/** 64-bit times of a 32-bit caller: the upper half of tv_nsec is ignored. Linux get_timespec64(). */
const readTimespecs64: Reader = (t, at, abi) => {
  if (at === 0) return undefined;
  const bytes = t.mem.read(at, 32);
  if (!bytes) return -E.EFAULT;
  const one = (b: Uint8Array): Timespec => {
    const x = timespec64.decode(b, abi);
    return { sec: Number(x.tv_sec), nsec: Number(BigInt.asIntN(abi.long * 8, x.tv_nsec)) };
  };
  return [one(bytes), one(bytes.subarray(16))];
};
/** struct timeval: the same layout with microseconds, without special values. */
const readTimevals: Reader = (t, at, abi) => {
  const raw = readTimespecs(t, at, abi);
  if (typeof raw !== "object") return raw;
  if (raw.some((x) => x.nsec < 0 || x.nsec >= 1_000_000)) return -E.EINVAL;
  return [
    { sec: raw[0].sec, nsec: raw[0].nsec * 1000 },
    { sec: raw[1].sec, nsec: raw[1].nsec * 1000 },
  ];
};
/** struct utimbuf: two times in seconds. */
const readUtimbuf: Reader = (t, at, abi) => {
  if (at === 0) return undefined;
  const [a, m] = [t.mem.word(at, abi.long), t.mem.word(at + abi.long, abi.long)];
  if (!t.mem.read(at, 2 * abi.long)) return -E.EFAULT;
  const signed = (n: number): number => (abi.long === 4 ? n | 0 : n);
  return [
    { sec: signed(a), nsec: 0 },
    { sec: signed(m), nsec: 0 },
  ];
};

/** `/* 2020-01-02T00:00:00.5+0000 *\/`. strace sprinttime_nsec(). */
const dateText = ({ sec, nsec }: Timespec): string => {
  const text = sec <= 0 || nsec < 0 || nsec >= 1e9 ? undefined : utcText(sec);
  if (text === undefined) return "";
  const fraction = nsec === 0 ? "" : `.${String(nsec).padStart(9, "0")}`;
  return ` /* ${text}${fraction}+0000 */`;
};
const timesArg = (read: Reader) => ({
  ...ptr,
  show: (at: VAddr, ctx: Parameters<typeof ptr.show>[1]): string => {
    const times = at === 0 ? undefined : read(ctx.task, at, ctx.abi);
    if (typeof times !== "object") return ptr.show(at, ctx);
    const one = (x: Timespec): string =>
      x.nsec === UTIME_NOW ? "UTIME_NOW" : x.nsec === UTIME_OMIT ? "UTIME_OMIT" : `{tv_sec=${x.sec}, tv_nsec=${x.nsec}}${dateText(x)}`;
    return `[${times.map(one).join(", ")}]`;
  },
});
const timespecs = timesArg(readTimespecs);
const filename = cstring;

/** Calls that set file times. man 2 utime, utimensat. */
export const fileTimeCalls: readonly Syscall[] = [
  syscall("utime", { filename, times: timesArg(readUtimbuf) }, (t, a, abi) =>
    utimensat(t, AT_FDCWD, a.filename, readUtimbuf(t, a.times, abi), 0),
  ),
  syscall("utimes", { filename, times: given("timevals") }, (t, a, abi) =>
    utimensat(t, AT_FDCWD, a.filename, readTimevals(t, a.times, abi), 0),
  ),
  syscall("futimesat", { dirfd, pathname: filename, times: given("timevals") }, (t, a, abi) =>
    utimensat(t, a.dirfd, a.pathname, readTimevals(t, a.times, abi), 0),
  ),
  syscall("utimensat", { dirfd, pathname: filename, times: timespecs, flags: atFlags }, (t, a, abi) =>
    utimensat(t, a.dirfd, a.pathname, readTimespecs(t, a.times, abi), a.flags),
  ),
  syscall("utimensat_time64", { dirfd, pathname: filename, times: timesArg(readTimespecs64), flags: atFlags }, (t, a, abi) =>
    utimensat(t, a.dirfd, a.pathname, readTimespecs64(t, a.times, abi), a.flags),
  ),
];

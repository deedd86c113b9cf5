// fcntl(2) and flock(2). Linux fs/fcntl.c, fs/locks.c.
import type { Abi } from "../../../abi/abi.ts";
import { type VAddr, vaddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { long, s16, s32, s64, struct } from "../../../abi/struct.ts";
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  O_APPEND,
  O_NOATIME,
  settable,
} from "../../../abi/uapi/fcntl.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { PipeEnd } from "../../fs/files/pipe.ts";
import { RegularInode, SEEK_CUR, SEEK_END, SEEK_SET } from "../../fs/files/regular.ts";
import { addSeals } from "../../fs/types/memfd.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { fdLimit, install } from "../../fs/vfs/install.ts";
import { getLease, setLease } from "../../fs/vfs/leases.ts";
import { conflicting, F_RDLCK, F_UNLCK, F_WRLCK, flock, LockWait, lockQueue, setRecord, wouldDeadlock } from "../../fs/vfs/locks.ts";
import { isAppendOnly, ownerOrCapable } from "../../fs/vfs/permission.ts";
import { signalName } from "../../signal/state/set.ts";
import { fd, hexText, ulong } from "../../syscall/arg.ts";
import { openFlagsText } from "../../syscall/arg-file.ts";
import { choice, flags, flagText } from "../../syscall/arg-flags.ts";
import { type ArgType, type Syscall, type SyscallOptions, syscall } from "../../syscall/declaration.ts";
import { asyncChanged, getOwner, getOwnerEx, notifyDirectory, setOwner, setOwnerEx } from "./owner.ts";
import { finish } from "./transfer.ts";

// biome-ignore format: table
const F = {
  F_DUPFD: 0, F_GETFD: 1, F_SETFD: 2, F_GETFL: 3, F_SETFL: 4, F_GETLK: 5, F_SETLK: 6, F_SETLKW: 7, F_SETOWN: 8, F_GETOWN: 9, F_SETSIG: 10,
  F_GETSIG: 11, F_GETLK64: 12, F_SETLK64: 13, F_SETLKW64: 14, F_SETOWN_EX: 15, F_GETOWN_EX: 16, F_OFD_GETLK: 36, F_OFD_SETLK: 37,
  F_OFD_SETLKW: 38, F_SETLEASE: 1024, F_GETLEASE: 1025, F_NOTIFY: 1026, F_DUPFD_QUERY: 1027, F_CREATED_QUERY: 1028, F_DUPFD_CLOEXEC: 1030, F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032, F_ADD_SEALS: 1033, F_GET_SEALS: 1034,
} as const;
const FD_CLOEXEC = 1;
/** The commands for an O_PATH descriptor. Linux check_fcntl_cmd(). */
const onPaths = new Set<number>([F.F_DUPFD, F.F_DUPFD_CLOEXEC, F.F_GETFD, F.F_SETFD, F.F_GETFL, F.F_DUPFD_QUERY, F.F_CREATED_QUERY]);

const flockNative = struct("flock", { l_type: s16, l_whence: s16, l_start: long, l_len: long, l_pid: s32 });
const flock64 = struct("flock64", { l_type: s16, l_whence: s16, l_start: s64, l_len: s64, l_pid: s32 });
interface FLock {
  l_type: number;
  l_whence: number;
  l_start: number;
  l_len: number;
  l_pid: number;
}

const readLock = (t: Task, at: VAddr, abi: Abi, wide: boolean): FLock | undefined => {
  const bytes = t.mem.read(at, (wide ? flock64 : flockNative).size(abi));
  if (!bytes) return undefined;
  if (!wide) return flockNative.decode(bytes, abi);
  const l = flock64.decode(bytes, abi);
  return { ...l, l_start: Number(l.l_start), l_len: Number(l.l_len) };
};
const writeLock = (t: Task, at: VAddr, abi: Abi, wide: boolean, l: FLock): number => {
  if (!wide && abi.long === 4 && (l.l_start > 0x7fffffff || l.l_len > 0x7fffffff)) return -E.EOVERFLOW;
  const bytes = wide ? flock64.encode({ ...l, l_start: BigInt(l.l_start), l_len: BigInt(l.l_len) }, abi) : flockNative.encode(l, abi);
  return t.mem.write(at, bytes) ? 0 : -E.EFAULT;
};

/** The bytes that a struct flock means. Linux flock64_to_posix_lock(). */
const rangeOf = (file: FileDescription, l: FLock): { start: number; end: number } | number => {
  const origin =
    l.l_whence === SEEK_SET ? 0 : l.l_whence === SEEK_CUR ? file.offset : l.l_whence === SEEK_END ? file.inode.size : undefined;
  if (origin === undefined) return -E.EINVAL;
  const at = origin + l.l_start;
  if (at < 0) return -E.EINVAL;
  if (l.l_len >= 0) return { start: at, end: l.l_len === 0 ? Infinity : at + l.l_len };
  return at + l.l_len < 0 ? -E.EINVAL : { start: at + l.l_len, end: at };
};

/** get, set or set-and-wait; `ofd`: the lock belongs to the file description. */
const recordLock = (
  t: Task,
  file: FileDescription,
  at: VAddr,
  abi: Abi,
  how: { op: "get" | "set" | "wait"; wide: boolean; ofd: boolean },
): Result => {
  const l = readLock(t, at, abi, how.wide);
  if (!l) return finish(t, -E.EFAULT);
  if (how.ofd && l.l_pid !== 0) return finish(t, -E.EINVAL);
  const range = rangeOf(file, l);
  if (typeof range === "number") return finish(t, range);
  const type = l.l_type;
  if (type !== F_RDLCK && type !== F_WRLCK && !(type === F_UNLCK && how.op !== "get")) return finish(t, -E.EINVAL);
  const owner = how.ofd ? file : t.files;
  const want = { ...range, owner, type: type as typeof F_RDLCK };
  if (how.op === "get") {
    const other = conflicting(file.inode, want);
    if (!other) return writeLock(t, at, abi, how.wide, { ...l, l_type: F_UNLCK });
    const length = other.end === Infinity ? 0 : other.end - other.start;
    return writeLock(t, at, abi, how.wide, {
      l_type: other.type,
      l_whence: SEEK_SET,
      l_start: other.start,
      l_len: length,
      l_pid: other.pid < 0 ? other.pid : t.pidNs.numberOf(other.pid),
    });
  }
  if (type === F_RDLCK && !file.readable) return finish(t, -E.EBADF);
  if (type === F_WRLCK && !file.writable) return finish(t, -E.EBADF);
  const conflict = type === F_UNLCK ? undefined : conflicting(file.inode, want);
  if (conflict) {
    if (how.op === "set") return finish(t, -E.EAGAIN);
    if (!how.ofd && wouldDeadlock(t.files, conflict)) return finish(t, -E.EDEADLK);
    t.waited.held ??= new LockWait(file, want);
    return wait([lockQueue(file.inode)]);
  }
  const set = setRecord(file.inode, { ...range, owner, pid: how.ofd ? -1 : t.tgid }, type as typeof F_UNLCK);
  return finish(t, set ? 0 : -E.ENOLCK);
};

const setFlags = (t: Task, file: FileDescription, value: number): number => {
  // A file that is marked for appends keeps its flag.
  if ((value ^ file.flags) & O_APPEND && isAppendOnly(file.inode)) return -E.EPERM;
  if (value & O_NOATIME && !(file.flags & O_NOATIME) && !ownerOrCapable(t.cred, file.inode)) return -E.EPERM;
  file.flags = (file.flags & ~settable) | (value & settable);
  return 0;
};
const setPipeSize = (t: Task, file: FileDescription, size: number): number => {
  return file instanceof PipeEnd ? file.pipe.resize(t, size >>> 0) : -E.EBADF;
};

type Command = (t: Task, file: FileDescription, arg: number, fd: number, at: VAddr, abi: Abi) => Result;
const locking =
  (op: "get" | "set" | "wait", wide: boolean | "abi", ofd = false): Command =>
  (t, file, _arg, _fd, at, abi) =>
    recordLock(t, file, at, abi, { op, wide: wide === "abi" ? abi.long === 8 : wide, ofd });
const inode = (file: FileDescription): RegularInode | undefined => (file.inode instanceof RegularInode ? file.inode : undefined);

const duplicate =
  (cloexec: boolean): Command =>
  (t, file, arg) =>
    arg < 0 || arg >= fdLimit(t) ? -E.EINVAL : install(t, file, cloexec, arg);

const commands: Readonly<Record<number, Command>> = {
  [F.F_DUPFD]: duplicate(false),
  [F.F_DUPFD_CLOEXEC]: duplicate(true),
  [F.F_GETFD]: (t, _file, _arg, fd) => (t.files.cloexec(fd) ? FD_CLOEXEC : 0),
  [F.F_SETFD]: (t, _file, arg, fd) => {
    t.files.setCloexec(fd, (arg & FD_CLOEXEC) !== 0);
    return 0;
  },
  [F.F_GETFL]: (_t, file) => file.flags,
  [F.F_SETFL]: (t, file, arg, fd) => {
    const result = setFlags(t, file, arg);
    if (result === 0) asyncChanged(t, file, fd);
    return result;
  },
  [F.F_GETLK]: locking("get", "abi"),
  [F.F_SETLK]: locking("set", "abi"),
  [F.F_SETLKW]: locking("wait", "abi"),
  [F.F_GETLK64]: locking("get", true),
  [F.F_SETLK64]: locking("set", true),
  [F.F_SETLKW64]: locking("wait", true),
  [F.F_OFD_GETLK]: locking("get", true, true),
  [F.F_OFD_SETLK]: locking("set", true, true),
  [F.F_OFD_SETLKW]: locking("wait", true, true),
  [F.F_SETOWN]: (t, file, arg) => setOwner(t, file, arg),
  [F.F_GETOWN]: (t, file) => getOwner(t, file),
  [F.F_SETOWN_EX]: (t, file, _arg, _fd, at) => setOwnerEx(t, file, at),
  [F.F_GETOWN_EX]: (t, file, _arg, _fd, at) => getOwnerEx(t, file, at),
  [F.F_SETSIG]: (_t, file, arg) => {
    if (arg < 0 || arg > 64) return -E.EINVAL;
    file.signal = arg;
    return 0;
  },
  [F.F_GETSIG]: (_t, file) => file.signal,
  [F.F_GETLEASE]: (_t, file) => getLease(file),
  [F.F_SETLEASE]: (t, file, arg, fd) => {
    const result = setLease(t, file, arg);
    if (result === 0) file.signalFd = fd;
    return result;
  },
  [F.F_NOTIFY]: (t, file, arg, fd) => notifyDirectory(t, file, arg, fd),
  [F.F_DUPFD_QUERY]: (t, file, arg) => {
    const other = t.files.getRaw(arg);
    return other ? Number(other === file) : -E.EBADF;
  },
  [F.F_CREATED_QUERY]: (_t, file) => Number(file.created),
  [F.F_SETPIPE_SZ]: (t, file, arg) => setPipeSize(t, file, arg),
  [F.F_GETPIPE_SZ]: (_t, file) => (file instanceof PipeEnd ? file.pipe.capacity : -E.EBADF),
  [F.F_ADD_SEALS]: (_t, file, arg) => {
    const i = inode(file);
    return i ? addSeals(i, file.writable, arg) : -E.EINVAL;
  },
  [F.F_GET_SEALS]: (_t, file) => inode(file)?.seals ?? -E.EINVAL,
};

const fcntl = (t: Task, fd: number, cmd: number, arg: number, abi: Abi): Result => {
  const file = (t.waited.held as LockWait | undefined)?.file ?? t.files.getRaw(fd);
  if (!file || (file.isPath && !onPaths.has(cmd))) return -E.EBADF;
  const command = commands[cmd];
  return command ? command(t, file, arg | 0, fd, vaddr(arg >>> 0, Math.floor(arg / 2 ** 32)), abi) : -E.EINVAL;
};

const cmd = choice("int", F, "F_???");
const sealNames = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC };
const argText: Readonly<Record<number, (v: number) => string>> = {
  [F.F_SETFD]: (v) => flagText(v, { FD_CLOEXEC }),
  [F.F_ADD_SEALS]: (v) => flagText(v, sealNames),
  [F.F_SETFL]: openFlagsText,
  [F.F_GETFD]: () => "",
  [F.F_GETFL]: () => "",
  [F.F_GETOWN]: () => "",
  [F.F_GETSIG]: () => "",
  [F.F_GETLEASE]: () => "",
  [F.F_GETPIPE_SZ]: () => "",
  [F.F_GET_SEALS]: () => "",
};
const decimal = new Set<number>([F.F_DUPFD, F.F_DUPFD_CLOEXEC, F.F_SETOWN, F.F_SETPIPE_SZ]);
const lockTypes = ["F_RDLCK", "F_WRLCK", "F_UNLCK"];
const whences = ["SEEK_SET", "SEEK_CUR", "SEEK_END"];
const argument: ArgType<number> = {
  ...ulong,
  show: (v, ctx) => {
    const c = ctx.all["cmd"] as number;
    const text = argText[c];
    if (text) return text(v);
    if (decimal.has(c)) return String(v | 0);
    const wide = ctx.abi.long === 8 || c >= F.F_GETLK64;
    const isLock =
      (c >= F.F_GETLK && c <= F.F_SETLKW) || (c >= F.F_GETLK64 && c <= F.F_SETLKW64) || (c >= F.F_OFD_GETLK && c <= F.F_OFD_SETLKW);
    const l = isLock ? readLock(ctx.task, v as VAddr, ctx.abi, wide) : undefined;
    if (!l) return `0x${v.toString(16)}`;
    const pid = ctx.ret >= 0 && (c === F.F_GETLK || c === F.F_GETLK64) && l.l_type !== F_UNLCK ? `, l_pid=${l.l_pid}` : "";
    return `{l_type=${lockTypes[l.l_type] ?? l.l_type}, l_whence=${whences[l.l_whence] ?? l.l_whence}, l_start=${l.l_start}, l_len=${l.l_len}${pid}}`;
  },
};

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
/** Locks that Samba once used: since 5.5 the flag is taken and nothing happens. */
const LOCK_MAND = 32;
const flockType = new Map<number, typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK>([
  [LOCK_SH, F_RDLCK],
  [LOCK_EX, F_WRLCK],
  [LOCK_UN, F_UNLCK],
]);

/** `0x8002 (flags O_RDWR|O_LARGEFILE)`: commands whose result is a word of flags. strace src/fcntl.c. */
const flagResults: Readonly<Record<number, (v: number) => string>> = {
  [F.F_GETFD]: (v) => flagText(v, { FD_CLOEXEC }),
  [F.F_GETFL]: openFlagsText,
  [F.F_GET_SEALS]: (v) => flagText(v, sealNames),
};
const result: SyscallOptions = {
  resultText: (ctx) => {
    const command = ctx.all["cmd"] as number;
    const text = flagResults[command];
    if (command === F.F_DUPFD || command === F.F_DUPFD_CLOEXEC) return ctx.style.fd(ctx.task, ctx.ret);
    if (!text) return command === F.F_GETSIG && ctx.ret > 0 ? `${ctx.ret} (${signalName(ctx.ret)})` : String(ctx.ret);
    return command === F.F_GETFD && ctx.ret === 0 ? "0" : `${hexText(ctx.ret)} (flags ${text(ctx.ret)})`;
  },
};
/** Calls on descriptor flags and locks. man 2 fcntl, flock. */
export const fcntlCalls: readonly Syscall[] = [
  syscall("fcntl", { fd, cmd, arg: argument }, (t, a, abi) => fcntl(t, a.fd, a.cmd, a.arg, abi), {
    ...result,
    note: "no F_GETOWNER_UIDS",
  }),
  syscall("fcntl64", { fd, cmd, arg: argument }, (t, a, abi) => fcntl(t, a.fd, a.cmd, a.arg, abi), result),
  syscall("flock", { fd, operation: flags("int", { LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN }, "LOCK_???") }, (t, a) => {
    if (a.operation & LOCK_MAND) return 0;
    const type = flockType.get(a.operation & ~LOCK_NB);
    if (type === undefined) return -E.EINVAL;
    const file = (t.waited.held as FileDescription | undefined) ?? t.files.get(a.fd);
    if (!file) return -E.EBADF;
    const outcome = flock(file, type, t.tgid);
    if (outcome !== "in the way") return finish(t, outcome === "done" ? 0 : -E.ENOLCK);
    if (a.operation & LOCK_NB) return finish(t, -E.EAGAIN);
    t.waited.held ??= file.hold();
    return wait([lockQueue(file.inode)], { interrupted: restart.ERESTARTSYS });
  }),
];

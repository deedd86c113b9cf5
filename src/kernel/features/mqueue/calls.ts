// POSIX message queues: mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr. Linux
// ipc/mqueue.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { long, struct } from "../../../abi/struct.ts";
import { O_ACCMODE, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import { cost } from "../../base/cost.ts";
import { type Held, wait } from "../../base/wait.ts";
import { getname } from "../../calls/file/path.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { masked, newInode } from "../../fs/vfs/create.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { fdLimit, install } from "../../fs/vfs/install.ts";
import { may, S_IFREG } from "../../fs/vfs/mode.ts";
import { Mount } from "../../fs/vfs/mount.ts";
import { mayCreate, permission } from "../../fs/vfs/permission.ts";
import { unlink } from "../../fs/vfs/remove.ts";
import { adopt, lookupIn } from "../../fs/vfs/resolve.ts";
import { Socket } from "../../net/socket.ts";
import { NSIG } from "../../signal/state/set.ts";
import { fd, ptr, size, uint } from "../../syscall/arg.ts";
import { mode, openFlags } from "../../syscall/arg-file.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { timespec, timespec64 } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, readNanoseconds, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { SIGEV } from "../../timer/posix-timer.ts";
import {
  MQ_PRIO_MAX,
  MqueueFile,
  type MqueueNotification,
  type MqueueReceiver,
  type MqueueSender,
  type MqueueShape,
  mqMessageBytes,
  mqueueOf,
  type PosixMessage,
} from "./mqueue.ts";

const mqAttr = struct("mq_attr", { flags: long, maxmsg: long, msgsize: long, curmsgs: long, r0: long, r1: long, r2: long, r3: long });
const NAME_MAX = 255;
/** Linux NOTIFY_COOKIE_LEN. */
const COOKIE_SIZE = 32;

/** The name in the directory of queues, or -errno. Linux lookup_noperm(). */
const queueName = (t: Task, at: VAddr): Or<string> => {
  const name = getname(t, at);
  if (typeof name === "number") return name;
  if (name === "") return -E.ENOENT;
  if (name.includes("/") || name === "." || name === "..") return -E.EACCES;
  return name.length > NAME_MAX ? -E.ENAMETOOLONG : name;
};

const open = (t: Task, at: VAddr, flags: number, bits: number, attr: VAddr, abi: Abi): number => {
  const bytes = attr === 0 ? undefined : t.mem.read(attr, mqAttr.size(abi));
  if (attr !== 0 && !bytes) return -E.EFAULT;
  const name = queueName(t, at);
  if (typeof name === "number") return name;
  if (t.files.lowest(0) >= fdLimit(t)) return -E.EMFILE;
  const wanted = bytes && mqAttr.decode(bytes, abi);
  const shape = wanted && { messages: wanted.maxmsg, size: wanted.msgsize };
  const fs = mqueueOf(t.kernel, t.namespaces.ipc);
  const dir = fs.root;
  const found = lookupIn(t, dir, name);
  const dentry = typeof found === "number" ? create(t, name, flags, bits, shape) : found;
  if (typeof dentry === "number") return dentry;
  if (dentry === found) {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) return -E.EEXIST;
    const denied = mayOpen(t, found.inode, flags);
    if (denied < 0) return denied;
  } else if ((flags & O_ACCMODE) === O_ACCMODE) return -E.EINVAL;
  const path = { mount: new Mount(0, fs, dir, "mqueue", 0), dentry };
  const file = dentry.inode.open(t, flags & (O_ACCMODE | O_NONBLOCK), path);
  return typeof file === "number" || "interrupted" in file ? -E.EINVAL : install(t, file, true);
};
const accessOf: Readonly<Record<number, number>> = { [O_RDONLY]: may.read, [O_WRONLY]: may.write, [O_RDWR]: may.read | may.write };
const mayOpen = (t: Task, inode: Parameters<typeof permission>[1], flags: number): number => {
  const access = accessOf[flags & O_ACCMODE];
  return access === undefined ? -E.EINVAL : permission(t, inode, access);
};
const create = (t: Task, name: string, flags: number, bits: number, shape: MqueueShape | undefined) => {
  if ((flags & O_CREAT) === 0) return -E.ENOENT;
  const { root, directory } = mqueueOf(t.kernel, t.namespaces.ipc);
  const allowed = mayCreate(t, directory);
  if (allowed < 0) return allowed;
  const made = directory.make(name, newInode(t, directory, S_IFREG | masked(t, bits & 0o7777)), shape, t);
  return typeof made === "number" ? made : adopt(root, name, made);
};
const remove = (t: Task, at: VAddr): number => {
  const name = queueName(t, at);
  if (typeof name === "number") return name;
  const fs = mqueueOf(t.kernel, t.namespaces.ipc);
  return unlink(t, { mount: new Mount(0, fs, fs.root, "mqueue", 0), dentry: fs.root }, name);
};

/** The queue of a descriptor, or -EBADF. */
const queueOf = (t: Task, n: number): MqueueFile | number => {
  const file = t.files.get(n);
  return file instanceof MqueueFile ? file : -E.EBADF;
};
/** The monotonic end of a wait in nanoseconds, or -errno. The caller's time is CLOCK_REALTIME. */
const deadlineOf = (t: Task, at: VAddr, form: TimeForm, abi: Abi): number => {
  if (at === 0) return Number.POSITIVE_INFINITY;
  const ns = readNanoseconds(t, at, form, abi);
  return ns < 0 ? ns : Math.max(0, ns - t.kernel.bootTime * 1e9);
};
/** A call that waits for room in a queue, with its message, which the account has charged. */
export class MqueueSending implements Held {
  readonly file: MqueueFile;
  readonly waiter: MqueueSender;
  readonly until: number;
  constructor(file: MqueueFile, waiter: MqueueSender, until: number) {
    this.file = file;
    this.waiter = waiter;
    this.until = until;
    file.inode.senders.add(waiter);
    file.hold();
  }
  drop(): void {
    const { file, waiter } = this;
    if (file.inode.senders.delete(waiter)) file.inode.fs.account.give(mqMessageBytes(waiter.message));
    file.drop();
  }
}
/** A call that waits for a message. */
export class MqueueReceiving implements Held {
  readonly file: MqueueFile;
  readonly waiter: MqueueReceiver;
  readonly until: number;
  constructor(file: MqueueFile, waiter: MqueueReceiver, until: number) {
    this.file = file;
    this.waiter = waiter;
    this.until = until;
    file.inode.receivers.add(waiter);
    file.hold();
  }
  drop(): void {
    const { file, waiter } = this;
    file.inode.receivers.delete(waiter);
    if (waiter.got) file.inode.fs.account.give(mqMessageBytes(waiter.got));
    file.drop();
  }
}
const sleep = (t: Task, { until }: MqueueSending | MqueueReceiving): Result => {
  if (t.waited.expired || until <= t.kernel.now) return -E.ETIMEDOUT;
  return wait([], { until: Number.isFinite(until) ? until : undefined });
};

interface Send {
  readonly mqdes: number;
  readonly msg_ptr: VAddr;
  readonly msg_len: number;
  readonly msg_prio: number;
  readonly abs_timeout: VAddr;
}
const send = (t: Task, a: Send, form: TimeForm, abi: Abi): Result => {
  const begun = t.waited.data as MqueueSending | undefined;
  if (begun) return begun.waiter.sent ? 0 : sleep(t, begun);
  const until = deadlineOf(t, a.abs_timeout, form, abi);
  if (until < 0) return until;
  if (a.msg_prio >= MQ_PRIO_MAX) return -E.EINVAL;
  const file = queueOf(t, a.mqdes);
  if (typeof file === "number" || !file.writable) return -E.EBADF;
  const { inode } = file;
  if (a.msg_len > inode.shape.size) return -E.EMSGSIZE;
  const text = t.mem.read(a.msg_ptr, a.msg_len);
  if (!text) return -E.EFAULT;
  t.kernel.charge(text.length * cost.byte);
  if (inode.isFull && (file.flags & O_NONBLOCK) !== 0) return -E.EAGAIN;
  const message: PosixMessage = { text, priority: a.msg_prio };
  const { account } = t.kernel.frames;
  if (!account.take(mqMessageBytes(message))) return -E.ENOMEM;
  if (!inode.isFull) {
    inode.send(message, t);
    return 0;
  }
  const sending = new MqueueSending(file, { task: t, message, sent: false }, until);
  t.waited.data = t.waited.held = sending;
  return sleep(t, sending);
};

interface Receive extends Omit<Send, "msg_prio"> {
  readonly msg_prio: VAddr;
}
const deliver = (t: Task, a: Receive, { text, priority }: PosixMessage): number => {
  t.kernel.frames.account.give(mqMessageBytes({ text, priority }));
  t.kernel.charge(text.length * cost.byte);
  if (a.msg_prio !== 0 && !t.mem.setU32(a.msg_prio, priority)) return -E.EFAULT;
  return t.mem.write(a.msg_ptr, text) ? text.length : -E.EFAULT;
};
const receive = (t: Task, a: Receive, form: TimeForm, abi: Abi): Result => {
  const begun = t.waited.data as MqueueReceiving | undefined;
  if (begun) {
    const { got } = begun.waiter;
    begun.waiter.got = undefined;
    return got ? deliver(t, a, got) : sleep(t, begun);
  }
  const until = deadlineOf(t, a.abs_timeout, form, abi);
  if (until < 0) return until;
  const file = queueOf(t, a.mqdes);
  if (typeof file === "number" || !file.readable) return -E.EBADF;
  const { inode } = file;
  if (a.msg_len < inode.shape.size) return -E.EMSGSIZE;
  const message = inode.take();
  if (message) return deliver(t, a, message);
  if ((file.flags & O_NONBLOCK) !== 0) return -E.EAGAIN;
  const receiving = new MqueueReceiving(file, { task: t, got: undefined }, until);
  t.waited.data = t.waited.held = receiving;
  return sleep(t, receiving);
};

/**
 * SIGEV_THREAD: the signal number is the descriptor of a netlink socket, and the value points to a cookie.
 */
const threadOf = (t: Task, n: number, value: bigint): NonNullable<MqueueNotification["thread"]> | number => {
  const cookie = t.mem.read(Number(value), COOKIE_SIZE);
  if (!cookie) return -E.EFAULT;
  const socket = t.files.get(n);
  if (!socket) return -E.EBADF;
  if (!(socket instanceof Socket)) return -E.ENOTSOCK;
  return socket.deliverNotice !== undefined ? { socket, cookie } : -E.EINVAL;
};

/** struct sigevent: value, signo, notify. */
const notify = (t: Task, n: number, at: VAddr, { long: width }: Abi): number => {
  const [lo, hi] = [t.mem.u32(at), width === 8 ? t.mem.u32(at + 4) : 0];
  const [signal, kind] = [t.mem.u32(at + width), t.mem.u32(at + width + 4)];
  if (at !== 0) {
    if (lo < 0 || hi < 0 || signal < 0 || kind < 0) return -E.EFAULT;
    if (kind !== SIGEV.NONE && kind !== SIGEV.SIGNAL && kind !== SIGEV.THREAD) return -E.EINVAL;
    if (kind === SIGEV.SIGNAL && signal > NSIG) return -E.EINVAL;
  }
  const value = (BigInt(hi) << 32n) | BigInt(lo);
  const thread = at !== 0 && kind === SIGEV.THREAD ? threadOf(t, signal | 0, value) : undefined;
  if (typeof thread === "number") return thread;
  const file = queueOf(t, n);
  if (typeof file === "number") return file;
  const { inode } = file;
  if (at === 0) {
    if (inode.notification?.process === t.process) inode.endNotification();
    return 0;
  }
  if (inode.notification) return -E.EBUSY;
  const sent = kind === SIGEV.SIGNAL ? signal : 0;
  inode.notification = { process: t.process, signal: sent, value, file: file as FileDescription, ...(thread ? { thread } : {}) };
  return 0;
};

const getSetAttr = (t: Task, n: number, from: VAddr, to: VAddr, abi: Abi): number => {
  const bytes = from === 0 ? undefined : t.mem.read(from, mqAttr.size(abi));
  if (from !== 0 && !bytes) return -E.EFAULT;
  const wanted = bytes && mqAttr.decode(bytes, abi);
  if (wanted && wanted.flags & ~O_NONBLOCK) return -E.EINVAL;
  const file = queueOf(t, n);
  if (typeof file === "number") return file;
  const { shape, count } = file.inode;
  const before = {
    flags: file.flags & O_NONBLOCK,
    maxmsg: shape.messages,
    msgsize: shape.size,
    curmsgs: count,
    r0: 0,
    r1: 0,
    r2: 0,
    r3: 0,
  };
  if (wanted) file.flags = (file.flags & ~O_NONBLOCK) | wanted.flags;
  return to === 0 || t.mem.write(to, mqAttr.encode(before, abi)) ? 0 : -E.EFAULT;
};

const mqdes = fd;
const common = { mqdes, msg_ptr: ptr, msg_len: size } as const;
/** Calls on POSIX message queues. man 7 mq_overview. */
export const mqueueCalls: readonly Syscall[] = [
  syscall("mq_open", { name: cstring, oflag: openFlags, mode, attr: ptr }, (t, a, abi) => open(t, a.name, a.oflag, a.mode, a.attr, abi)),
  syscall("mq_unlink", { name: cstring }, (t, a) => remove(t, a.name)),
  syscall("mq_timedsend", { ...common, msg_prio: uint, abs_timeout: timespec }, (t, a, abi) => send(t, a, native, abi)),
  syscall("mq_timedsend_time64", { ...common, msg_prio: uint, abs_timeout: timespec64 }, (t, a, abi) => send(t, a, time64, abi)),
  syscall("mq_timedreceive", { ...common, msg_prio: ptr, abs_timeout: timespec }, (t, a, abi) => receive(t, a, native, abi)),
  syscall("mq_timedreceive_time64", { ...common, msg_prio: ptr, abs_timeout: timespec64 }, (t, a, abi) => receive(t, a, time64, abi)),
  syscall("mq_notify", { mqdes, sevp: ptr }, (t, a, abi) => notify(t, a.mqdes, a.sevp, abi)),
  syscall("mq_getsetattr", { mqdes, newattr: ptr, oldattr: ptr }, (t, a, abi) => getSetAttr(t, a.mqdes, a.newattr, a.oldattr, abi)),
];

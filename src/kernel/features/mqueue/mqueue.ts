// POSIX message queues: their file system, queues, waiting senders and receivers, notification. man 7
// mq_overview; Linux ipc/mqueue.c.
import { E } from "../../../abi/errno.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";
import { Fifo } from "../../base/fifo.ts";
import type { NamespaceState } from "../../base/namespace-part.ts";
import { Part, type Parted } from "../../base/part.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { MemDir, MemFs } from "../../fs/types/memfs.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import { FileDescription, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../../fs/vfs/file.ts";
import { type Clock, Inode, type NewInode, type Or } from "../../fs/vfs/inode.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../../fs/vfs/mode.ts";
import type { PartNamespace } from "../../namespace/set.ts";
import type { Socket } from "../../net/socket.ts";
import { sendToProcess } from "../../signal/send.ts";
import { SI } from "../../signal/state/info.ts";
import { ownSizes } from "./sizes.ts";

/** The greatest values, for CAP_SYS_RESOURCE. Linux HARD_MSGMAX, HARD_MSGSIZEMAX; MQ_PRIO_MAX. */
const HARD = { messages: 65536, size: 16 << 20 } as const;
/** Priorities of messages are below this. man 7 mq_overview */
export const MQ_PRIO_MAX = 32768;

/** The sysctls of /proc/sys/fs/mqueue. */
export interface MqueueLimits {
  queues_max: number;
  msg_max: number;
  msgsize_max: number;
  msg_default: number;
  msgsize_default: number;
}

/** The size of a queue. */
export interface MqueueShape {
  readonly messages: number;
  readonly size: number;
}
/** A message in a queue. */
export interface PosixMessage {
  readonly text: Uint8Array;
  readonly priority: number;
}
/** A mq_timedreceive(3) that waits: plain data in the thread's `waited`. */
export interface MqueueReceiver {
  readonly task: Task;
  got: PosixMessage | undefined;
}
/** A mq_timedsend(3) that waits. */
export interface MqueueSender {
  readonly task: Task;
  readonly message: PosixMessage;
  sent: boolean;
}
/** mq_notify(3): the receiver of the news that a message came into an empty queue. */
export interface MqueueNotification {
  readonly process: Process;
  /** 0: no notification, but no other process can register. */
  readonly signal: number;
  readonly value: bigint;
  readonly file: FileDescription;
  /** SIGEV_THREAD: 32 bytes for a netlink socket of the C library, which starts the thread. */
  readonly thread?: { readonly socket: Socket; readonly cookie: Uint8Array };
}
/** The last byte of such a cookie. Linux include/linux/mqueue.h NOTIFY_WOKENUP, NOTIFY_REMOVED. */
const WOKENUP = 1;
const REMOVED = 2;
const tellThread = ({ thread }: MqueueNotification, what: number): void =>
  thread?.socket.deliverNotice?.(Uint8Array.from([...thread.cookie.subarray(0, 31), what]));

/** The bytes that a queue counts for in RLIMIT_MSGQUEUE. Linux mqueue_get_inode(). */
const bytesOf = ({ messages, size }: MqueueShape): number => messages * 48 + Math.min(messages, MQ_PRIO_MAX) * 48 + messages * size;

/** The bytes that a message is charged. */
export const mqMessageBytes = ({ text }: PosixMessage): number => ownSizes.ipcMessage + text.length;

/** A queue. */
export class MqueueInode extends Inode {
  declare readonly fs: MqueueFs;
  readonly shape: MqueueShape;
  private readonly _user: number;
  /** Messages by priority. */
  private readonly _messages = new OrderedMap<Fifo<PosixMessage>>();
  count = 0;
  bytes = 0;
  readonly receivers = new Set<MqueueReceiver>();
  readonly senders = new Set<MqueueSender>();
  readonly changes = new WaitQueue();
  notification: MqueueNotification | undefined = undefined;

  constructor(fs: MqueueFs, made: NewInode, shape: MqueueShape, user: number) {
    super(fs, made.mode);
    this.uid = made.uid;
    this.gid = made.gid;
    this.shape = shape;
    this._user = user;
    fs.queues++;
    fs.force(sizes.inode + bytesOf(shape) / 16);
  }
  override get size(): number {
    return 80;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new MqueueFile(this, flags, path);
  }
  get isFull(): boolean {
    return this.count >= this.shape.messages;
  }

  /** Sends a charged message that has room. `from` is told to a notified process. */
  send(message: PosixMessage, from: Task): void {
    this.touch("modify");
    const [receiver] = this.receivers;
    if (receiver) {
      this.receivers.delete(receiver);
      receiver.got = message;
      receiver.task.wake();
      return;
    }
    this._insert(message);
    if (this.count === 1) this._notify(from);
  }
  private _insert(message: PosixMessage): void {
    let queue = this._messages.get(message.priority);
    if (!queue) this._messages.set(message.priority, (queue = new Fifo()));
    queue.push(message);
    this.count++;
    this.bytes += message.text.length;
    this.changes.wake();
  }
  /** Takes the oldest message of the highest priority, with its charge. A waiting sender gets its place. */
  take(): PosixMessage | undefined {
    if (this.count === 0) return undefined;
    const priority = this._messages.previous(MQ_PRIO_MAX) as number;
    const queue = this._messages.get(priority) as Fifo<PosixMessage>;
    const message = queue.shift() as PosixMessage;
    if (queue.length === 0) this._messages.delete(priority);
    this.count--;
    this.bytes -= message.text.length;
    const [sender] = this.senders;
    if (sender) {
      this.senders.delete(sender);
      sender.sent = true;
      this._insert(sender.message);
      sender.task.wake();
    }
    this.touch("modify");
    this.changes.wake();
    return message;
  }
  /** Ends the registration of a process. Linux remove_notification(). */
  endNotification(): void {
    if (this.notification) tellThread(this.notification, REMOVED);
    this.notification = undefined;
  }
  private _notify(from: Task): void {
    const { notification } = this;
    this.notification = undefined;
    if (notification) tellThread(notification, WOKENUP);
    if (!notification || notification.signal === 0) return;
    const { process, signal, value } = notification;
    sendToProcess(process, { signo: signal, code: SI.MESGQ, pid: from.tgid, uid: from.cred.uid, value });
  }

  protected override evict(): void {
    const { account } = this.fs;
    for (let message = this.take(); message; message = this.take()) account.give(mqMessageBytes(message));
    this.fs.give(sizes.inode + bytesOf(this.shape) / 16);
    this.fs.queues--;
    this.fs.use(this._user, -bytesOf(this.shape));
  }
}

/** A descriptor of a queue. */
export class MqueueFile extends FileDescription {
  declare readonly inode: MqueueInode;
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    const { bytes, notification } = this.inode;
    const right = (value: number, width: number): string => String(value).padEnd(width);
    const pid = notification ? task.pidNs.numberOf(notification.process.pid) : 0;
    const kind = notification?.thread ? 2 : !notification || notification.signal > 0 ? 0 : 1;
    const text = `QSIZE:${right(bytes, 10)} NOTIFY:${right(kind, 5)} SIGNO:${right(notification?.signal ?? 0, 5)} NOTIFY_PID:${right(pid, 6)}\n`;
    return Uint8Array.from(text, (c) => c.charCodeAt(0)).subarray(at, at + n);
  }
  override poll(): number {
    const { inode } = this;
    return (inode.count > 0 ? POLLIN | POLLRDNORM : 0) | (inode.isFull ? 0 : POLLOUT | POLLWRNORM);
  }
  override queues(): readonly WaitQueue[] {
    return [this.inode.changes];
  }
  override release(): void {
    if (this.inode.notification?.file === this) this.inode.endNotification();
  }
}

/** The directory of queues. It has no directories and no links. */
export class MqueueDir extends MemDir {
  declare readonly fs: MqueueFs;
  override create(name: string, made: NewInode): Or<Inode> {
    if (this.fs.isDead) return -E.EACCES;
    return (made.mode & S_IFMT) === S_IFREG ? this.make(name, made, undefined, undefined) : -E.EPERM;
  }
  /** A new queue: -ENOSPC, -EINVAL, -EMFILE or -ENOMEM if a limit is reached. Linux mqueue_create_attr(). */
  make(name: string, made: NewInode, wanted: MqueueShape | undefined, task: Task | undefined): Or<Inode> {
    const { limits } = this.fs;
    const powerful = task !== undefined && capable(task.cred, CAP.SYS_RESOURCE);
    if (this.fs.queues >= limits.queues_max && !powerful) return -E.ENOSPC;
    const shape = wanted ?? {
      messages: Math.min(limits.msg_max, limits.msg_default),
      size: Math.min(limits.msgsize_max, limits.msgsize_default),
    };
    if (shape.messages <= 0 || shape.size <= 0) return -E.EINVAL;
    if (shape.messages > (powerful ? HARD.messages : limits.msg_max)) return -E.EINVAL;
    if (shape.size > (powerful ? HARD.size : limits.msgsize_max)) return -E.EINVAL;
    const limit = task?.process.limit(RLIMIT.MSGQUEUE) ?? Number.POSITIVE_INFINITY;
    if (this.fs.used(made.uid) + bytesOf(shape) > limit) return -E.EMFILE;
    if (!this.fs.account.canTake(sizes.inode + sizes.name + name.length)) return -E.ENOSPC;
    this.fs.use(made.uid, bytesOf(shape));
    const inode = new MqueueInode(this.fs, made, shape, made.uid);
    this.add(name, inode);
    this.touch("modify");
    return inode;
  }
  override link(): number {
    return -E.EPERM;
  }
  override rename(): number {
    return -E.EPERM;
  }
}

/** The queues of an IPC namespace, as a file system. */
export class MqueueFs extends MemFs {
  override readonly type: string = "mqueue";
  override readonly magic: number = 0x19800202;
  readonly limits: MqueueLimits = { queues_max: 256, msg_max: 10, msgsize_max: 8192, msg_default: 10, msgsize_default: 8192 };
  override get exportable(): boolean {
    return false;
  }
  queues = 0;
  private readonly _used = new Map<number, number>();
  /** Undefined for the initial namespace, which stays. */
  private _state: "live" | "dead" | undefined;

  constructor(dev: number, clock: Clock, stays: boolean) {
    super(dev, clock, { mode: 0o1777 });
    this._state = stays ? undefined : "live";
  }
  /** True after the end of the namespace, which a mount outlives. Linux mq_clear_sbinfo(). */
  get isDead(): boolean {
    if (this._state === "live") this.clock.garbage.sweep();
    return this._state === "dead";
  }
  /** The namespace has ended. */
  leave(): void {
    this._state = "dead";
  }
  protected override rootDir(mode: number): Inode {
    return new MqueueDir(this, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 });
  }
  get directory(): MqueueDir {
    return this.root.inode as MqueueDir;
  }
  /** The bytes of a user's queues, for RLIMIT_MSGQUEUE. */
  used(uid: number): number {
    return this._used.get(uid) ?? 0;
  }
  use(uid: number, bytes: number): void {
    const now = this.used(uid) + bytes;
    if (now === 0) this._used.delete(uid);
    else this._used.set(uid, now);
  }
}

/** The queues of an IPC namespace. */
export class MqueueNamespace implements NamespaceState {
  readonly fileSystem: MqueueFs;
  constructor(fileSystem: MqueueFs) {
    this.fileSystem = fileSystem;
  }
  end(): void {
    this.fileSystem.leave();
  }
}
const part = new Part<Parted, MqueueNamespace>("mqueue");

/** The file system of a namespace, made at its first use. */
export const mqueueOf = (kernel: Kernel, ns: PartNamespace): MqueueFs =>
  part.make(ns, () => new MqueueNamespace(new MqueueFs(kernel.vfs.newDev(), kernel.vfs.clock, ns === kernel.namespaces.ipc))).fileSystem;

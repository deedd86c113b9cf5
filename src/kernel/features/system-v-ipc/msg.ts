// Message queues of System V: msgget, msgsnd, msgrcv, msgctl. Linux ipc/msg.c, ipc/msgutil.c.
import type { Abi } from "../../../abi/abi.ts";
import { E, restart } from "../../../abi/errno.ts";
import { IPC, MSG } from "../../../abi/uapi/ipc.ts";
import type { Account } from "../../../memory/account.ts";
import { cost } from "../../base/cost.ts";
import { type Held, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { int, long, ptr, size } from "../../syscall/arg.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { ipcGetFlags, key, msgCommand, msgFlags } from "./args.ts";
import { get, type LayoutVersion, msgInfo, msqid, ownerOf, permOf, put } from "./layout.ts";
import { systemVOf } from "./namespace.ts";
import { MAY, mayUse, obtain, setOwner, toControl } from "./permission.ts";
import { messageBytes, newQueue, type Queue, type QueuedMessage, type Receiver, type Selection } from "./queue.ts";

/** msgget(2): the identifier or -errno. */
export const msgget = (t: Task, k: number, flags: number): number => {
  const ns = systemVOf(t);
  return obtain(
    t,
    ns.msg,
    k,
    flags,
    () => newQueue(t.kernel, ns, t.cred, k, flags),
    () => 0,
  );
};

/** A signed `long` in user memory. Undefined: -EFAULT. */
const readLong = (t: Task, at: number, { long: width }: Abi): number | undefined => {
  const lo = t.mem.u32(at);
  const hi = width === 8 ? t.mem.u32(at + 4) : 0;
  if (lo < 0 || hi < 0) return undefined;
  return width === 4 ? lo | 0 : (hi | 0) * 2 ** 32 + lo;
};

/** A message that waits for room, with its charge. */
/** A message, charged to the account, that waits for room in its queue. */
export class SendingMessage implements Held {
  readonly queue: Queue;
  readonly message: QueuedMessage;
  private readonly _account: Account;
  constructor(queue: Queue, message: QueuedMessage, account: Account) {
    this.queue = queue;
    this.message = message;
    this._account = account;
  }
  drop(): void {
    this._account.give(messageBytes(this.message));
  }
}
/** msgsnd(2). Linux do_msgsnd(). */
export const msgsnd = (t: Task, id: number, at: number, bytes: number, flags: number, abi: Abi): Result => {
  const begun = t.waited.data as SendingMessage | undefined;
  if (begun) return begun.queue.removed ? -E.EIDRM : send(t, begun, flags);
  const type = readLong(t, at, abi);
  if (type === undefined) return -E.EFAULT;
  const ns = systemVOf(t);
  if (bytes > ns.msgmax || id < 0 || type < 1) return -E.EINVAL;
  const text = t.mem.read(at + abi.long, bytes);
  if (!text) return -E.EFAULT;
  t.kernel.charge(bytes * cost.byte);
  const queue = ns.msg.get(id);
  if (typeof queue === "number") return queue;
  const message: QueuedMessage = { type, text };
  const { account } = t.kernel.frames;
  if (!account.take(messageBytes(message))) return -E.ENOMEM;
  const sending = new SendingMessage(queue, message, account);
  t.waited.held = sending;
  return send(t, sending, flags);
};
const send = (t: Task, sending: SendingMessage, flags: number): Result => {
  const { queue, message } = sending;
  if (!mayUse(t, queue, MAY.WRITE)) return -E.EACCES;
  if (queue.hasRoom(message.text.length)) {
    t.waited.held = undefined;
    queue.send(message, t.tgid);
    return 0;
  }
  if ((flags & IPC.NOWAIT) !== 0) return -E.EAGAIN;
  t.waited.data = sending;
  return wait([queue.senders], { interrupted: restart.ERESTARTNOHAND });
};

/** Linux convert_mode(). */
const selectionOf = (type: number, flags: number): Selection => {
  if ((flags & MSG.COPY) !== 0) return { kind: "number", type };
  if (type === 0) return { kind: "any", type };
  if (type < 0) return { kind: "lowest", type: -type };
  return { kind: (flags & MSG.EXCEPT) !== 0 ? "other" : "equal", type };
};

/** Writes a message, whose charge ends: its length or -EFAULT. Linux do_msg_fill(). */
const deliver = (t: Task, at: number, message: QueuedMessage, most: number, abi: Abi): number => {
  const text = message.text.length > most ? message.text.subarray(0, most) : message.text;
  t.kernel.charge(text.length * cost.byte);
  return t.mem.setLong(at, message.type, abi.long) && t.mem.write(at + abi.long, text) ? text.length : -E.EFAULT;
};

/** A call that waits for a message. A message that it got and did not deliver is charged to the account. */
export class ReceivingMessage implements Held {
  readonly queue: Queue;
  readonly receiver: Receiver;
  private readonly _account: Account;
  constructor(queue: Queue, receiver: Receiver, account: Account) {
    this.queue = queue;
    this.receiver = receiver;
    this._account = account;
  }
  drop(): void {
    this.queue.receivers.delete(this.receiver);
    if (typeof this.receiver.got === "object") this._account.give(messageBytes(this.receiver.got));
  }
}
/** msgrcv(2). Linux do_msgrcv(). */
export const msgrcv = (t: Task, id: number, at: number, most: number, type: number, flags: number, abi: Abi): Result => {
  const begun = t.waited.data as ReceivingMessage | undefined;
  if (begun) return received(t, begun, at, most, flags, abi);
  if (id < 0 || most < 0) return -E.EINVAL;
  if ((flags & MSG.COPY) !== 0 && ((flags & MSG.EXCEPT) !== 0 || (flags & IPC.NOWAIT) === 0)) return -E.EINVAL;
  const queue = systemVOf(t).msg.get(id);
  if (typeof queue === "number") return queue;
  return receive(t, queue, at, most, selectionOf(type, flags), flags, abi);
};
const receive = (t: Task, queue: Queue, at: number, most: number, wanted: Selection, flags: number, abi: Abi): Result => {
  if (!mayUse(t, queue, MAY.READ)) return -E.EACCES;
  const message = queue.find(wanted);
  if (message) {
    if (most < message.text.length && (flags & MSG.NOERROR) === 0) return -E.E2BIG;
    if ((flags & MSG.COPY) !== 0) return deliver(t, at, message, most, abi);
    queue.take(message, t.tgid);
    t.kernel.frames.account.give(messageBytes(message));
    return deliver(t, at, message, most, abi);
  }
  if ((flags & IPC.NOWAIT) !== 0) return -E.ENOMSG;
  const receiver: Receiver = {
    task: t,
    wanted,
    most: (flags & MSG.NOERROR) !== 0 ? Number.POSITIVE_INFINITY : most,
    got: undefined,
  };
  queue.receivers.add(receiver);
  t.waited.data = t.waited.held = new ReceivingMessage(queue, receiver, t.kernel.frames.account);
  return wait([], { interrupted: restart.ERESTARTNOHAND });
};
const received = (t: Task, { queue, receiver }: ReceivingMessage, at: number, most: number, flags: number, abi: Abi): Result => {
  const { got } = receiver;
  if (typeof got === "number") return got;
  if (got) return deliver(t, at, got, most, abi);
  // IPC_SET woke it: everything is checked again.
  t.waited.held?.drop();
  return receive(t, queue, at, most, receiver.wanted, flags, abi);
};

const statOf = (t: Task, q: Queue, version: LayoutVersion) => {
  const short = (n: number): number => (version === "now" ? n : Math.min(n, 0xffff));
  return {
    ...permOf(t, q),
    stime: q.stime,
    rtime: q.rtime,
    ctime: q.ctime,
    cbytes: short(q.bytes),
    qnum: short(q.messages.size),
    qbytes: short(q.limit),
    lspid: shownPid(t, q.lastSender),
    lrpid: shownPid(t, q.lastReceiver),
  };
};
const stat = (t: Task, id: number, command: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const { msg } = systemVOf(t);
  const queue = command === IPC.STAT ? msg.get(id) : msg.at(id);
  if (typeof queue === "number") return queue;
  if (command !== MSG.STAT_ANY && !mayUse(t, queue, MAY.READ)) return -E.EACCES;
  return put(t, buf, msqid[version], statOf(t, queue, version), abi, command === IPC.STAT ? 0 : queue.id);
};

/** MSGPOOL, MSGMAP, MSGSSZ, MSGTQL, MSGSEG. Linux uapi linux/msg.h. */
const unused = { pool: 512_000, map: 16384, tql: 16384 } as const;
const info = (t: Task, command: number, buf: number, abi: Abi): number => {
  const ns = systemVOf(t);
  const uses = command === MSG.INFO ? { pool: ns.msg.inUse, map: ns.messages, tql: ns.messageBytes } : unused;
  const values = { max: ns.msgmax, mnb: ns.msgmnb, mni: ns.msgmni, ssz: 16, seg: 0xffff, ...uses };
  return put(t, buf, msgInfo, values, abi, ns.msg.highest);
};

const setAttributes = (t: Task, id: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  const wanted = get(t, buf, msqid[version], abi);
  if (!wanted) return -E.EFAULT;
  const ns = systemVOf(t);
  const queue = toControl(t, ns.msg, id);
  if (typeof queue === "number") return queue;
  const limit = wanted["qbytes"] || (wanted["lqbytes"] ?? 0);
  if (limit > ns.msgmnb && !capable(t.cred, CAP.SYS_RESOURCE)) return -E.EPERM;
  const failed = setOwner(t, queue, ownerOf(wanted, version));
  if (failed < 0) return failed;
  queue.limit = limit;
  queue.ctime = t.kernel.realtime().sec;
  queue.changed();
  return 0;
};

/** msgctl(2). */
export const msgctl = (t: Task, id: number, command: number, buf: number, version: LayoutVersion, abi: Abi): number => {
  if (id < 0 || command < 0) return -E.EINVAL;
  switch (command) {
    case IPC.INFO:
    case MSG.INFO:
      return info(t, command, buf, abi);
    case IPC.STAT:
    case MSG.STAT:
    case MSG.STAT_ANY:
      return stat(t, id, command, buf, version, abi);
    case IPC.SET:
      return setAttributes(t, id, buf, version, abi);
    case IPC.RMID: {
      const queue = toControl(t, systemVOf(t).msg, id);
      if (typeof queue === "number") return queue;
      queue.destroy();
      return 0;
    }
    case IPC.STAT | IPC.V64:
      // Linux compat_ksys_msgctl() knows the command, and msgctl_stat() takes it for MSG_STAT at the end.
      return abi.splits64 ? stat(t, id, IPC.STAT, buf, version, abi) || id : -E.EINVAL;
    default:
      return -E.EINVAL;
  }
};

/** Calls on System V message queues. man 2 msgget, msgop, msgctl. */
export const msgCalls: readonly Syscall[] = [
  syscall("msgget", { key, msgflg: ipcGetFlags }, (t, a) => msgget(t, a.key, a.msgflg)),
  syscall("msgsnd", { msqid: int, msgp: ptr, msgsz: size, msgflg: msgFlags }, (t, a, abi) =>
    msgsnd(t, a.msqid, a.msgp, a.msgsz, a.msgflg, abi),
  ),
  syscall("msgrcv", { msqid: int, msgp: ptr, msgsz: long, msgtyp: long, msgflg: msgFlags }, (t, a, abi) =>
    msgrcv(t, a.msqid, a.msgp, a.msgsz, a.msgtyp, a.msgflg, abi),
  ),
  syscall("msgctl", { msqid: int, cmd: msgCommand, buf: ptr }, (t, a, abi) => msgctl(t, a.msqid, a.cmd, a.buf, "now", abi)),
];

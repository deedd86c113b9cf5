// Message queues of System V. man 2 msgsnd, msgrcv; Linux ipc/msg.c.
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Cred } from "../../cred/cred.ts";
import { IpcObject } from "./ids.ts";
import type { SystemV } from "./namespace.ts";
import { ownSizes } from "./sizes.ts";

/** A message: a positive type, and text. */
export interface QueuedMessage {
  readonly type: number;
  readonly text: Uint8Array;
}

/** The bytes that a message is charged from its copy out of user memory to its copy back. */
export const messageBytes = ({ text }: QueuedMessage): number => ownSizes.ipcMessage + text.length;

/** The selection of a message by msgrcv(2). Linux convert_mode(). */
export interface Selection {
  readonly kind: "any" | "equal" | "other" | "lowest" | "number";
  /** The type, the greatest type ("lowest"), or the position ("number"). */
  readonly type: number;
}
const suits = (type: number, wanted: Selection): boolean => {
  switch (wanted.kind) {
    case "any":
    case "number":
      return true;
    case "equal":
      return type === wanted.type;
    case "other":
      return type !== wanted.type;
    case "lowest":
      return type <= wanted.type;
  }
};

/** A msgrcv(2) that waits: plain data in the thread's `waited`. Linux struct msg_receiver. */
export interface Receiver {
  readonly task: Task;
  readonly wanted: Selection;
  /** The greatest size that it takes. */
  readonly most: number;
  /** The message, or -errno, as soon as the wait is over. */
  got: QueuedMessage | number | undefined;
}

/** A queue. Linux struct msg_queue. */
export class Queue extends IpcObject {
  private readonly _namespace: SystemV;
  private readonly _kernel: Kernel;
  stime = 0;
  rtime = 0;
  /** The limit of its bytes. */
  limit: number;
  bytes = 0;
  /** The kernel's pids of the last sender and receiver. */
  lastSender = 0;
  lastReceiver = 0;
  readonly messages = new Set<QueuedMessage>();
  readonly receivers = new Set<Receiver>();
  readonly senders = new WaitQueue();

  constructor(kernel: Kernel, ns: SystemV, cred: Cred, key: number, mode: number) {
    super(cred, key, mode, kernel.realtime().sec);
    this._kernel = kernel;
    this._namespace = ns;
    this.limit = ns.msgmnb;
  }
  private _now(): number {
    return this._kernel.realtime().sec;
  }

  /** Linux msg_fits_inqueue(). */
  hasRoom(bytes: number): boolean {
    return bytes + this.bytes <= this.limit && 1 + this.messages.size <= this.limit;
  }
  /** Sends a charged message that has room. A waiting receiver gets it at once. Linux pipelined_send(). */
  send(message: QueuedMessage, pid: number): void {
    this.lastSender = pid;
    this.stime = this._now();
    for (const receiver of this.receivers) {
      this._kernel.charge(cost.entry);
      if (!suits(message.type, receiver.wanted)) continue;
      if (receiver.most < message.text.length) {
        this.finish(receiver, -E.E2BIG);
        continue;
      }
      this.lastReceiver = receiver.task.tgid;
      this.rtime = this._now();
      this.finish(receiver, message);
      return;
    }
    this.messages.add(message);
    this.bytes += message.text.length;
    this._namespace.messages++;
    this._namespace.messageBytes += message.text.length;
  }
  finish(receiver: Receiver, got: QueuedMessage | number): void {
    this.receivers.delete(receiver);
    receiver.got = got;
    receiver.task.wake();
  }

  /** The selected message, which remains in the queue. Linux find_msg(). */
  find(wanted: Selection): QueuedMessage | undefined {
    let found: QueuedMessage | undefined;
    let n = 0;
    for (const message of this.messages) {
      n++;
      if (wanted.kind === "number" ? n - 1 !== wanted.type : !suits(message.type, wanted)) continue;
      if (wanted.kind !== "lowest") {
        found = message;
        break;
      }
      if (!found || message.type < found.type) found = message;
      if (found.type === 1) break;
    }
    this._kernel.charge(n * cost.entry);
    return found;
  }
  /** Takes a message out, with its charge. */
  take(message: QueuedMessage, pid: number): void {
    this._unlink(message);
    this.rtime = this._now();
    this.lastReceiver = pid;
    this.senders.wake();
  }
  private _unlink(message: QueuedMessage): void {
    this.messages.delete(message);
    this.bytes -= message.text.length;
    this._namespace.messages--;
    this._namespace.messageBytes -= message.text.length;
  }

  /** IPC_SET: waiting calls check permission and room again. */
  changed(): void {
    for (const { task } of this.receivers) task.wake();
    this.senders.wake();
  }
  /** IPC_RMID: waiting calls return EIDRM. */
  destroy(): void {
    this._namespace.msg.remove(this);
    for (const receiver of [...this.receivers]) this.finish(receiver, -E.EIDRM);
    this.senders.wake();
    this.end();
  }
  /** Frees messages and charge. */
  end(): void {
    const { account } = this._kernel.frames;
    for (const message of [...this.messages]) {
      this._unlink(message);
      account.give(messageBytes(message));
    }
    account.give(ownSizes.ipcObject);
  }
}

/** A new queue: its identifier or -errno. Linux newque(). */
export const newQueue = (kernel: Kernel, ns: SystemV, cred: Cred, key: number, flags: number): number => {
  if (!kernel.frames.account.take(ownSizes.ipcObject)) return -E.ENOMEM;
  const id = ns.msg.add(new Queue(kernel, ns, cred, key, flags), ns.msgmni);
  if (id < 0) kernel.frames.account.give(ownSizes.ipcObject);
  return id;
};

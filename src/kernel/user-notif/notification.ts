// Notifications of filters to their listener, and the answers. man 2 seccomp_unotify; Linux kernel/seccomp.c
// struct seccomp_knotif, seccomp_do_user_notification(), seccomp_handle_addfd().
import { E, restart } from "../../abi/errno.ts";
import type { SyscallData } from "../../seccomp/data.ts";
import type { Filter } from "../../seccomp/filter.ts";
import { wordsOf } from "../../seccomp/unchecked.ts";

import { exitWork } from "../base/pending-work.ts";
import { RLIMIT } from "../base/rlimit.ts";
import { WaitQueue, wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Task } from "../core/task.ts";
import type { FileDescription } from "../fs/vfs/file.ts";

declare module "../syscall/call.ts" {
  interface Incoming {
    /** The notification that the filters' listener got. */
    notification?: Notification | undefined;
  }
}

/** `init`: not received yet. `sent`: received. `replied`: the task ends the wait when it runs next. */
export type NotificationState = "init" | "sent" | "replied";

/** SECCOMP_IOCTL_NOTIF_ADDFD in progress: a file for the task's table. */
export interface AddFdRequest {
  readonly notification: Notification;
  readonly file: FileDescription;
  /** SECCOMP_ADDFD_FLAG_SETFD: this descriptor number instead of the lowest free one. */
  readonly fd: number | undefined;
  readonly cloexec: boolean;
  /** SECCOMP_ADDFD_FLAG_SEND: the descriptor number is also the result of the call. */
  readonly send: boolean;
}
/** A request of SECCOMP_IOCTL_NOTIF_ADDFD. */
export class AddFd {
  readonly request: AddFdRequest;
  /** The descriptor or -errno, after the task has installed it. */
  result: number | undefined = undefined;
  readonly done = new WaitQueue();

  constructor(request: AddFdRequest) {
    this.request = request;
    request.file.hold();
  }
  finish(result: number): void {
    this.result = result;
    this.request.file.drop();
    this.done.wake();
  }
  /** The caller has stopped waiting. If the task has not installed the file yet, the request is cancelled. */
  drop(): void {
    if (this.result !== undefined) return;
    const { notification: n, send, file } = this.request;
    const at = n.adding.indexOf(this);
    if (at >= 0) n.adding.splice(at, 1);
    if (send && n.state === "replied") n.state = "sent";
    file.drop();
  }
}

/** One call that waits for the listener's answer. */
export class Notification {
  readonly id: bigint;
  readonly task: Task;
  /** struct seccomp_data. */
  readonly data: Uint8Array;
  readonly listener: Listener;
  state: NotificationState = "init";
  /** The answer: a value, a negative errno, or permission to run the call. */
  value = 0;
  resumes = false;
  readonly adding: AddFd[] = [];
  readonly answered = new WaitQueue();

  constructor(id: bigint, task: Task, data: Uint8Array, listener: Listener) {
    this.id = id;
    this.task = task;
    this.data = data;
    this.listener = listener;
  }

  /** Linux should_sleep_killable(): once received, only a fatal signal interrupts. */
  get killable(): boolean {
    return this.listener.waitKillable && this.state === "sent";
  }

  reply(value: number): void {
    this.state = "replied";
    this.value = value;
    this.answered.wake();
  }

  /** The task has stopped waiting. */
  drop(): void {
    for (const add of this.adding.splice(0)) add.finish(-E.ESRCH);
    this.listener.forget(this);
  }
}

/** The waiting calls of one filter. Linux struct notification. */
export class Listener {
  readonly kernel: Kernel;
  readonly filter: Filter;
  /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV. */
  readonly waitKillable: boolean;
  readonly notifications: Notification[] = [];
  /**
   * The number of receives that return without waiting. A call that was given up before it was received still
   * counts, so one receive finds nothing: ENOENT.
   */
  requests = 0;
  /** Woken by every change that poll(2) reports. */
  readonly events = new WaitQueue();
  private _nextId: bigint;

  constructor(kernel: Kernel, filter: Filter, waitKillable: boolean) {
    this.kernel = kernel;
    this.filter = filter;
    this.waitKillable = waitKillable;
    this._nextId = new DataView(kernel.random.bytes(8).buffer).getBigUint64(0, true);
  }

  notify(task: Task, data: SyscallData): Notification {
    const id = this._nextId;
    this._nextId = BigInt.asUintN(64, id + 1n);
    const notification = new Notification(id, task, new Uint8Array(wordsOf(this.kernel.profile.seccomp.layout, data).buffer), this);
    this.notifications.push(notification);
    this.requests++;
    task.waited.held = notification;
    this.events.wake();
    return notification;
  }
  find(id: bigint): Notification | undefined {
    return this.notifications.find((n) => n.id === id);
  }
  forget(notification: Notification): void {
    const at = this.notifications.indexOf(notification);
    if (at >= 0) this.notifications.splice(at, 1);
  }
  /** True while a task has the filter. */
  get used(): boolean {
    for (const task of this.kernel.tasks.values()) if (task.state !== "dead" && has(task, this.filter)) return true;
    return false;
  }
  /** The last descriptor is closed: all waiting calls get ENOSYS. Linux seccomp_notify_detach(). */
  close(): void {
    this.filter.listener = null;
    for (const n of this.notifications) if (n.state !== "replied") n.reply(-E.ENOSYS);
  }
}

const has = (task: Task, filter: Filter): boolean => {
  for (let f = task.seccomp?.filter ?? null; f; f = f.prev) if (f === filter) return true;
  return false;
};

/**
 * A task with filters has ended: its listeners may report the end of all tasks. Linux
 * seccomp_filter_release().
 */
export const filtersReleased = (task: Task): void => {
  for (let f = task.seccomp?.filter ?? null; f; f = f.prev) if (f.listener instanceof Listener) f.listener.events.wake();
};

/** Runs as the task: with its table and its limit. Linux receive_fd(), receive_fd_replace(). */
const take = (task: Task, { file, fd, cloexec }: AddFdRequest): number => {
  const limit = task.process.limit(RLIMIT.NOFILE);
  if (fd === undefined) return task.files.install(file, limit, { cloexec });
  if (fd >= limit) return -E.EBADF;
  return task.files.replace(fd, file, cloexec) || fd;
};
const addNext = (n: Notification): void => {
  const add = n.adding.shift();
  if (!add) return;
  const fd = take(n.task, add.request);
  if (add.request.send) {
    if (fd < 0) n.state = "sent";
    else n.value = fd;
  }
  add.finish(fd);
};

/** The fate of the call: it goes on waiting, runs after all, or has this result. */
export const awaitAnswer = (task: Task, n: Notification): "wait" | "continue" | number => {
  while (n.adding.length > 0) addNext(n);
  if (n.state !== "replied") {
    const signalled = (task.exitWork & exitWork.signal) !== 0;
    if (!signalled || n.killable) {
      task.kernel.scheduler.sleep(task, wait([n.answered], n.killable && signalled ? { killable: true } : {}));
      return "wait";
    }
  }
  const interrupted = n.state !== "replied";
  task.waited.held = undefined;
  n.drop();
  if (interrupted) return -restart.ERESTARTSYS;
  return n.resumes ? "continue" : n.value;
};

/** sizeof struct seccomp_notif, and its parts, equal in every ABI. Linux uapi linux/seccomp.h. */
export const NOTIF_SIZE = 80;
/** struct seccomp_notif of a notification. `pid`: as the reader sees it. */
export const notifBytes = (n: Notification, pid: number): Uint8Array => {
  const out = new Uint8Array(NOTIF_SIZE);
  const v = new DataView(out.buffer);
  v.setBigUint64(0, n.id, true);
  v.setUint32(8, pid, true);
  out.set(n.data, 16);
  return out;
};

// The listener's descriptor: seccomp notifications by ioctl(2) and poll(2). man 2 seccomp_unotify; Linux
// kernel/seccomp.c seccomp_notify_ioctl(), seccomp_notify_recv(), _send(), _id_valid(), _addfd(), _poll().

import type { VAddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { O_CLOEXEC, O_RDWR } from "../../abi/uapi/fcntl.ts";
import { NOTIF } from "../../abi/uapi/ioctl.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { NotifFeature } from "../../seccomp/profile/profile.ts";
import { type WaitQueue, wait } from "../base/wait.ts";
import type { Result } from "../core/result.ts";
import type { Task } from "../core/task.ts";
import { FileDescription, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../fs/vfs/file.ts";
import { shownPid } from "../task/pid-namespace.ts";
import { AddFd, type AddFdRequest, type Listener, NOTIF_SIZE, type Notification, notifBytes } from "./notification.ts";

/** _IOC_SIZE; and a request without size and direction, the key of extensible requests. */
const sizeOf = (request: number): number => (request >>> 16) & 0x3fff;
const EXTENSIBLE = 0xffff;

const CONTINUE = 1;
const SYNC_WAKE_UP = 1;
const ADD = { SETFD: 1, SEND: 2 } as const;
const ADDFD_SIZE = 24;

/** The listener of a filter. man 2 seccomp_unotify */
export class ListenerFile extends FileDescription {
  readonly listener: Listener;
  constructor(task: Task, listener: Listener) {
    const path = task.kernel.vfs.anonymous(task, "seccomp notify");
    super(path.dentry.inode, O_RDWR, path);
    this.listener = listener;
    task.kernel.garbage.files.set(this, listener.filter);
  }
  override poll(): number {
    const { notifications, used } = this.listener;
    const some = (state: Notification["state"]): boolean => notifications.some((n) => n.state === state);
    return (some("init") ? POLLIN | POLLRDNORM : 0) | (some("sent") ? POLLOUT | POLLWRNORM : 0) | (used ? 0 : POLLHUP);
  }
  override queues(): readonly WaitQueue[] {
    return [this.listener.events];
  }
  override release(): void {
    this.listener.close();
    this.listener.kernel.garbage.files.delete(this);
  }

  override ioctl(task: Task, request: number, arg: VAddr): Result {
    switch (request >>> 0) {
      case NOTIF.RECV:
        return this._receive(task, arg);
      case NOTIF.SEND:
        return this._send(task, arg);
      case NOTIF.ID_VALID:
      case NOTIF.ID_VALID_WRONG_DIR:
        return this._isValid(task, arg);
      case NOTIF.SET_FLAGS:
        if (!this._can(task, "sync-wake-up")) return -E.EINVAL;
        // The CPU on which the listener wakes up: there is only one.
        return (arg & ~SYNC_WAKE_UP) !== 0 ? -E.EINVAL : 0;
    }
    const isAdd = (request & EXTENSIBLE) === (NOTIF.ADDFD & EXTENSIBLE) && this._can(task, "addfd");
    return isAdd ? this._addFd(task, arg, sizeOf(request)) : -E.EINVAL;
  }

  private _can(task: Task, feature: NotifFeature): boolean {
    return task.kernel.profile.seccomp.notif.includes(feature);
  }

  /** The oldest notification that has not been received. The buffer must be zero, for future members. */
  private _receive(task: Task, at: VAddr): Result {
    const buffer = task.mem.read(at, NOTIF_SIZE);
    if (!buffer) return -E.EFAULT;
    if (buffer.some((b) => b !== 0)) return -E.EINVAL;
    const { listener } = this;
    if (listener.requests === 0 && listener.used) return wait([listener.events]);
    const next = listener.notifications.find((n) => n.state === "init");
    if (listener.requests > 0) listener.requests--;
    if (!next) return -E.ENOENT;
    if (!task.mem.write(at, notifBytes(next, shownPid(task, next.task.pid)))) {
      listener.requests++;
      return -E.EFAULT;
    }
    next.state = "sent";
    listener.events.wake();
    return 0;
  }

  private _send(task: Task, at: VAddr): number {
    const bytes = task.mem.read(at, ADDFD_SIZE);
    if (!bytes) return -E.EFAULT;
    const v = new DataView(bytes.buffer, bytes.byteOffset);
    const value = Number(v.getBigInt64(8, true));
    const error = v.getInt32(16, true);
    const flags = v.getUint32(20, true);
    const known = this._can(task, "continue") ? CONTINUE : 0;
    if ((flags & ~known) !== 0 || ((flags & CONTINUE) !== 0 && (error !== 0 || value !== 0))) return -E.EINVAL;
    const n = this.listener.find(v.getBigUint64(0, true));
    if (!n) return -E.ENOENT;
    if (n.state !== "sent") return -E.EINPROGRESS;
    n.resumes = (flags & CONTINUE) !== 0;
    n.reply(error !== 0 ? error : value);
    return 0;
  }

  private _isValid(task: Task, at: VAddr): number {
    const bytes = task.mem.read(at, 8);
    if (!bytes) return -E.EFAULT;
    const n = this.listener.find(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    return n?.state === "sent" ? 0 : -E.ENOENT;
  }

  /** Installs a file of the caller into the task's table. The task itself does it, when it runs next. */
  private _addFd(task: Task, at: VAddr, size: number): Result {
    const begun = task.waited.data as AddFd | undefined;
    if (begun) return begun.result ?? wait([begun.done]);
    const request = this._addRequest(task, at, size);
    if (typeof request === "number") return request;
    const add = new AddFd(request);
    const { notification: n } = request;
    if (request.send) n.state = "replied";
    n.adding.unshift(add);
    task.waited.data = task.waited.held = add;
    n.answered.wake();
    return wait([add.done]);
  }

  private _addRequest(task: Task, at: VAddr, size: number): AddFdRequest | number {
    if (size < ADDFD_SIZE || size >= PAGE_SIZE) return -E.EINVAL;
    const bytes = task.mem.read(at, size);
    if (!bytes) return -E.EFAULT;
    if (bytes.subarray(ADDFD_SIZE).some((b) => b !== 0)) return -E.E2BIG;
    const v = new DataView(bytes.buffer, bytes.byteOffset);
    const [flags, source, fd, fdFlags] = [8, 12, 16, 20].map((o) => v.getUint32(o, true)) as [number, number, number, number];
    const known = ADD.SETFD | (this._can(task, "addfd-send") ? ADD.SEND : 0);
    if ((fdFlags & ~O_CLOEXEC) !== 0 || (flags & ~known) !== 0) return -E.EINVAL;
    const set = (flags & ADD.SETFD) !== 0;
    if (fd !== 0 && !set) return -E.EINVAL;
    const file = task.files.get(source);
    if (!file) return -E.EBADF;
    const n = this.listener.find(v.getBigUint64(0, true));
    if (!n) return -E.ENOENT;
    if (n.state !== "sent") return -E.EINPROGRESS;
    const send = (flags & ADD.SEND) !== 0;
    if (send && n.adding.length > 0) return -E.EBUSY;
    return { notification: n, file, fd: set ? fd : undefined, cloexec: (fdFlags & O_CLOEXEC) !== 0, send };
  }
}

// The system calls that order what tasks do: the beginning and end of tasks, futexes, pipes and sockets,
// waits, signals. Calls that map memory make it new.
import { MADV } from "../../../abi/uapi/mman.ts";
import { S_IFIFO, S_IFMT, S_IFSOCK } from "../../../abi/uapi/stat.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { Observer } from "../../../kernel/observer.ts";
import type { PendingCall } from "../../../kernel/syscall/call.ts";
import type { PagesInUse } from "../shared-words.ts";
import type { RaceDetector } from "./detector.ts";

/** Objects of which there is one, by name. */
type Common = "sockets" | "waits" | "signals" | "ipc" | "channels";

/** The result of the call is that of an event which another task has caused before. */
const acquires = new Map<string, Common>([
  ...["wait4", "waitpid", "waitid"].map((name): [string, Common] => [name, "waits"]),
  ...["rt_sigtimedwait", "rt_sigtimedwait_time64"].map((name): [string, Common] => [name, "signals"]),
  ...["msgrcv", "semop", "semtimedop", "mq_timedreceive", "ipc"].map((name): [string, Common] => [name, "ipc"]),
  ...["poll", "ppoll", "select", "pselect6", "_newselect", "epoll_wait", "epoll_pwait"].map((name): [string, Common] => [name, "channels"]),
]);
const releases = new Map<string, Common>([
  ...["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"].map((name): [string, Common] => [
    name,
    "signals",
  ]),
  ...["msgsnd", "semop", "semtimedop", "mq_timedsend", "ipc"].map((name): [string, Common] => [name, "ipc"]),
]);
const READS = /^(p?readv?(64|v2)?|recv(from|msg|mmsg)?|accept4?|splice|tee)$/;
const WRITES = /^(p?writev?(64|v2)?|send(to|msg|mmsg)?|connect|shutdown|close|splice|tee|vmsplice|sendfile(64)?)$/;
const FUTEX = /^futex/;
const MAPS = /^(mmap2?|mremap|munmap|brk|madvise)$/;

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Tells a detector about calls. */
export class SyncCalls implements Observer {
  private readonly _detector: RaceDetector;
  private readonly _pages: PagesInUse;
  constructor(detector: RaceDetector, pages: PagesInUse) {
    this._detector = detector;
    this._pages = pages;
  }

  started(task: Task, parent: Task | undefined): void {
    if (!parent) return;
    this._detector.started(task, parent);
    if (task.clearChildTid !== 0) this._detector.syncWord(task, task.clearChildTid, "mark");
  }
  ended(task: Task): void {
    const detector = this._detector;
    // The kernel clears the thread's id, which its joiner reads.
    if (task.clearChildTid !== 0) detector.syncWord(task, task.clearChildTid, "release");
    detector.release(task, "waits");
    detector.release(task, `end ${task.pid}`);
  }
  signal(task: Task): void {
    this._detector.acquire(task, "signals");
  }

  /** The object of a descriptor; undefined: a file, a terminal or the like, which order nothing. */
  private _objectOf(task: Task, fd: unknown): unknown {
    const inode = typeof fd === "number" ? task.files.get(fd)?.inode : undefined;
    if (!inode) return undefined;
    const type = inode.mode & S_IFMT;
    // An inode without a type is one of eventfd(2), timerfd_create(2) and the like.
    return type === S_IFIFO ? inode : type === S_IFSOCK || type === 0 ? "sockets" : undefined;
  }
  runs(task: Task, { entry, args }: PendingCall): void {
    const { name } = entry.syscall;
    const detector = this._detector;
    if (FUTEX.test(name)) this._futex(task, args, "release");
    const released = releases.get(name);
    if (released) detector.release(task, released);
    const object = WRITES.test(name) ? this._objectOf(task, args["fd"] ?? args["sockfd"] ?? args["fd_out"] ?? args["out_fd"]) : undefined;
    if (object !== undefined) {
      detector.release(task, object);
      detector.release(task, "channels");
    }
    // The parent of vfork(2) goes on when the child has left the memory.
    if (name === "execve" || name === "execveat") detector.release(task, `end ${task.pid}`);
    if (name === "munmap" || (name === "madvise" && args["advice"] === MADV.DONTNEED))
      this._pages.forget(task, number(args["addr"] ?? args["start"]), number(args["length"] ?? args["len"]));
  }
  leave(task: Task, call: PendingCall | undefined, result: number): void {
    if (!call || result < 0) return;
    const { args, entry } = call;
    const { name } = entry.syscall;
    const detector = this._detector;
    if (FUTEX.test(name)) this._futex(task, args, "acquire");
    const acquired = acquires.get(name);
    if (acquired) detector.acquire(task, acquired);
    if (READS.test(name)) {
      const object = this._objectOf(task, args["fd"] ?? args["sockfd"] ?? args["fd_in"]);
      if (object !== undefined) detector.acquire(task, object);
    }
    if (MAPS.test(name)) this._mapped(task, name, args, result);
    if (name === "vfork" || name === "clone" || name === "clone3") detector.acquire(task, `end ${result}`);
  }
  private _mapped(task: Task, name: string, args: PendingCall["args"], result: number): void {
    if (name === "mmap" || name === "mmap2") this._pages.forget(task, result, number(args["length"]));
    else if (name === "mremap") this._pages.forget(task, number(args["old_address"]), number(args["old_size"]));
  }
  private _futex(task: Task, args: PendingCall["args"], how: "release" | "acquire"): void {
    for (const name of ["uaddr", "uaddr2"]) {
      const address = number(args[name]);
      if (address > 0) this._detector.syncWord(task, address, how);
    }
  }
}

// Observers of a kernel's calls: trace lines, and calls that filters did not simply allow.

import type { DoorName } from "../abi/door.ts";
import type { SyscallData } from "../seccomp/data.ts";
import type { Filter, FilterResult } from "../seccomp/filter.ts";
import type { LogRecord } from "./base/log.ts";
import { entryWork } from "./base/pending-work.ts";
import type { Kernel } from "./core/kernel.ts";
import type { Task } from "./core/task.ts";
import type { SigInfo } from "./signal/state/info.ts";
import type { Door, PendingCall } from "./syscall/call.ts";

declare module "./core/kernel.ts" {
  interface KernelMembers {
    /** Set by `observe`. */
    observer: Observer | undefined;
  }
}

/** True if an observer sees calls at their doors, or calls have points at their reads: not the fast path. */
export const checksCalls = ({ observer, scheduler }: Kernel): boolean =>
  (observer !== undefined && observer.checksCalls !== false) || scheduler.splitReads !== undefined;
/** Sets the observer of a kernel. Undefined: none. */
export const observe = (kernel: Kernel, observer: Observer | undefined): void => {
  kernel.observer = observer;
  const checks = checksCalls(kernel);
  for (const task of kernel.tasks.values()) {
    if (checks) task.entryWork |= entryWork.observer;
    else task.entryWork &= ~entryWork.observer;
  }
};

/** An observer's change of a call, as by strace's `-e inject=`. */
export interface Injected {
  /** The result in place of the call: 0 or more, or -errno. Undefined: the call runs. */
  readonly result: number | undefined;
  /** Virtual nanoseconds before the call. */
  readonly delay: number;
}

/** Callbacks of an observer, each with the task that it is about. */
export interface Observer {
  /**
   * A call is about to run. `call` is undefined for a number without a table entry; see task.origAx and
   * task.args. The registers are those of the door; rax still has the number.
   */
  enter?(task: Task, call: PendingCall | undefined, door: Door): Injected | undefined | void;
  /**
   * The filters have been evaluated: the data that they saw, the newest filter, and the winning value. The
   * objects are reused.
   */
  evaluated?(task: Task, data: Readonly<SyscallData>, newest: Filter, result: Readonly<FilterResult>): void;
  /** The call runs now: no filter and no tracer prevented it. Not repeated when a waiting call continues. */
  runs?(task: Task, call: PendingCall): void;
  /**
   * The call has a result: 0 or more, or -errno (restart codes included). Not called for calls that never
   * return.
   */
  leave?(task: Task, call: PendingCall | undefined, result: number): void;
  /** Filters have denied or changed the call that `enter` announced, for example `SECCOMP_RET_ERRNO(1)`. */
  filtered?(task: Task, text: string): void;
  /** Filters have denied, changed or logged a call. */
  decided?(call: FilteredCall): void;
  /** A task has attached a filter. */
  attached?(task: Task, filter: Filter): void;
  signal?(task: Task, info: SigInfo): void;
  /** A signal is not queued, because its action is to ignore it. A tracer of Linux sees it all the same. */
  ignored?(task: Task, info: SigInfo): void;
  /** A signal with a core dump ends the process. The registers are those at the signal. */
  crashed?(task: Task, info: SigInfo): void;
  stopped?(task: Task, signal: number): void;
  /** A thread has ended; `status` is a wait(2) status word. */
  ended?(task: Task, status: number): void;
  started?(task: Task, parent: Task | undefined): void;
  /** The machine's owner has started a program in the task, as by execve(2). */
  executed?(task: Task, path: string, argv: readonly string[], envp: readonly string[]): void;
  /** The kernel log has a new record. */
  logged?(record: LogRecord): void;
  /**
   * False: it needs none of `enter`, `evaluated`, `runs`, `leave` and `filtered`. Calls take the short way.
   * Default true.
   */
  readonly checksCalls?: boolean;
}

/** A call that filters denied, changed or logged. It is valid in the callback only. */
export interface FilteredCall {
  readonly task: Task;
  /** vsyscall: a call of the vsyscall page. */
  readonly door: DoorName | "vsyscall";
  /** As decoded at the door; undefined for a number without a table entry, and in the vsyscall page. */
  readonly call: PendingCall | undefined;
  readonly data: SyscallData;
  /** The return value of the filters. */
  readonly value: number;
  /** Null: strict mode. */
  readonly filter: Filter | null;
}

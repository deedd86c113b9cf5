// Waiting. A system call that cannot finish returns a Wait. When one of its queues wakes, the scheduler calls
// the handler again with the same arguments, until it returns a number. No handler is async, and no state
// hides in a closure (snapshots).
import { restart } from "../../abi/errno.ts";

/**
 * A condition that tasks sleep on. Code that changes the condition calls `wake`; each sleeper checks it
 * again.
 */
export class WaitQueue {
  /** Allocated by the first sleeper, because a process has five queues and uses one. */
  private _sleepers: Set<Sleeper> | undefined = undefined;
  /**
   * Input of the host wakes this queue. A task can wait here without asking the machine, so the virtual clock
   * does not jump past it.
   */
  readonly external: boolean;
  constructor(external = false) {
    this.external = external;
  }
  get sleepers(): Set<Sleeper> {
    return (this._sleepers ??= new Set());
  }
  /** Wakes all sleepers, but of the exclusive ones only as many as it takes for one to take the event. */
  wake(): void {
    if (!this._sleepers || this._sleepers.size === 0) return;
    let taken = false;
    for (const s of [...this._sleepers]) {
      if (!s.exclusive) s.wake();
      else if (!taken) taken = s.wake() === true;
    }
  }
  /** True if something sleeps on the queue. */
  get isAwaited(): boolean {
    return this._sleepers !== undefined && this._sleepers.size > 0;
  }
}
/** One task, or another waiter, that sleeps on a queue. */
export interface Sleeper {
  /** True: at most one of such sleepers takes an event. Linux WQ_FLAG_EXCLUSIVE. */
  readonly exclusive?: boolean;
  /** True from an exclusive sleeper: it has taken the event. */
  wake(): unknown;
}

/** The answer of a handler that waits. */
export interface Wait {
  /** The queues that wake it. Empty: only time or a signal ends the wait. */
  readonly on: readonly WaitQueue[];
  /** Absolute monotonic time in nanoseconds. The handler is then called with `task.waited.expired` true. */
  readonly until?: number;
  /**
   * The result if a signal interrupts the call: man 7 signal, "Interruption of system calls". Default
   * ERESTARTSYS.
   */
  readonly interrupted: number;
  /** Only SIGKILL ends it (vfork's parent). */
  readonly killable?: true;
  /** It does not sleep: see `again`. */
  readonly continues?: true;
}
/** A wait on queues. `interrupted` is a positive code: a value of `restart`, or E.EINTR. */
export const wait = (
  on: readonly WaitQueue[],
  options: { until?: number | undefined; interrupted?: number; killable?: true } = {},
): Wait => ({
  on,
  interrupted: options.interrupted ?? restart.ERESTARTSYS,
  ...(options.until === undefined ? {} : { until: options.until }),
  ...(options.killable ? { killable: true as const } : {}),
});

/**
 * The end of a piece: the handler is called again as soon as possible, with its progress in
 * `task.waited.data`. Before that run other tasks if the slice is over, timers, signals and the host poll.
 * `interrupted` is as in a wait; `killable` is for calls in which Linux does not check signals.
 */
export const again = (options: { interrupted: number } | { killable: true }): Wait => ({
  on: [],
  interrupted: restart.ERESTARTNOINTR,
  ...options,
  continues: true,
});

/**
 * A resource of a waiting call. Always an instance of a class: a closure would hide state from snapshots
 * (test/kernel/plain-state.test.ts).
 */
export interface Held {
  drop(): void;
}

/**
 * State between two calls of a handler, cleared when the call finishes. Plain data under the handler's own
 * keys.
 */
export interface Waited {
  expired: boolean;
  /** The absolute deadline that the handler computed on its first call, in nanoseconds. */
  deadline?: number;
  /**
   * A resource that the call holds while it waits. A signal or exit drops it; a handler that finishes removes
   * it.
   */
  held?: Held | undefined;
  /** The answers that watchers of files have given to the call (fs/vfs/notify.ts Permissions). */
  permissions?: { readonly asking: { readonly question: { cancel(): void } | undefined } | undefined };
  /** Pages that the call has read before it gave way at a read (entry/split-reads.ts). */
  reads?: readonly Uint8Array[];
  // biome-ignore lint/suspicious/noExplicitAny: each handler has its own plain data here
  data?: any;
}

/** End a call: reset `waited` and drop the held resource. Most calls never changed it. */
export const endWaiting = (task: { waited: Waited }): void => {
  const { waited } = task;
  if (
    waited.deadline === undefined &&
    waited.data === undefined &&
    waited.permissions === undefined &&
    waited.held === undefined &&
    waited.reads === undefined &&
    !waited.expired
  )
    return;
  task.waited = { expired: false };
  waited.held?.drop();
  waited.permissions?.asking?.question?.cancel();
};

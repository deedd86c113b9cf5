// Waiting. A system call that cannot finish returns a Wait; when something it waits on happens, its handler is called again
// with the same arguments, until it returns a number. No handler is async, and no state hides in a closure (snapshots).
import { restart } from "../abi/errno.ts";

/** Something tasks can sleep on. Whatever changes the condition calls `wake`; sleepers look again. */
export class WaitQueue {
  /** Made when somebody first sleeps here: a process has five queues, and uses one. */
  #sleepers: Set<Sleeper> | undefined = undefined;
  /** Woken by the world outside (host input): the virtual clock does not jump past a task that waits here without asking the machine. */
  readonly external: boolean;
  constructor(external = false) {
    this.external = external;
  }
  get sleepers(): Set<Sleeper> {
    return (this.#sleepers ??= new Set());
  }
  wake(): void {
    if (this.#sleepers && this.#sleepers.size > 0) for (const s of [...this.#sleepers]) s.wake();
  }
}
export interface Sleeper {
  wake(): void;
}

export interface Wait {
  /** Woken by any of these. Empty: only time or a signal ends the wait. */
  readonly on: readonly WaitQueue[];
  /** Absolute monotonic time in nanoseconds; the handler is called again then, with `task.waited.expired` true. */
  readonly until?: number;
  /** What the call returns if a signal interrupts it: man 7 signal, "Interruption of system calls". Default ERESTARTSYS. */
  readonly interrupted: number;
  /** Only SIGKILL ends it (vfork's parent). */
  readonly killable?: true;
  /** It does not sleep: see `again`. */
  readonly goesOn?: true;
}
/** `interrupted` is a positive code: a value of `restart`, or E.EINTR. */
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
 * A long call gives way: its handler is called again as soon as it may, with what it has done in `task.waited.data`. Before that come whoever is due: other
 * tasks if the slice is over, timers, signals, the world outside. `interrupted` as of a wait; `killable` where Linux does not look at signals.
 */
export const again = (options: { interrupted: number } | { killable: true }): Wait => ({
  on: [],
  interrupted: restart.ERESTARTNOINTR,
  ...options,
  goesOn: true,
});

/** What survives between two calls of a waiting call's handler; cleared when it finishes. Plain data, by the handler's own keys. */
export interface Waited {
  expired: boolean;
  /** Set once by the handler: the absolute deadline it computed on its first call. */
  deadline?: number;
  /** What the call holds while it waits, dropped if the call is given up (signal, exit); a handler that finishes takes it away itself. */
  held?: { drop(): void } | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: each handler keeps its own plain data here
  data?: any;
}

/** The call is over: let go of what it kept. Most calls never touched it. */
export const endWaiting = (task: { waited: Waited }): void => {
  const { waited } = task;
  if (waited.deadline === undefined && waited.data === undefined && waited.held === undefined && !waited.expired) return;
  task.waited = { expired: false };
  waited.held?.drop();
};

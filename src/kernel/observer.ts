// Who watches system calls and signals go by: trace lines, the vitest matchers, a debugger. The kernel calls, the observer only looks.
import type { PendingCall } from "./entry/call.ts";
import type { SigInfo } from "./signal/info.ts";
import type { Task } from "./task/task.ts";

export interface Observer {
  /** A call is about to run. `call` is undefined for a number that no table has; task.origAx and task.args say which. */
  enter?(task: Task, call: PendingCall | undefined): void;
  /** Nobody has kept it from running: it does now. (A call that waits runs on later, which is not told.) */
  runs?(task: Task, call: PendingCall): void;
  /** It has a result: 0 or more, or -errno (restart codes included). Not called for calls that never return. */
  leave?(task: Task, call: PendingCall | undefined, result: number): void;
  /** Filters have denied or changed the call that `enter` announced: `SECCOMP_RET_ERRNO(1)`. */
  verdict?(task: Task, text: string): void;
  signal?(task: Task, info: SigInfo): void;
  stopped?(task: Task, signal: number): void;
  /** A thread has ended; `status` is a wait(2) status word. */
  ended?(task: Task, status: number): void;
  started?(task: Task, parent: Task | undefined): void;
  /** The machine's owner has started a program in the task, as by execve(2). */
  executed?(task: Task, path: string, argv: readonly string[], envp: readonly string[]): void;
}

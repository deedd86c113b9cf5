// Traps of job control in traced tasks. Linux kernel/signal.c task_set_jobctl_pending(),
// ptrace_trap_notify().
import { exitWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { SIG } from "./state/set.ts";
import type { Tracing } from "./tracing.ts";

/** Interrupts the task and makes it trap before its next return to user code. */
export const requestTrap = (task: Task, tracing: Tracing, signal: number): void => {
  tracing.trapPending = signal;
  task.exitWork |= exitWork.signal;
  if (task.state === "sleeping" && !task.waiting?.killable) task.kernel.scheduler.wake(task);
};

/**
 * SIGCONT for a traced task: cancels a pending trap, and reports to the tracer of a listening seized task.
 */
export const continuedUnderTrace = (task: Task, tracing: Tracing): void => {
  tracing.trapPending = undefined;
  if (tracing.stop?.kind !== "group" || !tracing.seized) return;
  if (!tracing.listening) return;
  tracing.listening = false;
  tracing.stop = undefined;
  tracing.trapPending = SIG.SIGTRAP;
  task.exitWork |= exitWork.signal;
  task.kernel.scheduler.start(task);
};

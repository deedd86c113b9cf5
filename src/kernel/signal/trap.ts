// What job control asks of a traced task: to trap, or to know that it may go on. Linux kernel/signal.c task_set_jobctl_pending(),
// ptrace_trap_notify().
import { exitWork } from "../base/pending-work.ts";
import type { Tracing } from "../ptrace/tracing.ts";
import type { Task } from "../task/task.ts";
import { SIG } from "./set.ts";

/** Make the task trap as soon as it may; what it waits for is interrupted. */
export const requestTrap = (task: Task, tracing: Tracing, signal: number): void => {
  tracing.trapPending = signal;
  task.exitWork |= exitWork.signal;
  if (task.state === "sleeping" && !task.waiting?.killable) task.kernel.scheduler.wake(task);
};

/** SIGCONT reaches a traced task: a trap that was due is off; a seized task that listens shows that it might go on. */
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

// Calls that wait in a task which a debugger stops. Natively the stop ends the wait, and the return to user
// code restarts the call. Here the task sleeps on, until a debugger changes its registers. Linux
// ptrace_stop(), arch_do_signal_or_restart().
import { E, restart } from "../../abi/errno.ts";
import { exitWork } from "../base/pending-work.ts";
import { endWaiting } from "../base/wait.ts";
import type { Task } from "../core/task.ts";
import { interrupt } from "../signal/send.ts";

const CODES: ReadonlySet<number> = new Set([...Object.values(restart), E.EINTR]);

/** The value of rax at a stop in the call that waits; undefined: no stop ends its wait. */
export const stoppedResult = ({ state, waiting, call }: Task): number | undefined =>
  state === "sleeping" && call && waiting && !waiting.killable && CODES.has(waiting.interrupted) ? -waiting.interrupted : undefined;

/** Ends the wait as a stop does. The caller gives rax its value, `stoppedResult` before. */
export const endStoppedCall = (task: Task): void => {
  const { waiting, call } = task;
  if (call && waiting?.interrupted === restart.ERESTART_RESTARTBLOCK) task.restartBlock = { call, deadline: task.waited.deadline };
  interrupt(task);
  task.call = undefined;
  endWaiting(task);
};

/** After a change of registers: a result that restarts a call does so at the return to user code. */
export const restartsIfWanted = (task: Task): void => {
  if (task.origAx !== -1) task.exitWork |= exitWork.signal;
};

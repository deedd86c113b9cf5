// The end of a traced thread. Linux kernel/exit.c do_exit(), exit_notify(), wait_task_zombie().

import { exitWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { EVENT } from "../signal/tracing.ts";
import { tellOfEnd } from "../task/end.ts";
import { tracerEnded } from "./attach.ts";
import { eventEnabled, stopForEvent } from "./stop.ts";

/** PTRACE_EVENT_EXIT. True: the thread stops first, and ends when it is resumed (leave.ts). */
export const announceExit = (task: Task, status: number): boolean => {
  if (!eventEnabled(task, EVENT.EXIT) || task.trace.exitAnnounced) return false;
  task.trace.exitAnnounced = true;
  task.exitCode = status;
  task.exitWork |= exitWork.exiting;
  stopForEvent(task, EVENT.EXIT, status);
  return true;
};

/**
 * After the end of a thread: its tracees are detached and its tracer is notified, of a process after its last
 * thread.
 */
export const threadEnded = (task: Task): void => {
  if (task.tracees.size > 0) tracerEnded(task);
  if (!task.trace) return;
  task.trace.stop = undefined;
  if (task.process.leader !== task) tellOfEnd(task.trace.tracer.process, task.process, task, task.exitCode);
};

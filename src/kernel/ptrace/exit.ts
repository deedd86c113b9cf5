// The end of a traced thread. Linux kernel/exit.c do_exit(), exit_notify(), wait_task_zombie().

import { exitWork } from "../base/pending-work.ts";
import { tellOfEnd } from "../task/end.ts";
import type { Task } from "../task/task.ts";
import { tracerEnded } from "./attach.ts";
import { eventEnabled, stopForEvent } from "./stop.ts";
import { EVENT } from "./tracing.ts";

/** PTRACE_EVENT_EXIT: true if the thread stops first. It ends when it is resumed: leave.ts. */
export const announceExit = (task: Task, status: number): boolean => {
  if (!eventEnabled(task, EVENT.EXIT) || task.trace.exitAnnounced) return false;
  task.trace.exitAnnounced = true;
  task.exitCode = status;
  task.exitWork |= exitWork.exiting;
  stopForEvent(task, EVENT.EXIT, status);
  return true;
};

/** It has ended: its tracees go on without it; its tracer hears of a thread at once, of a process when the last thread has gone. */
export const threadEnded = (task: Task): void => {
  if (task.tracees.size > 0) tracerEnded(task);
  if (!task.trace) return;
  task.trace.stop = undefined;
  if (task.process.leader !== task) tellOfEnd(task.trace.tracer.process, task.process, task, task.exitCode);
};

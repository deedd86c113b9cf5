// /proc/PID/sched: the scheduler's account of a task. Linux kernel/sched/debug.c proc_sched_show_task().

import type { Task } from "../../../core/task.ts";
import { priorityOf, RESET_ON_FORK, sliceOf } from "../../../task/sched-policy.ts";
import type { Viewer } from "./viewer.ts";

const line = (name: string, value: string | number | bigint): string => `${name.padEnd(45)}:${String(value).padStart(21)}\n`;
const milliseconds = (ns: number): string => `${Math.trunc(ns / 1e6)}.${String(Math.trunc(ns) % 1e6).padStart(6, "0")}`;

/** The text of the file. The rows are those that this scheduler has: it keeps no averages of load. */
export const schedText = (task: Task, { pidNs }: Viewer): string => {
  const { usage, process } = task;
  const { voluntarySwitches: own, involuntarySwitches: forced } = usage;
  return [
    `${task.comm} (${pidNs.numberOf(task.pid)}, #threads: ${process.threads.length})\n`,
    `${"-".repeat(67)}\n`,
    line("se.sum_exec_runtime", milliseconds(usage.user + usage.system)),
    line("se.nr_migrations", 0),
    line("nr_switches", own + forced),
    line("nr_voluntary_switches", own),
    line("nr_involuntary_switches", forced),
    line("policy", task.policy & ~RESET_ON_FORK),
    line("prio", priorityOf(task) + 100),
    line("se.slice", sliceOf(task)),
  ].join("");
};

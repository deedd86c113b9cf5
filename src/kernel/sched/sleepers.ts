// Sleeping tasks: the wait queues on which they are, and their deadlines.

import type { Wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Chooser } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";
import { rank } from "../task/sched-policy.ts";
import type { Timer } from "../timer/timers.ts";

/** Wakes a task at its deadline. One a task, kept while it lives. */
export class TaskDeadline implements Timer {
  readonly task: Task;
  constructor(task: Task) {
    this.task = task;
  }
  fire(): void {
    this.task.waited.expired = true;
    this.task.kernel.scheduler.wake(this.task);
  }
}

/** Puts tasks to sleep and ends their sleep. The caller decides what they do next. */
export class Sleepers {
  private readonly _kernel: Kernel;
  private readonly _deadlines = new Map<Task, TaskDeadline>();
  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  begin(task: Task, wait: Wait): void {
    task.state = "sleeping";
    task.waiting = wait;
    task.usage.voluntarySwitches++;
    for (const q of wait.on) q.sleepers.add(task);
    if (wait.until === undefined) return;
    const deadline = this._deadlines.get(task) ?? new TaskDeadline(task);
    this._deadlines.set(task, deadline);
    this._kernel.timers.set(deadline, wait.until);
  }
  end(task: Task): void {
    for (const q of task.waiting?.on ?? []) q.sleepers.delete(task);
    const deadline = this._deadlines.get(task);
    if (deadline) this._kernel.timers.cancel(deadline);
    task.waiting = undefined;
  }
  /** The task is gone for good. */
  forget(task: Task): void {
    if (task.state === "sleeping") this.end(task);
    this._deadlines.delete(task);
  }
}

/** The sleeping task of a task's rank whose deadline comes first, if the chooser lets time pass for it. */
export const earlySleeper = (chooser: Chooser, task: Task): readonly Task[] => {
  const { timers, tasks } = task.kernel;
  if (timers.next === Infinity) return [];
  let next: Task | undefined;
  let first = Infinity;
  for (const other of tasks.values()) {
    const until = other.state === "sleeping" && rank(other) === rank(task) ? other.waiting?.until : undefined;
    if (until !== undefined && until < first) [next, first] = [other, until];
  }
  return next && chooser.letsTimePass?.(next) ? [next] : [];
};

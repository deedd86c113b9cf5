// The queue of runnable tasks, and the choice of the next one: in turn, by rank once a policy or priority has
// changed, or by a chooser that explores schedules.

import type { Chooser, PointKind } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";
import { rank } from "../task/sched-policy.ts";
import { earlySleeper } from "./sleepers.ts";

/** Runnable tasks without the running one, first in first out. */
export class RunQueue {
  private readonly _queue: Task[] = [];
  private _ranked = false;
  /** Decides at scheduling points, for the exploration and the replay of schedules. */
  chooser: Chooser | undefined = undefined;
  /** The task that gets the processor instead of the running one. */
  chosen: Task | undefined = undefined;
  /** The task that has ended its own slice. The scheduler does not ask it at once to continue. */
  yielded: Task | undefined = undefined;

  get length(): number {
    return this._queue.length;
  }
  /** True if no other task could run, and nothing decides about the running one. */
  get isIdle(): boolean {
    return this._queue.length === 0 && this.chooser === undefined;
  }
  push(task: Task): void {
    this._queue.push(task);
  }
  unshift(task: Task): void {
    this._queue.unshift(task);
  }
  /** True if a task takes precedence over the running one. */
  precedes(task: Task, current: Task | undefined): boolean {
    return this._ranked && current !== undefined && rank(task) > rank(current);
  }
  /** A task's policy or priority has changed. From the first call on the queue compares ranks. */
  rankChanged(): void {
    this._ranked = true;
  }
  /** Takes a task whose slice was cut, without a question to the chooser, if it is still the first. */
  takeCut(cut: Task | undefined): Task | undefined {
    const [first] = this._queue;
    if (!cut || cut !== first || (this._ranked && this._best() > 0)) return undefined;
    return this._queue.shift();
  }
  /** Takes the first task of the highest rank, unless a chooser is set. */
  take(): Task | undefined {
    if (this.chooser) return this._choose(this.chooser);
    if (!this._ranked) return this._queue.shift();
    return this._queue.splice(this._best(), 1)[0];
  }
  private _best(): number {
    let best = 0;
    for (let i = 1; i < this._queue.length; i++) if (rank(this._queue[i] as Task) > rank(this._queue[best] as Task)) best = i;
    return best;
  }
  private _choose(chooser: Chooser): Task | undefined {
    const first = this._queue[this._best()];
    if (!first) return undefined;
    let task = this.chosen;
    if (!task) {
      const rivals = this._rivals(first).filter((other) => other !== this.yielded);
      task = rivals.length > 0 ? chooser.choose("next", [first, ...rivals]) : first;
    }
    // The scheduler finds no task, and lets time pass.
    if (task.state === "sleeping") return void (this.chosen = task);
    this.chosen = this.yielded = undefined;
    this._queue.splice(this._queue.indexOf(task), 1);
    return task;
  }
  /** The tasks that could run instead of a task, and at last one that sleeps, if time may pass. */
  private _rivals(task: Task): Task[] {
    const rivals = this._queue.filter((other) => other !== task && rank(other) === rank(task));
    return this.chooser?.letsTimePass ? [...rivals, ...earlySleeper(this.chooser, task)] : rivals;
  }
  /** A scheduling point of the running task. True: it gives way, and is to come here again when it runs. */
  givesWay(task: Task, kind: PointKind, read?: number): boolean {
    if (!this.chooser) return false;
    const rivals = this._rivals(task);
    if (rivals.length === 0) {
      this.chooser.alone?.(kind, task);
      return false;
    }
    const chosen = this.chooser.choose(kind, [task, ...rivals], read);
    if (chosen === task) return false;
    this.chosen = chosen;
    return true;
  }
  /** Removes a task that is not runnable any more. */
  remove(task: Task): void {
    if (this.chosen === task) this.chosen = undefined;
    const i = this._queue.indexOf(task);
    if (i >= 0) this._queue.splice(i, 1);
  }
}

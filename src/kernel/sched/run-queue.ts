// The queue of runnable tasks, and the choice of the next one: in turn, by rank once a policy or priority has
// changed, or by a chooser that explores schedules.
import { rank } from "../task/sched-policy.ts";
import type { Task } from "../task/task.ts";
import type { Chooser, PointKind } from "./chooser.ts";

/** Runnable tasks without the running one, first in first out. */
export class RunQueue {
  readonly #queue: Task[] = [];
  #ranked = false;
  /** Decides at scheduling points, for the exploration and the replay of schedules. */
  chooser: Chooser | undefined = undefined;
  /** The task that gets the processor instead of the running one. */
  #chosen: Task | undefined = undefined;
  /** The task that has ended its own slice. The scheduler does not ask it at once to continue. */
  yielded: Task | undefined = undefined;

  get length(): number {
    return this.#queue.length;
  }
  /** True if no other task could run, and nothing decides about the running one. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && this.chooser === undefined;
  }
  push(task: Task): void {
    this.#queue.push(task);
  }
  unshift(task: Task): void {
    this.#queue.unshift(task);
  }
  /** True if a task takes precedence over the running one. */
  precedes(task: Task, current: Task | undefined): boolean {
    return this.#ranked && current !== undefined && rank(task) > rank(current);
  }
  /** A task's policy or priority has changed. From the first call on the queue compares ranks. */
  rankChanged(): void {
    this.#ranked = true;
  }
  /** Takes a task whose slice was cut, without a question to the chooser, if it is still the first. */
  takeCut(cut: Task | undefined): Task | undefined {
    const [first] = this.#queue;
    if (!cut || cut !== first || (this.#ranked && this.#best() > 0)) return undefined;
    return this.#queue.shift();
  }
  /** Takes the first task of the highest rank, unless a chooser is set. */
  take(): Task | undefined {
    if (this.chooser) return this.#choose(this.chooser);
    if (!this.#ranked) return this.#queue.shift();
    return this.#queue.splice(this.#best(), 1)[0];
  }
  #best(): number {
    let best = 0;
    for (let i = 1; i < this.#queue.length; i++) if (rank(this.#queue[i] as Task) > rank(this.#queue[best] as Task)) best = i;
    return best;
  }
  #choose(chooser: Chooser): Task | undefined {
    const first = this.#queue[this.#best()];
    if (!first) return undefined;
    let task = this.#chosen;
    if (!task) {
      const rivals = this.#rivals(first).filter((other) => other !== this.yielded);
      task = rivals.length > 0 ? chooser.choose("next", [first, ...rivals]) : first;
    }
    this.#chosen = this.yielded = undefined;
    this.#queue.splice(this.#queue.indexOf(task), 1);
    return task;
  }
  /** The tasks that could run instead of a task. */
  #rivals(task: Task): Task[] {
    return this.#queue.filter((other) => other !== task && rank(other) === rank(task));
  }
  /** A scheduling point of the running task. True: it gives way, and is to come here again when it runs. */
  givesWay(task: Task, kind: PointKind): boolean {
    if (!this.chooser) return false;
    const rivals = this.#rivals(task);
    if (rivals.length === 0) return false;
    const chosen = this.chooser.choose(kind, [task, ...rivals]);
    if (chosen === task) return false;
    this.#chosen = chosen;
    return true;
  }
  /** Removes a task that is not runnable any more. */
  remove(task: Task): void {
    if (this.#chosen === task) this.#chosen = undefined;
    const i = this.#queue.indexOf(task);
    if (i >= 0) this.#queue.splice(i, 1);
  }
}

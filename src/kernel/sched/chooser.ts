// Scheduling points: the moments at which another task may run. Without a chooser the scheduler decides.
import type { Task } from "../task/task.ts";

/**
 * `call`: the running task is about to enter the kernel. `checked`: tracer and filters have allowed its call.
 * `return`: its call is over and user code continues. `next`: no task runs (a slice or a wait began).
 */
export type PointKind = "call" | "checked" | "return" | "next";

/** Decides the schedule of a run. */
export interface Chooser {
  /** The next task, of two or more candidates. The first is the scheduler's own choice. */
  choose(kind: PointKind, candidates: readonly Task[]): Task;
}

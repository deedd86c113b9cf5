// Scheduling points: the moments at which another task could as well go on, and who decides. Without a chooser the scheduler does.
import type { Task } from "../task/task.ts";

/**
 * `call`: the running task is about to enter the kernel. `checked`: tracer and filters have let its call pass, and it is about to run.
 * `return`: its call is over, and user code goes on. `next`: nobody runs (a slice or a wait began), somebody has to.
 */
export type PointKind = "call" | "checked" | "return" | "next";

export interface Chooser {
  /** Who is to run, of two or more: the first is the one that the scheduler would take. */
  choose(kind: PointKind, candidates: readonly Task[]): Task;
}

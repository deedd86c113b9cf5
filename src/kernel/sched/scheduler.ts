// Who runs next.
import type { Kernel, RunResult } from "../kernel.ts";
import type { Task } from "../task.ts";

export class Scheduler {
  readonly kernel: Kernel;
  current: Task | undefined = undefined;
  constructor(kernel: Kernel) { this.kernel = kernel; }
  wake(_task: Task): void { throw new Error("being written"); }
  run(_until: number): RunResult { throw new Error("being written"); }
}

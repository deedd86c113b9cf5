// The reader of a file of /proc/PID.
import type { Task } from "../../../core/task.ts";
import type { PidNamespace } from "../../../task/pid-namespace.ts";

/** The view of a reader of /proc: the pid namespace that numbers the tasks, and the reading task. */
export interface Viewer {
  readonly pidNs: PidNamespace;
  readonly reader: Task;
}

// What a task has of io_uring: the rings with its requests, and registered rings. Linux
// io_uring_files_cancel(), io_uring_task_cancel().

import type { Task } from "../../core/task.ts";
import { TaskPart } from "../../core/task-part.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { UringFile } from "./ring.ts";

/** The rings of a task. */
export class TaskRings {
  /** The instances with requests of the task. */
  readonly rings = new Set<UringFile>();
  /** IORING_REGISTER_RING_FDS. */
  fds: (FileDescription | undefined)[] | undefined = undefined;

  /** The requests of a task that ends, or `all` of one that executes another program, end. */
  leave(task: Task, all: boolean): undefined {
    for (const ring of this.rings) ring.leave(task, all);
    for (const file of this.fds ?? []) file?.drop();
  }
}
/** The part. A child has none. */
export const ringsPart = new TaskPart<TaskRings>("io_uring", {
  exec: (rings, task) => rings.leave(task, true),
  exit: (rings, task) => rings.leave(task, false),
});
/** The rings of a task, made if it has none. */
export const ringsOf = (task: Task): TaskRings => ringsPart.make(task, () => new TaskRings());

// The life of a descriptor of a process: who opened it, replaced it, and closed it. The table itself is
// looked at, so that close_range(2), exec, dup2(2) and other threads are seen as they are.

import type { Task } from "../../kernel/core/task.ts";
import type { FileDescription } from "../../kernel/fs/vfs/file.ts";
import type { Moment } from "../../machine/moment.ts";
import { callName, givenArguments } from "../../machine/tracing/call-text.ts";
import { nameOfFile } from "../../machine/tracing/descriptors.ts";
import type { History } from "./history.ts";

/** A change of a descriptor. */
export interface DescriptorChange {
  /** The moment after the transition. */
  readonly after: Moment;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly kind: "opened" | "closed" | "replaced";
  /** `close(5)`; `exit`. */
  readonly by: string;
  /** The file behind it before and after. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** All changes of a descriptor of a process before a moment, in order. */
export const findDescriptor = async (
  history: History,
  pid: number,
  fd: number,
  until: Moment = history.end,
): Promise<readonly DescriptorChange[]> => {
  const found: DescriptorChange[] = [];
  let file: FileDescription | undefined;
  let name: string | undefined;
  const begun = new Map<Task, string>();
  let hasEnded = false;
  const look = (task: Task, by: string): void => {
    if (hasEnded) return;
    const owner = history.taskOf(pid);
    const now = owner?.files.getRaw(fd);
    if (now === file) return;
    const to = now && owner ? nameOfFile(owner, now) : undefined;
    const kind = !now ? "closed" : file ? "replaced" : "opened";
    found.push({ after: history.after(), pid: task.process.pid, tid: task.pid, comm: task.comm, kind, by, from: name, to });
    [file, name] = [now, to];
  };
  await history.sweep(
    {
      started: (child) => {
        if (child.process.pid === pid) look(child, "fork");
      },
      enter: (task, call) => {
        if (task.files === history.taskOf(pid)?.files)
          begun.set(task, call ? `${callName(task, call)}(${givenArguments(task, call)})` : callName(task, call));
      },
      leave: (task, call) => {
        look(task, begun.get(task) ?? callName(task, call));
        begun.delete(task);
      },
      ended: (task) => {
        if (task.process.pid !== pid || task.process.threads.length > 1 || !file) return;
        const by = "the end of the process";
        found.push({ after: history.after(), pid, tid: task.pid, comm: task.comm, kind: "closed", by, from: name, to: undefined });
        [file, name] = [undefined, undefined];
        hasEnded = true;
      },
    },
    until,
    {
      begin: () => {
        const owner = history.taskOf(pid);
        file = owner?.files.getRaw(fd);
        name = owner && file ? nameOfFile(owner, file) : undefined;
      },
    },
  );
  return found;
};

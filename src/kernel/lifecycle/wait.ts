// Waiting for children. man 2 wait, waitid, wait4; Linux kernel/exit.c do_wait(), wait_consider_task().

import { E } from "../../abi/errno.ts";
import { W } from "../../abi/uapi/wait.ts";
import { type Wait, wait } from "../base/wait.ts";
import type { Task } from "../core/task.ts";
import { isTracedByAnother, isTracedByParent, waitForTracee } from "../ptrace/wait.ts";
import { type ChildEvent, type ChildSelector, consider, isEligible } from "../task/child-event.ts";

/** The event of a child, or a Wait. 0: none, with WNOHANG. -ECHILD: no child qualifies. */
export const waitForChild = (task: Task, selects: ChildSelector, options: number): ChildEvent | Wait | 0 | number => {
  const { process } = task;
  let any = false;
  for (const child of process.children) {
    if (isTracedByParent(child) || !selects(child) || !isEligible(child, options)) continue;
    any = true;
    if (isTracedByAnother(child) && child.ended !== undefined) continue;
    const found = consider(child, options);
    if (found) return found;
  }
  const traced = waitForTracee(task, selects, options);
  if (typeof traced === "object") return traced;
  if (!any && !traced) return -E.ECHILD;
  return (options & W.NOHANG) !== 0 ? 0 : wait([process.childEvents]);
};

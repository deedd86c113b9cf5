// Waiting for children. man 2 wait, waitid, wait4; Linux kernel/exit.c do_wait(), wait_consider_task().

import { E } from "../../abi/errno.ts";
import { W } from "../../abi/uapi/wait.ts";
import { type Wait, wait } from "../base/wait.ts";
import { isTracedByAnother, isTracedByParent, waitForTracee } from "../ptrace/wait.ts";
import { type ChildEvent, consider, isEligible, type Which } from "../task/child-event.ts";
import type { Task } from "../task/task.ts";

/** A child's news; a Wait until there is some; 0 with WNOHANG and none; -ECHILD if no child qualifies. */
export const waitForChild = (task: Task, which: Which, options: number): ChildEvent | Wait | 0 | number => {
  const { process } = task;
  let any = false;
  for (const child of process.children) {
    if (isTracedByParent(child) || !which(child) || !isEligible(child, options)) continue;
    any = true;
    if (isTracedByAnother(child) && child.ended !== undefined) continue;
    const found = consider(child, options);
    if (found) return found;
  }
  const traced = waitForTracee(task, which, options);
  if (typeof traced === "object") return traced;
  if (!any && !traced) return -E.ECHILD;
  return (options & W.NOHANG) !== 0 ? 0 : wait([process.childEvents]);
};

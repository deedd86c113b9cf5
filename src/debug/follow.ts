// A debugger that begins with one process of a run: where it begins, or where it executes a program.
import type { Task } from "../kernel/core/task.ts";
import { Problem } from "../problem.ts";
import type { Debugger } from "./debugger.ts";

/** The process and its moment: after fork(2), or after execve(2) by it or of a program with this name. */
export type Followed = { readonly fork: number } | { readonly exec: number | string };

const MOST_SIGNALS = 64;
const isIt = (followed: Followed, debug: Debugger, task: Task | undefined, isFork: boolean): boolean => {
  if (!task || isFork !== "fork" in followed) return false;
  if ("fork" in followed) return task.process.pid === followed.fork;
  const { exec } = followed;
  const path = debug.pathOf(task);
  if (typeof exec === "number") return task.process.pid === exec;
  // A script's own name is that of the task: TASK_COMM_LEN is 16 with its NUL.
  return path === exec || path.endsWith(`/${exec}`) || task.comm === exec.slice(0, 15);
};
/** Goes to that moment from the beginning, and lets all other processes go. */
export const follow = async (debug: Debugger, followed: Followed): Promise<void> => {
  const { events } = debug;
  const before = { ...events };
  Object.assign(events, { fork: true, vfork: true, exec: true });
  debug.passes = new Set(Array.from({ length: MOST_SIGNALS }, (_, i) => i + 1));
  try {
    let task = debug.current;
    let isFork = false;
    while (!isIt(followed, debug, task, isFork)) {
      const { why, tid, pid } = await debug.continue();
      if (why.kind === "history" || (why.kind === "ended" && pid === debug.timeline.live.session.process.pid))
        throw new Problem(
          "bad-moment",
          "fork" in followed ? `no process ${followed.fork} begins` : `no process ${JSON.stringify(followed.exec)} executes a program`,
        );
      if (why.kind === "interrupt") throw new Problem("bad-moment", "the way to where the process begins was given up");
      const child = why.kind === "child" && why.how !== "clone" ? why.child : undefined;
      isFork = child !== undefined;
      task = isFork || why.kind === "exec" ? debug.task(child ?? tid) : undefined;
    }
    if (task) debug.detachOthers(task.process.pid);
  } finally {
    Object.assign(events, before);
    debug.passes = new Set();
  }
};

// Taking a pending signal without delivering it: rt_sigtimedwait(2), signalfd(2). Linux dequeue_signal().
import type { Task } from "../core/task.ts";
import { setBlocked } from "./send.ts";
import type { SigInfo } from "./state/info.ts";
import type { SigSet } from "./state/set.ts";

/** Removes and returns the next pending signal of a set, the thread's own first. */
export const fetchSignal = (task: Task, wanted: SigSet): SigInfo | undefined => {
  for (const pending of [task.pending, task.process.pending]) {
    const sig = pending.next(~wanted);
    if (sig === 0) continue;
    const info = pending.take(sig);
    setBlocked(task, task.blocked);
    return info;
  }
  return undefined;
};

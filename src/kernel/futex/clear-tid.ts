// CLONE_CHILD_CLEARTID: an ending thread clears its id in memory and wakes its joiner. Linux kernel/fork.c
// mm_release().
import type { Task } from "../core/task.ts";

/** Clear the word of an ending thread and wake one waiter. */
export const wakeClearedTid = (task: Task): void => {
  const address = task.clearChildTid;
  task.clearChildTid = 0 as typeof address;
  // Without another user of the memory no waiter can exist.
  if (address === 0 || task.mem.users <= 1) return;
  if (task.mem.setU32(address, 0)) task.kernel.futexes.queue(task.mem, address)?.wake(1, ~0);
};

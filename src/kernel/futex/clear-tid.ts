// CLONE_CHILD_CLEARTID: a thread that ends clears its id in memory and wakes who joins it. Linux kernel/fork.c mm_release().
import type { Task } from "../task/task.ts";

export const wakeClearedTid = (task: Task): void => {
  const address = task.clearChildTid;
  task.clearChildTid = 0 as typeof address;
  // Only if somebody else still uses the memory: otherwise there is nobody to tell.
  if (address === 0 || task.mem.users <= 1) return;
  if (task.mem.setU32(address, 0)) task.kernel.futexes.queue(task.mem, address)?.wake(1, ~0);
};

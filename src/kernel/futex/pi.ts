// Locks with priority inheritance: the word of a futex names its owner, and an unlock gives it to the first
// waiter. Linux kernel/futex/pi.c.
import type { AddressSpace } from "../../memory/space.ts";
import type { Task } from "../core/task.ts";
import { shownPid } from "../task/pid-namespace.ts";
import type { FutexQueue } from "./table.ts";
import { FUTEX_TID_MASK, FUTEX_WAITERS } from "./word.ts";

/**
 * Gives the lock to its first waiter, or frees it, and keeps the bits `died`. False: the word cannot be
 * written.
 */
export const passOn = (mem: AddressSpace, address: number, queue: FutexQueue | undefined, died: number): boolean => {
  const [first] = queue?.waiters ?? [];
  const next = first?.task;
  const more = (queue?.waiters.size ?? 0) > 1 ? FUTEX_WAITERS : 0;
  if (!mem.setU32(address, ((next ? shownPid(next, next.pid) | more : 0) | died) >>> 0)) return false;
  queue?.wake(1, ~0);
  return true;
};

/** True if the task owns the lock whose word has this value. */
export const isOwner = (task: Task, value: number): boolean => (value & FUTEX_TID_MASK) === shownPid(task, task.pid);

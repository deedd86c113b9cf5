// Robust futexes: an ending thread marks the locks that it holds and wakes a waiter. man 2 get_robust_list;
// Linux kernel/futex/core.c exit_robust_list(), handle_futex_death().

import type { Task } from "../core/task.ts";
import { shownPid } from "../task/pid-namespace.ts";
import { passOn } from "./pi.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "./word.ts";

/** A longer list is taken for a loop. */
const LIMIT = 2048;

const handleDeath = (task: Task, address: number, isPi: boolean): void => {
  if (address % 4 !== 0) return;
  const value = task.mem.u32(address);
  if (value < 0 || (value & FUTEX_TID_MASK) !== shownPid(task, task.pid)) return;
  task.mem.setU32(address, ((value & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0);
  if (!isPi && (value & FUTEX_WAITERS) !== 0) task.kernel.futexes.queue(task.mem, address)?.wake(1, ~0);
};

/**
 * The locks with priority inheritance of an ending thread go to their first waiters, which see that the owner
 * died. Linux exit_pi_state_list().
 */
export const locksExit = (task: Task): void => {
  const { futexes } = task.kernel;
  for (const { task: waiter, queue, lock } of [...futexes.lockWaiters]) {
    if (queue === undefined || lock === undefined) continue;
    const value = waiter.mem.u32(lock);
    const owner = value & FUTEX_TID_MASK;
    const isFree = owner === 0 && (value & FUTEX_OWNER_DIED) !== 0;
    if (value >= 0 && (isFree || owner === shownPid(waiter, task.pid))) passOn(waiter.mem, lock, queue, FUTEX_OWNER_DIED);
  }
};

/** Walk the list of an ending thread. Linux exit_robust_list(). */
export const robustListExit = (task: Task): void => {
  const head = task.robustList;
  if (head === 0) return;
  const { mem } = task;
  // struct robust_list_head { list.next; futex_offset; list_op_pending } of the ABI that registered it.
  const long = task.robustListSize === 12 ? 4 : 8;
  const offsetLow = mem.u32(head + long);
  const pending = mem.word(head + 2 * long, long);
  if (offsetLow < 0 || pending < 0) return;
  // A long, usually negative; locks are within 2 GiB of their list entry.
  const offset = offsetLow | 0;
  // Bit 0 of a pointer marks a lock with priority inheritance.
  const futexOf = (entry: number): number => entry - (entry % 2) + offset;
  let entry = mem.word(head, long);
  for (let n = 0; n < LIMIT && entry >= 0 && entry - (entry % 2) !== head; n++) {
    const next = mem.word(entry - (entry % 2), long);
    if (entry !== pending) handleDeath(task, futexOf(entry), entry % 2 === 1);
    entry = next;
  }
  if (pending !== 0) handleDeath(task, futexOf(pending), pending % 2 === 1);
};

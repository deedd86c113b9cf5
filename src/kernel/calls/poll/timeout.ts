// Timeouts and signal masks of poll, select and epoll. Both hold for all handler calls of one system call.
// Linux fs/select.c poll_select_set_timeout(), poll_select_finish().

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { type WaitQueue, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { setBlocked } from "../../signal/send.ts";
import { SIGSET_SIZE } from "../../signal/state/set.ts";
import { readNanoseconds, type TimeForm, timespecOf } from "../../syscall/timespec.ts";
import { PER } from "../../task/personality.ts";
import { readSigset } from "../signal/action.ts";

/** Absolute monotonic time in nanoseconds. AT_ONCE: no wait. NEVER: no timeout. Negative: -errno. */
export type Timeout = number;
/** The deadline of a call that does not wait. */
export const AT_ONCE = 0;
/** The deadline of a call without timeout. */
export const NEVER = Infinity;

/** The deadline of a call. `read` returns nanoseconds from now, or -errno; it runs once per call. */
export const deadlineOf = (t: Task, read: () => number): Timeout => {
  if (t.waited.deadline !== undefined) return t.waited.deadline;
  const ns = read();
  return ns <= 0 || ns === NEVER ? ns : t.kernel.now + ns;
};
/** Nanoseconds of a timeout in milliseconds. Negative: NEVER. */
export const afterMilliseconds = (ms: number): number => (ms < 0 ? NEVER : ms * 1e6);
/** Nanoseconds of a timeout in user memory, or -errno. NULL: NEVER. */
export const afterTimespec = (t: Task, at: VAddr, form: TimeForm, abi: Abi): number =>
  at === 0 ? NEVER : readNanoseconds(t, at, form, abi);

/** True if the deadline has passed. */
export const expired = (t: Task, until: Timeout): boolean => until === AT_ONCE || t.kernel.now >= until;

/** Sleeps with a deadline that holds over all wakeups of the call. */
export const sleepOn = (t: Task, queues: readonly WaitQueue[], until: Timeout, interrupted: number): Result => {
  t.waited.deadline = until;
  return wait(queues, { until: until === NEVER ? undefined : until, interrupted });
};

/** Sets the signal mask for the call: 0 or -errno. Linux set_user_sigmask(). */
export const withSignalMask = (t: Task, at: VAddr, size: number): number => {
  if (at === 0 || t.savedMask !== undefined) return 0;
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const mask = readSigset(t, at);
  if (mask === undefined) return -E.EFAULT;
  t.savedMask = t.blocked;
  setBlocked(t, mask);
  return 0;
};
/** Restores the mask after the call. If a signal ended the call, leave.ts restores it. */
export const restoreMask = (t: Task, result: Result): Result => {
  if (typeof result !== "number" || t.savedMask === undefined) return result;
  const mask = t.savedMask;
  t.savedMask = undefined;
  setBlocked(t, mask);
  return result;
};
/** Writes the remaining time to the caller. EFAULT is ignored. */
export const writeRemaining = (t: Task, result: Result, at: VAddr, until: Timeout, form: TimeForm, abi: Abi): Result => {
  const isSticky = (t.personality & PER.STICKY_TIMEOUTS) !== 0;
  if (typeof result === "number" && !isSticky && at !== 0 && until !== AT_ONCE && until !== NEVER) {
    form.write(t, at, timespecOf(Math.max(0, until - t.kernel.now)), abi);
  }
  return result;
};

// Scheduling policies and the rank of tasks. man 7 sched; Linux kernel/sched/rt.c, idle.c.
import type { Task } from "../core/task.ts";

/** SCHED_*. Linux uapi linux/sched.h. */
export const POLICY = { SCHED_OTHER: 0, SCHED_FIFO: 1, SCHED_RR: 2, SCHED_BATCH: 3, SCHED_IDLE: 5, SCHED_DEADLINE: 6 } as const;
/** SCHED_RESET_ON_FORK, a flag in the policy's word. */
export const RESET_ON_FORK = 0x4000_0000;

/**
 * The slice of ordinary tasks in nanoseconds: 0.75 ms, more on more processors. Linux 6.12
 * sysctl_sched_base_slice, get_update_sysctl_factor().
 */
const baseSlice = (cpus: number): bigint => 750_000n * BigInt(1 + Math.floor(Math.log2(Math.min(cpus, 8))));
/**
 * A slice that a task requested, limited to 0.1 ms to 100 ms; 0 is the default slice. Linux
 * __setparam_fair().
 */
export const sliceAsked = (ns: bigint): bigint => (ns === 0n ? 0n : ns < 100_000n ? 100_000n : ns > 100_000_000n ? 100_000_000n : ns);
/** sched_runtime of sched_getattr(2) for a task that is neither real-time nor of SCHED_DEADLINE. */
export const sliceOf = (task: Task): bigint => task.slice || baseSlice(task.kernel.cpus);

const kind = (task: Task): number => task.policy & ~RESET_ON_FORK;
/** True for SCHED_FIFO and SCHED_RR. */
export const isRealtime = (policy: number): boolean => policy === POLICY.SCHED_FIFO || policy === POLICY.SCHED_RR;
/** True for a task without slices. */
export const isFifo = (task: Task): boolean => kind(task) === POLICY.SCHED_FIFO;

/**
 * The rank of a task; the highest runs first: real-time tasks by priority, then ordinary ones, then
 * SCHED_IDLE.
 */
export const rank = (task: Task): number => {
  const policy = kind(task);
  return isRealtime(policy) ? 1 + task.priority : policy === POLICY.SCHED_IDLE ? 0 : 1;
};

/**
 * The priority as /proc shows it, the lowest first: below 0 for real-time tasks, else 20 and the nice value.
 * Linux task_prio().
 */
export const priorityOf = (task: Task): number => {
  const policy = kind(task);
  return policy === POLICY.SCHED_DEADLINE ? -101 : isRealtime(policy) ? -1 - task.priority : 20 + task.nice;
};

/** Gives a new task its parent's policy, unless SCHED_RESET_ON_FORK is set. Linux sched_fork(). */
export const inheritPolicy = (child: Task, parent: Task): void => {
  if ((parent.policy & RESET_ON_FORK) !== 0) return;
  child.policy = parent.policy;
  child.slice = parent.slice;
  child.priority = parent.priority;
};

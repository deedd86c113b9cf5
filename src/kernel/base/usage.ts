// Accounting of time. Linux kernel/sched/cputime.c; times(2) counts ticks of a hundredth of a second (USER_HZ).
import type { Process, Usage } from "../task/process.ts";

export const USER_HZ = 100;
export const ticks = (nanoseconds: number): number => Math.floor(nanoseconds / (1e9 / USER_HZ));

export const addUsage = (to: Usage, from: Usage): void => {
  to.user += from.user;
  to.system += from.system;
  to.minorFaults += from.minorFaults;
  to.voluntarySwitches += from.voluntarySwitches;
  to.involuntarySwitches += from.involuntarySwitches;
};

/** Ended threads and living ones. */
export const processUsage = (process: Process): Usage => {
  const sum = { ...process.usage };
  for (const t of process.threads) addUsage(sum, t.usage);
  return sum;
};

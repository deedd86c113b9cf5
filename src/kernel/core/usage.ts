// Accounting of time. Linux kernel/sched/cputime.c; times(2) counts ticks of a hundredth of a second
// (USER_HZ).
import type { Process, Usage } from "./process.ts";

/** Ticks per second of times(2). */
export const USER_HZ = 100;
/** Whole ticks of USER_HZ in a time. */
export const ticks = (nanoseconds: number): number => Math.floor(nanoseconds / (1e9 / USER_HZ));

/** Add a thread's counters to a sum. */
export const addUsage = (to: Usage, from: Usage): void => {
  to.user += from.user;
  to.system += from.system;
  to.minorFaults += from.minorFaults;
  to.maxResident = Math.max(to.maxResident, from.maxResident);
  to.voluntarySwitches += from.voluntarySwitches;
  to.involuntarySwitches += from.involuntarySwitches;
  to.reads += from.reads;
  to.readBytes += from.readBytes;
  to.writes += from.writes;
  to.writtenBytes += from.writtenBytes;
};

/** Counts a call that read or wrote files, by its result. Linux add_rchar(), inc_syscr(). */
export const countTransfer = (usage: Usage, way: "in" | "out", result: unknown): void => {
  if (typeof result !== "number") return;
  const bytes = Math.max(0, result);
  if (way === "in") {
    usage.reads++;
    usage.readBytes += bytes;
  } else {
    usage.writes++;
    usage.writtenBytes += bytes;
  }
};

/** The usage of a process: its ended and its living threads. */
export const processUsage = (process: Process): Usage => {
  const sum = { ...process.usage };
  for (const t of process.threads) addUsage(sum, t.usage);
  return sum;
};

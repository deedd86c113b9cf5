// The resource usage of the whole machine. Linux kernel/sched/cputime.c, fs/proc/stat.c.

import type { Kernel } from "../../../core/kernel.ts";
import type { Usage } from "../../../core/process.ts";
import { addUsage, processUsage } from "../../../core/usage.ts";

/** The usage of all processes, ended ones included, and the idle time of the first processor. */
export const machineUsage = (kernel: Kernel): Usage & { readonly idle: number } => {
  const sum = { ...kernel.endedUsage };
  for (const process of kernel.processes.values()) addUsage(sum, processUsage(process));
  return { ...sum, idle: Math.max(0, kernel.now - sum.user - sum.system) };
};

// Stopping and continuing processes. Linux kernel/signal.c do_signal_stop(), do_notify_parent_cldstop();
// man 7 credentials, "Process groups".

import type { Kernel } from "../core/kernel.ts";
import type { Process } from "../core/process.ts";
import { sendToProcess, tellParent } from "./send.ts";
import { SI } from "./state/info.ts";
import { SIG } from "./state/set.ts";
import { requestTrap } from "./trap.ts";

/** Stops the running thread now and the others before their next return to user code. */
export const stopProcess = (process: Process, signal: number): void => {
  const { scheduler, observer } = process.kernel;
  process.stopped = { signal, reported: false };
  process.continued = undefined;
  for (const task of process.threads) {
    if (task.trace) {
      if (!task.trace.stop) requestTrap(task, task.trace, signal);
      continue;
    }
    scheduler.stop(task);
    observer?.stopped?.(task, signal);
  }
  if (process.leader.trace?.tracer.process !== process.parent) tellParent(process, SI.CLD_STOPPED, signal);
};

/** True if no member has a parent in another group of the same session. Linux will_become_orphaned_pgrp(). */
export const isOrphanedGroup = (kernel: Kernel, pgid: number, leaving?: Process): boolean => {
  // The parent is the shell of the host.
  if (pgid === kernel.hostJob) return false;
  for (const p of kernel.processes.values()) {
    if (p.pgid !== pgid || p === leaving || p.ended !== undefined || !p.parent || p.parent === kernel.init) continue;
    if (p.parent.pgid !== pgid && p.parent.sid === p.sid) return false;
  }
  return true;
};

/** Sends SIGHUP and SIGCONT to a newly orphaned group with a stopped member. Linux kill_orphaned_pgrp(). */
export const orphanGroup = (kernel: Kernel, pgid: number, leaving: Process): void => {
  const members = [...kernel.processes.values()].filter((p) => p.pgid === pgid && p !== leaving);
  if (!members.some((p) => p.stopped) || !isOrphanedGroup(kernel, pgid, leaving)) return;
  for (const p of members) {
    sendToProcess(p, { signo: SIG.SIGHUP, code: SI.KERNEL });
    sendToProcess(p, { signo: SIG.SIGCONT, code: SI.KERNEL });
  }
};

// Stopping and continuing processes. Linux kernel/signal.c do_signal_stop(), do_notify_parent_cldstop(); man 7 credentials, "Process groups".

import { ticks } from "../base/usage.ts";
import type { Kernel } from "../kernel.ts";
import { continuedUnderTrace, requestTrap } from "../ptrace/stop.ts";
import type { Process } from "../task/process.ts";
import { SA, SIG_IGN } from "./action.ts";
import { SI } from "./info.ts";
import { sendToProcess } from "./send.ts";
import { SIG } from "./set.ts";

/** SIGCHLD about a stop or continuation, unless the parent does not care; wait4 in the parent looks again. */
const tellParent = (process: Process, code: number, status: number): void => {
  const { parent } = process;
  if (!parent) return;
  const action = parent.threads[0]?.actions.get(SIG.SIGCHLD);
  if (action && action.handler !== SIG_IGN && (action.flags & SA.NOCLDSTOP) === 0) {
    sendToProcess(parent, {
      signo: SIG.SIGCHLD,
      code,
      pid: process.pid,
      uid: process.leader.cred.uid,
      status,
      utime: ticks(process.usage.user),
      stime: ticks(process.usage.system),
    });
  }
  parent.childEvents.wake();
};

/** Every thread stops when it would next return to user code; this one now. */
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

/** SIGCONT was sent: it continues a stopped process even if it is blocked or ignored. */
export const noteContinued = (process: Process): void => {
  if (!process.stopped) return;
  process.stopped = undefined;
  process.continued = { reported: false };
  for (const task of process.threads) {
    if (task.trace) continuedUnderTrace(task, task.trace);
    else if (task.state === "stopped") process.kernel.scheduler.start(task);
  }
  tellParent(process, SI.CLD_CONTINUED, SIG.SIGCONT);
};

/** No member has a parent in another group of the same session: nobody could continue it. Linux will_become_orphaned_pgrp(). */
export const isOrphanedGroup = (kernel: Kernel, pgid: number, leaving?: Process): boolean => {
  for (const p of kernel.processes.values()) {
    if (p.pgid !== pgid || p === leaving || p.ended !== undefined || !p.parent || p.parent === kernel.init) continue;
    if (p.parent.pgid !== pgid && p.parent.sid === p.sid) return false;
  }
  return true;
};

/** A newly orphaned group with a stopped member gets SIGHUP and SIGCONT. Linux kill_orphaned_pgrp(). */
export const orphanGroup = (kernel: Kernel, pgid: number, leaving: Process): void => {
  const members = [...kernel.processes.values()].filter((p) => p.pgid === pgid && p !== leaving);
  if (!members.some((p) => p.stopped) || !isOrphanedGroup(kernel, pgid, leaving)) return;
  for (const p of members) {
    sendToProcess(p, { signo: SIG.SIGHUP, code: SI.KERNEL });
    sendToProcess(p, { signo: SIG.SIGCONT, code: SI.KERNEL });
  }
};

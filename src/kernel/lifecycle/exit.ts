// The end of threads and processes. Linux kernel/exit.c do_exit(), exit_notify(), forget_original_parent(),
// release_task().

import { sizes } from "../base/sizes.ts";
import { endWaiting } from "../base/wait.ts";
import { charged } from "../core/charged.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { endParts } from "../core/task-part.ts";
import { addUsage } from "../core/usage.ts";
import { disassociate } from "../fs/tty/control.ts";
import { wakeClearedTid } from "../futex/clear-tid.ts";
import { locksExit, robustListExit } from "../futex/robust.ts";
import { announceExit, threadEnded } from "../ptrace/exit.ts";
import { orphanGroup } from "../signal/job-control.ts";
import { endProcess, sendToProcess } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { notifyParent, tellOfEnd } from "../task/end.ts";
import type { PidNamespace } from "../task/pid-namespace.ts";
import { filtersReleased } from "../user-notif/notification.ts";

/** vfork(2): the child no longer needs its parent's memory. Linux mm_release(). */
export const releaseVfork = (task: Task): void => {
  const parent = task.vforkParent;
  task.vforkParent = undefined;
  parent?.wake();
};

/** Keeps the greatest resident set of a memory that a task leaves. Linux setmax_mm_hiwater_rss(). */
export const notePeak = ({ process, mem }: Task): void => {
  process.usage.maxResident = Math.max(process.usage.maxResident, mem.table.peak);
};

/** Ends a thread. The process ends with its last thread. */
export const exitTask = (task: Task, status: number): void => {
  if (task.trace && announceExit(task, status)) return;
  const { process, kernel } = task;
  kernel.observer?.ended?.(task, status);
  robustListExit(task);
  locksExit(task);
  wakeClearedTid(task);
  kernel.scheduler.forget(task);
  endWaiting(task);
  releaseVfork(task);
  endParts(task);
  task.files.drop();
  notePeak(task);
  kernel.ending = task;
  charged(kernel, task.mem, () => task.mem.release());
  kernel.ending = undefined;
  task.program.drop();
  task.pending.end();
  kernel.frames.account.give(sizes.task);
  addUsage(process.usage, task.usage);
  process.threads.splice(process.threads.indexOf(task), 1);
  kernel.tasks.delete(task.pid);
  if (task.pid !== process.pid) task.pidNs.leave(task.pid);
  task.exitCode = status;
  task.incoming = undefined;
  task.endEvents.wake();
  if (task.trace || task.tracees.size > 0) threadEnded(task);
  if (task.seccomp?.filter) filtersReleased(task);
  if (process.threads.length > 0) return;
  finishProcess(process, process.exiting ?? status);
};

/**
 * The virtual time that other processes have after the end of the first one, in nanoseconds: they write what
 * they were about to write. It depends on nothing of the host, so two runs end at one moment.
 */
const OUTLIVING = 10_000_000;

const finishProcess = (process: Process, status: number): void => {
  const { kernel, parent } = process;
  process.ended = status;
  if (process === kernel.first) kernel.endsAt = kernel.now + OUTLIVING;
  process.cgroup.end();
  const { pidNs } = process.leader;
  if (pidNs.init === process) endMembers(pidNs, process);
  process.pending.end();
  process.itimers?.cancel();
  process.posixTimers?.cancel();
  process.cpuLimit?.arm();
  adoptChildren(process);
  disassociate(process);
  if (parent && parent !== kernel.init && parent.sid === process.sid && parent.pgid !== process.pgid)
    orphanGroup(kernel, process.pgid, process);
  process.endEvents.wake();
  const tracer = process.leader.trace?.tracer.process;
  if (tracer && tracer !== parent) tellOfEnd(tracer, process, process.leader, status);
  else notifyParent(process);
};

/** A pid namespace ends with its process 1. Linux zap_pid_ns_processes(). */
const endMembers = (pidNs: PidNamespace, init: Process): void => {
  for (const id of [...pidNs.ids]) {
    const member = init.kernel.processes.get(id);
    if (member && member !== init) endProcess(member, SIG.SIGKILL);
  }
};

/** The nearest living subreaper above, or init. man 2 prctl, PR_SET_CHILD_SUBREAPER. */
const reaperOf = (process: Process): Process | undefined => {
  const { pidNs } = process.leader;
  for (let p = process.parent; p && p.leader?.pidNs === pidNs; p = p.parent) if (p.subreaper && p.ended === undefined) return p;
  return pidNs.init === process ? process.kernel.init : pidNs.init;
};

const adoptChildren = (process: Process): void => {
  const reaper = reaperOf(process);
  for (const child of [...process.children]) {
    process.children.delete(child);
    child.parent = reaper;
    reaper?.children.add(child);
    child.exitSignal = SIG.SIGCHLD;
    for (const t of child.threads) {
      if (t.deathSignal === 0) continue;
      sendToProcess(child, { signo: t.deathSignal, code: SI.USER, pid: process.pid, uid: process.leader.cred.uid });
    }
    if (child.ended !== undefined) notifyParent(child);
    else if (child.pgid !== process.pgid && child.sid === process.sid) orphanGroup(process.kernel, child.pgid, process);
  }
};

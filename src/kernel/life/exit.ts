// The end of threads and processes. Linux kernel/exit.c do_exit(), exit_notify(), forget_original_parent(), release_task().
import { disassociate } from "../fs/tty/control.ts";
import { wakeClearedTid } from "../futex/clear-tid.ts";
import { robustListExit } from "../futex/robust.ts";
import type { PidNamespace } from "../namespace/pid.ts";
import { filtersReleased } from "../notify/notification.ts";
import type { Process } from "../process.ts";
import { announceExit, threadEnded } from "../ptrace/exit.ts";
import { SA, SIG_IGN } from "../signal/action.ts";
import { SI, type SigInfo } from "../signal/info.ts";
import { endProcess, sendToProcess } from "../signal/send.ts";
import { SIG } from "../signal/set.ts";
import { sizes } from "../sizes.ts";
import type { Task } from "../task.ts";
import { endWaiting } from "../wait.ts";
import { orphanGroup } from "./job-control.ts";
import { addUsage, ticks } from "./usage.ts";

/** wait(2) status words: exit code in bits 8..15, or the signal, with bit 7 for a core. */
export const exitStatus = (code: number): number => (code & 0xff) << 8;
export const CORE = 0x80;

/** vfork(2): the child no longer needs its parent's memory. Linux mm_release(). */
export const releaseVfork = (task: Task): void => {
  const parent = task.vforkParent;
  task.vforkParent = undefined;
  parent?.wake();
};

/** A thread ends. With the last one the process does. */
export const exitTask = (task: Task, status: number): void => {
  if (task.trace && announceExit(task, status)) return;
  const { process, kernel } = task;
  kernel.observer?.ended?.(task, status);
  robustListExit(task);
  wakeClearedTid(task);
  kernel.scheduler.forget(task);
  endWaiting(task);
  releaseVfork(task);
  task.files.drop();
  task.mem.release();
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

const finishProcess = (process: Process, status: number): void => {
  const { kernel, parent } = process;
  process.ended = status;
  const { pidNs } = process.leader;
  if (pidNs.init === process) endMembers(pidNs, process);
  process.pending.end();
  process.itimers?.cancel();
  process.posixTimers?.cancel();
  adoptChildren(process);
  disassociate(process);
  if (parent && parent !== kernel.init && parent.sid === process.sid && parent.pgid !== process.pgid)
    orphanGroup(kernel, process.pgid, process);
  process.endEvents.wake();
  const tracer = process.leader.trace?.tracer.process;
  if (tracer && tracer !== parent) tellOfEnd(tracer, process, process.leader, status);
  else notifyParent(process);
};

/** SIGCHLD to a tracer that is not the parent, or about a thread: it can wait for it now. */
export const tellOfEnd = (to: Process, process: Process, thread: Task, status: number): void => {
  sendToProcess(to, { ...endedInfo(process, status), signo: SIG.SIGCHLD, pid: thread.pid });
  to.childEvents.wake();
};

/** With its number 1 a pid namespace ends. Linux zap_pid_ns_processes(). */
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

/** SIGCHLD's siginfo for an end. Linux do_notify_parent(). */
export const endedInfo = (process: Process, status: number): SigInfo => {
  const signal = status & 0x7f;
  return {
    signo: process.exitSignal || SIG.SIGCHLD,
    code: signal === 0 ? SI.CLD_EXITED : (status & CORE) !== 0 ? SI.CLD_DUMPED : SI.CLD_KILLED,
    pid: process.pid,
    uid: process.leader.cred.uid,
    status: signal === 0 ? status >> 8 : signal,
    utime: ticks(process.usage.user),
    stime: ticks(process.usage.system),
  };
};

export const notifyParent = (process: Process): void => {
  const { parent, kernel } = process;
  if (!parent || parent === kernel.init) {
    reap(process);
    return;
  }
  const action = parent.threads[0]?.actions.get(SIG.SIGCHLD);
  const ignored = process.exitSignal === SIG.SIGCHLD && action && (action.handler === SIG_IGN || (action.flags & SA.NOCLDWAIT) !== 0);
  if (process.exitSignal !== 0 && !(ignored && action.handler === SIG_IGN))
    sendToProcess(parent, endedInfo(process, process.ended as number));
  if (ignored) reap(process);
  parent.childEvents.wake();
};

/** Nobody will ask about it any more. Linux release_task(). */
export const reap = (process: Process): void => {
  const { parent, kernel } = process;
  if (parent) {
    addUsage(parent.childUsage, process.usage);
    addUsage(parent.childUsage, process.childUsage);
    parent.children.delete(process);
  }
  kernel.processes.delete(process.pid);
  kernel.frames.account.give(sizes.process);
  process.leader?.pidNs.leave(process.pid);
};

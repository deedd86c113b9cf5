// Attaching and detaching a tracer. Linux kernel/ptrace.c ptrace_attach(), ptrace_traceme(), ptrace_detach(),
// exit_ptrace(), ptrace_may_access();
// include/linux/ptrace.h ptrace_init_task().
import { E } from "../../abi/errno.ts";
import { entryWork, exitWork } from "../base/pending-work.ts";
import { MODE } from "../base/seccomp-state.ts";
import { parentThread } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { CAP, capable, capableIn } from "../cred/cred.ts";
import { mayTrace } from "../cred/security.ts";
import { endProcess, sendToTask } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { newTracing, OPTION, OPTION_MASK, type Tracing } from "../signal/tracing.ts";
import { requestTrap } from "../signal/trap.ts";
import { notifyParent } from "../task/end.ts";
import { resume, takeTrap } from "./stop.ts";

/** PTRACE_MODE_ATTACH_REALCREDS: the tracer's real ids against all of the target's, or CAP_SYS_PTRACE. */
export const mayAttach = (tracer: Task, target: Task): boolean => {
  if (tracer.process === target.process) return true;
  if (!mayTrace(tracer, target)) return false;
  const { uid, gid } = tracer.cred;
  const { cred } = target;
  const same = [cred.uid, cred.euid, cred.suid].every((id) => id === uid) && [cred.gid, cred.egid, cred.sgid].every((id) => id === gid);
  const subset = cred.userNs === tracer.cred.userNs && (cred.permitted & ~tracer.cred.permitted) === 0n;
  return (same && target.dumpable === 1 && subset) || capableIn(tracer.cred, target.cred.userNs, CAP.SYS_PTRACE);
};

/** 0 or -errno. SUSPEND_SECCOMP requires a tracer without filters. Linux check_ptrace_options(). */
export const optionError = (tracer: Task, options: number): number => {
  if ((options & ~OPTION_MASK) !== 0) return -E.EINVAL;
  if ((options & OPTION.SUSPEND_SECCOMP) === 0) return 0;
  const { ptrace } = tracer.kernel.profile.seccomp;
  if (!ptrace.includes("suspend")) return -E.EINVAL;
  const free = !tracer.seccomp && !((tracer.trace?.options ?? 0) & OPTION.SUSPEND_SECCOMP);
  return capable(tracer.cred, CAP.SYS_ADMIN) && free ? 0 : -E.EPERM;
};

const link = (tracer: Task, target: Task, tracing: Tracing): void => {
  target.trace = tracing;
  tracer.tracees.add(target);
};

/** PTRACE_ATTACH and PTRACE_SEIZE with valid options. 0 or -errno. */
export const attach = (tracer: Task, target: Task, seize: boolean, options: number): number => {
  if (tracer.process === target.process || !mayAttach(tracer, target)) return -E.EPERM;
  // Process 1 runs no program, like a kernel thread.
  if (target.state === "dead" || target.trace || target.process === target.kernel.init) return -E.EPERM;
  const tracing = newTracing(tracer, tracer.cred, seize, options);
  link(tracer, target, tracing);
  if (!seize) sendToTask(target, { signo: SIG.SIGSTOP, code: SI.KERNEL });
  // A stop of job control becomes a stop for the tracer.
  if (target.state === "stopped" && target.process.stopped) {
    tracing.trapPending = target.process.stopped.signal;
    takeTrap(target, tracing);
  }
  return 0;
};

/** PTRACE_TRACEME. The tracer is the thread that created the process. */
export const traceMe = (task: Task): number => {
  const tracer = parentThread(task);
  if (task.trace || !tracer || !mayTrace(tracer, task)) return -E.EPERM;
  link(tracer, task, newTracing(tracer, task.cred, false, 0));
  return 0;
};
/** Traces a new task whose creator is traced with a matching option. */
export const inheritTracing = (child: Task, maker: Task): void => {
  const { trace } = maker;
  if (!trace) return;
  const tracing = newTracing(trace.tracer, trace.cred, trace.seized, trace.options);
  link(trace.tracer, child, tracing);
  if (trace.seized) requestTrap(child, tracing, SIG.SIGTRAP);
  else child.pending.add({ signo: SIG.SIGSTOP, code: SI.USER, pid: 0, uid: 0 });
  child.exitWork |= exitWork.signal;
};

const unlink = (target: Task): void => {
  target.trace?.tracer.tracees.delete(target);
  target.trace = undefined;
  target.entryWork &= ~entryWork.trace;
};

/** Ends the tracing. A zombie is reported to its parent; a member of a stopped group stays stopped. */
export const detach = (target: Task, signal: number): void => {
  const { trace, process } = target;
  if (!trace) return;
  const { tracer } = trace;
  const { stop } = trace;
  if (stop) {
    if (process.stopped && stop.kind === "group") trace.stop = undefined;
    else resume(target, trace, signal);
  }
  const letThrough = trace.delivers;
  unlink(target);
  if (letThrough) target.pending.add(letThrough);
  if (target.state === "dead" && process.leader === target && process.ended !== undefined && tracer.process !== process.parent)
    notifyParent(process);
};

/** Detaches all tracees of an ended tracer. Linux exit_ptrace(). */
export const tracerEnded = (tracer: Task): void => {
  for (const target of [...tracer.tracees]) {
    const kill = ((target.trace?.options ?? 0) & OPTION.EXITKILL) !== 0 && target.state !== "dead";
    detach(target, 0);
    if (kill) endProcess(target.process, SIG.SIGKILL);
  }
};

/** True if the tracer has suspended the filters. */
export const seccompSuspended = (task: Task): boolean => ((task.trace?.options ?? 0) & OPTION.SUSPEND_SECCOMP) !== 0;

/** True if the task has filters that its tracer may read. */
export const isFiltered = (task: Task): boolean => task.seccomp?.mode === MODE.FILTER;

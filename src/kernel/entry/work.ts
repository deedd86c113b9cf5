// The checks before a system call and their order: Syscall User Dispatch, the tracer, then the filters;
// before Linux 4.8 the filters before the tracer. Linux kernel/entry/common.c syscall_trace_enter(); 3.3:
// arch/x86/kernel/ptrace.c syscall_trace_enter().
import { entryWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { seccompSuspended } from "../ptrace/attach.ts";
import { stopForSyscall } from "../ptrace/stop.ts";
import { MESSAGE } from "../signal/tracing.ts";
import type { Incoming } from "../syscall/call.ts";
import { refetchArguments } from "./doors.ts";
import { seccompCheck } from "./seccomp.ts";
import { userDispatch } from "./user-dispatch.ts";
import { type EntryAction, entryAction } from "./verdict.ts";

/** One check. After `wait` it runs again when the task does. */
type Step = (task: Task, incoming: Incoming) => EntryAction;

/** Suspended filters do not evaluate new calls. An evaluation in progress continues. */
const seccomp: Step = (task, incoming) => {
  const inProgress = incoming.stopped === "event" || incoming.notification !== undefined;
  if ((task.entryWork & entryWork.seccomp) === 0 || (!inProgress && seccompSuspended(task))) return entryAction.run;
  return seccompCheck(task, incoming.abi, incoming);
};

/** The syscall-entry stop. A call that the tracer emulates is neither filtered nor run. */
const tracer: Step = (task, incoming) => {
  if (incoming.stopped === "call") {
    delete incoming.stopped;
    incoming.mayBeChanged = true;
    refetchArguments(task, incoming.abi);
    return incoming.emulated ? entryAction.skip : entryAction.run;
  }
  const { trace } = task;
  if (!trace || (trace.mode !== "syscall" && trace.mode !== "emulate")) return entryAction.run;
  incoming.stopped = "call";
  incoming.emulated = trace.mode === "emulate";
  stopForSyscall(task, trace, MESSAGE.SYSCALL_ENTRY);
  return entryAction.wait;
};

const dispatch: Step = (task, incoming) => ((task.entryWork & entryWork.dispatch) === 0 ? entryAction.run : userDispatch(task, incoming));

const ORDER = { ptraceFirst: [dispatch, tracer, seccomp], seccompFirst: [dispatch, seccomp, tracer] } as const;

/** Run the steps from `incoming.step` on, until one does not answer `run`. */
export const beforeCall = (task: Task, incoming: Incoming): EntryAction => {
  const steps = task.kernel.profile.seccomp.beforePtrace ? ORDER.seccompFirst : ORDER.ptraceFirst;
  for (let step = steps[incoming.step]; step; step = steps[++incoming.step]) {
    const action = step(task, incoming);
    if (action !== entryAction.run) return action;
  }
  return entryAction.run;
};

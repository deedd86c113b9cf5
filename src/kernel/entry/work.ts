// Who may look at a system call before it runs, and in which order: the tracer, then the filters; before Linux 4.8 the filters first.
// Linux kernel/entry/common.c syscall_trace_enter(); 3.3: arch/x86/kernel/ptrace.c syscall_trace_enter().

import { entryWork } from "../base/pending-work.ts";
import { seccompSuspended } from "../ptrace/attach.ts";
import { stopForSyscall } from "../ptrace/stop.ts";
import { MESSAGE } from "../ptrace/tracing.ts";
import type { Task } from "../task/task.ts";
import type { Incoming } from "./call.ts";
import { refetchArguments } from "./doors.ts";
import { seccompCheck } from "./seccomp.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** A step that answers `wait` is asked again when the task runs. */
type Step = (task: Task, incoming: Incoming) => Verdict;

/** Suspended filters do not begin to look; what they have begun goes on. */
const seccomp: Step = (task, incoming) => {
  const begun = incoming.stopped === "event" || incoming.notification !== undefined;
  if ((task.entryWork & entryWork.seccomp) === 0 || (!begun && seccompSuspended(task))) return verdict.run;
  return seccompCheck(task, incoming.abi, incoming);
};

/** The syscall-entry stop. A call that the tracer emulates neither runs nor meets the filters. */
const tracer: Step = (task, incoming) => {
  if (incoming.stopped === "call") {
    delete incoming.stopped;
    incoming.touched = true;
    refetchArguments(task, incoming.abi);
    return incoming.emulated ? verdict.skip : verdict.run;
  }
  const { trace } = task;
  if (!trace || (trace.mode !== "syscall" && trace.mode !== "emulate")) return verdict.run;
  incoming.stopped = "call";
  incoming.emulated = trace.mode === "emulate";
  stopForSyscall(task, trace, MESSAGE.SYSCALL_ENTRY);
  return verdict.wait;
};

const ORDER = { ptraceFirst: [tracer, seccomp], seccompFirst: [seccomp, tracer] } as const;

export const beforeCall = (task: Task, incoming: Incoming): Verdict => {
  const steps = task.kernel.profile.seccomp.beforePtrace ? ORDER.seccompFirst : ORDER.ptraceFirst;
  for (let step = steps[incoming.step]; step; step = steps[++incoming.step]) {
    const said = step(task, incoming);
    if (said !== verdict.run) return said;
  }
  return verdict.run;
};

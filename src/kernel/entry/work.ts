// Who may look at a system call before it runs, and in which order: the tracer, then the filters; before Linux 4.8 the filters first.
// Linux kernel/entry/common.c syscall_trace_enter(); 3.3: arch/x86/kernel/ptrace.c syscall_trace_enter().
import type { Abi } from "../../abi/abi.ts";
import { entryWork, type Task } from "../task.ts";
import { seccompCheck } from "./seccomp.ts";
import { type Verdict, verdict } from "./verdict.ts";

type Step = (task: Task, abi: Abi) => Verdict;

const seccomp: Step = (task, abi) => ((task.entryWork & entryWork.seccomp) === 0 ? verdict.run : seccompCheck(task, abi));
/** The syscall-entry stop: ptrace(2) is not there yet, so nobody sets the bit. */
const tracer: Step = () => verdict.run;

const ORDER = { ptraceFirst: [tracer, seccomp], seccompFirst: [seccomp, tracer] } as const;

export const beforeCall = (task: Task, abi: Abi): Verdict => {
  const steps = task.kernel.profile.seccomp.beforePtrace ? ORDER.seccompFirst : ORDER.ptraceFirst;
  for (const step of steps) {
    const said = step(task, abi);
    if (said !== verdict.run) return said;
  }
  return verdict.run;
};

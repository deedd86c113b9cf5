// The tracer events of fork, exec and system calls. Linux kernel/fork.c kernel_clone(), fs/exec.c
// exec_binprm(), include/linux/ptrace.h ptrace_event(), ptrace_report_syscall_entry().

import { CLONE } from "../../abi/uapi/sched.ts";
import { exitWork } from "../base/pending-work.ts";
import { type Wait, wait } from "../base/wait.ts";
import type { Task } from "../core/task.ts";
import { forceSignal, sendToTask } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { EVENT, MESSAGE, type PtraceEvent } from "../signal/tracing.ts";
import { inheritTracing } from "./attach.ts";
import { eventEnabled, stopForEvent, stopForSyscall } from "./stop.ts";

/** The Wait of a call that has stopped its task. The handler is called again when the task is resumed. */
const stopped = (): Wait => wait([], { killable: true });

/** Traces the child if an option says so. Returns the event of the clone if the tracer has enabled it. */
export const announceChild = (task: Task, child: Task, flags: number, exitSignal: number): PtraceEvent | undefined => {
  const kind = (flags & CLONE.VFORK) !== 0 ? EVENT.VFORK : exitSignal !== SIG.SIGCHLD ? EVENT.CLONE : EVENT.FORK;
  const event = (flags & CLONE.UNTRACED) === 0 && eventEnabled(task, kind) ? kind : undefined;
  if (event !== undefined || (flags & CLONE.PTRACE) !== 0) inheritTracing(child, task);
  return event;
};

/** The event stop of a call that will return `message`. Undefined: the tracer has not enabled the event. */
export const eventStop = (task: Task, event: PtraceEvent, message: number): Wait | undefined => {
  if (!eventEnabled(task, event)) return undefined;
  stopForEvent(task, event, message);
  return stopped();
};

/** After execve(2): an event, or SIGTRAP for a tracer without PTRACE_O_TRACEEXEC. */
export const execStop = (task: Task, oldPid: number): Wait | undefined => {
  const stop = eventStop(task, EVENT.EXEC, oldPid);
  if (!stop && task.trace && !task.trace.seized)
    sendToTask(task, { signo: SIG.SIGTRAP, code: SI.USER, pid: task.tgid, uid: task.cred.uid });
  return stop;
};

/** After a system call: a syscall stop, or the trap of a single step. */
export const afterCall = (task: Task): void => {
  const { trace } = task;
  if (!trace || task.state !== "runnable" || (task.exitWork & (exitWork.ended | exitWork.exiting)) !== 0) return;
  if (trace.mode === "emulate") return;
  if (trace.stepping) forceSignal(task, { signo: SIG.SIGTRAP, code: SI.TRAP_BRKPT, addr: BigInt(task.kernel.processor.state.rip) });
  else if (trace.mode === "syscall") stopForSyscall(task, trace, MESSAGE.SYSCALL_EXIT);
};

// What one thread's being traced consists of. man 2 ptrace; Linux include/linux/ptrace.h, include/linux/sched/jobctl.h.
import type { SigInfo } from "../signal/info.ts";
import type { Task } from "../task/task.ts";

/** PTRACE_O_*. uapi linux/ptrace.h. SUSPEND_SECCOMP lasts as long as the tracer keeps it set. */
export const OPTION = {
  TRACESYSGOOD: 0x1,
  TRACEFORK: 0x2,
  TRACEVFORK: 0x4,
  TRACECLONE: 0x8,
  TRACEEXEC: 0x10,
  TRACEVFORKDONE: 0x20,
  TRACEEXIT: 0x40,
  TRACESECCOMP: 0x80,
  EXITKILL: 0x10_0000,
  SUSPEND_SECCOMP: 0x20_0000,
} as const;
export const OPTION_MASK = Object.values(OPTION).reduce((all, bit) => all | bit, 0);

/** PTRACE_EVENT_*. Those below STOP have the option whose bit is their number. */
export const EVENT = { FORK: 1, VFORK: 2, CLONE: 3, EXEC: 4, VFORK_DONE: 5, EXIT: 6, SECCOMP: 7, STOP: 128 } as const;
export type Event = (typeof EVENT)[keyof typeof EVENT];

/** PTRACE_EVENTMSG_SYSCALL_*: the message of a syscall stop. */
export const MESSAGE = { SYSCALL_ENTRY: 1, SYSCALL_EXIT: 2 } as const;

export type StopKind =
  /** A signal is about to be delivered: the tracer decides which one. */
  | "signal"
  /** Before or after a system call. The tracer's signal is sent. */
  | "syscall"
  /** PTRACE_EVENT_* and the notice that a stepped task has entered a handler. */
  | "event"
  /** Job control, or PTRACE_INTERRUPT. */
  | "group";

export interface Stop {
  readonly kind: StopKind;
  /** Bits 8 and up of the wait status: the signal, and the event above it. Linux task_struct.exit_code. */
  readonly code: number;
  /** PTRACE_GETSIGINFO; a tracer may replace it. None in a group stop of an attached (not seized) task. */
  info: SigInfo | undefined;
  /** A wait has seen it. */
  reported: boolean;
}

/** How the task was resumed. */
export type Mode = "continue" | "syscall" | "emulate";

/** Linux task_struct.ptrace and its companions. Plain data. */
export interface Tracing {
  tracer: Task;
  readonly seized: boolean;
  options: number;
  /** PTRACE_GETEVENTMSG. */
  message: number;
  mode: Mode;
  /** One instruction, then SIGTRAP; `forcedTrap`: TF was set for that and is not the program's own. */
  stepping: boolean;
  forcedTrap: boolean;
  stop: Stop | undefined;
  /** PTRACE_LISTEN: stopped as job control wants it, not to be looked at. */
  listening: boolean;
  /** JOBCTL_TRAP_STOP: it is to stop before it runs user code again; the signal is job control's. */
  trapPending: number | undefined;
  /** What the tracer lets through in place of the signal that stopped the task. */
  delivers: SigInfo | undefined;
  /** PTRACE_EVENT_EXIT has been announced. */
  exitAnnounced: boolean;
}

export const newTracing = (tracer: Task, seized: boolean, options: number): Tracing => ({
  tracer,
  seized,
  options,
  message: 0,
  mode: "continue",
  stepping: false,
  forcedTrap: false,
  stop: undefined,
  listening: false,
  trapPending: undefined,
  delivers: undefined,
  exitAnnounced: false,
});

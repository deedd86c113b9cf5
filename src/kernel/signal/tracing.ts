// The ptrace state of one thread. man 2 ptrace; Linux include/linux/ptrace.h, include/linux/sched/jobctl.h.

import type { Task } from "../core/task.ts";
import type { Cred } from "../cred/cred.ts";
import type { SigInfo } from "./state/info.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    /** ptrace(2): the tracer of this task with its options, and the tasks that this one traces. */
    trace: Tracing | undefined;
    readonly tracees: Set<Task>;
  }
}

/** PTRACE_O_*. Linux uapi linux/ptrace.h. SUSPEND_SECCOMP holds while the tracer keeps it set. */
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
/** All valid options. */
export const OPTION_MASK = Object.values(OPTION).reduce((all, bit) => all | bit, 0);

/** PTRACE_EVENT_*. Events below STOP have the option with their number as bit. */
export const EVENT = { FORK: 1, VFORK: 2, CLONE: 3, EXEC: 4, VFORK_DONE: 5, EXIT: 6, SECCOMP: 7, STOP: 128 } as const;
/** A value of `EVENT`. */
export type PtraceEvent = (typeof EVENT)[keyof typeof EVENT];

/** PTRACE_EVENTMSG_SYSCALL_*: the message of a syscall stop. */
export const MESSAGE = { SYSCALL_ENTRY: 1, SYSCALL_EXIT: 2 } as const;

/** The kind of a ptrace stop. */
export type StopKind =
  /** Before the delivery of a signal. The tracer chooses the signal to deliver. */
  | "signal"
  /** Before or after a system call. The tracer's signal is sent. */
  | "syscall"
  /** PTRACE_EVENT_*, or a stepped task that has entered a handler. */
  | "event"
  /** Job control, or PTRACE_INTERRUPT. */
  | "group";

/** A stop for the tracer. */
export interface PtraceStop {
  readonly kind: StopKind;
  /** Bits 8 and up of the wait status: the signal, then the event. Linux task_struct.exit_code. */
  readonly code: number;
  /**
   * PTRACE_GETSIGINFO; a tracer may replace it. Undefined in a group stop of an attached (not seized) task.
   */
  info: SigInfo | undefined;
  /** A wait has returned it. */
  reported: boolean;
}

/** The request that resumed the task. */
export type ResumeRequest = "continue" | "syscall" | "emulate";

/** Linux task_struct.ptrace and related members. Plain data. */
export interface Tracing {
  tracer: Task;
  readonly seized: boolean;
  /** The credentials of the task that began it. Linux task_struct.ptracer_cred. */
  readonly cred: Cred;
  options: number;
  /** PTRACE_GETEVENTMSG. */
  message: number;
  mode: ResumeRequest;
  /** SIGTRAP after one instruction. `forcedTrap`: the kernel has set TF for it, not the program. */
  stepping: boolean;
  forcedTrap: boolean;
  stop: PtraceStop | undefined;
  /** PTRACE_LISTEN: stopped for job control, invisible to wait. */
  listening: boolean;
  /** JOBCTL_TRAP_STOP: the signal of a stop before the return to user code. */
  trapPending: number | undefined;
  /** The signal that the tracer delivers instead of the one that stopped the task. */
  delivers: SigInfo | undefined;
  /**
   * Selectors of data segments that the tracer has written, by segment register: loaded when the task goes
   * on.
   */
  selectors: Map<number, number> | undefined;
  /** PTRACE_EVENT_EXIT has been reported. */
  exitAnnounced: boolean;
}

/** The state after an attach or a seize. */
export const newTracing = (tracer: Task, cred: Cred, seized: boolean, options: number): Tracing => ({
  tracer,
  cred,
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
  selectors: undefined,
  exitAnnounced: false,
});

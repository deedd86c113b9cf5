// A process: the state that all threads of one thread group share. Linux struct signal_struct.

import type { Rlimit } from "../base/rlimit.ts";
import { sizes } from "../base/sizes.ts";
import { WaitQueue } from "../base/wait.ts";
import { PendingSignals } from "../signal/state/pending.ts";
import type { Kernel } from "./kernel.ts";
import type { Task } from "./task.ts";

/** The end of a process: wait(2)'s status word. */
export type WaitStatus = number;

/** Processor time in virtual nanoseconds, and the counters of getrusage(2). */
export interface Usage {
  user: number;
  system: number;
  minorFaults: number;
  /** The greatest resident set of one process, in pages. Linux signal_struct.maxrss. */
  maxResident: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
  /** Calls that read or write files of any kind, and their bytes. Linux struct task_io_accounting. */
  reads: number;
  readBytes: number;
  writes: number;
  writtenBytes: number;
}
/** The resource usage of a new process. */
export const noUsage = (): Usage => ({
  user: 0,
  system: 0,
  minorFaults: 0,
  maxResident: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
  reads: 0,
  readBytes: 0,
  writes: 0,
  writtenBytes: 0,
});

/** The state of a terminal (fs/tty) that job control needs: foreground group and session, 0 for none.
 *  man 4 tty_ioctl, TIOCSPGRP. */
export interface ControllingTty {
  readonly pgrp: number;
  readonly session: number;
}

/** A core file that is being written (coredump/core-dump.ts). */
export interface Dump {
  /** Writes the next piece. True: the thread continues later. */
  step(task: Task): boolean;
  cancel(): void;
}
/**
 * State that the rooms above add to a process: its control group, its timers. Each declares its members where
 * their types are, as in `TaskMembers`. `newProcess` (lifecycle/new-task.ts) makes them all.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the members are declared there
export interface ProcessMembers {}
/** The members that rooms add. The constructor assigns them. */
export interface Process extends ProcessMembers {}
/** The state that threads share. Linux struct signal_struct, struct sighand_struct. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all members are assigned
export class Process {
  readonly kernel: Kernel;
  /** tgid: the pid that user code sees. */
  readonly pid: number;
  parent: Process | undefined;
  readonly children = new Set<Process>();
  /** The thread that created it, and that traces it after PTRACE_TRACEME. Linux task_struct.real_parent. */
  maker: Task | undefined = undefined;
  /** Live threads. The leader is first while it lives. */
  readonly threads: Task[] = [];
  /** The thread with the pid of the process. It stays until the process is reaped. */
  leader!: Task;
  pgid: number;
  sid: number;
  tty: ControllingTty | undefined = undefined;
  readonly pending: PendingSignals;
  readonly limits: Rlimit[];

  /** Set when the whole group ends: every thread exits with this status. */
  exiting: WaitStatus | undefined = undefined;
  /** The core file in the making: the threads wait for it before they end. */
  dump: Dump | undefined = undefined;
  /** The status for the parent, set after the last thread has ended. */
  ended: WaitStatus | undefined = undefined;
  /** The signal to the parent at the end: SIGCHLD, or that of clone(2). 0: none. */
  exitSignal: number;
  /** Job control: the process is stopped; the parent has not been told yet. */
  stopped: { signal: number; reported: boolean } | undefined = undefined;
  continued: { reported: boolean } | undefined = undefined;

  /** prctl(PR_SET_CHILD_SUBREAPER): adopts orphaned descendants instead of init. */
  subreaper = false;
  /**
   * Signals whose action is the default do nothing: the init of a pid namespace. Linux SIGNAL_UNKILLABLE.
   */
  unkillable = false;
  /** True after execve. The parent's setpgid then fails (EACCES). */
  hasExecuted = false;
  /** Woken when a child changes state: wait4, waitid. */
  readonly childEvents = new WaitQueue();
  /** Woken at the end of the process: pidfd, vfork. */
  readonly endEvents = new WaitQueue();
  readonly usage = noUsage();
  readonly childUsage = noUsage();
  readonly startTime: number;
  /** The nice value of the session that it leads, without effect (/proc/PID/autogroup). */
  autogroupNice = 0;
  /** /proc/PID/oom_score_adj, inherited by children. */
  oomScoreAdj: number;
  /** The least value that it can take without privilege. */
  oomScoreAdjMin: number;

  constructor(
    kernel: Kernel,
    pid: number,
    parent: Process | undefined,
    exitSignal: number,
    limits: readonly Rlimit[],
    members: ProcessMembers,
  ) {
    this.kernel = kernel;
    kernel.frames.account.force(sizes.process);
    this.pending = new PendingSignals(kernel.frames.account);
    this.pid = pid;
    this.parent = parent;
    this.pgid = parent?.pgid ?? pid;
    this.sid = parent?.sid ?? pid;
    this.tty = parent?.tty;
    this.oomScoreAdj = parent?.oomScoreAdj ?? 0;
    this.oomScoreAdjMin = parent?.oomScoreAdjMin ?? 0;
    this.exitSignal = exitSignal;
    this.limits = limits.slice();
    this.startTime = kernel.now;
    parent?.children.add(this);
    Object.assign(this, members);
  }

  /** Soft limit of one resource (rlimit.ts RLIMIT). */
  limit(resource: number): number {
    return (this.limits[resource] as Rlimit).soft;
  }
}

/** The living thread that has the task's process as a child. Linux task_struct.real_parent. */
export const parentThread = (task: Task): Task | undefined => {
  const { parent, maker } = task.process;
  if (!parent) return undefined;
  return maker && maker.process === parent && maker.state !== "dead" ? maker : parent.threads[0];
};

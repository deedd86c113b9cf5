// A process: what all threads of one thread group share. Linux struct signal_struct.

import { initialLimits, type Rlimit } from "../base/rlimit.ts";
import { sizes } from "../base/sizes.ts";
import { WaitQueue } from "../base/wait.ts";
import type { Kernel } from "../kernel.ts";
import { PendingSignals } from "../signal/pending.ts";
import type { IntervalTimers } from "../timer/itimer.ts";
import type { PosixTimers } from "../timer/posix-timer.ts";
import type { Task } from "./task.ts";

/** How it ended: wait(2)'s status word. */
export type WaitStatus = number;

/** Time spent, in virtual nanoseconds, and what getrusage(2) counts. */
export interface Usage {
  user: number;
  system: number;
  minorFaults: number;
  voluntarySwitches: number;
  involuntarySwitches: number;
}
export const noUsage = (): Usage => ({ user: 0, system: 0, minorFaults: 0, voluntarySwitches: 0, involuntarySwitches: 0 });

/** What job control needs of a terminal (fs/tty): its foreground group and its session, 0 for none. man 4 tty_ioctl, TIOCSPGRP. */
export interface ControllingTty {
  readonly pgrp: number;
  readonly session: number;
}

export class Process {
  readonly kernel: Kernel;
  /** tgid: the pid that user code sees. */
  readonly pid: number;
  parent: Process | undefined;
  readonly children = new Set<Process>();
  /** The thread that made it, which traces it if it says PTRACE_TRACEME. Linux task_struct.real_parent. */
  maker: Task | undefined = undefined;
  /** Live threads, the leader first as long as it lives. */
  readonly threads: Task[] = [];
  /** The thread whose pid is the process's; it stays until the process is reaped. */
  leader!: Task;
  pgid: number;
  sid: number;
  tty: ControllingTty | undefined = undefined;
  readonly pending: PendingSignals;
  readonly limits: Rlimit[];

  /** Set once the whole group is ending: every thread leaves with this status. */
  exiting: WaitStatus | undefined = undefined;
  /** The status a parent will read; set when the last thread has gone. */
  ended: WaitStatus | undefined = undefined;
  /** Sent to the parent at the end: SIGCHLD, or what clone(2) asked for. 0: none. */
  exitSignal: number;
  /** Job control: stopped, and whether the parent has yet to hear of it. */
  stopped: { signal: number; reported: boolean } | undefined = undefined;
  continued: { reported: boolean } | undefined = undefined;

  /** prctl(PR_SET_CHILD_SUBREAPER): adopts orphaned descendants in init's place. */
  subreaper = false;
  /** Has called execve since it was forked: setpgid by the parent is too late (EACCES). */
  hasExecuted = false;
  /** Woken when a child changes state: wait4, waitid. */
  readonly childEvents = new WaitQueue();
  /** Woken at the end of the process: pidfd, vfork. */
  readonly endEvents = new WaitQueue();
  readonly usage = noUsage();
  readonly childUsage = noUsage();
  readonly startTime: number;
  itimers: IntervalTimers | undefined = undefined;
  posixTimers: PosixTimers | undefined = undefined;
  oomScoreAdj = 0;

  constructor(kernel: Kernel, pid: number, parent: Process | undefined, exitSignal: number, limits = parent?.limits ?? initialLimits()) {
    this.kernel = kernel;
    kernel.frames.account.force(sizes.process);
    this.pending = new PendingSignals(kernel.frames.account);
    this.pid = pid;
    this.parent = parent;
    this.pgid = parent?.pgid ?? pid;
    this.sid = parent?.sid ?? pid;
    this.tty = parent?.tty;
    this.exitSignal = exitSignal;
    this.limits = limits.slice();
    this.startTime = kernel.now;
    parent?.children.add(this);
  }

  /** Soft limit of one resource (rlimit.ts RLIMIT). */
  limit(resource: number): number {
    return (this.limits[resource] as Rlimit).soft;
  }
}

// RLIMIT_CPU of one process: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard limit.
// man 2 getrlimit; Linux kernel/time/posix-cpu-timers.c check_process_timers().
import { RLIMIT, type Rlimit } from "../base/rlimit.ts";
import type { Process } from "../core/process.ts";
import { processUsage } from "../core/usage.ts";
import { sendToProcess } from "../signal/send.ts";
import { kernelSignal } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

declare module "../core/process.ts" {
  interface ProcessMembers {
    /** RLIMIT_CPU, once it is finite. */
    cpuLimit: (Timer & { arm(): void }) | undefined;
  }
}

const SECOND = 1e9;
/** The time between two looks at a process that sleeps shortly before its limit, in nanoseconds. */
const ASLEEP = 1e7;

/** The limit of processor time of a process. */
export class CpuLimit implements Timer {
  private readonly _process: Process;
  constructor(process: Process) {
    this._process = process;
  }
  limit(): Rlimit {
    return this._process.limits[RLIMIT.CPU] as Rlimit;
  }
  used(): number {
    const { user, system } = processUsage(this._process);
    return user + system;
  }
  /** Looks again as soon as the process can have reached the limit: it uses no more time than passes. */
  arm(): void {
    const { timers, now } = this._process.kernel;
    const left = this.limit().soft * SECOND - this.used();
    if (left === Infinity || this._process.threads.length === 0) return timers.cancel(this);
    const runs = this._process.threads.some((t) => t.state === "runnable");
    timers.set(this, now + Math.max(left, runs ? MIN_PERIOD : ASLEEP));
  }
  fire(): void {
    const { soft, hard } = this.limit();
    const used = this.used();
    if (used >= hard * SECOND) {
      sendToProcess(this._process, kernelSignal(SIG.SIGKILL));
      return;
    }
    if (used >= soft * SECOND) {
      sendToProcess(this._process, kernelSignal(SIG.SIGXCPU));
      this._process.limits[RLIMIT.CPU] = { soft: soft + 1, hard };
    }
    this.arm();
  }
}

/** Begins to look after the limit of a new process, or after a change of it. */
export const watchCpuLimit = (process: Process): void => {
  if (process.cpuLimit === undefined && process.limit(RLIMIT.CPU) === Infinity) return;
  const limit = (process.cpuLimit ??= new CpuLimit(process));
  limit.arm();
};

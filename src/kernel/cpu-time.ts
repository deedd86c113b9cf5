// The limit of processor time of all programs together: virtual nanoseconds in which at least one task ran.
// As RLIMIT_CPU (man 2 getrlimit): SIGXCPU at the limit, and SIGKILL a second later.
import type { Kernel } from "./core/kernel.ts";
import { endProcess, sendToProcess } from "./signal/send.ts";
import { kernelSignal } from "./signal/state/info.ts";
import { SIG } from "./signal/state/set.ts";

declare module "./core/kernel.ts" {
  interface KernelMembers {
    readonly cpuTime: CpuTime;
  }
}

const SECOND = 1e9;

/** The option --cpu-time: the limit, and the time in which no task ran. */
export class CpuTime {
  private readonly _kernel: Kernel;
  /** Part of the clock: time in which all tasks slept. */
  idle = 0;
  /** Nanoseconds until SIGXCPU, then until SIGKILL. */
  private _limit = Number.POSITIVE_INFINITY;
  /** SIGXCPU has been sent. */
  exceeded = false;

  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  set limit(nanoseconds: number) {
    this._limit = nanoseconds;
  }
  /** The time at which the limit is reached if no task sleeps before. */
  get end(): number {
    return this._limit + this.idle;
  }
  /** Sends the signal to all processes if the limit is reached. */
  check(): void {
    const { now, processes } = this._kernel;
    if (now < this.end) return;
    for (const process of [...processes.values()]) {
      if (process.threads.length === 0) continue;
      if (this.exceeded) endProcess(process, SIG.SIGKILL);
      else sendToProcess(process, kernelSignal(SIG.SIGXCPU));
    }
    this._limit += SECOND;
    this.exceeded = true;
  }
}

// The processor time that a machine's programs may use together: virtual nanoseconds in which not all of them slept. man 2 getrlimit,
// RLIMIT_CPU: SIGXCPU at the limit, and SIGKILL a second later.
import type { Kernel } from "./kernel.ts";
import { kernelSignal } from "./signal/info.ts";
import { endProcess, sendToProcess } from "./signal/send.ts";
import { SIG } from "./signal/set.ts";

const SECOND = 1e9;

export class CpuTime {
  readonly #kernel: Kernel;
  /** Of the clock: what passed while all slept. */
  idle = 0;
  /** Nanoseconds until SIGXCPU, then until SIGKILL. */
  #limit = Number.POSITIVE_INFINITY;
  /** SIGXCPU has been sent. */
  exceeded = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }
  set limit(nanoseconds: number) {
    this.#limit = nanoseconds;
  }
  /** The time at which the limit is reached if no task sleeps until then. */
  get end(): number {
    return this.#limit + this.idle;
  }
  /** Tell everybody if it is reached. */
  check(): void {
    const { now, processes } = this.#kernel;
    if (now < this.end) return;
    for (const process of [...processes.values()]) {
      if (process.threads.length === 0) continue;
      if (this.exceeded) endProcess(process, SIG.SIGKILL);
      else sendToProcess(process, kernelSignal(SIG.SIGXCPU));
    }
    this.#limit += SECOND;
    this.exceeded = true;
  }
}

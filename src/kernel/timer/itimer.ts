// Interval timers of a process. man 2 setitimer, alarm; Linux kernel/time/itimer.c.

import type { Process } from "../core/process.ts";
import { processUsage } from "../core/usage.ts";
import { sendToProcess } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

declare module "../core/process.ts" {
  interface ProcessMembers {
    itimers: IntervalTimers | undefined;
  }
}

/** ITIMER_*. */
export const ITIMER = { REAL: 0, VIRTUAL: 1, PROF: 2 } as const;
const SIGNALS = [SIG.SIGALRM, SIG.SIGVTALRM, SIG.SIGPROF] as const;

/** Times in nanoseconds. 0 disarms. */
export interface Itimer {
  readonly value: number;
  readonly interval: number;
}

/**
 * VIRTUAL and PROF count the process's own time. They are checked when that much time can have passed at the
 * earliest.
 */
export class IntervalTimer implements Timer {
  readonly which: number;
  readonly process: Process;
  interval = 0;
  /** In the timer's own clock. Infinity: disarmed. */
  private _expiry = Infinity;

  constructor(process: Process, which: number) {
    this.process = process;
    this.which = which;
  }

  clock(): number {
    if (this.which === ITIMER.REAL) return this.process.kernel.now;
    const { user, system } = processUsage(this.process);
    return this.which === ITIMER.VIRTUAL ? user : user + system;
  }
  get(): Itimer {
    const left = this._expiry - this.clock();
    return { value: this._expiry === Infinity ? 0 : Math.max(1000, left), interval: this.interval };
  }
  set({ value, interval }: Itimer): void {
    this.interval = interval;
    this._expiry = value === 0 ? Infinity : this.clock() + value;
    this._arm();
  }
  private _arm(): void {
    const { timers, now } = this.process.kernel;
    if (this._expiry === Infinity) timers.cancel(this);
    else timers.set(this, now + Math.max(this._expiry - this.clock(), MIN_PERIOD));
  }
  fire(): void {
    if (this.clock() >= this._expiry) {
      const missed = this.interval === 0 ? 0 : Math.floor((this.clock() - this._expiry) / this.interval);
      this._expiry = this.interval === 0 ? Infinity : this._expiry + this.interval * (missed + 1);
      sendToProcess(this.process, { signo: SIGNALS[this.which] as number, code: SI.KERNEL });
    }
    // A sleeping process uses no time. Without this the virtual clock could never jump.
    if (this.which !== ITIMER.REAL && !this.process.threads.some((t) => t.state === "runnable")) {
      this.process.kernel.timers.set(this, this.process.kernel.now + 1e7);
    } else this._arm();
  }
}

/** The three interval timers of a process. */
export class IntervalTimers {
  private readonly _timers: readonly IntervalTimer[];
  constructor(process: Process) {
    this._timers = SIGNALS.map((_, which) => new IntervalTimer(process, which));
  }
  get(which: number): Itimer {
    return (this._timers[which] as IntervalTimer).get();
  }
  set(which: number, to: Itimer): void {
    (this._timers[which] as IntervalTimer).set(to);
  }
  cancel(): void {
    for (const t of this._timers) t.set({ value: 0, interval: 0 });
  }
}

// Timers of timer_create(2). Linux kernel/time/posix-timers.c.

import { sizes } from "../base/sizes.ts";
import type { Kernel } from "../kernel.ts";
import { SI } from "../signal/info.ts";
import { sendToProcess, sendToTask } from "../signal/send.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import type { Itimer } from "./itimer.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

/** What happens at expiry: struct sigevent. uapi asm-generic/siginfo.h */
export interface Event {
  readonly notify: number;
  readonly signo: number;
  readonly value: bigint;
  readonly thread: Task | undefined;
}
export const SIGEV = { SIGNAL: 0, NONE: 1, THREAD: 2, THREAD_ID: 4 } as const;
const DELAYTIMER_MAX = 0x7fff_ffff;

export class PosixTimer implements Timer {
  readonly id: number;
  readonly clock: number;
  readonly event: Event;
  readonly #process: Process;
  #expiry = Infinity;
  interval = 0;
  /** Expirations since the signal was queued, and as of the last one delivered. */
  #missed = 0;
  overrun = 0;

  constructor(process: Process, id: number, clock: number, event: Event) {
    this.#process = process;
    this.id = id;
    this.clock = clock;
    this.event = event;
  }
  #kernel(): Kernel {
    return this.#process.kernel;
  }

  get(): Itimer {
    const value = this.#expiry === Infinity ? 0 : Math.max(1, this.#expiry - this.#kernel().now);
    return { value, interval: this.interval };
  }
  /** `expiry` on the monotonic clock; Infinity disarms. */
  set(expiry: number, interval: number): void {
    this.#expiry = expiry;
    this.interval = interval;
    this.overrun = this.#missed = 0;
    if (expiry === Infinity) this.#kernel().timers.cancel(this);
    else this.#kernel().timers.set(this, Math.max(expiry, this.#kernel().now));
  }
  fire(now: number): void {
    if (this.interval > 0) this.#missed += Math.floor((now - this.#expiry) / this.interval);
    const { notify, signo, value, thread } = this.event;
    if (notify !== SIGEV.NONE) {
      const pending = (thread ?? this.#process).pending.hasTimer(this.id);
      if (pending) this.#missed = Math.min(this.#missed + 1, DELAYTIMER_MAX);
      else {
        this.overrun = Math.min(this.#missed, DELAYTIMER_MAX);
        this.#missed = 0;
        const info = { signo, code: SI.TIMER, timerId: this.id, overrun: this.overrun, value };
        if (thread) sendToTask(thread, info);
        else sendToProcess(this.#process, info);
      }
    }
    if (this.interval === 0) this.#expiry = Infinity;
    else {
      this.#expiry += this.interval * (1 + Math.floor((now - this.#expiry) / this.interval));
      this.#kernel().timers.set(this, Math.max(this.#expiry, now + MIN_PERIOD));
    }
  }
}

export class PosixTimers {
  readonly timers = new Map<number, PosixTimer>();
  #next = 0;
  readonly #process: Process;
  constructor(process: Process) {
    this.#process = process;
  }

  create(clock: number, event: (id: number) => Event): PosixTimer {
    const id = this.#next++;
    const timer = new PosixTimer(this.#process, id, clock, event(id));
    this.timers.set(id, timer);
    return timer;
  }
  delete(timer: PosixTimer): void {
    timer.set(Infinity, 0);
    this.timers.delete(timer.id);
    this.#process.kernel.frames.account.give(sizes.posixTimer);
  }
  /** At execve and at the end. */
  cancel(): void {
    for (const t of [...this.timers.values()]) this.delete(t);
  }
}

// Timers of timer_create(2). Linux kernel/time/posix-timers.c.

import { sizes } from "../base/sizes.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { processUsage } from "../core/usage.ts";
import { sendToProcess, sendToTask } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import type { Itimer } from "./itimer.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

declare module "../core/process.ts" {
  interface ProcessMembers {
    posixTimers: PosixTimers | undefined;
  }
}

/** The action at expiry: struct sigevent. uapi asm-generic/siginfo.h */
export interface SigEvent {
  readonly notify: number;
  readonly signo: number;
  readonly value: bigint;
  readonly thread: Task | undefined;
}
/** Kinds of notification in `notify`. */
export const SIGEV = { SIGNAL: 0, NONE: 1, THREAD: 2, THREAD_ID: 4 } as const;
/** The time between two looks at a process that sleeps, in nanoseconds. */
const ASLEEP = 1e7;
const DELAYTIMER_MAX = 0x7fff_ffff;

/** A timer of timer_create(2). */
export class PosixTimer implements Timer {
  readonly id: number;
  readonly clock: number;
  readonly event: SigEvent;
  private readonly _process: Process;
  /** The task or process whose processor time is the timer's clock. Undefined: monotonic time. */
  private readonly _counts: Task | Process | undefined;
  /** In the timer's own clock. Infinity: disarmed. */
  private _expiry = Infinity;
  interval = 0;
  /** The last signal that was queued: its overrun grows until it is delivered. */
  private _queued: { overrun: number } | undefined = undefined;
  /** The overrun of the last signal that was delivered. */
  private _delivered = 0;

  constructor(process: Process, id: number, clock: number, event: SigEvent, counts?: Task | Process) {
    this._process = process;
    this._counts = counts;
    this.id = id;
    this.clock = clock;
    this.event = event;
  }
  private _kernel(): Kernel {
    return this._process.kernel;
  }

  /** The timer's clock, in nanoseconds. */
  now(): number {
    const counts = this._counts;
    if (!counts) return this._kernel().now;
    const { user, system } = "threads" in counts ? processUsage(counts) : counts.usage;
    return user + system;
  }
  /** Fires at the expiry, or looks again when the processor time can have reached it. */
  private _arm(least: number): void {
    const { now, timers } = this._kernel();
    const runs = this._process.threads.some((t) => t.state === "runnable");
    timers.set(this, now + Math.max(this._expiry - this.now(), this._counts && !runs ? ASLEEP : least));
  }
  get(): Itimer {
    const value = this._expiry === Infinity ? 0 : Math.max(1, this._expiry - this.now());
    return { value, interval: this.interval };
  }
  /** `expiry` on the timer's clock; Infinity disarms. */
  set(expiry: number, interval: number): void {
    this._expiry = expiry;
    this.interval = interval;
    this._queued = undefined;
    this._delivered = 0;
    if (expiry === Infinity) this._kernel().timers.cancel(this);
    else this._arm(0);
  }
  /** timer_getoverrun(2). */
  get overrun(): number {
    this._noteDelivery();
    return this._delivered;
  }
  private _noteDelivery(): void {
    if (!this._queued || this._isPending()) return;
    this._delivered = this._queued.overrun;
    this._queued = undefined;
  }
  private _isPending(): boolean {
    return (this.event.thread ?? this._process).pending.hasTimer(this.id);
  }
  /** An expiration with `missed` others since the last look. */
  private _signal(missed: number): void {
    if (this._isPending()) {
      if (this._queued) this._queued.overrun = Math.min(this._queued.overrun + missed + 1, DELAYTIMER_MAX);
      return;
    }
    this._noteDelivery();
    const { signo, value, thread } = this.event;
    const info = { signo, code: SI.TIMER, timerId: this.id, overrun: Math.min(missed, DELAYTIMER_MAX), value };
    this._queued = info;
    if (thread) sendToTask(thread, info);
    else sendToProcess(this._process, info);
  }
  fire(): void {
    const now = this.now();
    if (now < this._expiry) return this._arm(MIN_PERIOD);
    const missed = this.interval > 0 ? Math.floor((now - this._expiry) / this.interval) : 0;
    if (this.event.notify !== SIGEV.NONE) this._signal(missed);
    if (this.interval === 0) this._expiry = Infinity;
    else {
      this._expiry += this.interval * (1 + Math.floor((now - this._expiry) / this.interval));
      this._arm(MIN_PERIOD);
    }
  }
}

/** The timers of one process, by id. */
export class PosixTimers {
  readonly timers = new Map<number, PosixTimer>();
  private _next = 0;
  private readonly _process: Process;
  constructor(process: Process) {
    this._process = process;
  }

  create(clock: number, event: (id: number) => SigEvent, counts?: Task | Process): PosixTimer {
    const id = this._next++;
    const timer = new PosixTimer(this._process, id, clock, event(id), counts);
    this.timers.set(id, timer);
    return timer;
  }
  delete(timer: PosixTimer): void {
    timer.set(Infinity, 0);
    this.timers.delete(timer.id);
    this._process.kernel.frames.account.give(sizes.posixTimer);
  }
  /** At execve and at the end. */
  cancel(): void {
    for (const t of [...this.timers.values()]) this.delete(t);
  }
}

// The thread of IORING_SETUP_SQPOLL, which submits without a system call. Here it is a timer of virtual time.
// Linux io_uring/sqpoll.c.
import type { Timer } from "../../timer/timers.ts";
import type { UringFile } from "./ring.ts";
import { submitSome } from "./submit.ts";

/** Nanoseconds between two looks: at first, and at most while nothing comes. */
const SHORTEST = 10_000;
const LONGEST = 1_000_000;

/** Looks for submissions until it has found none for the idle time. */
export class Poller implements Timer {
  private readonly _ring: UringFile;
  private readonly _idle: number;
  private _last: number;
  private _interval = SHORTEST;
  private _sleeps = false;
  constructor(ring: UringFile, idleMilliseconds: number) {
    this._ring = ring;
    this._idle = idleMilliseconds * 1e6;
    this._last = ring.kernel.now;
    this._next();
  }
  private _next(): void {
    this._ring.kernel.timers.set(this, this._ring.kernel.now + this._interval);
  }
  fire(now: number): void {
    const ring = this._ring;
    if (ring.submissions > 0 && !ring.disabled) {
      submitSome(ring.submitter, ring, ring.submissions);
      this._last = ring.kernel.now;
      this._interval = SHORTEST;
    } else this._interval = Math.min(LONGEST, 2 * this._interval);
    if (now - this._last <= this._idle) return this._next();
    this._sleeps = true;
    ring.needsWakeup(true);
  }
  /** IORING_ENTER_SQ_WAKEUP. */
  wake(): void {
    if (!this._sleeps) return;
    this._sleeps = false;
    this._ring.needsWakeup(false);
    this._last = this._ring.kernel.now;
    this._interval = SHORTEST;
    this._ring.kernel.timers.set(this, this._ring.kernel.now);
  }
  end(): void {
    this._ring.kernel.timers.cancel(this);
  }
}

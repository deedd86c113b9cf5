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
  readonly #ring: UringFile;
  readonly #idle: number;
  #last: number;
  #interval = SHORTEST;
  #sleeps = false;
  constructor(ring: UringFile, idleMilliseconds: number) {
    this.#ring = ring;
    this.#idle = idleMilliseconds * 1e6;
    this.#last = ring.kernel.now;
    this.#next();
  }
  #next(): void {
    this.#ring.kernel.timers.set(this, this.#ring.kernel.now + this.#interval);
  }
  fire(now: number): void {
    const ring = this.#ring;
    if (ring.submissions > 0 && !ring.disabled) {
      submitSome(ring.submitter, ring, ring.submissions);
      this.#last = ring.kernel.now;
      this.#interval = SHORTEST;
    } else this.#interval = Math.min(LONGEST, 2 * this.#interval);
    if (now - this.#last <= this.#idle) return this.#next();
    this.#sleeps = true;
    ring.needsWakeup(true);
  }
  /** IORING_ENTER_SQ_WAKEUP. */
  wake(): void {
    if (!this.#sleeps) return;
    this.#sleeps = false;
    this.#ring.needsWakeup(false);
    this.#last = this.#ring.kernel.now;
    this.#interval = SHORTEST;
    this.#ring.kernel.timers.set(this, this.#ring.kernel.now);
  }
  end(): void {
    this.#ring.kernel.timers.cancel(this);
  }
}

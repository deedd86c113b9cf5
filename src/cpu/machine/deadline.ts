// Deadlines in real time, as the owner of the machine measures it. A run ends between two instructions soon
// after its deadline. No guest can see the position.

/** A clock and the time at which a run ends, both in milliseconds. */
export interface Deadline {
  /** Milliseconds. */
  readonly clock: () => number;
  until: number;
}

/** The absence of a deadline. */
export const noDeadline: Deadline = { clock: () => 0, until: Infinity };

/**
 * The number of instructions between two checks of the clock. Instruction times differ by orders of
 * magnitude, so the number is adapted to the time of the last interval.
 */
export class Pace {
  /** Instructions until the next check. */
  interval: number;
  /**
   * The time of the last check. 0: the time before the next one is not measured, as at the start of a run.
   */
  last = 0;
  readonly #most: number;
  constructor(most: number) {
    this.#most = most;
    this.interval = FIRST;
  }
  /** Checks the clock. False if the deadline has passed. */
  look({ clock, until }: Deadline): boolean {
    const now = clock();
    const took = now - this.last;
    if (this.last > 0)
      this.interval =
        took > LONG ? Math.max(LEAST, this.interval >> 2) : took < SHORT ? Math.min(this.#most, this.interval * 2) : this.interval;
    this.last = now;
    return now < until;
  }
}
const FIRST = 1 << 14;
/** Longer than a block. */
const LEAST = 1 << 8;
/** Limits of an interval in milliseconds. */
const LONG = 5;
const SHORT = 1;

// Real time, as the owner of a machine measures it. A run ends soon after it, between two instructions: where is nothing that a guest can see.

export interface Deadline {
  /** Milliseconds. */
  readonly clock: () => number;
  until: number;
}

export const noDeadline: Deadline = { clock: () => 0, until: Infinity };

/**
 * How many instructions may run between two looks at the clock. Some take a thousand times as long as others, so the number follows from the time
 * that the last ones took.
 */
export class Pace {
  /** Instructions until the next look. */
  interval: number;
  readonly #most: number;
  #last = 0;
  constructor(most: number) {
    this.#most = most;
    this.interval = FIRST;
  }
  /** A run begins: the time before it says nothing. */
  begin(): void {
    this.#last = 0;
  }
  /** A look: false if time is up. */
  look({ clock, until }: Deadline): boolean {
    const now = clock();
    const took = now - this.#last;
    if (this.#last > 0)
      this.interval =
        took > LONG ? Math.max(LEAST, this.interval >> 2) : took < SHORT ? Math.min(this.#most, this.interval * 2) : this.interval;
    this.#last = now;
    return now < until;
  }
}
const FIRST = 1 << 14;
/** More than a block is long. */
const LEAST = 1 << 8;
/** Milliseconds for a part. */
const LONG = 5;
const SHORT = 1;

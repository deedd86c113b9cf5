// The clock of the host during a run: an engine checks it at least once for a bounded amount of work. A guest
// cannot see the result. It only decides between which two instructions a run ends.

import { type Deadline, noDeadline, Pace } from "./deadline.ts";

/** Instructions of the oracle, and iterations of the dispatcher, between two checks. */
const LOOK_EVERY = 1 << 7;
const LOOK_EVERY_TURN = 1 << 10;

/** Deadline of the current run, and the work since the last check of the clock. */
export class HostClock {
  /** The time at which the current run ends, independent of its limit of instructions. */
  deadline: Deadline = noDeadline;
  /** True once the deadline has passed. */
  isLate = false;
  #turns = 0;
  /** The instructions of compiled code between two checks. */
  readonly pace: Pace;

  /** @param most The most instructions of compiled code between two checks. */
  constructor(most: number) {
    this.pace = new Pace(most);
  }

  /** Starts a run. */
  begin(): void {
    this.isLate = false;
    this.pace.last = 0;
  }
  /** Checks the clock now. */
  look(): void {
    this.#turns = 0;
    if (!this.pace.look(this.deadline)) this.isLate = true;
  }
  /** One iteration of the dispatcher, or one slow path of compiled code. True: the run must end. */
  turn(): boolean {
    if (++this.#turns >= LOOK_EVERY_TURN) this.look();
    return this.isLate;
  }
  /** The oracle has executed instructions, or iterations of a repeated one. */
  evaluated(instructions: number): void {
    this.#turns += (instructions * LOOK_EVERY_TURN) / LOOK_EVERY;
    if (this.#turns >= LOOK_EVERY_TURN) this.look();
  }
}

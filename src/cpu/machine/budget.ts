// The limit of a run, in instructions, and its parts: compiled code and the interpreter have one each, and
// the rest is held back until the next check of the host's clock. The parts end at block boundaries. Only the
// limit itself is exact (docs/decisions/0001-budget-exact.md).

import type { Pace } from "./deadline.ts";
import { type Exit, exit } from "./exit.ts";
import type { HostClock } from "./host-clock.ts";
import { at, type State } from "./state.ts";

const regionBudget = at.regionBudget >> 2;
const timeCharge = at.timeCharge >> 2;

/**
 * The budget of the current run. The interpreter's part is a number that the dispatcher keeps in a local
 * variable, and stores into the state page before it is read here. The part of regions is in the state page.
 *
 * @example
 * let part = budget.begin(limit, 1000);
 * part -= executed;
 * budget.finish(part, exit.budget);
 */
export class Budget {
  /** Guest instructions retired since boot, before the current run. */
  instructions = 0;
  /** The instructions among them that the interpreter executed. */
  interpreted = 0;
  /**
   * Interpreted instructions until the JIT's next sample. The interval continues over runs that a system call
   * ends early.
   */
  unsampled = 0;
  /** Instructions granted to generated code in the current run. */
  limit = 0;
  /** The part granted to the interpreter so far. */
  granted = 0;
  /** The part not yet granted. */
  held = 0;
  /** The last run ended because its limit was used up. */
  endedByLimit = true;
  /** The part of the current run's instructions that the baseline tier knows of. */
  #reported = 0;
  readonly #i32: Int32Array;
  readonly #pace: Pace;

  constructor(state: State, clock: HostClock) {
    this.#i32 = state.i32;
    this.#pace = clock.pace;
  }

  // `begin` and `finish` call nothing: each system call has one of both, and mostly runs before V8 inlines
  // calls.
  /** Divides a limit into its first parts. Returns the interpreter's part, at most `most`. */
  begin(limit: number, most: number): number {
    const part = Math.min(limit, most);
    const held = limit - part;
    const { interval } = this.#pace;
    const ofRegions = Math.min(held, interval);
    this.limit = limit;
    this.granted = part;
    this.held = held - ofRegions;
    this.#i32[regionBudget] = ofRegions;
    this.#i32[timeCharge] = 0;
    return part;
  }
  /** Grants another part to regions: the instructions until the next check of the clock. */
  grantRegions(): void {
    const n = Math.min(this.held, this.#pace.interval);
    this.held -= n;
    this.#i32[regionBudget] = (this.#i32[regionBudget] as number) + n;
  }
  /** Grants `n` more instructions to the interpreter. Returns `n`. */
  grant(n: number): number {
    this.charge(n);
    this.granted += n;
    return n;
  }
  /** Moves instructions from the regions' part to the interpreter's. Returns `n`. */
  move(n: number): number {
    this.granted += n;
    this.#i32[regionBudget] = (this.#i32[regionBudget] as number) - n;
    return n;
  }
  /** Returns to the limit the instructions that regions have charged for slow instructions. */
  giveTimeBack(): void {
    const i32 = this.#i32;
    this.held += i32[timeCharge] as number;
    i32[timeCharge] = 0;
    // Regions may have charged more than they had.
    const owed = Math.min(this.held, -(i32[regionBudget] as number));
    if (owed <= 0) return;
    this.held -= owed;
    i32[regionBudget] = (i32[regionBudget] as number) + owed;
  }
  /** The remaining instructions of the limit that the interpreter does not have. */
  rest(): number {
    return (this.#i32[regionBudget] as number) + (this.#i32[timeCharge] as number) + this.held;
  }
  /** Subtracts instructions from the limit. Returns how many of them the interpreter must subtract. */
  charge(n: number): number {
    this.giveTimeBack();
    const ofHeld = Math.min(this.held, n);
    const ofRegions = Math.min(Math.max(0, this.#i32[regionBudget] as number), n - ofHeld);
    this.held -= ofHeld;
    this.#i32[regionBudget] = (this.#i32[regionBudget] as number) - ofRegions;
    return n - ofHeld - ofRegions;
  }
  /** A served call allows fewer instructions: `granted` of the `left` remaining ones. */
  shorten(granted: number, left: number): void {
    this.limit = granted;
    const held = this.held - (left - granted);
    if (held >= 0) this.held = held;
    else this.charge(left - granted);
  }
  /**
   * Interpreted instructions since the last call, which the baseline tier counts. `ran`: those of this part.
   */
  unreported(ran: number): number {
    const n = ran - this.#reported;
    this.#reported = ran;
    return n;
  }
  /** Counts the executed instructions. Returns the remaining limit in both parts. */
  settle(part: number): number {
    const ran = this.granted - part;
    // Between two served calls of a region the interpreter runs nothing.
    if (ran !== 0) {
      this.interpreted += ran;
      this.unsampled -= ran;
      this.granted = part;
      this.#reported -= ran;
    }
    const left = part + this.rest();
    this.instructions += this.limit - left;
    this.limit = left;
    return left;
  }
  /** Ends the run. Returns `code`. */
  finish(part: number, code: Exit): Exit {
    const i32 = this.#i32;
    const ran = this.granted - part;
    this.interpreted += ran;
    this.unsampled -= ran;
    this.#reported -= ran;
    this.instructions += this.limit - part - (i32[regionBudget] as number) - (i32[timeCharge] as number) - this.held;
    this.limit = 0;
    this.granted = 0;
    this.held = 0;
    this.endedByLimit = code === exit.budget;
    i32[regionBudget] = 0;
    i32[timeCharge] = 0;
    i32[at.budget >> 2] = 0;
    return code;
  }
  /** Instructions retired before the one that leaves the interpreter so much of its part. */
  before(part: number): number {
    return this.instructions + this.limit - part - this.rest();
  }
  /** Instructions retired, also in the middle of a run, at a block's end. */
  get retired(): number {
    return this.before(this.#i32[at.budget >> 2] as number);
  }
}

// Schedules directed by a data race. Sen, "Race Directed Random Testing of Concurrent Programs", PLDI 2008: a
// task waits before the first access of a race until another task is about to make the second one, which
// then comes first. A race that was seen in one order is harmful, as a rule, in the other one.
import type { Random } from "./random.ts";
import { type Candidate, conflicts, Pos } from "./strategy.ts";

/** The instructions of the two accesses, in the order in which a run has had them. */
export interface RacingPair {
  readonly first: number;
  readonly second: number;
}

/** Changes the order of one race. Partial order sampling decides the rest. */
export class Directed extends Pos {
  private readonly _pair: RacingPair;
  /** The task that has waited, once the other one has made its access: it goes on alone. */
  private _delayed = 0;
  constructor(random: Random, pair: RacingPair) {
    super(random);
    this._pair = pair;
  }
  override begin(): void {
    super.begin();
    this._delayed = 0;
  }
  override choose(candidates: readonly Candidate[]): number {
    const { first, second } = this._pair;
    const late = this._delayed === 0 ? -1 : candidates.findIndex(({ pid }) => pid === this._delayed);
    if (late >= 0) return late;
    const waiting = candidates.filter(({ event }) => event?.ip === first);
    for (const [i, { pid, event }] of candidates.entries()) {
      if (event?.ip !== second) continue;
      const other = waiting.find((one) => one.pid !== pid && one.event !== undefined && conflicts(one.event, event));
      if (!other) continue;
      this._delayed = other.pid;
      return i;
    }
    const others = candidates.filter((candidate) => !waiting.includes(candidate));
    if (others.length === 0) return super.choose(candidates);
    return candidates.indexOf(others[super.choose(others)] as Candidate);
  }
}

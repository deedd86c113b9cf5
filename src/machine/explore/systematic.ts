// The systematic search: schedules are ordered by the number of departures from the default one
// (round-robin): none, then every single departure, then every two. Musuvathi and Qadeer, "Iterative context
// bounding for systematic testing of multithreaded programs", PLDI 2007; counting every departure and not
// preemptions alone is Emmi, Qadeer and Rakamarić, "Delay-bounded scheduling", POPL 2011.
import type { Delay, Departure } from "../schedule.ts";
import { inShard } from "../shard.ts";
import { Pauses, type Trials } from "./trials.ts";

/** A violation by its schedule. */
export interface Found {
  readonly what: string;
  readonly departures: readonly Departure[];
  readonly delays?: readonly Delay[];
}

/** The search up to a number of departures. It stops before any schedule, and can go on there. */
export class Systematic {
  private readonly _trials: Trials;
  private readonly _pauses = new Pauses();
  private readonly _steps: Generator<undefined, Found | undefined>;
  /** All schedules with so many departures were tried; -1: not even the default one. */
  complete = -1;
  /** All schedules up to the bound were tried, or one failed. */
  isDone = false;

  constructor(trials: Trials, bound: number) {
    this._trials = trials;
    this._steps = this._levels(bound);
    this._steps.next();
  }
  private *_levels(bound: number): Generator<undefined, Found | undefined> {
    for (; this.complete < bound; this.complete++) {
      const found = yield* this._level([], this.complete + 1);
      if (found) return found;
    }
    return undefined;
  }
  /**
   * All schedules that begin with these departures and have so many more, up to the first violation.
   * Schedules with fewer departures were judged on earlier levels. They run again for their list of choices,
   * which is cheap compared with the schedules below them.
   */
  private *_level(departures: readonly Departure[], more: number): Generator<undefined, Found | undefined> {
    yield undefined;
    const { violated, points } = this._trials.follow(departures);
    if (violated !== undefined) return { what: violated, departures };
    if (more === 0) return undefined;
    const { shard } = this._trials.options;
    let item = 0;
    for (let point = ((departures.at(-1)?.point as number | undefined) ?? -1) + 1; point < points.length; point++) {
      for (const task of points[point] as readonly number[]) {
        if (shard && departures.length === 0 && !inShard(shard, item++)) continue;
        const found = yield* this._level([...departures, { point, task }], more - 1);
        if (found) return found;
      }
    }
    return undefined;
  }
  /** Tries one schedule after the other, up to the first violation. */
  async search(isOver = (): boolean => this._trials.exhausted): Promise<Found | undefined> {
    while (!this.isDone && !isOver()) {
      const { done, value } = this._steps.next();
      if (done) {
        this.isDone = true;
        return value;
      }
      await this._pauses.pause();
    }
    return undefined;
  }
}

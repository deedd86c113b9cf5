// The sampling searches: schedules drawn by a strategy (strategy.ts), and what they have covered.

import { Directed } from "./directed.ts";
import { Feedback } from "./feedback.ts";
import { GoExplore } from "./go-explore.ts";
import type { ObservedRun } from "./observer.ts";
import type { Coverage, SearchName } from "./options.ts";
import type { Dpor } from "./proof/dpor.ts";
import { Random } from "./random.ts";
import type { PointsAt } from "./run/points.ts";
import { type ObservedFacts, Pct, Pos, RandomWalk, type Strategy } from "./strategy.ts";
import { Surw } from "./surw.ts";
import type { Found } from "./systematic.ts";
import { Pauses, type Trials } from "./trials.ts";

/** The depth of bugs that PCT looks for: the best one in Thomson et al., TOPC 2016. */
export const DEPTH = 3;

/** The default schedule, with a look at its accesses. */
class Default implements Strategy {
  begin(): void {}
  choose(): number {
    return 0;
  }
  executed(): void {}
  starves(): void {}
}

/** Drawn schedules in a proof: its points are those of the proof, and so is its order of deadlines. */
class PosInTime extends Pos {
  readonly seesAll = true;
}
/**
 * Schedules that are drawn before the first trace of a proof, until so many have shown no more shared words,
 * and after each so many traces.
 */
const FIRST_TURN = 8;
const MOST_FIRST = 40;
const TURN = 10;
const TRACES = 50;
/** Schedules that are directed to the other order of each data race. */
const DIRECTED = 6;

/** Searches that draw schedules. */
export type SamplingName = Exclude<SearchName, "systematic" | "portfolio" | "dpor">;

/** The result of a proof. */
interface Proof {
  readonly found: Found | undefined;
  /** All traces have run, and they stand for all schedules. */
  readonly isComplete: boolean;
  /** Why the traces do not stand for all schedules. */
  readonly gap?: string | undefined;
}

/** The state of a sampling search. */
export class Sampling {
  private readonly _trials: Trials;
  readonly at: PointsAt;
  private readonly _depth: number;
  readonly observed: ObservedFacts = { points: 0, tasks: 0, wordEvents: new Map() };
  private readonly _strategies = new Map<SamplingName, Strategy>();
  private readonly _pauses = new Pauses();
  private readonly _readsFrom = new Set<string>();
  private readonly _schedules = new Set<string>();
  private _hasBegun = false;
  /** Why the last run proves nothing; undefined: it came to its end, and no task was stopped on its way. */
  private _gap: string | undefined = undefined;
  /** The points so far are those of a run in which all words counted as shared: more than others have. */
  private _isOverestimate = false;

  constructor(trials: Trials) {
    this._trials = trials;
    const { points = "accesses", depth = DEPTH } = trials.options;
    this.at = points;
    this._depth = depth;
  }

  private _strategy(name: SamplingName, random: Random): Strategy {
    const strategies: Readonly<Record<SamplingName, () => Strategy>> = {
      random: () => new RandomWalk(random),
      pct: () => new Pct(random, this.observed, this._depth),
      pos: () => new Pos(random),
      surw: () => new Surw(random, this.observed),
      feedback: () => new Feedback(random),
      "go-explore": () => new GoExplore(random),
    };
    return strategies[name]();
  }
  private _note(run: ObservedRun): void {
    const { observed } = this;
    observed.points = Math.max(this._isOverestimate ? 0 : observed.points, run.points);
    this._isOverestimate = this._trials.words.isAssumed;
    observed.tasks = Math.max(observed.tasks, run.tasks.size);
    for (const pair of run.notes.readsFrom) this._readsFrom.add(pair);
    for (const [word, tasks] of run.notes.wordEvents) {
      if (tasks.size < 2) continue;
      const known = observed.wordEvents.get(word);
      if (!known) observed.wordEvents.set(word, new Map(tasks));
      else for (const [pid, events] of tasks) known.set(pid, Math.max(events, known.get(pid) ?? 0));
    }
    this._schedules.add(this._trials.text(run.departures, run.delays));
  }
  private _try(strategy: Strategy): Found | undefined {
    const trials = this._trials;
    const { violated, observed, run, end } = trials.observe(strategy, this.at);
    this._gap = observed.proof?.unproved ?? (trials.words.hasAliases ? "memory is mapped at two addresses" : undefined);
    if ("signal" in run.status) this._gap = `${run.status.signal} killed the process while others could go on`;
    if (end === "limit") this._gap = "a run had no end";
    strategy.finish?.(observed.notes.readsFrom);
    this._note(observed);
    trials.races?.collect(trials, this.at, observed);
    if (violated === undefined) {
      trials.words.settle();
      return undefined;
    }
    const found = { what: violated, departures: observed.departures, delays: observed.delays };
    return trials.repeats(found) ? found : undefined;
  }

  /** Draws schedules up to the first violation, or until the limits of the search or `until` are reached. */
  async search(name: SamplingName, seed: number, until: () => boolean): Promise<Found | undefined> {
    const trials = this._trials;
    const strategy = this._strategies.get(name) ?? this._strategy(name, new Random(seed));
    this._strategies.set(name, strategy);
    if (!this._hasBegun && !trials.exhausted) {
      this._hasBegun = true;
      trials.words.isAssumed = true;
      const found = trials.first(() => this._try(strategy)) ?? (trials.knowsLimit ? undefined : this._try(new Default()));
      if (found) return found;
    }
    while (!trials.exhausted && !until()) {
      const found = this._direct(seed) ?? this._try(strategy);
      if (found) return found;
      await this._pauses.pause();
    }
    return undefined;
  }
  /** Tries the other order of a race, if other properties are given: is it harmful? */
  private _direct(seed: number): Found | undefined {
    const trials = this._trials;
    const { exit, never, pairs, neverOutput } = trials.options;
    const pair = (exit ?? never ?? pairs ?? neverOutput) === undefined ? undefined : trials.races?.pairs.shift();
    const strategy = pair && new Directed(new Random(seed), pair);
    for (let n = 0; strategy && n < DIRECTED && !trials.exhausted; n++) {
      const found = this._try(strategy);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * Runs one schedule of each Mazurkiewicz trace. True: all have run. The next trace differs from the last
   * one in its end as a rule, so that bugs are found late: drawn schedules take turns with them, the first
   * ones also to show the shared words.
   */
  async prove(dpor: Dpor, seed = 0): Promise<Proof> {
    const trials = this._trials;
    const drawn = new PosInTime(new Random(seed));
    let gap: string | undefined;
    let [turn, known] = [FIRST_TURN, ""];
    trials.words.isAssumed = true;
    for (let before = ""; !trials.exhausted; ) {
      for (; turn > 0 && !trials.exhausted; turn--) {
        const found = this._tryFirst(drawn);
        if (this._learnt !== known && trials.schedules < MOST_FIRST) [turn, known] = [FIRST_TURN, this._learnt];
        if (found) return { found, isComplete: false };
        await this._pauses.pause();
      }
      if (this._learnt !== before) {
        before = this._learnt;
        dpor.restart();
        gap = undefined;
      }
      const found = this._tryFirst(dpor);
      if (found) return { found, isComplete: false };
      gap ??= this._gap ?? (dpor.isCut ? "the process ended while a task computed" : undefined);
      await this._pauses.pause();
      // Other words change the events: from the start.
      const isSame = !dpor.isUnsteady && this._learnt === before;
      const isOver = isSame && !dpor.next();
      gap ??= dpor.gap;
      if (!isSame || this._learnt !== before) before = "";
      else if (isOver) return { found: undefined, isComplete: gap === undefined, gap };
      else if (dpor.traces % TRACES === 0) turn = TURN;
    }
    return { found: undefined, isComplete: false, gap };
  }
  /** A run, with the limit of a drawn one until one has ended. */
  private _tryFirst(strategy: Strategy): Found | undefined {
    return this._trials.knowsLimit ? this._try(strategy) : this._trials.first(() => this._try(strategy));
  }
  /** What the runs have shown of shared words. */
  private get _learnt(): string {
    return this._trials.words.state;
  }

  get coverage(): Coverage {
    const { points, tasks } = this.observed;
    return {
      points,
      tasks,
      words: this._trials.words.words,
      readsFrom: this._readsFrom.size,
      distinct: this._schedules.size,
    };
  }
}

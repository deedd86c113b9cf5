// A failing schedule with as few departures as possible, each as early as possible. Zeller, Hildebrandt,
// "Simplifying and isolating failure-inducing input", TSE 2002 (ddmin), on the list of departures: those that
// do not fit a shorter list are left out of it. A part of the list may be a local minimum: then other
// departures are tried in place of two.
import type { Departure } from "../schedule.ts";
import { columns } from "./columns.ts";
import type { Step } from "./run/notes.ts";
import type { PointsAt } from "./run/points.ts";
import { Alternatives, type Move, ScheduleScript } from "./script.ts";
import type { Found } from "./systematic.ts";
import { Pauses, type Trials } from "./trials.ts";
import { neighbours, type OrderedPair, pairText, ReversedPair } from "./why.ts";

/** Runs of the program for one minimisation, and earlier places that are tried for each departure. */
const MOST_RUNS = 400;
const MOST_EARLIER = 12;
/** Runs with one other departure in place of two. */
const MOST_REPLACED = 200;

/** The result: the schedule, and the accesses and calls of its run. */
export interface Minimal extends Found {
  readonly steps: readonly Step[];
  readonly runs: number;
  /** The order of accesses (columns.ts), and the pairs of them that must have it (why.ts). */
  readonly order: readonly string[];
  readonly why: readonly string[];
}

/** One minimisation. */
class Minimiser {
  private readonly _trials: Trials;
  private readonly _at: PointsAt;
  private readonly _pauses = new Pauses();
  runs = 0;
  best: Minimal;

  constructor(trials: Trials, at: PointsAt, found: Found) {
    this._trials = trials;
    this._at = at;
    this.best = { ...found, steps: [], runs: 0, order: [], why: [] };
  }
  get moves(): readonly Move[] {
    return [...this.best.departures, ...(this.best.delays ?? [])];
  }
  get exhausted(): boolean {
    return this.runs >= MOST_RUNS;
  }
  pause(): Promise<void> {
    return this._pauses.pause();
  }
  /** Does a run with these departures fail in the same way, with no more of them? Then it is the best one. */
  async fails(moves: readonly Move[]): Promise<boolean> {
    this.runs++;
    await this._pauses.pause();
    const { violated, observed } = this._trials.observe(new ScheduleScript(moves), this._at, "places");
    const { departures, delays } = observed;
    if (violated !== this.best.what || departures.length + delays.length > moves.length) return false;
    this.best = { what: violated, departures, delays, steps: observed.notes.steps ?? [], runs: this.runs, order: [], why: [] };
    return true;
  }
  /** Leaves out parts of the list, smaller and smaller ones. */
  async shorten(): Promise<void> {
    for (let size = Math.ceil(this.moves.length / 2); size >= 1; ) {
      let isShorter = false;
      for (let from = 0; from < this.moves.length && !this.exhausted; ) {
        if (await this.fails(this.moves.toSpliced(from, size))) isShorter = true;
        else from += size;
      }
      if (this.exhausted) return;
      if (size > 1 || !isShorter) size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }
  /** Moves each departure to the first of the task's points at which the run still fails. */
  async hasten(): Promise<void> {
    for (let i = 0; i < this.best.departures.length; i++) {
      const { departures, steps } = this.best;
      const { point, task } = departures[i] as Departure;
      const at = steps.findIndex((step) => step.place === point);
      if (at < 0) continue;
      const { pid } = steps[at] as Step;
      const earlier: string[] = [];
      for (let n = at - 1; n >= 0 && steps[n]?.pid === pid && earlier.length < MOST_EARLIER; n--) earlier.unshift((steps[n] as Step).place);
      for (const place of earlier) {
        if (this.exhausted) return;
        if (await this.fails(this.moves.with(i, { point: place, task }))) break;
      }
    }
  }
  /** Looks for one departure that fails in place of two neighbours. True if there is one. */
  async replace(most: number): Promise<boolean> {
    const { moves } = this;
    const tasks = new Set(this.best.departures.map(({ task }) => task));
    for (let i = 0; i + 1 < moves.length; i++) {
      const others = moves.toSpliced(i, 2);
      const run = new Alternatives(others);
      this._trials.observe(run, this._at);
      // The tasks that run earlier now are the likely ones.
      const [likely, rest] = [run.departures.filter(({ task }) => tasks.has(task)), run.departures.filter(({ task }) => !tasks.has(task))];
      for (const departure of [...likely, ...rest]) {
        if (this.runs >= most) return false;
        if (await this.fails([...others, departure])) return true;
      }
    }
    return false;
  }
}

/** Minimises a failing schedule whose departures are places. */
export const minimise = async (trials: Trials, at: PointsAt, found: Found): Promise<Minimal> => {
  const minimiser = new Minimiser(trials, at, found);
  // The first run must repeat the failure; it also gives the steps.
  if (!(await minimiser.fails(minimiser.moves))) return minimiser.best;
  await minimiser.shorten();
  const most = minimiser.runs + MOST_REPLACED;
  while (minimiser.moves.length > 1 && (await minimiser.replace(most)));
  await minimiser.hasten();
  await minimiser.shorten();
  const { best, runs } = minimiser;
  const { observed } = trials.observe(new ScheduleScript(minimiser.moves), at, "names");
  const steps = observed.notes.steps ?? [];
  // With store buffers the order of accesses is not that of their effects.
  const pairs = (best.delays ?? []).length > 0 ? [] : neighbours(steps, observed.notes.departedAt);
  const needed: OrderedPair[] = [];
  for (const pair of pairs) {
    const reversed = new ReversedPair(minimiser.moves, pair);
    const { violated } = trials.observe(reversed, at);
    if (reversed.isReversed && violated !== best.what) needed.push(pair);
    await minimiser.pause();
  }
  const matter = new Set(needed.flatMap(({ first, second }) => [first, second]));
  return { ...best, runs, order: columns(steps, best.departures, matter), why: needed.map(pairText) };
};

// The default search. No search is the best one for all programs (Thomson, Donaldson, Betts, "Concurrency
// Testing Using Controlled Schedulers: An Empirical Study", TOPC 2016), so the systematic search and those
// that draw take turns. The turns are counted in schedules: a verdict does not depend on the host's speed.
import type { SearchName } from "./options.ts";
import type { Sampling } from "./sampling.ts";
import { type Found, Systematic } from "./systematic.ts";
import type { Trials } from "./trials.ts";

const DRAWN = ["feedback", "pct", "pos", "surw", "random"] as const;
/** Schedules of a turn. */
const TURN = 20;
/** Drawn schedules beside a complete systematic search, if no number of schedules is given. */
const ENOUGH = 300;

interface Part {
  readonly search: SearchName;
  schedules: number;
}
/** The result of all turns. */
export interface PortfolioResult {
  readonly found: Found | undefined;
  readonly complete: number;
  /** The searches in the order of their first turns; and the one that has found the violation. */
  readonly parts: readonly Part[];
  readonly finder: SearchName | undefined;
}

/** The default schedule, then turns: a search that draws, the systematic one, the next one that draws, … */
export const portfolio = async (trials: Trials, sampling: Sampling, seed: number, bound: number): Promise<PortfolioResult> => {
  const parts = new Map<SearchName, Part>();
  const systematic = new Systematic(trials, bound);
  const most = trials.options.schedules ?? Infinity;
  let finder: SearchName | undefined;
  const turn = async (search: SearchName, run: (isOver: () => boolean) => Promise<Found | undefined>, length = TURN) => {
    const before = trials.schedules;
    const found = await run(() => trials.exhausted || trials.schedules >= before + length);
    const part = parts.get(search) ?? { search, schedules: 0 };
    part.schedules += trials.schedules - before;
    if (part.schedules > 0) parts.set(search, part);
    if (found) finder = search;
    return found;
  };
  let drawn = 0;
  const isEnough = (): boolean => {
    if (trials.exhausted) return true;
    if (!systematic.isDone || drawn === 0) return false;
    return sampling.observed.points === 0 || (most === Infinity && drawn >= ENOUGH);
  };
  let found = await turn("systematic", (isOver) => systematic.search(isOver), 1);
  for (let n = 0; !found && !isEnough(); n++) {
    const search = DRAWN[n % DRAWN.length] as (typeof DRAWN)[number];
    const before = trials.schedules;
    // Without a choice in a program, one drawn schedule is enough.
    found = await turn(search, (isOver) => sampling.search(search, seed, () => isOver() || sampling.observed.points === 0));
    drawn += trials.schedules - before;
    found ??= await turn("systematic", (isOver) => systematic.search(isOver));
  }
  return { found, complete: systematic.complete, parts: [...parts.values()], finder };
};

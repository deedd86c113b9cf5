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

/**
 * All schedules that begin with these departures and have so many more, up to the first violation. Schedules
 * with fewer departures were judged on earlier levels. They run again for their list of choices, which is
 * cheap compared with the schedules below them.
 */
const level = async (
  { trials, isOver, pauses }: { readonly trials: Trials; readonly isOver: () => boolean; readonly pauses: Pauses },
  departures: readonly Departure[],
  more: number,
): Promise<Found | "exhausted" | undefined> => {
  if (isOver()) return "exhausted";
  const { violated, points } = trials.follow(departures);
  if (violated !== undefined) return { what: violated, departures };
  if (more === 0) return void (await pauses.pause());
  const { shard } = trials.options;
  let item = 0;
  for (let point = ((departures.at(-1)?.point as number | undefined) ?? -1) + 1; point < points.length; point++) {
    for (const task of points[point] as readonly number[]) {
      if (shard && departures.length === 0 && !inShard(shard, item++)) continue;
      const found = await level({ trials, isOver, pauses }, [...departures, { point, task }], more - 1);
      if (found) return found;
    }
  }
  return undefined;
};

/** The search up to a number of departures. `complete`: the number up to which all schedules were tried. */
export const systematic = async (
  trials: Trials,
  bound: number,
  isOver = (): boolean => trials.exhausted,
): Promise<{ readonly found: Found | undefined; readonly complete: number }> => {
  const pauses = new Pauses();
  for (let complete = -1; complete < bound; complete++) {
    const found = await level({ trials, isOver, pauses }, [], complete + 1);
    if (found) return { found: found === "exhausted" ? undefined : found, complete };
  }
  return { found: undefined, complete: bound };
};

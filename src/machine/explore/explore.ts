// Search for races: a program runs under one schedule after another until a property is violated.
import type { Program } from "../options.ts";
import { parseSchedule } from "../schedule.ts";
import { minimise } from "./minimise.ts";
import type { Coverage, Exploration } from "./options.ts";
import { Sampling } from "./sampling.ts";
import { type Found, systematic } from "./systematic.ts";
import { type SearchOptions, Trials } from "./trials.ts";

const DEPARTURES = 2;

/** Look for a schedule that violates one of the properties. */
export const explore = async (program: Program, options: SearchOptions = {}): Promise<Exploration> => {
  const begun = performance.now();
  const { departures: bound = DEPARTURES, search = "systematic", searchSeed = 0, shard } = options;
  const trials = new Trials(program, options);
  let found: Found | undefined;
  let complete = -1;
  let coverage: Coverage | undefined;
  let sampled: Sampling | undefined;
  if (search === "systematic") ({ found, complete } = await systematic(trials, bound));
  else {
    const sampling = new Sampling(trials);
    sampled = sampling;
    found = await sampling.search(search, shard ? searchSeed * shard.of + shard.number - 1 : searchSeed, () => false);
    ({ coverage } = sampling);
  }
  const { schedules } = trials;
  const minimal = found && sampled && (options.minimise ?? true) ? await minimise(trials, sampled.at, found) : undefined;
  found = minimal ?? found;
  const milliseconds = performance.now() - begun;
  const schedule = found && trials.text(found.departures, found.delays);
  const violation =
    found && schedule ? { what: found.what, schedule, order: minimal?.order ?? [], run: trials.traced(schedule) } : undefined;
  return { violation, schedules, complete, bound, search, milliseconds, ...(coverage ? { coverage } : {}) };
};

/** Runs one schedule again and reports a violation, if there is one. */
export const replay = (program: Program, { schedule, ...options }: SearchOptions & { readonly schedule: string }): string | undefined => {
  const { departures, delays, slice } = parseSchedule(schedule);
  return new Trials(program, { ...options, ...(slice === undefined ? {} : { slice }) }).follow(departures, delays).violated;
};

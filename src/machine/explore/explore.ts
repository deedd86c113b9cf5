// Search for races: a program runs under one schedule after another until a property is violated.
import { Problem } from "../../problem.ts";
import type { Program } from "../options.ts";
import { parseSchedule } from "../schedule.ts";
import { minimise } from "./minimise.ts";
import type { Coverage, Exploration, SearchName } from "./options.ts";
import { portfolio } from "./portfolio.ts";
import { Dpor } from "./proof/dpor.ts";
import { Sampling } from "./sampling.ts";
import { type Found, Systematic } from "./systematic.ts";
import { type SearchOptions, Trials } from "./trials.ts";

const DEPARTURES = 2;

/** Schedules in which races are looked for: most races show in each of them. */
const RACE_SCHEDULES = 20;
const withRaces = (options: SearchOptions): SearchOptions => {
  const { races = false, search, memoryModel } = options;
  if (races === false) return options;
  if (search === "systematic")
    throw new Problem("bad-value", "the systematic search does not see accesses, and so no data races", {
      help: "another search does, such as pos",
    });
  if (memoryModel === "tso") throw new Problem("bad-value", "data races are looked for under the memory model sc");
  return { search: "pos", schedules: RACE_SCHEDULES, ...options };
};

/** The searches that have points at reads. */
const checkReads = ({ splitReads, search }: SearchOptions): void => {
  if (splitReads && (search === "systematic" || search === "dpor"))
    throw new Problem("bad-value", `the search ${search} has no points between the reads of a call`, {
      help: "another search does, such as random",
    });
};

/** Look for a schedule that violates one of the properties. */
export const explore = async (program: Program, given: SearchOptions = {}): Promise<Exploration> => {
  const begun = performance.now();
  const options = withRaces(given);
  checkReads(options);
  const { departures: bound = DEPARTURES, search = "portfolio", searchSeed = 0, shard } = options;
  const seed = shard ? searchSeed * shard.of + shard.number - 1 : searchSeed;
  const trials = new Trials(program, options);
  let found: Found | undefined;
  let complete = -1;
  let coverage: Coverage | undefined;
  let sampled: Sampling | undefined;
  let finder: SearchName | undefined;
  let parts: Exploration["parts"];
  let traces: Exploration["traces"];
  if (search === "systematic") {
    const systematic = new Systematic(trials, bound);
    found = await systematic.search();
    ({ complete } = systematic);
  } else if (search === "portfolio") {
    const sampling = new Sampling(trials);
    ({ found, complete, parts, finder } = await portfolio(trials, sampling, seed, bound));
    // The systematic search's schedules are minimal.
    if (finder !== "systematic") sampled = sampling;
    ({ coverage } = sampling);
  } else if (search === "dpor") {
    if (options.memoryModel === "tso" || shard) throw new Problem("bad-value", `dpor has no ${shard ? "shards" : "store buffers"}`);
    if (options.points !== undefined) throw new Problem("bad-value", "dpor has points of its own");
    const sampling = new Sampling(trials);
    const dpor = new Dpor();
    const { found: bad, isComplete, gap } = await sampling.prove(dpor, seed);
    found = bad;
    sampled = sampling;
    if (isComplete) complete = bound;
    traces = { count: dpor.traces, blocked: dpor.blocked, all: isComplete, ...(gap === undefined ? {} : { gap }) };
    ({ coverage } = sampling);
  } else {
    const sampling = new Sampling(trials);
    sampled = sampling;
    found = await sampling.search(search, seed, () => false);
    ({ coverage } = sampling);
  }
  const { schedules } = trials;
  const minimal = found && sampled && (options.minimise ?? true) ? await minimise(trials, sampled.at, found) : undefined;
  found = minimal ?? found;
  const milliseconds = performance.now() - begun;
  const schedule = found && trials.text(found.departures, found.delays);
  const violation =
    found && schedule
      ? {
          what: found.what,
          schedule,
          search: finder ?? search,
          order: minimal?.order ?? [],
          why: minimal?.why ?? [],
          run: trials.traced(schedule),
        }
      : undefined;
  return {
    violation,
    schedules,
    complete,
    bound,
    search,
    milliseconds,
    ...(parts ? { parts } : {}),
    ...(coverage ? { coverage } : {}),
    ...(traces ? { traces } : {}),
    ...(trials.races ? { races: trials.races.found } : {}),
  };
};

/** Runs one schedule again and reports a violation, if there is one. */
export const replay = (program: Program, { schedule, ...options }: SearchOptions & { readonly schedule: string }): string | undefined => {
  const { departures, delays, slice } = parseSchedule(schedule);
  return new Trials(program, { ...options, ...(slice === undefined ? {} : { slice }) }).follow(departures, delays).violated;
};

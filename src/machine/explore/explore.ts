// Search for races: a program runs under one schedule after another until a property is violated.
import { Problem } from "../../problem.ts";
import type { Program } from "../options.ts";
import { parseSchedule } from "../schedule.ts";
import { Dpor } from "./dpor.ts";
import { minimise } from "./minimise.ts";
import type { Coverage, Exploration, SearchName } from "./options.ts";
import { Sampling } from "./sampling.ts";
import { type Found, systematic } from "./systematic.ts";
import { type SearchOptions, Trials } from "./trials.ts";

const DEPARTURES = 2;

interface Part {
  readonly search: SearchName;
  schedules: number;
}
/** The searches of a portfolio after the systematic one, and the schedules of a turn. */
const TURNS = ["feedback", "pct", "pos", "surw", "random"] as const;
const TURN = 20;

/** One departure at system calls, in at most a quarter of the time; then searches that draw, in turn. */
const portfolio = async (trials: Trials, sampling: Sampling, seed: number) => {
  const parts = new Map<SearchName, Part>();
  const note = (search: SearchName, before: number): void => {
    const part = parts.get(search) ?? { search, schedules: 0 };
    part.schedules += trials.schedules - before;
    parts.set(search, part);
  };
  let { found, complete } = await systematic(trials, 1, trials.part(0.25));
  note("systematic", 0);
  for (let turn = 0; !found && !trials.exhausted; turn++) {
    const before = trials.schedules;
    const search = TURNS[turn % TURNS.length] as (typeof TURNS)[number];
    found = await sampling.search(search, seed, () => trials.schedules >= before + TURN);
    note(search, before);
  }
  return { found, complete, parts: [...parts.values()] };
};

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

/** Look for a schedule that violates one of the properties. */
export const explore = async (program: Program, given: SearchOptions = {}): Promise<Exploration> => {
  const begun = performance.now();
  const options = withRaces(given);
  const { departures: bound = DEPARTURES, search = "systematic", searchSeed = 0, shard } = options;
  const trials = new Trials(program, options);
  let found: Found | undefined;
  let complete = -1;
  let coverage: Coverage | undefined;
  let sampled: Sampling | undefined;
  let parts: Part[] | undefined;
  let traces: Exploration["traces"];
  if (search === "systematic") ({ found, complete } = await systematic(trials, bound));
  else if (search === "portfolio") {
    const sampling = new Sampling(trials);
    ({ found, complete, parts } = await portfolio(trials, sampling, searchSeed));
    // The systematic search's schedules are minimal.
    if (parts.length > 1) sampled = sampling;
    ({ coverage } = sampling);
  } else if (search === "dpor") {
    if (options.memoryModel === "tso" || shard) throw new Problem("bad-value", `dpor has no ${shard ? "shards" : "store buffers"}`);
    const sampling = new Sampling(trials);
    const dpor = new Dpor();
    const { found: bad, isComplete } = await sampling.prove(dpor);
    found = bad;
    sampled = sampling;
    if (isComplete) complete = bound;
    traces = { count: dpor.traces, blocked: dpor.blocked, all: isComplete };
    ({ coverage } = sampling);
  } else {
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
    found && schedule
      ? { what: found.what, schedule, order: minimal?.order ?? [], why: minimal?.why ?? [], run: trials.traced(schedule) }
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

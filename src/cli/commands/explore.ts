// `trapgate explore`: a program under one schedule after another until a property fails.
import { readFileSync } from "node:fs";
import { explore, replay } from "../../machine/explore/explore.ts";
import { type Exploration, memoryModels, pointsNames, searchNames } from "../../machine/explore/options.ts";
import { type DataRace, raceLines } from "../../machine/explore/races/report.ts";
import type { SearchOptions } from "../../machine/explore/trials.ts";
import type { Program } from "../../machine/options.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { integer, parse, seconds } from "../arguments.ts";
import type { Command } from "../command.ts";
import { progress } from "../progress.ts";
import { programOptionHelp } from "../run-help.ts";
import { prepare, programOptions, scheduleOf } from "../run-options.ts";
import { shard } from "../shard.ts";
import { color as pc } from "../text/color.ts";
import { complain, jsonText, printLines as print } from "../text/print.ts";

/** A schedule repeats a run on every day: a search does not begin at the host's time. */
const DAY = "2025-01-01";
const options = {
  never: { type: "string", multiple: true },
  pair: { type: "string", multiple: true },
  "never-output": { type: "string", multiple: true },
  exit: { type: "string" },
  search: { type: "string" },
  depth: { type: "string" },
  "search-seed": { type: "string" },
  points: { type: "string" },
  atomic: { type: "string" },
  "no-minimise": { type: "boolean" },
  "memory-model": { type: "string" },
  "split-reads": { type: "boolean" },
  races: { type: "boolean" },
  "races-ignore": { type: "string" },
  departures: { type: "string" },
  schedules: { type: "string" },
  seconds: { type: "string" },
  slice: { type: "string" },
  shard: { type: "string" },
  stdin: { type: "string" },
  replay: { type: "string" },
  json: { type: "boolean" },
  ...programOptions,
} as const;

const VIOLATED = 1;

const input = (file: string, option = "--stdin"): Uint8Array => {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `${option}: cannot read ${file}`, { cause });
  }
};

const atLeastOne = (text: string, option: string): number => {
  const value = integer(text, option);
  if (value < 1) throw new Problem("bad-value", `${option} wants at least 1`);
  return value;
};

const oneOf = <T extends string>(text: string, names: readonly T[], option: string): T => {
  const found = names.find((name) => name === text);
  if (found === undefined)
    throw new Problem("bad-value", `${option} cannot be "${text}"`, {
      help: didYouMean(text, names) ?? `it is one of ${names.join(", ")}`,
    });
  return found;
};

type Values = ReturnType<typeof parse<typeof options>>["values"];

const searchOptions = (values: Values): Partial<SearchOptions> => ({
  ...(values.never ? { never: values.never } : {}),
  ...(values.pair ? { pairs: values.pair } : {}),
  ...(values["never-output"] ? { neverOutput: values["never-output"] } : {}),
  ...(values.exit === undefined ? {} : { exit: integer(values.exit, "--exit") }),
  ...(values.search === undefined ? {} : { search: oneOf(values.search, searchNames, "--search") }),
  ...(values.depth === undefined ? {} : { depth: atLeastOne(values.depth, "--depth") }),
  ...(values["search-seed"] === undefined ? {} : { searchSeed: integer(values["search-seed"], "--search-seed") }),
  ...(values.points === undefined ? {} : { points: oneOf(values.points, pointsNames, "--points") }),
  ...(values.atomic === undefined ? {} : { atomic: values.atomic }),
  ...(values["split-reads"] ? { splitReads: true } : {}),
  ...(values["memory-model"] === undefined ? {} : { memoryModel: oneOf(values["memory-model"], memoryModels, "--memory-model") }),
  ...(values["races-ignore"] !== undefined
    ? { races: { ignore: new TextDecoder().decode(input(values["races-ignore"], "--races-ignore")) } }
    : values.races
      ? { races: true }
      : {}),
  ...(values["no-minimise"] ? { minimise: false } : {}),
  ...(values.departures === undefined ? {} : { departures: integer(values.departures, "--departures") }),
  ...(values.schedules === undefined ? {} : { schedules: atLeastOne(values.schedules, "--schedules") }),
  ...(values.seconds === undefined ? {} : { seconds: seconds(values.seconds, "--seconds") }),
  ...(values.slice === undefined ? {} : { slice: atLeastOne(values.slice, "--slice") }),
  ...(values.shard === undefined ? {} : { shard: shard(values.shard) }),
  ...(values.stdin === undefined ? {} : { stdin: input(values.stdin) }),
});

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

const effort = ({ schedules, milliseconds }: Exploration): string =>
  `${count(schedules, "schedule")} in ${(milliseconds / 1000).toFixed(2)} s`;

/** The schedules of a portfolio's searches. */
const partsText = ({ parts, complete, bound }: Exploration): string[] => {
  if (!parts) return [];
  const tried = complete < 0 ? "" : `, all with at most ${count(complete, "departure")}`;
  const texts = parts.map(({ search, schedules }) => `${search} (${count(schedules, "schedule")}${search === "systematic" ? tried : ""})`);
  return [`searches: ${texts.join(", ")}${complete < bound ? "; given up" : ""}`];
};

const coveredText = ({ coverage, search, schedules }: Exploration): string[] => {
  if (!coverage) return [];
  const { points, tasks, words, readsFrom, distinct } = coverage;
  const lines = [
    `covered: ${count(distinct, "different schedule")} of ${count(tasks, "task")} with up to ${count(points, "point")}, ` +
      `${count(words, "shared word")}, ${count(readsFrom, "reads-from pair")}`,
  ];
  if (search !== "pct" || points === 0) return lines;
  const chance = (depth: number): string => (100 * (1 - (1 - 1 / (tasks * points ** (depth - 1))) ** schedules)).toPrecision(2);
  return [...lines, `PCT's bound: a bug of depth 1 would have been found with at least ${chance(1)} %, of depth 2 with ${chance(2)} %`];
};

const racesText = (races: readonly DataRace[]): string[] =>
  races.flatMap((race) => {
    const [first = "", ...others] = raceLines(race);
    return [first.replace("data race", pc.red("data race")), ...others];
  });

const told = (exploration: Exploration): string[] => {
  const { violation, complete, bound, races } = exploration;
  if (races && !violation)
    return [
      ...racesText(races),
      `${races.length === 0 ? pc.green("no data race") : count(races.length, "data race")} in ${effort(exploration)}`,
      ...coveredText(exploration),
    ];
  if (violation) {
    const { what, schedule, order, why, run, search } = violation;
    return [
      ...racesText(races ?? []),
      `${pc.red("violated")}: ${what}`,
      `schedule: ${schedule}`,
      ...(order.length > 0 ? ["the order of accesses:", ...order.map((line) => `  ${line}`)] : []),
      ...(why.length > 0 ? ["it fails by these orders (*):", ...why.map((line) => `  ${line}`)] : []),
      `${effort(exploration)}${exploration.parts ? `, found by ${search}` : ""}; the last one:`,
      ...run.trace.map((line) => `  ${line}`),
    ];
  }
  const { traces } = exploration;
  if (traces) {
    const all = traces.all
      ? `all ${count(traces.count, "Mazurkiewicz trace")}`
      : `given up after ${count(traces.count, "Mazurkiewicz trace")}`;
    const cut = traces.blocked > 0 ? ` (and ${count(traces.blocked, "run")} cut by sleep sets)` : "";
    const gap = traces.gap === undefined ? [] : [`no proof: ${traces.gap}`];
    return [`${pc.green("no violation")}: ${all}${cut}, ${effort(exploration)}`, ...gap, ...coveredText(exploration)];
  }
  if (exploration.coverage)
    return [`${pc.green("no violation")} in ${effort(exploration)}`, ...partsText(exploration), ...coveredText(exploration)];
  const most =
    complete < bound ? (complete < 0 ? "not even the default one came to its end" : `complete up to ${count(complete, "departure")}`) : "";
  const all = `every schedule with at most ${count(bound, "departure")}`;
  return [`${pc.green("no violation")} in ${effort(exploration)}: ${most === "" ? all : `given up, ${most}`}`];
};

const asJson = ({ violation, ...rest }: Exploration): string =>
  jsonText(
    violation
      ? {
          violated: violation.what,
          schedule: violation.schedule,
          order: violation.order,
          why: violation.why,
          foundBy: violation.search,
          ...rest,
          trace: violation.run.trace,
        }
      : { violated: null, ...rest },
    2,
  );

const again = (program: Program, found: SearchOptions, schedule: string, json: boolean): number => {
  const what = replay(program, { ...found, schedule });
  if (json) print(jsonText({ violated: what ?? null, schedule }, 2));
  else print(what === undefined ? `${pc.green("no violation")} under this schedule` : `${pc.red("violated")}: ${what}`);
  return what === undefined ? 0 : VIOLATED;
};

/** `trapgate explore`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program under one schedule after another until a property fails; exit status 1 if one fails",
  options: [
    [
      "--never CALL",
      "this call must not run: [ABI:]NAME[(ARGUMENTS)][@TASK], such as getppid, i386:unlink, 'openat(*, \"/etc/*\"*)' (may be repeated)",
    ],
    [
      "--pair 'CALL; CALL; OTHER'",
      "between the two calls of a task no other one may run OTHER: 'access(*); openat(*); rename(*)' (may be repeated)",
    ],
    ["--never-output TEXT", "the program must not write this (may be repeated)"],
    ["--exit N", "the program must end with this status (default without another property: 0)"],
    ["--search NAME", `${searchNames.join(", ")} (default: portfolio)`],
    ["--depth N", "the depth of bugs that --search pct looks for (default: 3)"],
    ["--search-seed N", "the seed of drawn schedules (default: 0)"],
    [
      "--points WHERE",
      "points of drawn schedules: calls, accesses to shared memory (default), or all accesses, the system's libraries' too",
    ],
    ["--atomic VARIABLE", "while this variable of the program (4 bytes) is not 0, its task runs alone, as one event of the search"],
    ["--split-reads", "points also between two reads of memory by one system call, as on several processors (searches that draw)"],
    ["--memory-model NAME", "sc, or tso: each task has a store buffer as on x86 processors (searches that draw; default: sc)"],
    [
      "--races",
      "report data races: two accesses without an order, found by happens-before (searches that draw; default: 20 schedules of pos)",
    ],
    ["--races-ignore FILE", "the same; lines race:NAME and race_top:NAME of FILE name functions, files or variables of benign races"],
    ["--no-minimise", "leave a drawn schedule that fails as it is, instead of looking for its shortest form"],
    ["--departures N", "how often a schedule of the systematic search may depart from the default one (default: 2)"],
    ["--schedules N", "give up after so many"],
    ["--seconds N", "give up after this time of the host's (default: 60)"],
    ["--shard I/N", "only part I of N; the parts are the same on every machine (the default schedule is in all)"],
    ["--slice N", "instructions in a time slice (default: 1000000); short ones find races between system calls"],
    ["--stdin FILE", "standard input of the program (default: empty)"],
    ["--replay TEXT", "only this schedule, or that in the file of this name"],
    ["--json", "the result as JSON"],
    ...programOptionHelp,
  ],
  async run(args) {
    const { values, rest } = parse(args, options);
    const { machine, path, ...prepared } = prepare({ ...values, clock: values.clock ?? DAY }, rest);
    const warn = (line: string): void => void complain(`${pc.yellow("warning")}: ${line}\n`);
    const policy = prepared.policy && (await (await import("../run-policy.ts")).readRunPolicy({ ...prepared.policy, warn }));
    const program = { ...prepared.program, ...(policy ? { policy: policy.given } : {}) };
    const wanted: SearchOptions = { ...machine, ...program, ...searchOptions(values) };
    if (values.replay !== undefined) return again(path, wanted, scheduleOf(values.replay).trim(), values.json ?? false);
    let tried = 0;
    const line = progress(() => `${count(tried, "schedule")} tried`);
    const exploration = await explore(path, { ...wanted, tried: (schedules) => void (tried = schedules) }).finally(line.end);
    print(...(values.json ? [asJson(exploration)] : told(exploration)));
    return exploration.violation || (exploration.races?.length ?? 0) > 0 ? VIOLATED : 0;
  },
};

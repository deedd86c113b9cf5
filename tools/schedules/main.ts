// npm run schedules -- --sources DIR [--built FILE] [--published FILE] [NAME…]: concurrency bugs of the
// literature, each searched with several seeds, beside published figures. DIR is the folder `evaluation` of
// PERIOD's repository (github.com/wcventure/PERIOD), which has SCTBench's and ConVul's programs. Programs are
// compiled unchanged, by the host's compiler, and run on the host's libraries. Nothing of them is kept.
// --built FILE: programs that are built already, in lines `NAME PROGRAM ARGUMENT…`.
// --published FILE: the table of RFF's experiments (github.com/dylanjwolff/RFF,
// scripts/data-analysis/full-data.csv).
// --guarded-heap: a use of freed memory is a fault (src/host/guarded-heap.ts), where PERIOD's scripts have a
// sanitizer.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { explore, replay } from "../../src/machine/explore/explore.ts";
import { type SearchName, searchNames } from "../../src/machine/explore/options.ts";
import { type GuardedHeap, guardedHeap, hostTree } from "../../src/node.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sources: { type: "string" },
    built: { type: "string" },
    "guarded-heap": { type: "boolean" },
    published: { type: "string" },
    seeds: { type: "string", default: "20" },
    schedules: { type: "string", default: "2000" },
    seconds: { type: "string", default: "60" },
    search: { type: "string", default: "feedback" },
    "memory-model": { type: "string", default: "sc" },
  },
});

/** The columns of RFF's table: the tool, and its name there. */
const tools = [
  ["RFF", "power-coe-schedfuzz"],
  ["POS", "pos-only-schedfuzz"],
  ["PCT", "pct-no-rff-always-rand-schedfuzz"],
  ["Q-learning", "qlearning-schedfuzz"],
] as const;

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number;
const summary = (found: readonly number[], trials: number): string =>
  found.length === 0 ? "-" : `${median(found)} (${found.length}/${trials})`;

/** By tool and program: schedules to the bug in each trial that found it, and the number of trials. */
const published = (file: string | undefined): Map<string, { found: number[]; trials: number }> => {
  const table = new Map<string, { found: number[]; trials: number }>();
  if (file === undefined) return table;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [tool = "", program = "", , , , schedules = ""] = line.split(",");
    const key = `${tool} ${program}`;
    const row = table.get(key) ?? { found: [], trials: 0 };
    table.set(key, row);
    row.trials++;
    if (schedules.trim() !== "" && Number.isFinite(Number(schedules))) row.found.push(Number(schedules));
  }
  return table;
};

const sourcesIn = (folder: string): string[] => {
  const files = readdirSync(folder).filter((file) => /\.(c|cpp)$/.test(file));
  const bad = files.filter((file) => /_bad\.c$/.test(file));
  const name = basename(folder);
  const own = files.filter((file) => file.startsWith(`${name}.`));
  const chosen = bad.length > 0 ? bad : own.length > 0 ? own : files;
  return chosen.map((file) => join(folder, file));
};

/** Names such as CS/account, with their source files. */
const programsIn = (top: string): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  const add = (name: string): void => {
    const files = sourcesIn(join(top, name));
    if (files.length > 0) found.set(name, files);
  };
  for (const group of readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (sourcesIn(join(top, group.name)).length > 0) add(group.name);
    else
      for (const one of readdirSync(join(top, group.name), { withFileTypes: true }))
        if (one.isDirectory()) add(`${group.name}/${one.name}`);
  }
  return found;
};

interface Subject {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Why there is no program. */
  readonly refused?: string | undefined;
}
const builtIn = (file: string): Subject[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length > 1)
    .map(([name = "", program = "", ...args]) => ({ name, program, args }));

const compile = (files: readonly string[], out: string): string | undefined => {
  const compiler = files.some((file) => file.endsWith(".cpp")) ? "g++" : "gcc";
  try {
    execFileSync(
      compiler,
      ["-w", "-g", "-O0", "-fpermissive", "-pthread", ...files, "-o", out, "-ldl", "-lm"].filter(
        (flag) => compiler === "g++" || flag !== "-fpermissive",
      ),
      { stdio: "pipe" },
    );
    return undefined;
  } catch (error) {
    return (
      String((error as { stderr?: unknown }).stderr)
        .split("\n")
        .find((line) => line.includes("error")) ?? "it does not compile"
    );
  }
};

/** The programs whose names hold one of the given words, compiled one after the other. */
function* subjects(folder: string): Generator<Subject> {
  const isWanted = (name: string): boolean => positionals.length === 0 || positionals.some((part) => name.includes(part));
  if (values.built) yield* builtIn(values.built).filter(({ name }) => isWanted(name));
  for (const [name, files] of values.sources ? programsIn(values.sources) : []) {
    if (!isWanted(name)) continue;
    const program = join(folder, "program");
    yield { name, program, args: [], refused: compile(files, program) };
  }
}

/** What the seeds have found in one program. */
interface Row {
  readonly found: readonly number[];
  readonly violations: ReadonlySet<string>;
}
const searched = async ({ program, args }: Subject, heap: GuardedHeap): Promise<Row> => {
  const found: number[] = [];
  const violations = new Set<string>();
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    const options = {
      root: hostTree("/"),
      args,
      ...heap,
      search: values.search as SearchName,
      searchSeed: seed,
      schedules: Number(values.schedules),
      seconds: Number(values.seconds),
      memoryModel: values["memory-model"] === "tso" ? "tso" : "sc",
      clock: "2025-01-01",
      minimise: false,
    } as const;
    const { violation, schedules } = await explore(program, options);
    if (!violation) continue;
    found.push(schedules);
    violations.add(violation.what);
    const again = replay(program, { ...options, schedule: violation.schedule });
    if (again !== violation.what) violations.add(`not repeated with seed ${seed}: ${again ?? "no violation"}`);
  }
  return { found, violations };
};

const main = async (): Promise<void> => {
  const { sources, built } = values;
  if (built === undefined && (sources === undefined || !existsSync(sources)))
    throw new Error("--sources DIR is missing: the folder evaluation of PERIOD's repository");
  if (!searchNames.some((name) => name === values.search)) throw new Error(`--search is one of ${searchNames.join(", ")}`);
  const table = published(values.published);
  const folder = mkdtempSync(join(tmpdir(), "trapgate-schedules-"));
  const counts = { rows: 0, found: 0, once: 0, median: 0 };
  console.log(
    `| program | ${values.search} | ${tools.map(([tool]) => tool).join(" | ")} | violation |\n|---|---|${tools.map(() => "---|").join("")}---|`,
  );
  try {
    const heap = values["guarded-heap"] ? guardedHeap() : { files: {}, env: {} };
    for (const subject of subjects(folder)) {
      const { name, refused } = subject;
      if (refused !== undefined) {
        console.log(`| ${name} | not compiled: ${refused} | |`);
        continue;
      }
      const { found, violations } = await searched(subject, heap);
      const others = tools.map(([, tool]) => table.get(`${tool} ${name}`));
      const [rff] = others;
      const limit = rff && rff.found.length > 0 ? median(rff.found) : Infinity;
      counts.rows++;
      if (found.length > 0) counts.found++;
      if (found.some((schedules) => schedules <= limit)) counts.once++;
      if (found.length > 0 && median(found) <= limit) counts.median++;
      const cells = others.map((row) => (row ? summary(row.found, row.trials) : ""));
      console.log(`| ${name} | ${summary(found, Number(values.seeds))} | ${cells.join(" | ")} | ${[...violations].join("; ")} |`);
    }
    console.log(
      `\n${counts.found} of ${counts.rows} programs: a bug in at least one of ${values.seeds} trials of at most ${values.schedules} schedules; ` +
        `each replayed. Within RFF's median of schedules: ${counts.once} in a trial, ${counts.median} in the median`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};
await main();

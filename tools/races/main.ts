// npm run races -- [--sources DIR] [--schedules N] [--cpus N,…] [NAME…]: programs with and without data
// races, judged by explore --races, ThreadSanitizer and Helgrind, with each number of threads up to the first
// report: two accesses of a loop may fall to one thread with one number, and to two with another. The
// programs are those of test/explore/programs/races.c, and with --sources those of DataRaceBench
// (github.com/LLNL/dataracebench, its folder micro-benchmarks), of which a name with "-yes" has a race. They
// are compiled unchanged, by the host's compiler. Nothing of them is kept.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DataRace } from "../../src/index.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sources: { type: "string" },
    schedules: { type: "string", default: "5" },
    seconds: { type: "string", default: "30" },
    cpus: { type: "string", default: "4,64" },
    limit: { type: "string", default: "60" },
    "no-helgrind": { type: "boolean" },
  },
});

interface Case {
  readonly name: string;
  readonly races: boolean;
  readonly args: readonly string[];
  /** Compiles it with these flags. */
  readonly build: (flags: readonly string[], out: string) => void;
}
const gcc = (...args: readonly string[]): void => void execFileSync("gcc", ["-w", "-g", ...args], { stdio: "pipe" });

const folder = mkdtempSync(join(tmpdir(), "trapgate-races-"));

const ownCases = (): Case[] => {
  const source = join(import.meta.dirname, "../../test/explore/programs/races.c");
  const built = new Map<string, string>();
  const build = (flags: readonly string[], out: string): void => {
    const key = flags.join(" ");
    const made = built.get(key) ?? join(folder, `own-${built.size}`);
    if (!built.has(key)) gcc("-O1", "-pthread", ...flags, source, "-o", made);
    built.set(key, made);
    execFileSync("cp", [made, out]);
  };
  const list = join(folder, "list");
  build([], list);
  return execFileSync(list, { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => {
      const [verdict, name = ""] = line.split(" ");
      return { name, races: verdict === "yes", args: [name], build };
    });
};
const benchCases = (sources: string): Case[] =>
  readdirSync(sources)
    .filter((file) => /^DRB\d+.*-(yes|no)\.c$/.test(file))
    .sort()
    .map((file) => ({
      name: file.replace(/\.c$/, ""),
      races: file.endsWith("-yes.c"),
      args: [],
      build: (flags, out) => gcc("-O0", "-fopenmp", ...flags, join(sources, file), "-I", sources, "-o", out, "-lm"),
    }));

const threads = values.cpus.split(",");
/** The first verdict with a race; else the last one. */
const first = <T extends { readonly found: boolean | undefined }>(run: (cpus: string) => T): T => {
  for (const [i, cpus] of threads.entries()) {
    const verdict = run(cpus);
    if (verdict.found || i === threads.length - 1) return verdict;
  }
  throw new Error("--cpus names no number");
};

/** Natively under a tool: true if its output names a race; undefined if it does not end. */
const judge = (cpus: string, command: string, args: readonly string[], pattern: RegExp): boolean | undefined => {
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 1 << 28,
    env: { ...process.env, OMP_NUM_THREADS: cpus },
  });
  if (pattern.test(stdout + stderr)) return true;
  return error ? undefined : false;
};

const judges = (command: string, args: readonly string[], pattern: RegExp): boolean | undefined =>
  first((cpus) => ({ found: judge(cpus, command, args, pattern) })).found;

/** explore --races in a process of its own, which ends in time. */
const ours = (
  cpus: string,
  program: string,
  args: readonly string[],
  expected: boolean,
): { readonly found: boolean | undefined; readonly places: string } => {
  const { schedules, seconds, limit } = values;
  const command = ["explore", "--root", "/", "--races", "--json", "--schedules", schedules, "--seconds", seconds, "--cpus", cpus];
  const env = ["--env", `OMP_NUM_THREADS=${cpus}`, "--env", "OMP_WAIT_POLICY=passive"];
  const { stdout } = spawnSync("node", [join(import.meta.dirname, "../../bin/trapgate.js"), ...command, ...env, program, ...args], {
    encoding: "utf8",
    timeout: Number(limit) * 1000,
    maxBuffer: 1 << 28,
  });
  if (!stdout.startsWith("{")) return { found: undefined, places: "" };
  const { races } = JSON.parse(stdout) as { races: DataRace[] };
  const text = races.map(({ variable, accesses }) => {
    const [a, b] = accesses.map(({ frames: [frame] }) => `${frame?.symbol}:${frame?.source?.line}`);
    return `${variable}: ${a} / ${b}`;
  });
  return { found: races.length > 0, places: races.length > 0 === expected ? "" : text.slice(0, 3).join("; ") };
};

const tools = ["trapgate", "ThreadSanitizer", "Helgrind"] as const;
const score = new Map(tools.map((tool) => [tool, { right: 0, missed: 0, false: 0, none: 0, rightNone: 0 }]));
const note = (tool: (typeof tools)[number], expected: boolean, found: boolean | undefined): string => {
  const row = score.get(tool) as NonNullable<ReturnType<typeof score.get>>;
  if (found === undefined) row.none++;
  else if (found) row[expected ? "right" : "false"]++;
  else row[expected ? "missed" : "rightNone"]++;
  const text = found === undefined ? "no end" : found ? "race" : "none";
  return found === expected ? text : `**${text}**`;
};

const main = async (): Promise<void> => {
  const cases = values.sources === undefined ? ownCases() : benchCases(values.sources);
  console.log(`| program | races | ${tools.join(" | ")} | seconds |\n|---|---|---|---|---|---|`);
  for (const { name, races, args, build } of cases) {
    if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) continue;
    const [plain, checked] = [join(folder, "plain"), join(folder, "tsan")];
    try {
      build([], plain);
      build(["-fsanitize=thread"], checked);
    } catch (error) {
      console.log(`| ${name} | not compiled: ${String((error as { stderr?: unknown }).stderr).split("\n")[0]} | |`);
      continue;
    }
    const begun = performance.now();
    const { found, places } = first((cpus) => ours(cpus, plain, args, races));
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const row = [
      note("trapgate", races, found),
      note("ThreadSanitizer", races, judges(checked, args, /WARNING: ThreadSanitizer: data race/)),
      values["no-helgrind"] ? "" : note("Helgrind", races, judges("valgrind", ["--tool=helgrind", plain, ...args], /Possible data race/)),
    ];
    console.log(`| ${name} | ${races ? "yes" : "no"} | ${row.join(" | ")} | ${seconds} | ${places}`);
  }
  for (const [tool, { right, missed, false: wrong, none, rightNone }] of score)
    console.log(
      `${tool}: recall ${right}/${right + missed}, precision ${right}/${right + wrong}, without a race ${rightNone}/${rightNone + wrong}, no end ${none}`,
    );
};
await main().finally(() => rmSync(folder, { recursive: true }));

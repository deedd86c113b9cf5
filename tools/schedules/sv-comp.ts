// npm run schedules:proofs -- --sources DIR [--schedules N] [--seconds N] [--every N] [NAME…]: verdicts of
// `explore` on SV-COMP's programs beside the expected ones. DIR is the folder `c` of SV-COMP's benchmarks
// (gitlab.com/sosy-lab/benchmarking/sv-benchmarks) or a copy of some of its folders (pthread, pthread-atomic,
// pthread-lit, pthread-wmm, …): a description NAME.yml beside each program says whether reach_error() can be
// reached. Drawn schedules look for a call of it first, then all traces are run (judge.ts). Programs are
// compiled unchanged, by the host's compiler, with verifier.c. Nothing of them is kept.
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer, Message, Question } from "./judge.ts";
import { readOptions } from "./options.ts";

/**
 * `schedules` of each proof: the only limit unless `seconds` are given, so that a verdict does not depend on
 * the host's load. `every`: every Nth program.
 */
const { sources, values, isWanted } = readOptions(
  { seconds: "none", schedules: "2000", every: "1" },
  "the folder c of SV-COMP's benchmarks",
);
const seconds = values.seconds === "none" ? undefined : Number(values.seconds);
if (seconds !== undefined && !(seconds > 0)) throw new Error('--seconds: a number, or "none"');

/** Bits of unknown values in a run, if a program draws some in a loop. */
const MANY = 24;
/** Threads that wait for a condition may wake without a signal so many times in a run. */
const WAKES = 2;

interface Task {
  readonly name: string;
  readonly source: string;
  /** reach_error() is never called. */
  readonly holds: boolean;
}

const tasksIn = (top: string): Task[] =>
  readdirSync(top, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: group }) =>
      readdirSync(join(top, group))
        .filter((file) => file.endsWith(".yml"))
        .flatMap((file) => {
          const text = readFileSync(join(top, group, file), "utf8");
          const verdict = /unreach-call\.prp\s+expected_verdict: (true|false)/.exec(text)?.[1];
          const input = /input_files: *['"]?([^'"\n]+)/.exec(text)?.[1];
          if (verdict === undefined || input === undefined) return [];
          const plain = join(top, group, input.replace(/\.i$/, ".c"));
          const source = existsSync(plain) ? plain : join(top, group, input);
          return [{ name: `${group}/${file.slice(0, -4)}`, source, holds: verdict === "true" }];
        }),
    )
    .filter(({ name }) => isWanted(name))
    .filter((_, i) => i % Number(values.every) === 0);

const run = (command: string, ...args: readonly string[]): string => execFileSync(command, args, { encoding: "utf8", stdio: "pipe" });

const shim = join(import.meta.dirname, "verifier.c");

/** pthread_exit would load it in each run: calls whose order counts. */
const unwinder = ["-Wl,--no-as-needed", "-lgcc_s"];

interface Built {
  /** Whether the last program tries all values of what is unknown and all spurious wake-ups, and not some. */
  readonly isWhole: boolean;
  /** Programs in which unknown values are of one row, and at last one in which a search chooses them. */
  readonly programs: readonly string[];
}
/** Rows of values: the first one, and the step. */
const ROWS = [
  [0, 0],
  [1, 0],
  [1, 1],
] as const;

const build = (source: string, folder: string): Built => {
  const inFolder = (name: string): string => join(folder, name);
  const [object, table, own] = [inFolder("task.o"), inFolder("table.c"), inFolder("verifier.o")];
  const flags = ["-w", "-g", "-fgnu89-inline", "-fno-pie", "-fcf-protection=none", "-fno-stack-protector", "-pthread"];
  run("gcc", ...flags, "-O0", "-finstrument-functions", "-c", source, "-o", object);
  const symbols = run("nm", object)
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map((words) => ({ name: words.at(-1) ?? "", kind: words.at(-2) ?? "" }));
  const sections = symbols.filter(
    ({ name, kind }) => /^__VERIFIER_atomic_/.test(name) && /^t$/i.test(kind) && !/_atomic_(begin|end)$/.test(name),
  );
  const shared = ["reach_error", "abort", "assume_abort_if_not", "__VERIFIER_assume", "__VERIFIER_error"];
  run(
    "objcopy",
    ...sections.map(({ name }) => `--globalize-symbol=${name}`),
    ...[...shared, "__VERIFIER_atomic_begin", "__VERIFIER_atomic_end"].map((name) => `--weaken-symbol=${name}`),
    object,
  );
  writeFileSync(
    table,
    `${sections.map(({ name }) => `void ${name}();`).join("\n")}\nvoid *const verifier_sections[] = {${sections.map(({ name }) => `${name}, `).join("")}0};\n`,
  );
  const unknown = symbols.filter(({ name, kind }) => kind === "U" && name.startsWith("__VERIFIER_nondet_"));
  const hasWaits = symbols.some(({ name }) => name === "pthread_cond_wait");
  const isWhole = !hasWaits && unknown.every(({ name }) => name.endsWith("_bool"));
  const calls = readFileSync(source, "utf8").match(/__VERIFIER_nondet_bool\(\)/g)?.length ?? 0;
  const all = unknown.length === 0 && !hasWaits ? [] : [`-DCHOICES=${isWhole ? calls : MANY}`, `-DWAKES=${hasWaits ? WAKES : 0}`];
  const variants = [...(isWhole || unknown.length === 0 ? [] : ROWS.map(([first, step]) => [`-DFIRST=${first}`, `-DSTEP=${step}`])), all];
  const programs = variants.map((defines, n) => {
    const program = inFolder(`program-${n}`);
    const wrap = hasWaits && defines === all ? ["-Wl,--wrap=pthread_cond_wait"] : [];
    run("gcc", ...flags, "-O1", ...defines, "-c", shim, "-o", own);
    run("gcc", ...flags, "-no-pie", "-Wl,-z,now", object, own, table, "-o", program, "-lm", ...unwinder, ...wrap);
    return program;
  });
  return { programs, isWhole };
};

/**
 * Seconds after which a process that judges is ended if no schedule has. A schedule takes milliseconds as a
 * rule, or makes threads without an end.
 */
const PATIENCE = 120;
let child: ChildProcess | undefined;

/** Asks the process that judges. It is ended with a program that takes too long. */
const judge = ({ programs }: Built): Promise<Answer> => {
  child ??= fork(join(import.meta.dirname, "judge.ts"), { serialization: "json" });
  const asked = child;
  const begun = performance.now();
  return new Promise((resolve) => {
    const took = (): number => (performance.now() - begun) / 1000;
    const none = (why: string): Answer => ({ verdict: `unknown: ${why}`, isRepeated: true, traces: "", schedules: 0, seconds: took() });
    const answer = (one: Answer): void => {
      clearTimeout(timer);
      asked.removeAllListeners();
      resolve(one);
    };
    const lose = (why: string): void => {
      child = undefined;
      answer(none(why));
      asked.kill("SIGKILL");
    };
    const timer = setTimeout(() => lose("one schedule takes too long"), PATIENCE * 1000);
    asked.on("message", (one: Message) => (one === "lives" ? timer.refresh() : answer(one)));
    asked.once("exit", () => lose("the process has ended"));
    asked.send({ programs, schedules: Number(values.schedules), ...(seconds === undefined ? {} : { seconds }) } satisfies Question);
  });
};

/** Verdicts of a folder. */
interface Row {
  programs: number;
  proofs: number;
  calls: number;
  wrong: number;
  readonly none: Map<string, number>;
}
/** Programs without a verdict, by reasons. */
const reasons = (none: ReadonlyMap<string, number>): string => Array.from(none, ([why, n]) => `${n} ${why}`).join("; ");

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-proofs-"));
  const rows = new Map<string, Row>();
  console.log("| program | reach_error | verdict | traces | schedules | seconds |\n|---|---|---|---|---|---|");
  try {
    for (const { name, source, holds } of tasksIn(sources)) {
      const group = name.slice(0, name.indexOf("/"));
      const row = rows.get(group) ?? { programs: 0, proofs: 0, calls: 0, wrong: 0, none: new Map() };
      rows.set(group, row);
      row.programs++;
      const expected = holds ? "never" : "yes";
      const isNone = (why: string): void => void row.none.set(why, (row.none.get(why) ?? 0) + 1);
      let built: Built;
      try {
        built = build(source, folder);
      } catch (error) {
        isNone("not built");
        const text = String((error as { stderr?: unknown }).stderr)
          .split("\n")
          .find((line) => line.includes("error") || line.includes("undefined"));
        console.log(`| ${name} | ${expected} | not built: ${text} | | | |`);
        continue;
      }
      const { verdict, isRepeated, traces, schedules, seconds: taken } = await judge(built);
      const isBounded = verdict === "never" && !built.isWhole;
      const isWrong = !isRepeated || (verdict !== expected && /^(yes|never)$/.test(verdict) && !isBounded);
      if (isWrong) row.wrong++;
      else if (isBounded) isNone("some values and wake-ups only");
      else if (verdict !== expected) isNone(verdict.replace("unknown: ", ""));
      else if (holds) row.proofs++;
      else row.calls++;
      const note = isBounded ? " (bounded)" : isRepeated ? "" : " (not repeated)";
      console.log(
        `| ${name} | ${expected} | ${isWrong ? `**${verdict}**` : verdict}${note} | ${traces} | ${schedules} | ${taken.toFixed(1)} |`,
      );
    }
    console.log("\n| folder | programs | proofs | calls found | wrong | without a verdict |\n|---|---|---|---|---|---|");
    for (const [group, { programs, proofs, calls, wrong, none }] of rows)
      console.log(`| ${group} | ${programs} | ${proofs} | ${calls} | ${wrong} | ${reasons(none)} |`);
    const sum = (of: (row: Row) => number): number => [...rows.values()].reduce((n, row) => n + of(row), 0);
    console.log(`\n${sum(({ proofs, calls }) => proofs + calls)} verdicts are right, ${sum(({ wrong }) => wrong)} wrong`);
  } finally {
    child?.disconnect();
    rmSync(folder, { recursive: true });
  }
};
await main();

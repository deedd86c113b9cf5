// npm run schedules:proofs -- --sources DIR [--seconds N] [NAME…]: verdicts of `explore --search dpor` on
// SV-COMP's programs beside the expected ones. DIR is the folder `c` of SV-COMP's benchmarks
// (gitlab.com/sosy-lab/benchmarking/sv-benchmarks) or a copy of some of its folders (pthread, pthread-atomic,
// pthread-lit, pthread-wmm, …): a description NAME.yml beside each program says whether reach_error() can be
// reached. Programs are compiled unchanged, by the host's compiler, with verifier.c. Nothing of them is kept.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { explore, replay } from "../../src/machine/explore/explore.ts";
import { hostTree } from "../../src/node.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sources: { type: "string" },
    seconds: { type: "string", default: "30" },
    /** Every Nth program. */
    every: { type: "string", default: "1" },
  },
});

const ERROR = "reach_error";
const MORE = "more choices";
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
    .filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
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

/** Proves a program, or finds a call of reach_error(): with values of a row first. */
const judge = async ({ programs }: Built) => {
  let milliseconds = 0;
  for (const [n, program] of programs.entries()) {
    const isLast = n === programs.length - 1;
    const seconds = Number(values.seconds) / (isLast ? 1 : 2 * programs.length);
    const options = {
      root: hostTree("/"),
      search: "dpor",
      atomic: "verifier_atomic",
      neverOutput: [ERROR, MORE],
      seconds,
      clock: "2025-01-01",
      minimise: false,
    } as const;
    const found = await explore(program, options);
    const { violation, traces, schedules } = found;
    milliseconds += found.milliseconds;
    const isError = violation?.what.includes(ERROR) === true;
    if (!isError && !isLast) continue;
    const verdict = isError ? "yes" : violation ? "unknown: more values" : traces?.all ? "never" : "unknown";
    const isRepeated = !isError || replay(program, { ...options, schedule: violation.schedule }) === violation.what;
    return { verdict, isRepeated, traces, schedules, milliseconds };
  }
  throw new Error("there is no program");
};

const main = async (): Promise<void> => {
  const { sources } = values;
  if (sources === undefined || !existsSync(sources)) throw new Error("--sources DIR is missing: the folder c of SV-COMP's benchmarks");
  const folder = mkdtempSync(join(tmpdir(), "trapgate-proofs-"));
  const counts = { right: 0, bounded: 0, wrong: 0, none: 0 };
  console.log("| program | reach_error | dpor | traces | schedules | seconds |\n|---|---|---|---|---|---|");
  try {
    for (const { name, source, holds } of tasksIn(sources)) {
      let built: Built;
      try {
        built = build(source, folder);
      } catch (error) {
        counts.none++;
        const text = String((error as { stderr?: unknown }).stderr)
          .split("\n")
          .find((line) => line.includes("error") || line.includes("undefined"));
        console.log(`| ${name} | ${holds ? "never" : "yes"} | not built: ${text} | | | |`);
        continue;
      }
      const { verdict, isRepeated, traces, schedules, milliseconds } = await judge(built);
      const isBounded = verdict === "never" && !built.isWhole;
      const isWrong = !isRepeated || (verdict === (holds ? "yes" : "never") && !isBounded);
      if (isWrong) counts.wrong++;
      else if (isBounded) counts.bounded++;
      else if (verdict === (holds ? "never" : "yes")) counts.right++;
      else counts.none++;
      const note = isBounded ? " (bounded)" : isRepeated ? "" : " (not repeated)";
      const cells = [`${traces?.count ?? ""}+${traces?.blocked ?? ""}`, schedules, (milliseconds / 1000).toFixed(1)];
      console.log(`| ${name} | ${holds ? "never" : "yes"} | ${isWrong ? `**${verdict}**` : verdict}${note} | ${cells.join(" | ")} |`);
    }
    const { right, bounded, wrong, none } = counts;
    console.log(
      `\n${right} verdicts are right, ${wrong} wrong; ${bounded} proofs for some unknown values and spurious wake-ups only; ${none} without a verdict`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};
await main();

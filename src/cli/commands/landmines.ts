// `trapgate landmines`: the catalogue on kernel profiles and on the native kernel, with expected and
// observed results.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ProfileName } from "../../kernel/base/profile.ts";
import { profiles } from "../../kernel/base/profiles.ts";
import { catalogue } from "../../landmines/catalogue/index.ts";
import { type Cell, describeOutcome, matrix, type OutcomeComparison } from "../../landmines/matrix.ts";
import { cellJson, junit } from "../../landmines/report.ts";
import { inShard } from "../../machine/shard.ts";
import { Problem } from "../../problem.ts";
import { oneOf, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { progress } from "../progress.ts";
import { switchHelp } from "../run-help.ts";
import { switchesOf, switchOptions } from "../run-options.ts";
import { checkOutput, writeOutput } from "../save/output-file.ts";
import { shard } from "../shard.ts";
import { color as pc } from "../text/color.ts";
import { complain, printLines as print } from "../text/print.ts";
import { nativeLandmines } from "./landmines-native.ts";

const options = {
  kernel: { type: "string", multiple: true },
  only: { type: "string", multiple: true },
  cpu: { type: "string" },
  x32: switchOptions.x32,
  vsyscall: switchOptions.vsyscall,
  bug: switchOptions.bug,
  native: { type: "boolean" },
  shard: { type: "string" },
  json: { type: "boolean" },
  junit: { type: "string" },
  policy: { type: "string" },
} as const;

/** Half of the rows have no meaning without the 32-bit doors. */
const NO_IA32 = "--no-ia32";
const DEFAULT: readonly ProfileName[] = ["upstream", "v6"];
const names = Object.keys(profiles) as ProfileName[];
const ids = catalogue.map((m) => m.id);

// From the sources this module lies a folder deeper than from the bundle.
const guests = new URL(import.meta.url.endsWith(".ts") ? "../../../guest/bin/" : "../../guest/bin/", import.meta.url);
const guestPath = (name: string): string => fileURLToPath(new URL(name, guests));

const marks: Record<OutcomeComparison, (text: string) => string> = { "as expected": pc.green, different: pc.red, "not yet": pc.yellow };
const WIDTH = Math.max(...names.map((name) => name.length)) + 1;

const row = ({ mine, where, variant, expected, happened, verdict }: Cell): string => {
  const mark = marks[verdict](verdict === "different" ? "DIFFERENT" : verdict);
  const what = happened ? `  ${describeOutcome(happened)}` : `: ${mine.needs}`;
  const wanted = verdict === "different" ? `; expected ${describeOutcome(expected)}` : "";
  return `     ${where.padEnd(WIDTH)} ${variant.padEnd(6)} ${mark}${what}${wanted}`;
};

const summary = (cells: readonly Cell[]): string => {
  const count = (verdict: OutcomeComparison): number => cells.filter((c) => c.verdict === verdict).length;
  const [different, missing] = [count("different"), count("not yet")];
  const ran = `${cells.length - missing} runs, ${different === 0 ? "all as expected" : `${different} different`}`;
  return missing === 0 ? ran : `${ran}; ${missing} not yet`;
};

const wantedProfiles = (wanted: readonly string[] | undefined): readonly ProfileName[] =>
  wanted?.flatMap((name) => (name === "all" ? names : [oneOf(name, names, "--kernel")])) ?? DEFAULT;

/** `trapgate landmines`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[--kernel NAME…] [--only ROW…] [--cpu amd|intel] [OPTION…] [--native] [--shard I/N] [--json] [--junit FILE]",
  summary: "run the catalogue of ways around a filter on kernel profiles, with observed and expected results",
  options: [
    ["--kernel NAME", `on this profile instead of ${DEFAULT.join(" and ")} (may be repeated): all, ${names.join(", ")}`],
    ["--only ROW", `only this row (may be repeated): ${ids.join(", ")}`],
    ["--cpu VENDOR", "amd (default) or intel"],
    ...switchHelp.filter(([option]) => option !== NO_IA32),
    ["--policy [MODE:]FILE", "instead run the weak programs under your own policy; status 1 if one gets around it"],
    ["--native", "run each program on the kernel of this host too (x86-64 Linux), and compare it with upstream"],
    ["--shard I/N", "only part I of N: every N-th row, the same on every machine"],
    ["--json", "one JSON array instead of the text"],
    ["--junit FILE", "write the results as JUnit XML too"],
  ],
  async run(args) {
    const { values, rest } = parse(args, options);
    if (rest.length > 0) throw new Problem("extra-argument", `landmines takes no argument "${rest[0]}"`);
    const vendor = values.cpu === undefined ? "amd" : oneOf(values.cpu, ["amd", "intel"], "--cpu");
    const wanted = values.only?.map((id) => oneOf(id, ids, "--only")) ?? ids;
    const part = shard(values.shard ?? "1/1");
    const only = wanted.filter((_, row) => inShard(part, row));
    if (values.policy !== undefined) {
      const [profile = "upstream"] = values.kernel === undefined ? [] : wantedProfiles(values.kernel);
      const warn = (line: string): void => void complain(`${pc.yellow("warning")}: ${line}\n`);
      const { given } = await (await import("../run-policy.ts")).readRunPolicy({ file: values.policy, warn });
      const files = (name: string) => readFile(guestPath(name));
      const setting = { policy: given, profile, vendor, switches: switchesOf(values), files } as const;
      return (await import("./landmines-policy.ts")).landminesUnderPolicy(setting, only, values.json ?? false);
    }
    checkOutput(values.junit, "--junit");
    const runs = matrix({
      profiles: wantedProfiles(values.kernel),
      vendor,
      switches: switchesOf(values),
      files: (name) => readFile(guestPath(name)),
      only,
      ...(values.native ? { native: nativeLandmines(guestPath) } : {}),
    });
    const cells: Cell[] = [];
    const line = progress(() => `${cells.length} runs, the last of ${cells.at(-1)?.mine.id ?? "none"}`);
    for await (const cell of runs) {
      const { mine } = cell;
      line.clear();
      if (!values.json) {
        if (cells.at(-1)?.mine !== mine) print(`${pc.bold(mine.id.padEnd(4))} ${mine.title}`);
        print(row(cell));
      }
      cells.push(cell);
    }
    line.end();
    if (values.junit !== undefined) writeOutput(values.junit, junit(cells), "--junit");
    print(values.json ? JSON.stringify(cells.map(cellJson), null, 2) : summary(cells));
    return cells.some((cell) => cell.verdict === "different") ? 1 : 0;
  },
};

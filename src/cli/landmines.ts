// `trapgate landmines`: the catalogue on every kernel profile, what was expected and what happened.
import { readFile } from "node:fs/promises";
import { type ProfileName, profiles } from "../kernel/profile.ts";
import { catalogue } from "../landmines/catalogue.ts";
import { type Cell, describeOutcome, matrix } from "../landmines/matrix.ts";
import { Problem } from "../problem.ts";
import { oneOf, parse } from "./arguments.ts";
import { color as pc } from "./color.ts";
import type { Command } from "./command.ts";

const options = {
  kernel: { type: "string", multiple: true },
  only: { type: "string", multiple: true },
  cpu: { type: "string" },
} as const;

const guestFile = (name: string): Promise<Uint8Array> => readFile(new URL(`../../guest/bin/${name}`, import.meta.url));

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const row = ({ profile, variant, expected, happened, asExpected }: Cell): string => {
  const mark = asExpected ? pc.green("as expected") : pc.red("DIFFERENT");
  const wanted = asExpected ? "" : `; expected ${describeOutcome(expected)}`;
  return `     ${profile.padEnd(9)} ${variant.padEnd(6)} ${mark}  ${describeOutcome(happened)}${wanted}`;
};

export const command: Command = {
  synopsis: "[--kernel NAME…] [--only ROW…] [--cpu amd|intel]",
  summary: "run the catalogue of ways around a filter on every kernel profile: what happened, what was expected",
  options: [
    ["--kernel NAME", `only this profile (may be repeated): ${Object.keys(profiles).join(", ")}`],
    ["--only ROW", `only this row (may be repeated): ${catalogue.map((m) => m.id).join(", ")}`],
    ["--cpu VENDOR", "amd (default) or intel"],
  ],
  async run(args) {
    const { values, rest } = parse(args, options);
    if (rest.length > 0) throw new Problem("usage", `landmines takes no argument "${rest[0]}"`, { help: "see trapgate landmines --help" });
    const names = Object.keys(profiles) as ProfileName[];
    const ids = catalogue.map((m) => m.id);
    const vendor = values.cpu === undefined ? "amd" : oneOf(values.cpu, ["amd", "intel"], "--cpu");
    const only = values.only?.map((id) => oneOf(id, ids, "--only"));
    const wanted = values.kernel?.map((name) => oneOf(name, names, "--kernel")) ?? names;
    let last = "";
    const counts = { all: 0, different: 0 };
    for await (const cell of matrix({ profiles: wanted, vendor, files: guestFile, ...(only ? { only } : {}) })) {
      const { mine } = cell;
      if (last !== mine.id) print(`${pc.bold(mine.id.padEnd(4))} ${mine.title}`);
      last = mine.id;
      print(row(cell));
      counts.all++;
      if (!cell.asExpected) counts.different++;
    }
    print(`${counts.all} runs, ${counts.different === 0 ? "all as expected" : `${counts.different} different`}`);
    return counts.different === 0 ? 0 : 1;
  },
};

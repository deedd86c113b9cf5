// `trapgate profiles`: the kernels that --kernel knows, and where each of their rules comes from.
import { bugs } from "../../kernel/base/profile.ts";
import { Problem } from "../../problem.ts";
import { type SeccompProfile, type SeccompRules, seccompProfile, seccompProfileNames, whyNoProfile } from "../../seccomp/index.ts";
import { profileHelp } from "../../seccomp/profile/profiles.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { color as pc } from "../text/color.ts";
import { printLines as print } from "../text/print.ts";

const known = (name: string): SeccompProfile => {
  const found = seccompProfile(name);
  if (found) return found;
  const why = whyNoProfile(name);
  throw new Problem("unknown-name", `there is no profile "${name}"${why === undefined ? "" : `: ${why}`}`, {
    help: profileHelp(name),
  });
};

/** A rule in a line: sets of numbers in C's way, the rest as JSON. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) => (v instanceof Set || v instanceof Uint8Array ? `${[...v].length} entries` : v)) ?? "";

const list = (): void => {
  for (const name of seccompProfileNames) {
    const { name: at, sources } = known(name);
    const changed = Object.entries(sources).filter(([, source]) => source.at === at);
    print(`${pc.bold(name.padEnd(10))} ${name === at ? changed.map(([rule]) => rule).join(", ") || "no rule differs" : `is ${at}`}`);
  }
  print("");
  for (const [name, what] of Object.entries(bugs)) print(`--bug ${pc.bold(name)}: ${what}`);
};

const details = (name: string): void => {
  const profile = known(name);
  for (const rule of Object.keys(profile.sources) as (keyof SeccompRules)[]) {
    const { at, grade, cite } = profile.sources[rule];
    print(`${pc.bold(rule)}: ${show(profile[rule])}`);
    print(`    since ${at} [${grade}] ${cite}`);
  }
};

/** `trapgate profiles`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[NAME]",
  summary: "list the kernels for --kernel; with a name, its rules and their sources",
  options: [],
  async run(args) {
    const [name, ...more] = parse(args, {}).rest;
    if (more.length > 0) throw new Problem("extra-argument", "profiles takes one name");
    if (name === undefined) list();
    else details(name);
    return 0;
  },
};

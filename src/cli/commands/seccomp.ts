// `trapgate seccomp`: the workbench for filters and policies, one subcommand each.

import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { type Command, type Commands, withHelp } from "../command.ts";

/** Loaded when asked for. */
export const subcommands: Commands = {
  asm: () => import("../seccomp/asm.ts"),
  disasm: () => import("../seccomp/disasm.ts"),
  check: () => import("../seccomp/check.ts"),
  run: () => import("../seccomp/run.ts"),
  explain: () => import("../seccomp/explain.ts"),
  diff: () => import("../seccomp/diff.ts"),
  merge: () => import("../seccomp/merge.ts"),
  prove: () => import("../seccomp/prove.ts"),
  dump: () => import("../seccomp/dump.ts"),
  audit: () => import("../seccomp/audit.ts"),
  coverage: () => import("../seccomp/coverage.ts"),
  learn: () => import("../seccomp/learn.ts"),
};

/** `trapgate seccomp`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "SUBCOMMAND [OPTION…] FILE…",
  summary: `explain, compare and prove seccomp filters and policies: ${Object.keys(subcommands).join(", ")}`,
  options: [],
  async run(args, commands) {
    const [name, ...rest] = args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      return (await import("../help.ts")).overview(subcommands, "seccomp");
    }
    const load = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    const help = didYouMean(name, Object.keys(subcommands)) ?? `there are ${Object.keys(subcommands).join(", ")}`;
    if (!load) throw new Problem("unknown-command", `there is no subcommand "${name}" of seccomp`, { help });
    const { command: found } = await load();
    if (rest[0] === "--help" || rest[0] === "-h") return (await import("../help.ts")).details(`seccomp ${name}`, found);
    return withHelp(`seccomp ${name}`, found, rest, commands);
  },
};

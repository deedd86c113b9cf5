// `trapgate run`: a program, with our streams, to its end.
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { runOptionHelp, snapshotOptionHelp, startCacheHelp } from "../run-help.ts";
import { prepare, runOptions, startsFolderOf } from "../run-options.ts";

const snapshotOptions = ["from", "snapshot", "at", "accept-changed", "reset-connections", "terminal", "no-terminal"] as const;

/** The options of `run`: those of a run, and of files of snapshots. */
export const options = {
  ...runOptions,
  "no-start-cache": { type: "boolean" },
  snapshot: { type: "string" },
  at: { type: "string" },
  from: { type: "string" },
  "accept-changed": { type: "boolean" },
  "reset-connections": { type: "boolean" },
  terminal: { type: "boolean", short: "t" },
  "no-terminal": { type: "boolean" },
} as const;

/** `trapgate run`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program; the exit status is the program's, or 128 and its signal",
  get options() {
    return [...runOptionHelp, startCacheHelp, ...snapshotOptionHelp];
  },
  async run(args) {
    const { values, rest } = parse(args, options);
    if (snapshotOptions.some((name) => values[name] !== undefined)) return (await import("./snapshot.ts")).runWithFile(values, rest);
    return execute({ ...prepare(values, rest), starts: values["no-start-cache"] ? undefined : startsFolderOf(values) });
  },
};

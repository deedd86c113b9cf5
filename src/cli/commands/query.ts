// `trapgate query`: questions about a run or a recording, one subcommand each.
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import { type Command, type Commands, withHelp } from "../command.ts";

/** Loaded when asked for. */
export const subcommands: Commands = {
  calls: () => import("../query/calls.ts"),
  writes: () => import("../query/writes.ts"),
  origin: () => import("../query/origin.ts"),
  descriptor: () => import("../query/descriptor.ts"),
  when: () => import("../query/when.ts"),
  inevitable: () => import("../query/inevitable.ts"),
};

/** `trapgate query`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "QUESTION [OPERAND] [OPTION…] [--] {PROG [ARG…] | RECORDING}",
  summary: `ask a run: ${Object.keys(subcommands).join(", ")}`,
  options: [],
  async run(args, commands) {
    const [name, ...rest] = args;
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      return (await import("../help.ts")).overview(subcommands, "query");
    }
    const load = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    const help = didYouMean(name, Object.keys(subcommands)) ?? `there are ${Object.keys(subcommands).join(", ")}`;
    if (!load) throw new Problem("unknown-command", `query has no question "${name}"`, { help });
    const { command: found } = await load();
    if (rest[0] === "--help" || rest[0] === "-h") return (await import("../help.ts")).details(`query ${name}`, found);
    return withHelp(`query ${name}`, found, rest, commands);
  },
};

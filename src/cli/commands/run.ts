// `trapgate run`: a program, with our streams, to its end.
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { prepare, runOptionHelp, runOptions } from "../run-options.ts";

/** `trapgate run`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program; the exit status is the program's, or 128 and its signal",
  options: runOptionHelp,
  run(args) {
    const { values, rest } = parse(args, runOptions);
    return execute(prepare(values, rest));
  },
};

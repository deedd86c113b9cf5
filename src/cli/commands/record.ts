// `trapgate record`: a run, with all that came into it from outside, as a file that is replayed anywhere.
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { runOptionHelp } from "../run-help.ts";
import { inputFile, prepare, runOptions } from "../run-options.ts";

const { "record-on-failure": _, ...others } = runOptions;
const options = { output: { type: "string", short: "o" }, stdin: { type: "string" }, ...others } as const;

/** `trapgate record`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "-o FILE [OPTION…] [--] PROG [ARG…]",
  summary: "run a program as run does, and record all that came from outside, for replay and debug on any host",
  get options() {
    return [
      ["-o, --output FILE", "the recording; it is written as the run goes, so a run that is stopped leaves what it did"],
      ["--stdin FILE", "the program's standard input (default: this command's)"],
      ...runOptionHelp.filter(([option]) => !option.startsWith("--record-on-failure")),
    ] as const;
  },
  run(args) {
    const { values, rest } = parse(args, options);
    const { output: file, stdin } = values;
    if (file === undefined) throw new Problem("missing-argument", "record into which file?", { help: "record -o FILE PROG" });
    const prepared = prepare(values, rest);
    return execute({
      ...prepared,
      record: { file, option: "--output", onFailure: false },
      ...(stdin === undefined ? {} : { stdin: inputFile(stdin) }),
    });
  },
};

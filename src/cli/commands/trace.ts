// `trapgate trace`: run, and write the system calls as strace(1) does.
import { closeSync, openSync } from "node:fs";
import { fdSink } from "../../host/node-sink.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { prepare, runOptionHelp, runOptions } from "../run-options.ts";

/** strace -a: the column of results. */
const COLUMN = 40;
const options = { ...runOptions, output: { type: "string", short: "o" }, follow: { type: "boolean", short: "f" } } as const;

const open = (file: string): number => {
  try {
    return openSync(file, "w");
  } catch (cause) {
    throw new Problem("host", `-o: ${file} cannot be written`, { cause });
  }
};

export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program and print its system calls, as strace does, with the verdicts of its filters",
  options: [
    ["-f, --follow", "also the processes and threads that it starts"],
    ["-o, --output FILE", "write to FILE instead of standard error"],
    ...runOptionHelp,
  ],
  async run(args) {
    const { values, rest } = parse(args, options);
    const prepared = prepare(values, rest);
    const fd = values.output === undefined ? 2 : open(values.output);
    const out = fdSink(fd);
    const line = (text: string): void => void out.write(new TextEncoder().encode(`${text}\n`));
    try {
      return await execute(prepared, { options: { follow: values.follow ?? false, column: COLUMN }, line });
    } finally {
      if (fd !== 2) closeSync(fd);
    }
  },
};

// `trapgate trace`: run a program and write its system calls as strace(1) does, with strace's options.
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { runOptionHelp } from "../run-help.ts";
import { prepare, runOptions } from "../run-options.ts";
import { checkOutput } from "../save/output-file.ts";
import { straceHelp, straceOptions, traceOptionsOf } from "../trace-options.ts";
import { lineOutput } from "../trace-output.ts";

/** strace's -e is an expression, so the environment has -E here, as strace has it. */
const options = { ...runOptions, env: { ...runOptions.env, short: "E" }, ...straceOptions, save: { type: "string" } } as const;
const saveHelp = [["--save FILE", "also write the run, with its program, as a file that the lab opens (docs/lab.md)"]] as const;
const help = runOptionHelp.map(([option, meaning]) => [option.replace("-e, --env", "-E, --env"), meaning] as const);

/** `trapgate trace`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] {PROG [ARG…] | RECORDING}",
  summary: "run a program and print its system calls, as strace does, with the verdicts of its filters",
  options: [...straceHelp, ...saveHelp, ...help],
  async run(args) {
    const { values, rest } = parse(args, options);
    const tracing = traceOptionsOf(values);
    const { Filters } = await import("../../machine/tracing/strace/filters.ts");
    // A wrong expression is said before anything runs or is written.
    new Filters(tracing);
    checkOutput(values.save, "--save");
    const { recordingIn, replayToEnd } = await import("../recorded.ts");
    const recording = recordingIn(rest, values, []);
    if (recording !== undefined) {
      if (values.save !== undefined) throw new Problem("usage", `--save needs a program: ${recording} is a run in a file already`);
      const lines = lineOutput(values.output, tracing.separate ?? false);
      return replayToEnd(recording, { trace: lines.line }, { trace: tracing }).finally(() => lines.close());
    }
    const prepared = prepare(values, rest);
    const output = lineOutput(values.output, tracing.separate ?? false);
    const file = values.save === undefined ? undefined : new (await import("../save/trace-file.ts")).TraceFile(prepared);
    try {
      return await execute(prepared, { options: tracing, line: output.line }, file?.hooks);
    } finally {
      file?.write(values.save as string);
      await output.close();
    }
  },
};

// `trapgate replay`: a recorded run once more, without its host.
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { replayToEnd } from "../recorded.ts";
import { straceHelp, straceOptions, traceOptionsOf } from "../trace-options.ts";
import { lineOutput } from "../trace-output.ts";

const options = { calls: { type: "boolean" }, ...straceOptions } as const;

/** `trapgate replay`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE",
  summary: "run once more what trapgate record has recorded, with the same result, on any host",
  get options() {
    return [["--calls", "also print its system calls, as trace does; the options of strace need it"], ...straceHelp] as const;
  },
  async run(args) {
    const { values, rest } = parse(args, options);
    const [file, ...more] = rest;
    if (file === undefined) throw new Problem("missing-argument", "replay which file?");
    if (more.length > 0) throw new Problem("usage", `one recording at a time: ${JSON.stringify(more[0])} is too much`);
    const tracing = values.calls ? traceOptionsOf(values) : undefined;
    const lines = tracing && lineOutput(values.output, tracing.separate ?? false);
    try {
      return await replayToEnd(file, lines ? { trace: lines.line } : {}, { trace: tracing });
    } finally {
      await lines?.close();
    }
  },
};

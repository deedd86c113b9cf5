// `trapgate replay`: a recorded run once more, without its host.
import { backlog, fdSink } from "../../host/node-sink.ts";
import { compareMoments, momentText } from "../../machine/moment.ts";
import { NEVER } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { recordingOf, replayed } from "../recorded.ts";
import { statusOfEnd } from "../status.ts";
import { complain } from "../text/print.ts";
import { straceHelp, straceOptions, traceOptionsOf } from "../trace-options.ts";
import { lineOutput } from "../trace-output.ts";

const options = { calls: { type: "boolean" }, ...straceOptions } as const;
/** The status of a replay that is not the run that was recorded. */
const DIFFERS = 125;

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
    const recording = recordingOf(file);
    const tracing = values.calls ? traceOptionsOf(values) : undefined;
    const lines = tracing && lineOutput(values.output, tracing.separate ?? false);
    const [out, err] = [fdSink(1), fdSink(2)];
    const hooks = {
      stdout: (bytes: Uint8Array) => void out.write(bytes),
      stderr: (bytes: Uint8Array) => void err.write(bytes),
      ...(lines ? { trace: lines.line } : {}),
    };
    try {
      const timeline = replayed(recording, hooks, tracing, { every: Number.POSITIVE_INFINITY });
      const { reached, isCut } = recording;
      const end = await timeline.run(isCut ? reached : NEVER);
      const { moment } = timeline;
      if (isCut && end !== "ended") {
        complain(`trapgate: ${file}: the recorder was stopped at ${momentText(reached)}\n`);
        return 0;
      }
      if (!isCut && compareMoments(moment, reached) !== 0) {
        complain(`trapgate: ${file}: the replay ended at ${momentText(moment)}, the recorded run at ${momentText(reached)}\n`);
        return DIFFERS;
      }
      return statusOfEnd(timeline.live.report().status as Parameters<typeof statusOfEnd>[0]);
    } finally {
      await lines?.close();
      await backlog.end();
    }
  },
};

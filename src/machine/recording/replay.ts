// A recording runs once more: without its host, as a timeline that goes forward and backward.
import type { BootOptions } from "../boot.ts";
import { deliver } from "../inputs.ts";
import { Machine } from "../machine.ts";
import type { Hooks, TraceOptions } from "../options.ts";
import { Timeline, type TimelineOptions } from "../timeline/timeline.ts";
import { hostOf } from "./host-things.ts";
import type { Recording } from "./recording.ts";

/** The run of a recording, at its beginning. */
export const replayed = (
  { options, header, answers, inputs, reached }: Recording,
  hooks: Hooks,
  trace: TraceOptions | undefined,
  history: TimelineOptions,
  boot: BootOptions = {},
): Timeline => {
  const { machine: given, program, start } = options;
  const { code: _, ...values } = given;
  const host = hostOf(answers, header);
  const machine = new Machine({ ...values, ...boot, ...(host.terminal ? { terminal: host.terminal } : {}) });
  const { uplink } = machine.kernel.namespaces.net;
  if (uplink && host.link) uplink.attach(host.link);
  const watched = { ...start, hooks, replays: host, ...(trace ? { trace } : {}) };
  const timeline = new Timeline(machine, program, watched, history);
  timeline.recordedEnd = reached;
  // From now on, as when it was recorded: the questions of boot and start are those of one instant.
  answers.now = () => ({ time: machine.kernel.scheduler.time, run: machine.kernel });
  host.write = (bytes) => timeline.live.session.sinks.stdout.write(bytes);
  timeline.expect(
    inputs.map(({ moment, now, event }) => ({ moment, now, deliver: ({ kernel, session }) => deliver(event, kernel, session) })),
  );
  return timeline;
};

// A run with a terminal, once more: what was typed comes at the same moments.
import type { TerminalSize } from "trapgate/browser";
import { sink } from "../../../src/kernel/fs/files/stream.ts";
import type { BootOptions } from "../../../src/machine/boot.ts";
import { deliver } from "../../../src/machine/inputs.ts";
import { Machine } from "../../../src/machine/machine.ts";
import type { Program } from "../../../src/machine/options.ts";
import type { StartOptions } from "../../../src/machine/snapshot/options.ts";
import { Timeline } from "../../../src/machine/timeline/timeline.ts";
import type { TypedInput } from "./typed-recorder.ts";

/** The timeline of a run with a terminal of this size. */
export const typedTimeline = (
  boot: BootOptions,
  program: Program,
  options: StartOptions,
  { terminal, typed, memory }: { readonly terminal: TerminalSize; readonly typed: readonly TypedInput[]; readonly memory: number },
): Timeline => {
  let write = (_: Uint8Array): void => {};
  const screen = { sink: sink((bytes) => write(bytes)), ...terminal, uses: [true, true, true] as const };
  const replays = { nulls: [], hasJob: false, sinks: <T>(own: T): T => own };
  const timeline = new Timeline(new Machine({ ...boot, terminal: screen }), program, { ...options, replays }, { memory });
  write = (bytes) => timeline.live.session.sinks.stdout.write(bytes);
  timeline.expect(
    typed.map(({ moment, now, event }) => ({ moment, now, deliver: ({ kernel, session }) => deliver(event, kernel, session) })),
  );
  return timeline;
};

// A recording in the page: its run once more, without its host.
import { Inflate } from "fflate";
import { Problem } from "trapgate";
import type { RunPart, RunResult } from "trapgate/browser";
import { crc32 } from "../../../src/browser/image/zip.ts";
import { Batch } from "../../../src/browser/run.ts";
import type { Context } from "../../../src/browser/serve.ts";
import { unpackedBy, unzstd } from "../../../src/image/zstd.ts";
import { momentText, NEVER } from "../../../src/machine/moment.ts";
import type { Hooks } from "../../../src/machine/options.ts";
import type { Unpacker } from "../../../src/machine/recording/frames.ts";
import { openRecording, type Recording } from "../../../src/machine/recording/recording.ts";
import { replayed } from "../../../src/machine/recording/replay.ts";
import type { Timeline } from "../../../src/machine/timeline/timeline.ts";
import type { LabMethods } from "./protocol.ts";

const unpacker: Unpacker = {
  unpack: {
    deflate: (bytes, most) => unpackedBy((out) => new Inflate(out), bytes, most),
    zstd: unzstd,
  },
  crc32,
};
const OTHER_BUILD = "another build of trapgate has recorded this run, and may run it differently";

/** Opens a recording. `say`: what the user should know of it. */
export const recordingOf = (bytes: Uint8Array, say: (line: string) => void): Recording =>
  openRecording(bytes, unpacker, () => say(OTHER_BUILD));
/** The timeline of a recording. */
export const timelineOf = (recording: Recording, hooks: Hooks, memory: number): Timeline =>
  replayed(recording, hooks, undefined, { memory });
/** True if the recorded run came to its end. */
export const hasEnded = ({ status }: Recording): boolean => status !== undefined && !("timeout" in status);

/** Runs a recording to its end, and tells its events and its output. */
export const runRecording = async (bytes: Uint8Array, calls: number, { part }: Context<LabMethods["run"]>): Promise<RunResult> => {
  const recording = recordingOf(bytes, (line) => part({ kind: "log", line }));
  const batch = new Batch(part as (one: RunPart) => void);
  let untold = 0;
  const tell = (stream: "stdout" | "stderr") => (some: Uint8Array) => {
    batch.flush();
    part({ kind: "output", stream, bytes: some.slice() });
  };
  const hooks: Hooks = {
    event(one) {
      if ("id" in one && one.id >= calls) untold += Number(one.kind === "call");
      else batch.add(one);
    },
    kernelLog: (line) => part({ kind: "log", line }),
    stdout: tell("stdout"),
    stderr: tell("stderr"),
  };
  const timeline = replayed(recording, hooks, undefined, { every: Number.POSITIVE_INFINITY });
  const { reached } = recording;
  await timeline.run(hasEnded(recording) ? NEVER : reached);
  batch.flush();
  const { moment } = timeline;
  if (moment.instructions !== reached.instructions)
    throw new Problem("bad-recording", `the replay is another run: it ends at ${momentText(moment)}, not at ${momentText(reached)}`);
  const { status, stats } = timeline.live.report(hasEnded(recording) ? undefined : { timeout: 0 });
  return { status, stats, untold };
};

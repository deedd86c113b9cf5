// Files of recordings, for the commands that write and read them.
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { crc32 } from "../host/node-internals.ts";
import { Machine } from "../machine/machine.ts";
import type { Hooks, TraceOptions } from "../machine/options.ts";
import { type Codec, isRecording } from "../machine/recording/frames.ts";
import { openRecording, type Recording } from "../machine/recording/recording.ts";
import { Timeline, type TimelineOptions } from "../machine/timeline/timeline.ts";
import { Problem } from "../problem.ts";
import { complain } from "./text/print.ts";

/** Deflate at its fastest: a recording is written while the program runs. */
export const codec: Codec = {
  deflate: (bytes) => deflateRawSync(bytes, { level: 1 }),
  inflate: (bytes, most) => inflateRawSync(bytes, { maxOutputLength: Math.max(1, most) }),
  crc32,
};
/** A name that equal bytes share. */
export const nameOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");

/** True for a file that begins as a recording does. */
export const isRecordingFile = (file: string): boolean => {
  try {
    const fd = openSync(file, "r");
    const bytes = new Uint8Array(64);
    try {
      return isRecording(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
};
/** Opens a recording. Throws a Problem if it is none. */
export const recordingOf = (file: string): Recording => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `${file}: cannot be read`, { cause });
  }
  return openRecording(bytes, codec, () => complain(`warning: ${file}: another build has recorded it, and may run it differently\n`));
};

/** The run of a recording, at its beginning. */
export const replayed = (
  recording: Recording,
  hooks: Hooks,
  trace: TraceOptions | undefined,
  options: TimelineOptions,
  boot: ConstructorParameters<typeof Machine>[0] = {},
): Timeline => {
  const { machine, program, start } = recording.options;
  const { code: _, ...values } = machine;
  const timeline = new Timeline(new Machine({ ...values, ...boot }), program, { ...start, hooks, ...(trace ? { trace } : {}) }, options);
  recording.host.now = () => timeline.kernel.scheduler.time;
  timeline.expect(
    recording.inputs.map(({ moment, now, bytes }) => ({
      moment,
      now,
      deliver: (live) => (bytes ? live.write(bytes) : live.session.streams.end()),
    })),
  );
  return timeline;
};

// Files of recordings: they are read, and their runs are run once more.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { crc32 } from "../host/node-internals.ts";
import { backlog, fdSink } from "../host/node-sink.ts";
import { zstd } from "../host/node-zlib.ts";
import { lazyZstd } from "../image/lazy.ts";
import type { Observer } from "../kernel/observer.ts";
import { compareMoments, momentText } from "../machine/moment.ts";
import type { Hooks, TraceOptions } from "../machine/options.ts";
import { isRecording, type Unpacker } from "../machine/recording/frames.ts";
import { openRecording, type Recording } from "../machine/recording/recording.ts";
import { replayed } from "../machine/recording/replay.ts";
import { Problem } from "../problem.ts";

import { runOptions, tree } from "./run-options.ts";
import { statusOfEnd, TIMED_OUT } from "./status.ts";
import { complain } from "./text/print.ts";

/** The host's part of reading a file. */
export const unpacker: Unpacker = {
  unpack: {
    deflate: (bytes, most) => inflateRawSync(bytes, { maxOutputLength: Math.max(1, most) }),
    zstd: (bytes, most) => zstd()?.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, most) }) ?? lazyZstd().unzstd(bytes, most),
  },
  crc32,
};

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
/** True for an option that says how a program runs: the commands of recordings have --stdin besides. */
const isOfRun = (name: string): boolean => Object.hasOwn(runOptions, name) || name === "stdin";
/**
 * The recording that a command line names in place of a program. Undefined: it names a program. Throws a
 * Problem for an option of a run, since a recording has its own, and for words behind the recording. `own`:
 * options of a run that the command has for recordings, too.
 */
export const recordingIn = ([file, next]: readonly string[], values: object, own: readonly string[]): string | undefined => {
  if (file === undefined || !isRecordingFile(file)) return undefined;
  if (next !== undefined) {
    const help = next.startsWith("-") ? "options come before the recording" : "a recording has its program's arguments";
    throw new Problem("usage", `${file} is a recording, and ${JSON.stringify(next)} stands behind it`, { help });
  }
  const given = Object.keys(values).find((name) => isOfRun(name) && !own.includes(name));
  if (given !== undefined) throw new Problem("usage", `--${given} is an option of a run: ${file} is a recording, which has its own`);
  return file;
};
/** Opens a recording. Throws a Problem if it is none. `root`: a directory that may have its files. */
export const recordingOf = (file: string, root?: string): Recording => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new Problem("cannot-read", `${file}: cannot be read`, { cause });
  }
  const otherBuild = (): void => void complain(`warning: ${file}: another build has recorded it, and may run it differently\n`);
  return openRecording(bytes, unpacker, otherBuild, root === undefined ? undefined : tree("--root", root, false));
};

/** The status of a replay that is not the run that was recorded. */
const DIFFERS = 125;

/** Sees a run besides its hooks. */
interface Seeing {
  readonly trace?: TraceOptions | undefined;
  readonly observer?: Observer;
}
/** Runs a recording to its end, with this process's output. The result is the exit status. */
export const replayToEnd = async (file: string, watched: Hooks = {}, { trace, observer }: Seeing = {}): Promise<number> => {
  const recording = recordingOf(file);
  const [one, two] = [fdSink(1), fdSink(2)];
  const terminal = recording.header.terminal && (await import("../host/node-terminal.ts"));
  const [out, err] = [terminal?.isShown(1) ? terminal.shownOn(one) : one, terminal?.isShown(2) ? terminal.shownOn(two) : two];
  const hooks = { stdout: (bytes: Uint8Array) => void out.write(bytes), stderr: (bytes: Uint8Array) => void err.write(bytes), ...watched };
  try {
    const timeline = replayed(recording, hooks, trace, { every: Number.POSITIVE_INFINITY });
    timeline.observer = observer;
    const { marks, status } = recording;
    const hasEnded = status !== undefined && !("timeout" in status);
    for (const [i, { moment, calls }] of marks.entries()) {
      const isEnd = hasEnded && i === marks.length - 1;
      const end = await timeline.run(moment);
      const isThere = compareMoments(timeline.moment, moment) === 0 && timeline.kernel.syscalls === calls;
      if (isThere && (isEnd ? timeline.hasEnded : end === "moment")) continue;
      const [here, there] = [momentText(timeline.moment), momentText(moment)];
      complain(
        `trapgate: ${file}: the replay is another run: at ${here} after ${timeline.kernel.syscalls} calls, not at ${there} after ${calls}\n`,
      );
      return DIFFERS;
    }
    const report = timeline.live.report();
    if (hasEnded) return statusOfEnd(report.status as Parameters<typeof statusOfEnd>[0]);
    complain(`trapgate: ${file}: ${status ? "the run was given up" : "the recorder was stopped"} at ${momentText(timeline.moment)}\n`);
    return status ? TIMED_OUT : 0;
  } finally {
    await backlog.end();
  }
};

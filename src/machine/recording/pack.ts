// Makes a recording small before it is sent: bytes of programs and libraries that the run does not use become
// zeros, which take no room.
import { Problem } from "../../problem.ts";
import type { BootOptions } from "../boot.ts";
import { compareMoments, NEVER } from "../moment.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { type FrameItem, FrameWriter, itemsOf, type Packer, type Unpacker } from "./frames.ts";
import { openRecording, type Recording } from "./recording.ts";
import { replayed } from "./replay.ts";
import { UsedBytes } from "./used.ts";

/** The parts of the host. */
export interface PackingHost {
  readonly unpacker: Unpacker;
  readonly packer: Packer;
  readonly boot: BootOptions;
}
const ONCE = { every: Number.POSITIVE_INFINITY };
const otherBuild = (): never => {
  throw new Problem("bad-recording", "another build has recorded it: only that build knows what its run uses");
};
/** True if a replay comes to the same moments, with the same numbers of calls. */
const isSameRun = async (timeline: Timeline, { marks, status }: Recording): Promise<boolean> => {
  const hasEnded = status !== undefined && !("timeout" in status);
  for (const [i, { moment, calls }] of marks.entries()) {
    const isEnd = hasEnded && i === marks.length - 1;
    const end = await timeline.run(isEnd ? NEVER : moment);
    if (end !== (isEnd ? "ended" : "moment") || compareMoments(timeline.moment, moment) !== 0 || timeline.kernel.syscalls !== calls)
      return false;
  }
  return true;
};
const written = async (items: Iterable<FrameItem>, packer: Packer): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  const file = new FrameWriter((part) => void parts.push(part.slice()), packer);
  for (const item of items) file.add(item);
  await file.close();
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
const isHeader = (facts: unknown): facts is object =>
  typeof facts === "object" && facts !== null && "kind" in facts && facts.kind === "run";

/**
 * A recording without the bytes of mapped files that its run does not use. It is run twice: to see what it
 * uses, and to see that this suffices.
 */
export const packRecording = async (bytes: Uint8Array, { unpacker, packer, boot }: PackingHost): Promise<Uint8Array> => {
  const recording = openRecording(bytes, unpacker, otherBuild);
  const timeline = replayed(recording, {}, undefined, ONCE, { ...boot, engine: "interpret" });
  const used = new UsedBytes(timeline.kernel);
  recording.trees.onRead = (offset, into, item) => used.read(offset, into, item);
  timeline.observer = used.observer;
  if (!(await isSameRun(timeline, recording))) throw new Problem("bad-recording", "its replay is another run");
  let item = 0;
  const trimmed = function* (): Generator<FrameItem> {
    for (const one of itemsOf(bytes, unpacker))
      if ("bytes" in one) yield { bytes: used.trimmed(item++, one.bytes) };
      else yield isHeader(one.facts) ? { facts: { ...one.facts, packed: true } } : one;
  };
  const packed = await written(trimmed(), packer);
  const again = openRecording(packed, unpacker, otherBuild);
  if (await isSameRun(replayed(again, {}, undefined, ONCE, boot), again)) return packed;
  return written(itemsOf(bytes, unpacker), packer);
};

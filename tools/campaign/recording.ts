// Files of recordings that were changed: bytes, items and values with right checksums, cut ends. Each is
// refused, or replays in its time, forward and back; no exception but a Problem, and no host: all answers are
// the file's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { recordingOf, unpacker } from "../../src/cli/recorded.ts";
import { Tape } from "../../src/cli/tape.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import { sink } from "../../src/kernel/fs/files/stream.ts";
import type { BootOptions } from "../../src/machine/boot.ts";
import { Machine } from "../../src/machine/machine.ts";
import { type FrameItem, FrameWriter, itemsOf } from "../../src/machine/recording/frames.ts";
import { replayed } from "../../src/machine/recording/replay.ts";
import { Problem } from "../../src/problem.ts";
import { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { guestFile } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

/** A change; all that it needs besides is drawn from `seed`. */
interface RecordingChange {
  readonly how: "bytes" | "cut" | "value" | "drop" | "twice" | "blob" | "swap";
  readonly seed: number;
}
interface Input {
  readonly base: number;
  readonly changes: readonly RecordingChange[];
}
const WAYS: readonly RecordingChange["how"][] = [
  "bytes",
  "cut",
  "value",
  "value",
  "value",
  "value",
  "value",
  "drop",
  "twice",
  "blob",
  "swap",
];
/** Milliseconds of real time that a changed run gets, and in which an input is over. */
const RUN = 300;
const OVER = 10_000;
/** Inputs of one seed. */
const BATCH = 12;

/** Recordings of guests with input, a terminal, a mount and an overlay-free root, made once. */
const madeBases: Promise<readonly Uint8Array[]>[] = [];
const bases = (): Promise<readonly Uint8Array[]> => {
  madeBases[0] ??= make();
  return madeBases[0];
};
const make = async (): Promise<readonly Uint8Array[]> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-recordings-"));
  const bytes: Uint8Array[] = [];
  try {
    writeFileSync(join(folder, "a"), "some bytes\n".repeat(100));
    const quiet = sink(() => {});
    const terminal = { sink: quiet, columns: 80, rows: 24, uses: [true, true, true] as const };
    const runs: readonly (readonly [path: string, args: readonly string[], boot: BootOptions])[] = [
      ["/guest", [], { files: { "/guest": { content: guestFile("c5"), mode: 0o755 } } }],
      ["/guest", [], { files: { "/guest": { content: guestFile("d4"), mode: 0o755 } }, terminal }],
      [
        "/bin/sh",
        ["-c", "read a; echo $a; ls -l /data; cat /data/a | wc -c; echo x > /data/b; cat /data/b; sleep 0.01; rm /data/b"],
        { root: nodeTree("/"), mounts: [{ tree: nodeTree(folder, { writable: true }), at: "/data", mode: "rw" }], memory: "64M" },
      ],
      ["/bin/sh", ["-c", "read a; stty size; echo $a"], { root: nodeTree("/"), terminal, memory: "64M" }],
    ];
    for (const [path, args, boot] of runs) {
      const file = join(folder, "run.rec");
      const tape = new Tape({ file, option: "--output", onFailure: false });
      const used = tape.begin(boot, { path, program: { args }, policy: undefined, stdout: quiet, stderr: quiet, nulls: [], hasJob: false });
      const machine = new Machine(used.boot);
      const wanted = (): void => {
        machine.inputs.push({ kind: "bytes", bytes: new TextEncoder().encode("hello\n") });
        if (!boot.terminal) machine.inputs.push({ kind: "end" });
        machine.inputs.push({ kind: "resize", columns: 100, rows: 30 });
        machine.inputs.push({ kind: "signal", signal: 28 });
      };
      const { status } = await machine.run(
        path,
        { args, timeout: 20 },
        { stdout: used.stdout, stderr: used.stderr, wanted, recorder: tape.recorder },
      );
      await tape.end(status);
      bytes.push(new Uint8Array(readFileSync(file)));
    }
    return bytes;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const strange = [0, -1, 1, 0.5, 2 ** 31, 2 ** 53, 1e300, -1e300, "", "..", "/", "a/b", "\0", "p".repeat(5000), null, true, [], {}, [[]]];
/** Replaces, removes or adds one value somewhere inside. */
const changeValue = (value: unknown, r: Random, depth = 0): unknown => {
  if (depth > 0 && r.chance(0.25)) return typeof value === "number" && r.chance(0.6) ? value + r.pick([1, -1, 4096, 1e9]) : r.pick(strange);
  if (Array.isArray(value) && value.length > 0) {
    const copy: unknown[] = [...value];
    const at = r.below(copy.length);
    if (r.chance(0.05)) copy.splice(at, 1);
    else copy[at] = changeValue(copy[at], r, depth + 1);
    return copy;
  }
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value);
    if (names.length === 0) return r.pick(strange);
    const name = r.pick(names);
    const copy: Record<string, unknown> = { ...value };
    if (r.chance(0.05)) delete copy[name];
    else copy[name] = changeValue(copy[name], r, depth + 1);
    return copy;
  }
  return r.pick(strange);
};
const changeItems = (items: FrameItem[], how: RecordingChange["how"], r: Random): void => {
  const of = (isFacts: boolean): number[] => items.flatMap((item, i) => ("facts" in item === isFacts ? [i] : []));
  const at = r.pick(how === "blob" ? of(false) : r.chance(0.5) ? of(true).slice(0, 2) : of(true));
  const item = items[at] as FrameItem;
  if (how === "drop") items.splice(at, 1);
  else if (how === "twice") items.splice(at, 0, item);
  else if (how === "swap") {
    const other = r.below(items.length);
    [items[at], items[other]] = [items[other] as FrameItem, item];
  } else if ("facts" in item) items[at] = { facts: changeValue(item.facts, r) };
  else {
    const bytes = item.bytes.slice(0, r.chance(0.2) ? r.below(item.bytes.length + 1) : undefined);
    for (let n = 1 + r.below(8); n > 0 && bytes.length > 0; n--) bytes[r.below(bytes.length)] = r.below(256);
    items[at] = { bytes };
  }
};
const changed = async (base: Uint8Array, changes: readonly RecordingChange[]): Promise<Uint8Array> => {
  let bytes = base;
  for (const { how, seed } of changes) {
    const r = new Random(seed);
    if (how === "cut") bytes = bytes.slice(0, r.below(bytes.length));
    else if (how === "bytes") {
      bytes = bytes.slice();
      for (let n = 1 + r.below(5); n > 0; n--) bytes[r.below(bytes.length)] = r.below(256);
    } else {
      let items: FrameItem[];
      try {
        items = [...itemsOf(bytes, unpacker)];
      } catch {
        return bytes;
      }
      if (items.length === 0) return bytes;
      changeItems(items, how, r);
      const parts: Uint8Array[] = [];
      const writer = new FrameWriter((part) => void parts.push(part.slice()), {
        codec: "deflate",
        pack: (plain) => Promise.resolve(deflateRawSync(plain, { level: 1 })),
        crc32: unpacker.crc32,
      });
      for (const one of items) writer.add(one);
      await writer.close();
      bytes = new Uint8Array(Buffer.concat(parts));
    }
  }
  return bytes;
};

/** Replays for a while, then goes back. */
const run = async (file: string): Promise<string> => {
  const timeline = replayed(recordingOf(file), {}, undefined, { every: 20, memory: 2 ** 26 }, {});
  const end = Date.now() + RUN;
  const { turn } = timeline;
  timeline.turn = async () => {
    await turn();
    if (Date.now() > end) timeline.interrupt();
  };
  const rest = await timeline.run();
  if (rest !== "interrupted") for (let n = 0; n < 3; n++) await timeline.back();
  return rest;
};
const late = (milliseconds: number): Finding => ({
  rule: "a changed recording ends in time",
  expected: `an end within ${OVER} ms`,
  seen: `${milliseconds} ms`,
});

const check = async ({ base, changes }: Input) => {
  const all = await bases();
  const folder = mkdtempSync(join(tmpdir(), "trapgate-recording-"));
  const digests: string[] = [];
  try {
    for (const [i, change] of changes.entries()) {
      const file = join(folder, "run.rec");
      // Most have one change, some have several.
      const some = i % 4 === 3 ? changes.slice(i - 3, i + 1) : [change];
      writeFileSync(file, await changed(all[base % all.length] as Uint8Array, some));
      const begun = Date.now();
      try {
        await run(file);
      } catch (error) {
        if (!(error instanceof Problem)) {
          const seen = error instanceof Error ? `${error.stack}\n${error.cause instanceof Error ? error.cause.stack : ""}` : String(error);
          return {
            inputs: i + 1,
            digest: "",
            finding: {
              rule: "a changed recording is refused by a Problem, or runs",
              expected: "a Problem",
              seen: seen.slice(0, 1500),
              input: { base, changes: some },
            },
          };
        }
      }
      const spent = Date.now() - begun;
      if (spent > OVER) return { inputs: i + 1, digest: "", finding: { ...late(spent), input: { base, changes: some } } };
    }
    return noFinding(changes.length, digestOf(...digests));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

export const recording = kind<Input>({
  summary: "files of recordings: bytes, items and values changed, with right checksums: refused, or replayed in time",
  bounds: { seconds: 120, megabytes: 3000 },
  draw: (r) => ({
    base: r.below(4),
    changes: Array.from({ length: BATCH }, () => ({ how: r.pick(WAYS), seed: r.u32() })),
  }),
  check,
  parts: { of: ({ changes }) => changes, with: (input, parts) => ({ ...input, changes: parts as RecordingChange[] }) },
});

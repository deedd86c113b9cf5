// Journals of overlays: random records with right checksums, damaged lines, small memories. A guest runs on
// them, or a Problem says why not; data files that are links lead nowhere.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { hostOverlay } from "../../../src/host/overlay/overlay.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { Problem } from "../../../src/problem.ts";
import type { Random } from "../../oracle/random.ts";
import { inScratch } from "../cli.ts";
import { digestOf } from "../digest.ts";
import { kind, noFinding } from "../kind.ts";

type Record_ = { readonly nodes?: unknown; readonly names?: unknown; readonly chunks?: unknown };
interface Input {
  readonly records: readonly Record_[];
  /** Bytes of the journal that are other ones, and bytes that are cut off. */
  readonly edits: readonly (readonly [at: number, value: number])[];
  readonly cut: number;
  /** Data files that are links to a file of the host. */
  readonly links: readonly number[];
  readonly memory: number;
}

const ids = [0, 1, 2, 3, 4, 5, 9, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER] as const;
const names = [
  "hello",
  "etc",
  "dev",
  "proc",
  "tmp",
  "a",
  "b",
  ".",
  "..",
  "a/b",
  "\0",
  "x".repeat(255),
  "x".repeat(256),
  "\u00ff",
  "\u0100",
] as const;
const modes = [0o100755, 0o40755, 0o120777, 0o20666, 0o60660, 0o10644, 0o140755, 0, 0o177777] as const;
const node = (r: Random): object => ({
  mode: r.pick(modes),
  uid: r.pick([0, 1000, 2 ** 32 - 1]),
  gid: 0,
  rdev: r.pick([0, 0x103, 0x105, 2 ** 40]),
  times: Array.from({ length: 6 }, () => r.pick([0, 1, -1, 1e18, 0.5])),
  ...(r.chance(0.3) ? { target: r.pick(["/", "hello", "../..", "x".repeat(4096)]) } : {}),
  ...(r.chance(0.3) ? { lower: r.pick(["", "etc", "a/b", "../x", "none"]) } : {}),
  ...(r.chance(0.3) ? { base: r.pick([0, 1, 4096, 2 ** 40]) } : {}),
  ...(r.chance(0.2) ? { xattrs: { "user.a": "b", [r.pick(["", "security.capability", "x".repeat(300)])]: "\u0001" } } : {}),
});
const record = (r: Random): Record_ => ({
  ...(r.chance(0.7) ? { nodes: Array.from({ length: 1 + r.below(4) }, () => [r.pick(ids), node(r)]) } : {}),
  ...(r.chance(0.7) ? { names: Array.from({ length: 1 + r.below(4) }, () => [r.pick(ids), r.pick(names), r.pick(ids)]) } : {}),
  ...(r.chance(0.4) ? { chunks: [[r.pick(ids), r.pick([0, 1, 2 ** 40]), r.pick([1, 2, 1000, 2 ** 24])]] } : {}),
});
/** A journal in records. */
export const draw = (r: Random): Input => ({
  records: Array.from({ length: r.below(12) }, () => record(r)),
  edits: r.chance(0.3) ? Array.from({ length: 1 + r.below(3) }, () => [r.below(3000), r.below(256)] as const) : [],
  cut: r.chance(0.2) ? r.below(200) : 0,
  links: r.chance(0.2) ? [2, 3, 4] : [],
  memory: r.pick([2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26]),
});

const line = (value: unknown): string => {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
};
/** Writes the overlay's files into its folder. */
export const build = (folder: string, { records, edits, cut, links }: Omit<Input, "memory">): void => {
  mkdirSync(join(folder, "data"));
  for (const id of links) symlinkSync("/etc/passwd", join(folder, "data", String(id)));
  const text = Buffer.from([{ trapgate: "overlay", version: 1 }, ...records].map(line).join(""));
  for (const [at, value] of edits) if (at < text.length) text[at] = value;
  writeFileSync(join(folder, "journal"), text.subarray(0, Math.max(0, text.length - cut)));
};
const hello = readFileSync(fileURLToPath(new URL("../../../guest/bin/hello-syscall", import.meta.url)));

export const overlay = kind<Input>({
  summary: "journals of overlays: random records with right sums, damage, small memories: a run or a Problem",
  bounds: { seconds: 20, megabytes: 500 },
  draw,
  check: (input) =>
    inScratch(async (folder) => {
      build(folder, input);
      try {
        const { status, stdout } = await Machine.run(hello, { overlay: hostOverlay(folder), memory: input.memory, timeout: 10 });
        return noFinding(1, digestOf(JSON.stringify(status), stdout.text));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return noFinding(1, digestOf(error.kind));
      }
    }),
  parts: { of: ({ records }) => records, with: (input, records) => ({ ...input, records: records as Input["records"] }) },
});

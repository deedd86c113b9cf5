// The search for unreachable objects, which begins when memory is short, spares what a program still has.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc32, missing, nativeX64, top } from "../support/host.ts";

describe.skipIf(missing("objects that are kept", nativeX64, gcc32))("short memory", () => {
  it.each(["-m64", "-m32"])("gcc %s: takes no byte of a file that a program has", async (mode) => {
    await inFolder(async (folder) => {
      const program = `${folder}/kept`;
      execFileSync("gcc", [mode, "-O1", "-w", "-static", "-o", program, `${top}/test/kernel/kept.c`]);
      const content = readFileSync(program);
      const run = await Machine.run("/kept", { files: { "/kept": { content, mode: 0o755 } }, memory: 64 * 2 ** 20, timeout: 50 });
      expect(run.stdout.text.split("\n").filter((line) => !line.startsWith("fallocate"))).toEqual([
        "overlay 0, unmounted 0",
        "memfd: 5 small",
        "shared segment",
        "overlay: 15 /layer/low/file",
        "queue: 8 message",
        "pivot_root 0, unmounted 0",
        "first root: 23 /file-of-the-first-root",
        "memfd: 5 small",
        "memfd 4",
        "more: 4 more",
        "",
      ]);
      expect(run.stdout.text.match(/fallocate -1 errno 28/g)).toHaveLength(3);
    });
  });
});

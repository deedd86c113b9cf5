// The vDSO makes random numbers: the same program natively and inside, and how many calls it makes.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

describe.skipIf(missing("random numbers of the vDSO", gcc, nativeX64))("getrandom of the vDSO", { timeout: 60_000 }, () => {
  it("gives bytes as on Linux, without calls since 6.11", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "random");
      execFileSync("gcc", ["-O1", "-static", "-o", file, join(top, "test/machine/random.c")]);
      const native = execFileSync(file, { encoding: "utf8" });
      const program = readFileSync(file);
      const now = await Machine.run(program);
      const before = await Machine.run(program, { kernel: "5.19" });
      expect([now.stdout.text, before.stdout.text]).toEqual([native, native]);
      expect(before.stats.syscalls).toBeGreaterThan(2000);
      expect(now.stats.syscalls).toBeLessThan(1000);
    });
  });
});

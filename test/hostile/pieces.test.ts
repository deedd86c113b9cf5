// Long calls are cut into pieces, between which signals and other tasks are served. Guests see the results of
// Linux in every tier.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endOfRun, inFolder, runHosted } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

describe.skipIf(missing("long calls", gcc, nativeX64))("long calls", { timeout: 120_000 }, () => {
  const compiled = <T>(use: (program: string, folder: string) => Promise<T>): Promise<T> =>
    inFolder((folder) => {
      const program = join(folder, "pieces");
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, join(top, "test", "hostile", "pieces.c")]);
      return use(program, folder);
    });
  it("end short, go on and share as on Linux", () =>
    compiled(async (program, folder) => {
      const native = runNative(program);
      expect(native.stdout).toContain("zero: short, 1 signals\n");
      const run = await runHosted(folder, program);
      expect([run.stdout.text, endOfRun(run)]).toEqual([native.stdout, native.end]);
    }));
  it("take the same time in every tier, traced or not", () =>
    compiled(async (program, folder) => {
      const run = async (how: object) => (await runHosted(folder, program, { args: ["clock"], ...how })).stdout.text;
      const first = await run({ engine: "interpret" });
      expect(first).toMatch(/^getrandom: short, 1 signals, \d+ bytes, \d+ ns$/m);
      for (const how of [{ engine: "jit" }, { engine: "auto" }, { engine: "auto", trace: { follow: true } }])
        expect(await run(how)).toBe(first);
    }));
});

// The kernel's work on n objects grows as n, or as n and its logarithm: for the virtual clock, which charges
// for it, and for the host's processor. busy-kernel.c has the calls.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine } from "trapgate";
import { afterAll, describe, expect, it } from "vitest";
import { missing, nativeX64, top } from "../support/host.ts";

const skipped = missing("growth of the kernel's work", nativeX64);
const folder = mkdtempSync(join(tmpdir(), "trapgate-growth-"));
afterAll(() => rmSync(folder, { recursive: true }));

const program = join(folder, "busy-kernel");
const modes = (): [string, number][] => {
  if (skipped) return [];
  execFileSync("gcc", ["-O1", "-static", "-w", "-o", program, `${top}/test/hostile/busy-kernel.c`]);
  return execFileSync(program, ["measured"], { encoding: "latin1" })
    .trim()
    .split("\n")
    .map((line) => line.split(" ") as [string, string])
    .map(([mode, n]) => [mode, Number(n)]);
};

interface Work {
  /**
   * Nanoseconds of virtual time, milliseconds of the host's processor: of the work alone, without its
   * preparation.
   */
  readonly virtual: number;
  readonly host: number;
}
const work = async (mode: string, n: number): Promise<Work> => {
  let begun: NodeJS.CpuUsage | undefined;
  const hooks = {
    stdout: (): void => {
      begun ??= process.cpuUsage();
    },
  };
  const files = { "/busy": { content: readFileSync(program), mode: 0o755 } };
  const run = await Machine.run("/busy", { files, args: [mode, String(n)], memory: 512 << 20, timeout: 50, hooks });
  const { user, system } = process.cpuUsage(begun);
  expect([run.status, run.stderr.text]).toEqual([{ exit: 0 }, ""]);
  return { virtual: Number(run.stdout.text.split("\n")[1]), host: (user + system) / 1000 };
};

const TIMES = 8;
/** A logarithm, and the constant part. */
const VIRTUAL = 1.5 * TIMES;
/** Caches of the host's processor, its other users, code that is not yet compiled. */
const HOST = 4 * TIMES;
const AT_LEAST = 10;

describe.skipIf(skipped)("eight times as much takes about eight times as long:", { timeout: 120_000 }, () => {
  it.each(modes())("%s, from %i", async (mode, n) => {
    const [few, many] = [await work(mode, n), await work(mode, TIMES * n)];
    expect(many.virtual / few.virtual).toBeLessThan(VIRTUAL);
    expect(many.host / Math.max(AT_LEAST, few.host)).toBeLessThan(HOST);
  });
});

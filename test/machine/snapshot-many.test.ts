// Many copies, one after another: memory, descriptors and timers stay. FORKS=10000 for the full number.
import { readdirSync, readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { expect, it } from "vitest";
import { missing, type Need, top } from "../support/host.ts";

const proc: Need = { what: "/proc/self/fd", met: process.platform === "linux" };
const forks = Number(process.env["FORKS"] ?? 500);
/** Megabytes that the process may grow by: heaps of V8 that are not collected yet. */
const GROWTH = 150;

it.skipIf(missing("descriptors of this process", proc))(`${forks} copies leave nothing behind`, { timeout: 1_200_000 }, async () => {
  const machine = new Machine({ memory: "64M" });
  await machine.start(readFileSync(`${top}/guest/bin/c6`));
  await machine.runUntil({ instructions: 25 });
  const snapshot = machine.snapshot();
  const fork = async (): Promise<void> => {
    const { stdout } = await snapshot.fork().finish();
    expect(stdout.text).toContain("the kernel's word was cleared");
  };
  const figures = () => ({
    descriptors: readdirSync("/proc/self/fd").length,
    timers: process.getActiveResourcesInfo().filter((what) => what === "Timeout").length,
    megabytes: process.memoryUsage().rss / 2 ** 20,
  });
  for (let n = 0; n < Math.max(100, forks / 10); n++) await fork();
  const before = figures();
  for (let n = 0; n < forks; n++) await fork();
  const after = figures();
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(after.timers).toBeLessThanOrEqual(before.timers);
  expect(after.megabytes).toBeLessThan(before.megabytes + GROWTH);
  if (forks > 500) console.log(before, after);
});

// `npm run soak`: machines one after the other in this process. What they leave must not grow: resident
// memory, descriptors, handles.
//   npm run soak [-- --machines N] [--minutes N]        ends when both are reached
import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { Machine } from "../../src/machine/machine.ts";
import { guestFile, guestNames } from "../../tools/campaign/guests.ts";

const { values } = parseArgs({ options: { machines: { type: "string", default: "2000" }, minutes: { type: "string", default: "20" } } });
const machines = Number(values.machines);
const until = Date.now() + Number(values.minutes) * 60_000;

/** Resident bytes may grow by so much from the first third of the run to its last third. */
const SLACK = 16 * 2 ** 20;
const ROWS = 30;
const collect = globalThis.gc;
if (!collect) throw new Error("run it with --expose-gc: npm run soak");

interface Row {
  readonly resident: number;
  readonly descriptors: number;
  readonly handles: number;
}
const look = (): Row => {
  collect();
  return {
    resident: process.memoryUsage.rss(),
    descriptors: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().length,
  };
};
const rows: Row[] = [];
const begun = Date.now();
const share = (run: number): number => Math.min(run / machines, (Date.now() - begun) / (until - begun));
const names = guestNames().filter((name) => /^[abc]\d+(-fixed)?$|^hello/.test(name));

let run = 0;
let failed = 0;
for (; share(run) < 1; run++) {
  if (share(run) * ROWS >= rows.length) {
    const row = look();
    rows.push(row);
    const { resident, descriptors, handles } = row;
    process.stdout.write(
      `${run} machines, ${((Date.now() - begun) / 1000).toFixed(0)} s: ${(resident / 2 ** 20).toFixed(0)} MiB, ${descriptors} descriptors, ${handles} handles\n`,
    );
  }
  const name = names[run % names.length] as string;
  const options = { memory: "32M", seed: run, timeout: 5, trace: run % 7 === 0 } as const;
  await Machine.run(guestFile(name), options).catch((error: unknown) => {
    failed++;
    process.stdout.write(`${name}, seed ${run}: ${error}\n`);
  });
}
rows.push(look());

const third = Math.ceil(rows.length / 3);
const most = (of: readonly Row[], key: keyof Row): number => Math.max(...of.map((row) => row[key]));
const grown = (key: keyof Row): number => most(rows.slice(-third), key) - most(rows.slice(1, 1 + third), key);
const holds = failed === 0 && grown("resident") <= SLACK && grown("descriptors") <= 0 && grown("handles") <= 0;
process.stdout.write(
  `${run} machines in ${((Date.now() - begun) / 1000).toFixed(0)} s, ${failed} failed; from the first third to the last: ${(grown("resident") / 2 ** 20).toFixed(1)} MiB, ${grown("descriptors")} descriptors, ${grown("handles")} handles: ${holds ? "flat" : "not flat"}\n`,
);
process.exitCode = holds ? 0 : 1;

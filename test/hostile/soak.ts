// `npm run soak`: machines one after the other in this process, spread over some time. Resident memory,
// descriptors and handles must not grow.
//   npm run soak [-- --machines N] [--minutes N]
import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Machine } from "../../src/machine/machine.ts";
import { drawRegisters, drawSlots, encodeSlots } from "../../tools/campaign/code/slots.ts";
import { guestFile, guestNames } from "../../tools/campaign/guests.ts";
import { drawScript } from "../../tools/campaign/syscalls/draw.ts";
import { encode } from "../../tools/campaign/syscalls/script.ts";
import { Random } from "../../tools/oracle/random.ts";

const { values } = parseArgs({ options: { machines: { type: "string", default: "2000" }, minutes: { type: "string", default: "20" } } });
const machines = Number(values.machines);
const minute = 60_000;
/** Milliseconds from the start of a machine to the start of the next one. */
const pace = (Number(values.minutes) * minute) / machines;

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
/** A program and its input: every third has random system calls, every tenth code for the compiler. */
const names = guestNames().filter((name) => /^[abc]\d+(-fixed)?$|^hello/.test(name));
const work = (run: number): { readonly name: string; readonly stdin?: Uint8Array } => {
  const random = new Random(run);
  if (run % 3 === 0)
    return { name: "script", stdin: encode(drawScript(random, { abis: ["x64", "i386"], harmless: false, chunks: 4, callsEach: 16 })) };
  if (run % 10 === 1) {
    const program = { slots: drawSlots(random, 40), registers: drawRegisters(random), data: random.u32(), timer: 0 };
    return { name: "slots", stdin: encodeSlots(program, 3000) };
  }
  return { name: names[run % names.length] as string };
};

const rows: Row[] = [];
const begun = Date.now();
let failed = 0;
for (let run = 0; run < machines; run++) {
  if ((run / machines) * ROWS >= rows.length) {
    const row = look();
    rows.push(row);
    const { resident, descriptors, handles } = row;
    process.stdout.write(
      `${run} machines, ${((Date.now() - begun) / 1000).toFixed(0)} s: ${(resident / 2 ** 20).toFixed(0)} MiB, ${descriptors} descriptors, ${handles} handles\n`,
    );
  }
  const { name, ...input } = work(run);
  const options = { ...input, memory: "32M", seed: run, timeout: 5, trace: run % 7 === 0 } as const;
  await Machine.run(guestFile(name), options).catch((error: unknown) => {
    failed++;
    process.stdout.write(`${name}, seed ${run}: ${error}\n`);
  });
  await pause(Math.max(0, begun + (run + 1) * pace - Date.now()));
}
rows.push(look());

const third = Math.ceil(rows.length / 3);
const most = (of: readonly Row[], key: keyof Row): number => Math.max(...of.map((row) => row[key]));
const grown = (key: keyof Row): number => most(rows.slice(-third), key) - most(rows.slice(1, 1 + third), key);
const holds = failed === 0 && grown("resident") <= SLACK && grown("descriptors") <= 0 && grown("handles") <= 0;
process.stdout.write(
  `${machines} machines in ${((Date.now() - begun) / 1000).toFixed(0)} s, ${failed} failed; from the first third to the last: ${(grown("resident") / 2 ** 20).toFixed(1)} MiB, ${grown("descriptors")} descriptors, ${grown("handles")} handles: ${holds ? "flat" : "not flat"}\n`,
);
process.exitCode = holds ? 0 : 1;

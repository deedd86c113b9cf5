// `npm run bounds -- [policies|images|journals] [COUNT] [SEED]`: hostile input beside a guest. Each ends with
// an answer or a Problem, at most half a second after --timeout, and with at most 120 MB beside --memory.
// Seconds in which the host ran another process are not counted.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, inScratch, requireBuild, trapgate } from "../campaign/cli.ts";
import { Random } from "../oracle/random.ts";
import { writeImage, writeOverlay } from "./folders.ts";
import { policyOf } from "./policies.ts";

const TIMEOUT = 2;
const LATE = 0.5;
const MEMORY = 64;
const BESIDE = 120;
const MEGABYTE = 2 ** 20;
const hello = fileURLToPath(new URL("../../guest/bin/hello-syscall", import.meta.url));

/** Writes the input into a folder, and says the options that name it. */
const kinds: Readonly<Record<string, { readonly count: number; write(folder: string, r: Random): Promise<readonly string[]> }>> = {
  policies: {
    count: 500,
    async write(folder, r) {
      writeFileSync(join(folder, "policy"), policyOf(r));
      return ["--policy", join(folder, "policy"), hello];
    },
  },
  images: {
    count: 100,
    async write(folder, r) {
      await writeImage(join(folder, "image"), r);
      return ["--image", join(folder, "image")];
    },
  },
  journals: {
    count: 100,
    async write(folder, r) {
      writeOverlay(join(folder, "overlay"), r);
      return ["--overlay", join(folder, "overlay"), hello];
    },
  },
};
const limits = ["--timeout", String(TIMEOUT), "--memory", `${MEMORY}M`, "--code-cache", "off"];

/** Not a Problem, which has status 125 before the guest has begun: a signal, or an error of this code. */
const isOurs = ({ end, stderr }: Ended): boolean => typeof end === "string" || /internal error|FATAL ERROR/.test(stderr);
const faults = (ended: Ended): readonly string[] => [
  ...(isOurs(ended) ? [`${ended.end}: ${ended.stderr.slice(0, 300)}`] : []),
  ...(ended.seconds - ended.starved > TIMEOUT + LATE ? [`ended after ${(ended.seconds - ended.starved).toFixed(2)} s`] : []),
  ...(ended.resident > (MEMORY + BESIDE) * MEGABYTE ? [`${Math.round(ended.resident / MEGABYTE)} MB`] : []),
];

requireBuild();
const [only, count, first = "1"] = process.argv.slice(2);
if (only !== undefined && !(only in kinds)) throw new Error(`there are ${Object.keys(kinds).join(", ")}`);
let bad = 0;
for (const [name, { count: usual, write }] of Object.entries(kinds)) {
  if (only !== undefined && only !== name) continue;
  const [total, start] = [count === undefined ? usual : Number(count), Number(first)];
  const most = { seconds: 0, resident: 0, ended: 0, limited: 0 };
  for (let seed = start; seed < start + total; seed++) {
    const ended = await inScratch(async (folder) => {
      // The guest sees no other file of the host.
      mkdirSync(join(folder, "cwd"));
      const args = await write(folder, new Random(seed));
      return trapgate(["run", ...limits, ...args], { seconds: 30, cwd: join(folder, "cwd") });
    });
    const wrong = faults(ended);
    for (const fault of wrong) console.log(`${name} seed ${seed}: ${fault}`);
    bad += wrong.length > 0 ? 1 : 0;
    most.seconds = Math.max(most.seconds, ended.seconds - ended.starved);
    most.resident = Math.max(most.resident, ended.resident);
    if (ended.end === 0) most.ended++;
    if (/time|memory|large|more than/i.test(ended.stderr)) most.limited++;
  }
  console.log(
    `${name}: ${total} inputs from seed ${start}: ${most.ended} ran, ${most.limited} met a limit; at most ${most.seconds.toFixed(2)} s, ${Math.round(most.resident / MEGABYTE)} MB`,
  );
}
process.exitCode = bad === 0 ? 0 : 1;

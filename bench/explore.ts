// `npm run bench:explore [-- NAME…]`: schedules a second for six small programs, or those named, where each
// schedule boots and where it goes on from a snapshot of the common beginning: the first 300 of a search, in
// which V8 still compiles, and those behind the first 2000. Each search runs in a process of its own, so that
// none finds what V8 compiled for another one. By processor time, which load changes less.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "../src/machine/explore/explore.ts";
import type { SearchOptions } from "../src/machine/explore/trials.ts";
import { hostTree } from "../src/node.ts";

const programs = ["lost-update", "reorder", "two-stage", "deadlock", "spin", "store-buffer"];
/** A process that measures one search has a file, options, and no names. */
const [first, measuredFile = "", measuredOptions = ""] = process.argv.slice(2);
const isMeasuring = first === "--measure";
const wanted = isMeasuring ? [] : process.argv.slice(2);
const unknown = wanted.filter((name) => !programs.includes(name));
if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: none of ${programs.join(", ")}`);

/** The schedules whose time counts as cold, those before the warm ones, and the warm ones. */
const [COLD, WARMING, WARM] = [300, 2000, 1000];
const root = hostTree("/");

const seconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Schedules a second; null for warm ones of a search that has ended before it has WARMING of them. */
interface Rates {
  readonly cold: number;
  readonly warm: number | null;
}
const rates = async (program: Uint8Array, options: SearchOptions): Promise<Rates> => {
  const since = seconds();
  let [count, cold, warming] = [0, Number.NaN, Number.NaN];
  const tried = (): void => {
    count++;
    if (count === COLD) cold = seconds() - since;
    if (count === WARMING) warming = seconds();
  };
  // The property holds, so that the search goes on.
  const neverOutput = ["a text that no program writes"];
  await explore(program, { root, schedules: WARMING + WARM, seconds: 600, neverOutput, ...options, tried });
  const end = seconds();
  return {
    cold: Math.min(count, COLD) / (count < COLD ? end - since : cold),
    warm: count > WARMING ? (count - WARMING) / (end - warming) : null,
  };
};
/** In a process of its own. */
const measured = (file: string, options: SearchOptions): Rates => {
  const words = ["--import", "tsx", import.meta.filename, "--measure", file, JSON.stringify(options)];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
};

const cell = (rate: number | null): string => (rate === null ? "-" : rate.toFixed(0)).padStart(8);
const times = (one: number | null, other: number | null): string =>
  (one === null || other === null ? "-" : `${(one / other).toFixed(1)} times`).padStart(12);
const table = (): void => {
  const heads = ["boots", "snapshot"].map((head) => head.padStart(8)).join(" ");
  console.log(
    `${"schedules per second of processor time".padEnd(40)}${`the first ${COLD}:`.padEnd(18)} ${heads} ${"".padStart(12)}  warm: ${heads}`,
  );
  const folder = mkdtempSync(join(tmpdir(), "trapgate-bench-"));
  try {
    for (const name of programs.filter((one) => wanted.length === 0 || wanted.includes(one))) {
      const file = join(folder, name);
      execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(import.meta.dirname, `../test/explore/programs/${name}.c`)]);
      for (const search of ["systematic", "random", "feedback"] as const) {
        const memoryModel = name === "store-buffer" && search !== "systematic" ? "tso" : "sc";
        const options: SearchOptions = { search, memoryModel };
        const [boots, snapshot] = [measured(file, { ...options, boots: true }), measured(file, options)];
        const cells = (["cold", "warm"] as const).map(
          (state) => `${cell(boots[state])} ${cell(snapshot[state])} ${times(snapshot[state], boots[state])}`,
        );
        console.log(`${`${name}, ${search}, ${memoryModel}`.padEnd(58)} ${cells.join("        ")}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
};
if (isMeasuring) console.log(JSON.stringify(await rates(readFileSync(measuredFile), JSON.parse(measuredOptions))));
else table();

// `npm run bench:explore [-- SCHEDULES]`: schedules a second for six small programs, where each schedule
// boots and where it goes on from a snapshot of the common beginning. By processor time, which load changes
// less.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "../src/machine/explore/explore.ts";
import type { SearchOptions } from "../src/machine/explore/trials.ts";
import { hostTree } from "../src/node.ts";

const schedules = Number(process.argv[2] ?? 300);
const root = hostTree("/");
const folder = mkdtempSync(join(tmpdir(), "trapgate-bench-"));

const rate = async (program: Uint8Array, options: SearchOptions): Promise<number> => {
  const since = process.cpuUsage();
  // The property holds, so that the search goes on.
  const found = await explore(program, { root, schedules, seconds: 600, neverOutput: ["a text that no program writes"], ...options });
  const { user, system } = process.cpuUsage(since);
  return (found.schedules / (user + system)) * 1e6;
};

console.log(`${"schedules per second of processor time".padEnd(50)} ${"each boots".padStart(12)} ${"snapshot".padStart(12)}`);
try {
  for (const name of ["lost-update", "reorder", "two-stage", "deadlock", "spin", "store-buffer"]) {
    const file = join(folder, name);
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(import.meta.dirname, `../test/explore/programs/${name}.c`)]);
    const program = readFileSync(file);
    for (const search of ["systematic", "random", "feedback"] as const) {
      const memoryModel = name === "store-buffer" && search !== "systematic" ? "tso" : "sc";
      const options: SearchOptions = { search, memoryModel };
      const [boots, snapshot] = [await rate(program, { ...options, boots: true }), await rate(program, options)];
      const times = `${(snapshot / boots).toFixed(1)} times`;
      console.log(
        `${`${name}, ${search}, ${memoryModel}`.padEnd(50)} ${boots.toFixed(0).padStart(12)} ${snapshot.toFixed(0).padStart(12)}   ${times}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}

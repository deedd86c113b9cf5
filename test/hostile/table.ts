// `npm run busy`: each way to keep the host busy under the built command line with --timeout 2, how long it
// took and how it ended. Arguments: ways, as parts of their names; --timeout SECONDS; --term sends SIGTERM
// instead.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { top } from "../support/host.ts";
import { type Way, ways } from "./ways.ts";

const { values, positionals } = parseArgs({
  options: { timeout: { type: "string", default: "2" }, term: { type: "boolean", default: false } },
  allowPositionals: true,
});
const seconds = Number(values.timeout);
/** The greatest delay of a run's end in seconds, on a machine without other load. */
const LATE = 0.5;
const HOPELESS = 12;

const run = ({ program, name }: Way): Promise<{ wall: number; end: number | string }> =>
  new Promise((resolve) => {
    const limit = values.term ? [] : ["--timeout", values.timeout];
    const child = spawn(process.execPath, [`${top}/bin/trapgate.js`, "run", "--code-cache", "off", ...limit, program, name], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    // The output has no reader: a full pipe must not stop the run.
    const from = performance.now();
    if (values.term) setTimeout(() => child.kill("SIGTERM"), seconds * 1000);
    const hopeless = setTimeout(() => child.kill("SIGKILL"), (seconds + HOPELESS) * 1000);
    child.once("exit", (code, signal) => {
      clearTimeout(hopeless);
      child.stdout.destroy();
      resolve({ wall: (performance.now() - from) / 1000, end: code ?? (signal as string) });
    });
  });

const folder = mkdtempSync(join(tmpdir(), "trapgate-busy-"));
try {
  const all = ways(folder).filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
  const late: string[] = [];
  for (const way of all) {
    const { wall, end } = await run(way);
    const isLate = wall > seconds + LATE;
    if (isLate) late.push(way.name);
    console.log(`${way.name.padEnd(24)} ${wall.toFixed(2).padStart(6)} s  ${end}${isLate ? "  LATE" : ""}`);
  }
  console.log(`${all.length} ways, ${late.length} late${late.length > 0 ? `: ${late.join(", ")}` : ""}`);
  process.exitCode = late.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

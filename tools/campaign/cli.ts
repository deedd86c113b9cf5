// The built command line as a child process, with its time and memory measured, for kinds that need a whole
// process.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "../../src/problem.ts";

const bin = fileURLToPath(new URL("../../bin/trapgate.js", import.meta.url));
const bundle = fileURLToPath(new URL("../../dist/bundle", import.meta.url));
const KIBIBYTE = 1024;
const WATCH_EVERY = 50;
/** Bytes of output that are kept. */
const MOST_OUTPUT = 1 << 20;

export interface Ended {
  /** Exit status, or the signal's name. */
  readonly end: number | string;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly seconds: number;
  /** The part of these seconds in which the process was ready, but the host ran another process. */
  readonly starved: number;
  /** Most resident bytes, as far as they were seen. */
  readonly resident: number;
}
export interface CliOptions {
  readonly stdin?: Uint8Array;
  readonly cwd?: string;
  /** Killed then, waits for a processor not counted: the end is SIGKILL. */
  readonly seconds: number;
}

const mostResident = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * KIBIBYTE;
  } catch {
    return 0;
  }
};

/** Seconds that the main thread has waited for a processor. Linux Documentation/scheduler/sched-stats.rst */
const starvedOf = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[1]) / 1e9;
  } catch {
    return 0;
  }
};

export const requireBuild = (): void => {
  if (!existsSync(bundle))
    throw new Problem("usage", "this kind runs the built command line, which is not there", { help: "npm run build" });
};

/** `trapgate ARGUMENTS…`, to its end. */
export const trapgate = (args: readonly string[], { stdin, cwd, seconds }: CliOptions): Promise<Ended> => {
  const begun = performance.now();
  const child = spawn(process.execPath, [bin, ...args], { ...(cwd === undefined ? {} : { cwd }), stdio: ["pipe", "pipe", "pipe"] });
  const out: Buffer[] = [];
  let stderr = "";
  let kept = 0;
  let resident = 0;
  let starved = 0;
  child.stdout.on("data", (bytes: Buffer) => {
    if ((kept += bytes.length) <= MOST_OUTPUT) out.push(bytes);
  });
  child.stderr.on("data", (bytes: Buffer) => {
    if (stderr.length < MOST_OUTPUT) stderr += bytes.toString("latin1");
  });
  child.stdin.on("error", () => {});
  child.stdin.end(stdin ?? "");
  const watch = setInterval(() => {
    resident = Math.max(resident, mostResident(child.pid ?? 0));
    starved = Math.max(starved, starvedOf(child.pid ?? 0));
    if ((performance.now() - begun) / 1000 - starved > seconds) child.kill("SIGKILL");
  }, WATCH_EVERY);
  return new Promise((resolve) => {
    child.on("close", (status, signal) => {
      clearInterval(watch);
      const seconds = (performance.now() - begun) / 1000;
      resolve({ end: signal ?? status ?? 0, stdout: Buffer.concat(out), stderr, seconds, starved, resident });
    });
  });
};

/** A folder of its own, which goes afterwards. */
export const inScratch = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), "campaign-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** FAILED of src/cli/status.ts: our own mistake. */
const OUR_MISTAKE = 125;
export const isHostException = ({ end, stderr }: Ended): boolean =>
  end === OUR_MISTAKE || (typeof end === "string" && end !== "SIGKILL") || /internal error|RangeError|TypeError|FATAL ERROR/.test(stderr);

// The ways of piles.c under the command line: how much memory the process of the host has had at most.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { top } from "../support/host.ts";

const sources = ["piles.c", "piles-objects.c"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const MEGABYTE = 2 ** 20;

/** The guests' memory, and the allowance of the host's process beside it: README, "Limits". */
export const GUEST_MEMORY = 64 * MEGABYTE;
export const OVERHEAD = 120 * MEGABYTE;

export interface Pile {
  readonly mode: string;
  /** Bytes: VmHWM of the process. */
  readonly peak: number;
  readonly seconds: number;
  /** 0: the guest was refused more; 124: it was still at it; 137: it was killed for memory. */
  readonly status: number | null;
  /** The number of objects, and the reason for the end. */
  readonly said: string;
}

/** Compile the ways into a folder: the program's path. */
export const compilePiles = (folder: string): string => {
  const program = join(folder, "piles");
  execFileSync("gcc", ["-O1", "-static", "-pthread", "-o", program, ...sources]);
  return program;
};
export const modesOf = (program: string): readonly string[] => execFileSync(program, ["list"], { encoding: "utf8" }).trim().split("\n");

/** 0 if the process is gone. */
const peakOf = (pid: number): number => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
};

/** Run one way. `host`: an empty folder, which the guest sees copy-on-write. */
export const pile = (program: string, mode: string, host: string, seconds: number): Promise<Pile> => {
  mkdirSync(host, { recursive: true });
  const options = ["--memory", "64M", "--timeout", String(seconds), "--stats", "--code-cache", "off", "--mount", `${host}:/host:cow`];
  const child = spawn(process.execPath, [join(top, "bin", "trapgate.js"), "run", ...options, program, mode], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const begun = performance.now();
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid as number));
    // The limit does not hold: the run ends before it harms the machine under the test.
    if (peak > 2 ** 30) child.kill("SIGKILL");
  }, 20);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  return new Promise((done) => {
    child.on("close", (status) => {
      clearInterval(sampler);
      const last = Number(/kilobytes resident: (\d+)/.exec(err)?.[1] ?? 0) * 1024;
      done({ mode, peak: Math.max(peak, last), seconds: (performance.now() - begun) / 1000, status, said: out.trim() });
    });
  });
};

// A program run by the native kernel: the judge of ours.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface NativeRun {
  readonly stdout: string;
  readonly stderr: string;
  /** An exit status, or the name of the signal that ended it. */
  readonly end: number | string;
}

export const runNative = (
  program: string,
  args: readonly string[] = [],
  options: { input?: string; cwd?: string; env?: Record<string, string> } = {},
): NativeRun => {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "latin1",
    env: {},
    timeout: 60_000,
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw error;
  return { stdout, stderr, end: status ?? (signal as string) };
};

/** "amd" or "intel": the vendor of the processor under us. */
export const nativeVendor = (): "amd" | "intel" =>
  /AuthenticAMD|HygonGenuine/.test(readFileSync("/proc/cpuinfo", "utf8")) ? "amd" : "intel";

// A program run by the native kernel: the judge of ours.
import { execFile, spawnSync } from "node:child_process";
import { setPriority } from "node:os";

// Programs print priorities and what follows from them, and inherit those of this process.
try {
  setPriority(0);
} catch {
  // It takes a privilege to raise one: see RLIMIT_NICE in man 2 getrlimit.
}

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

/** The same for a program that waits for the host's kernel, beside other work. */
export const beginNative = (program: string): Promise<NativeRun> =>
  new Promise((resolve) => {
    const child = execFile(program, { encoding: "latin1", env: {}, timeout: 60_000, maxBuffer: 1 << 28 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr, end: child.exitCode ?? (child.signalCode as string) }),
    );
  });

/** The vendor of the processor under us. Undefined if there are no models of it. */
export { siliconVendor as nativeVendor } from "../../tools/oracle/processor.ts";

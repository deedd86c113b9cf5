// The built command line, as a user starts it.
import { spawnSync } from "node:child_process";
import { top } from "./host.ts";

export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const trapgate = (
  args: readonly string[],
  options: { readonly input?: string; readonly timeout?: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): CliRun => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${top}/bin/trapgate.js`, ...args], {
    cwd: top,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: "1" },
    input: "",
    timeout: 60_000,
    ...options,
  });
  return { status, stdout, stderr };
};
export const guestPath = (name: string): string => `${top}/guest/bin/${name}`;

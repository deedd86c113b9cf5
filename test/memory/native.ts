// Builds the C judges of these tests and runs them on the host's own kernel, where the host is an x86-64
// Linux with gcc -m32.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
export type Bits = 32 | 64;

/** A fresh directory that the tests of one file use. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), "trapgate-test-"));

/** True if native judging is possible. With CI set it is true, and a missing tool fails. */
export const canJudge = (): boolean => {
  if (process.env["CI"]) return true;
  const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
  const ready = process.platform === "linux" && process.arch === "x64" && works("setarch", "-R", "true") && works("gcc", "--version");
  if (!ready) console.warn("SKIPPED: no native judge (needs x86-64 Linux, gcc -m32, setarch)");
  return ready;
};

const bare = ["-O1", "-nostdlib", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables"];

/**
 * Compile a freestanding C file next to this one; `flags` chooses -static -no-pie, -static-pie and the like.
 */
export const build = (dir: string, source: string, bits: Bits, flags: readonly string[] = ["-static", "-no-pie"]): string => {
  const out = join(dir, `${source.replace(/\W+/g, "-")}${bits}${flags.join("")}`);
  execFileSync("gcc", [`-m${bits}`, ...bare, ...flags, "-o", out, join(here, source)]);
  return out;
};

/** Run without address randomization; the environment is empty unless given. */
export const runNatively = (
  dir: string,
  program: string,
  input: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): string => {
  const ran = spawnSync("setarch", ["-R", program, ...args], { cwd: dir, input, env: { ...env }, encoding: "latin1", timeout: 20_000 });
  if (ran.status !== 0) throw new Error(`${program} ended with ${ran.signal ?? ran.status}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
};

export const write = (dir: string, name: string, bytes: Uint8Array | string): string => {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
};

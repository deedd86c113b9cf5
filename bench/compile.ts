// The C programs of bench/src, compiled into .cache/bench when they or their headers change.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bits } from "./workloads.ts";

const bench = dirname(fileURLToPath(import.meta.url));
const sources = join(bench, "src");
const sourcesChanged = Math.max(...readdirSync(sources).map((name) => statSync(join(sources, name)).mtimeMs));

/** True if the command exists and ends with 0. */
export const works = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Compile a program of bench/src for a width; undefined where the compiler cannot. */
export const compile = (program: string, bits: Bits): string | undefined => {
  const folder = join(dirname(bench), ".cache", "bench", String(bits));
  const file = join(folder, program);
  if (existsSync(file) && statSync(file).mtimeMs > sourcesChanged) return file;
  mkdirSync(folder, { recursive: true });
  const width = bits === 32 ? ["-m32", "-msse2", "-mfpmath=387"] : [];
  const built = works("gcc", ...width, "-O2", "-static", "-no-pie", "-pthread", "-o", file, join(sources, `${program}.c`), "-lm");
  return built ? file : undefined;
};

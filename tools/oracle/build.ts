// Compile the silicon oracle, once a version of its source, into .cache/.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * The signal handler lives without thread-local storage, because fs belongs to the case: hence static, no
 * stack protector. The program is position-independent, so that it lies high up, where 32-bit code cannot
 * reach it.
 */
const flags = ["-O2", "-Wall", "-Wextra", "-static-pie", "-fno-stack-protector", "-mfsgsbase", "-mgeneral-regs-only"];

let built: string | undefined;
/** Path of the program. */
export const buildOracle = (): string => {
  if (built) return built;
  const hash = createHash("sha256").update(flags.join(" "));
  for (const file of ["oracle.h", "oracle.c"]) hash.update(readFileSync(path(file)));
  const program = path(`../../.cache/oracle-${hash.digest("hex").slice(0, 12)}`);
  if (!existsSync(program)) {
    mkdirSync(path("../../.cache"), { recursive: true });
    const partial = `${program}.${process.pid}`;
    execFileSync("gcc", [...flags, path("oracle.c"), "-o", partial]);
    renameSync(partial, program);
  }
  return (built = program);
};

// How many instructions the filters of one task may have together. Linux kernel/seccomp.c MAX_INSNS_PER_PATH.
import type { ErrnoName } from "../abi/errno.ts";
import type { Program } from "./bpf/insn.ts";
import { convertedLength } from "./bpf/length.ts";
import type { FilterProblem } from "./problem.ts";

export interface PathLimit {
  readonly max: number;
  /** Added for each filter already there. */
  readonly penalty: number;
  /** Which instructions are counted: those given, or those they become (since Linux 3.15). */
  readonly count: "classic" | "converted";
  readonly errno: ErrnoName;
}

export const countedLength = (limit: PathLimit | null, program: Program): number =>
  limit?.count === "converted" ? convertedLength(program) : program.length;

/** `length` and `pathLength` are counted ones; the latter includes the penalties of all filters already there. */
export const checkPath = (limit: PathLimit | null, pathLength: number, length: number): FilterProblem | undefined => {
  if (!limit || pathLength + length <= limit.max) return undefined;
  return {
    code: "path-limit",
    errno: limit.errno,
    message: `${length} more instructions (${limit.count}) after ${pathLength}: a task may have ${limit.max}`,
  };
};

/** Filters and instructions on a path for which this machine's kernel has memory. No merged kernel's limit reaches so far. */
const MEMORY = { filters: 16_384, instructions: 1 << 20 } as const;

/** The patch series before v12 set no limit: there a filter fails when memory does. */
export const checkMemory = (filters: number, instructions: number): FilterProblem | undefined =>
  filters > MEMORY.filters || instructions > MEMORY.instructions
    ? { code: "path-limit", errno: "ENOMEM", message: `no memory for ${filters} filters of ${instructions} instructions` }
    : undefined;

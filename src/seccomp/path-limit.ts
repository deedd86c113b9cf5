// The limit of instructions of all filters of a task. Linux kernel/seccomp.c MAX_INSNS_PER_PATH.
import type { ErrnoName } from "../abi/errno.ts";
import type { Program } from "./bpf/insn.ts";
import { convertedLength } from "./bpf/length.ts";
import type { FilterProblem } from "./problem.ts";

/** The limit and its unit. */
export interface PathLimit {
  readonly max: number;
  /** Added per filter already attached. */
  readonly penalty: number;
  /** The counted instructions: those given, or those after conversion (since Linux 3.15). */
  readonly count: "classic" | "converted";
  readonly errno: ErrnoName;
}

/** The length of a program in the unit of the limit. */
export const countedLength = (limit: PathLimit | null, program: Program): number =>
  limit?.count === "converted" ? convertedLength(program) : program.length;

/**
 * The problem of an attachment beyond the limit. `length` and `pathLength` are counted lengths; the latter
 * includes the penalties of all attached filters.
 */
export const checkPath = (limit: PathLimit | null, pathLength: number, length: number): FilterProblem | undefined => {
  if (!limit || pathLength + length <= limit.max) return undefined;
  return {
    code: "path-limit",
    errno: limit.errno,
    message: `${length} more instructions (${limit.count}) after ${pathLength}: a task may have ${limit.max}`,
  };
};

/**
 * Filters and instructions on a path for which this machine's kernel has memory. The limits of all merged
 * kernels are lower.
 */
const MEMORY = { filters: 16_384, instructions: 1 << 20 } as const;

/** The patch series before v12 had no limit: an attachment failed only for lack of memory. */
export const checkMemory = (filters: number, instructions: number): FilterProblem | undefined =>
  filters > MEMORY.filters || instructions > MEMORY.instructions
    ? { code: "path-limit", errno: "ENOMEM", message: `no memory for ${filters} filters of ${instructions} instructions` }
    : undefined;

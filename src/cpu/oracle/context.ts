// The interface of the CPU to the oracle.

import type { HelperContext } from "../helpers/helpers.ts";
import type { Blocks } from "../interp/block-cache.ts";
import type { RoutineType } from "../isa/routine-types.ts";

/** The parts of the CPU that the oracle uses, beside the interface to helper functions. */
export interface OracleContext extends HelperContext {
  readonly blocks: Blocks;
  /** The functions of `src/cpu/routines`, and their types by name. */
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  isMisaligned(address: number, bytes: number): boolean;
  /** Raises the fault of a fetch at rip. Returns its exit code. */
  fetchFault(): number;
}

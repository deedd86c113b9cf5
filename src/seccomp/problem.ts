// What is wrong with a filter, for people. The errno beside it is for the guest.
import type { ErrnoName } from "../abi/errno.ts";

/** The reason for which a kernel refuses a program. */
export interface FilterProblem {
  readonly code:
    | "length"
    | "opcode"
    | "opcode-refused"
    | "divide-by-zero"
    | "shift-range"
    | "memory-index"
    | "jump-range"
    | "no-return"
    | "uninitialised-memory"
    | "load-range"
    | "load-alignment"
    | "path-limit"
    | "compat-lock";
  /** What the system call returns for it. */
  readonly errno: ErrnoName;
  readonly message: string;
  /** The instruction it is about; absent when it is about the program or the chain. */
  readonly pc?: number;
}

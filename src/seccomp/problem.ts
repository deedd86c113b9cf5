// Problems of filters, for users. The errno is for the guest.
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
  /** The errno of the system call. */
  readonly errno: ErrnoName;
  readonly message: string;
  /** The instruction concerned; absent if the problem concerns the program or the chain. */
  readonly pc?: number;
}

// The result of a system call.
import type { Wait } from "../base/wait.ts";

/**
 * The result of execve and sigreturn: the caller's registers are gone, so the result has no register. A
 * tracer reads `shown` from rax.
 */
export class RegistersReplaced {
  readonly shown: number;
  constructor(shown: number) {
    this.shown = shown;
  }
}

/** A result of 0 or more, -errno, or a Wait. */
export type Result = number | Wait | RegistersReplaced;

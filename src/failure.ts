// The exception for a mistake of ours, as library users see it. Its types name no part of the kernel.
import type { Abi } from "./abi/abi.ts";

/** A system call that was being served. */
export interface FailedCall {
  readonly name: string;
  readonly number: number;
  readonly abi: Abi["name"];
  readonly ip: number;
  /** The argument registers, as the door delivered them. */
  readonly args: readonly bigint[];
}

/**
 * The machine itself failed: an exception in its kernel or processor, with the process and the system call.
 * The machine cannot be used further.
 *
 * @example
 * await Machine.run("/bin/x").catch((error) => {
 *   if (error instanceof InternalError) console.log(error.call?.name, error.cause);
 * });
 */
export class InternalError extends Error {
  readonly pid: number | undefined;
  /** Undefined: it was a fault, a signal, an end, a timer or guest code. */
  readonly call: FailedCall | undefined;
  constructor(text: string, pid: number | undefined, call: FailedCall | undefined, cause: unknown) {
    super(text, { cause });
    this.name = "InternalError";
    this.pid = pid;
    this.call = call;
  }
}

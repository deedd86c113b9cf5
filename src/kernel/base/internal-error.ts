// Our own mistakes: an exception while the kernel or the processor works for a guest. The machine ends with
// it, because the state of the interrupted work is unknown.
import { type Abi, i386, x64 } from "../../abi/abi.ts";
import { type FailedCall, InternalError } from "../../failure.ts";
import { Problem } from "../../problem.ts";

export { InternalError };

/**
 * An exception of a function that the machine's owner supplied. The machine passes its cause to the owner.
 */
export class OwnersException extends Error {
  constructor(cause: unknown) {
    super("a function of the machine's owner threw", { cause });
  }
}
/** Wrap a function of the owner, so that its exceptions are recognised. */
export const ownersOwn =
  <A extends readonly unknown[]>(call: (...args: A) => void): ((...args: A) => void) =>
  (...args) => {
    try {
      call(...args);
    } catch (cause) {
      throw new OwnersException(cause);
    }
  };

/** A kernel and a task, as a message names them. */
interface Worker {
  readonly processor: { readonly state: { readonly rip: number } };
  readonly scheduler: {
    readonly gate: { entryOf(abi: Abi, nr: number): { readonly syscall: { readonly name: string } } | undefined };
  };
}
interface Worked {
  readonly kernel: Worker;
  readonly args: Uint32Array;
  readonly origAx: number;
  readonly compat: boolean;
  readonly pid: number;
  readonly comm: string;
  readonly process: { readonly pid: number };
}

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

const callOf = (task: Worked): FailedCall => {
  const { kernel, args, origAx: number, compat } = task;
  const abi = compat ? i386 : x64;
  const value = (i: number): bigint => (compat ? 0n : BigInt(args[2 * i + 1] as number) << 32n) | BigInt(args[2 * i] as number);
  return {
    name: kernel.scheduler.gate.entryOf(abi, number)?.syscall.name ?? "a call",
    number,
    abi: abi.name,
    ip: kernel.processor.state.rip,
    args: [0, 1, 2, 3, 4, 5].map(value),
  };
};

/** The exception that the machine's owner gets for `cause`. `inCall`: a call of the task was being served. */
export const internalError = (cause: unknown, kernel: Worker, task: Worked | undefined, inCall: boolean): unknown => {
  if (cause instanceof InternalError || cause instanceof OwnersException || cause instanceof Problem) return cause;
  const call = inCall && task ? callOf(task) : undefined;
  const work = call
    ? `${call.name} (number ${call.number} of ${call.abi}) at ${hex(call.ip)} with ${call.args.map(hex).join(", ")}`
    : `work for code at ${hex(kernel.processor.state.rip)}`;
  const ofProcess = task ? ` of process ${task.process.pid} (${task.comm})` : "";
  return new InternalError(`${work}${ofProcess} failed: ${cause}`, task?.pid, call, cause);
};

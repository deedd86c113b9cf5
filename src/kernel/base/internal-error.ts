// Our own mistakes: an exception while the kernel or the processor works for a guest. The machine ends with it, since nobody knows what it
// left half done; the guest can do no more.
import { i386, x64 } from "../../abi/abi.ts";
import { type FailedCall, InternalError } from "../../failure.ts";
import { Problem } from "../../problem.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";

export { InternalError };

/** An exception of a function that the machine's owner gave us: no mistake of ours. It goes to the owner as it is. */
export class OwnersException extends Error {
  constructor(cause: unknown) {
    super("a function of the machine's owner threw", { cause });
  }
}
/** A function of the owner's, so that its exceptions are known for such. */
export const ownersOwn =
  <A extends readonly unknown[]>(call: (...args: A) => void): ((...args: A) => void) =>
  (...args) => {
    try {
      call(...args);
    } catch (cause) {
      throw new OwnersException(cause);
    }
  };

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

const callOf = (task: Task): FailedCall => {
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

/** What an exception is to whoever runs the machine. `inCall`: while a call of the task was served. */
export const internalError = (cause: unknown, kernel: Kernel, task: Task | undefined, inCall: boolean): unknown => {
  if (cause instanceof InternalError || cause instanceof OwnersException || cause instanceof Problem) return cause;
  const call = inCall && task ? callOf(task) : undefined;
  const what = call
    ? `${call.name} (number ${call.number} of ${call.abi}) at ${hex(call.ip)} with ${call.args.map(hex).join(", ")}`
    : `work for code at ${hex(kernel.processor.state.rip)}`;
  const whose = task ? ` of process ${task.process.pid} (${task.comm})` : "";
  return new InternalError(`${what}${whose} failed: ${cause}`, task?.pid, call, cause);
};

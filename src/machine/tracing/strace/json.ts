// A call as one JSON object on a line.
import type { Abi } from "../../../abi/abi.ts";

interface Head {
  readonly pid: number;
  /** Virtual nanoseconds since boot at entry, and in the call. */
  readonly time: number;
  readonly duration: number;
  /** Instructions of the task since its call before. */
  readonly instructions: number;
  readonly name: string;
  readonly abi: Abi;
}
/**
 * `{"pid":2,"time":…,"duration":…,"instructions":…,"abi":"x64","call":"openat","args":[…],"result":3}`.
 * Arguments are texts of the trace. `error` is the name of the error; `text` the result of calls that do not
 * return, or are restarted.
 */
export const jsonLine = (
  { pid, time, duration, instructions, name, abi }: Head,
  args: readonly string[],
  value: number,
  error: string | undefined,
  text: string,
  more: object,
): string =>
  JSON.stringify({
    pid,
    time,
    duration,
    instructions,
    abi: abi.name,
    call: name,
    args,
    ...(text.startsWith("?") ? { unfinished: text } : { result: error === undefined ? value : -1 }),
    ...(error === undefined ? {} : { error: error.split(" ")[0] }),
    ...more,
  });

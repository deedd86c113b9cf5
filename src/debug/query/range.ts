// Ranges of memory as text: ADDRESS or NAME, with +OFFSET, and :LENGTH in bytes.
import { Problem } from "../../problem.ts";
import type { History } from "./history.ts";
import { addressOf, type Named } from "./place.ts";

/** Bytes of a range, at most. */
const MAX_LENGTH = 2 ** 20;

/** Variables and functions of a process, as it is at the last moment that was visited. */
export const namesOf =
  (history: History, pid: number) =>
  (name: string): Named | undefined => {
    const task = history.taskOf(pid);
    return task && addressOf(task, name);
  };

/** The range of a text. Throws a Problem that says what is wrong. */
export const rangeOf = (history: History, pid: number, text: string): { readonly address: number; readonly length: number } => {
  const [, base = "", offset = "0", length] = /^&?([^+:]+)(?:\+(0x[0-9a-f]+|\d+))?(?::(0x[0-9a-f]+|\d+))?$/i.exec(text) ?? [];
  if (base === "")
    throw new Problem("bad-value", `${JSON.stringify(text)} is no address`, {
      help: "such as 0x404010, 0x404010:8, counter, or buffer+16:4",
    });
  const isNumber = /^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(base);
  const named = isNumber ? undefined : namesOf(history, pid)(base);
  if (!isNumber && !named)
    throw new Problem("unknown-name", `the program has no symbol ${JSON.stringify(base)}`, {
      help: history.taskOf(pid)
        ? "an address is such as 0x404010; names come from symbol tables of its files (of a recording: see --root DIR)"
        : `there is no process ${pid} at the end`,
    });
  const address = (named?.address ?? Number(base)) + Number(offset);
  const size = length === undefined ? (named && offset === "0" ? Math.max(1, named.size) : 1) : Number(length);
  if (size < 1 || size > MAX_LENGTH) throw new Problem("bad-value", `a range has 1 to ${MAX_LENGTH} bytes, not ${size}`);
  return { address, length: size };
};

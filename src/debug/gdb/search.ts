// gdb's command `find` in a process's memory (qSearch:memory).
import type { Task } from "../../kernel/core/task.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { peek } from "../memory.ts";
import { hexNumber, latin1 } from "./packet.ts";
import { FAULT, INVALID, word } from "./replies.ts";

/** Bytes that are searched at once. */
const STEP = 1 << 20;

const indexOf = (bytes: Uint8Array, pattern: Uint8Array): number => {
  const [first] = pattern;
  for (let i = bytes.indexOf(first as number); i >= 0; i = bytes.indexOf(first as number, i + 1)) {
    if (i + pattern.length > bytes.length) return -1;
    if (pattern.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  return -1;
};
/** The first place of a pattern in [from, end). -1: nowhere. Undefined: no byte of the range can be read. */
const find = ({ mem }: Task, pattern: Uint8Array, from: number, end: number): number | undefined => {
  const { areas, layout, table } = mem;
  const last = Math.min(end, layout.taskSize);
  const more = pattern.length - 1;
  const isZero = pattern.every((byte) => byte === 0);
  const window = new Uint8Array(STEP + more);
  let hasRead = false;
  for (let at = from; at < last; ) {
    const vma = areas.find(at);
    // Pages that were never touched are zeros: there may be more of them than any search ends.
    if (vma && !vma.cache && !isZero) {
      const before = (table.next(at - (at % PAGE_SIZE), vma.end) ?? vma.end) - more;
      hasRead = true;
      if (before > at) {
        at = before;
        continue;
      }
    }
    const wanted = Math.min(window.length, last - at);
    const done = vma ? peek(mem, at, window.subarray(0, wanted)) : 0;
    if (done > 0) hasRead = true;
    const found = indexOf(window.subarray(0, done), pattern);
    if (found >= 0) return at + found;
    const next = at + done;
    if (done < wanted) at = areas.find(next) ? next - (next % PAGE_SIZE) + PAGE_SIZE : (areas.above(next)?.start ?? last);
    else at += done < window.length ? done : STEP;
  }
  return hasRead ? -1 : undefined;
};
/** The reply of qSearch:memory. Pages that no debugger can read are passed over. */
export const searchReply = (task: Task | undefined, rest: string): string => {
  const [head, at, count] = /^:memory:([0-9a-f]+);([0-9a-f]+);/i.exec(rest) ?? [];
  if (head === undefined || at === undefined || count === undefined || !task) return INVALID;
  const pattern = latin1(rest.slice(head.length));
  const [address, length] = [hexNumber(at), hexNumber(count)];
  if (pattern.length === 0 || address === undefined || length === undefined) return INVALID;
  const found = find(task, pattern, address, address + length);
  return found === undefined ? FAULT : found < 0 ? "0" : `1,${word(found)}`;
};

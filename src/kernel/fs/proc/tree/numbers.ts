// Numbers that are written to /proc/sys. Linux kernel/sysctl.c proc_get_long(), __do_proc_dointvec(),
// proc_first_pos_non_zero_ignore().
import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import type { Task } from "../../../core/task.ts";
import type { ProcContent } from "./node.ts";

/** Bytes of a write that are read. */
const MOST = 4095;
const NUMBER = /^[ \t\n\v\f\r]*(-?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)(?=[ \t\n\0]|$)/i;
const SPACE = /^[ \t\n\v\f\r]*/;

/** `0x1f`, `017`, `15`. */
const sizeOf = (digits: string): bigint => BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);

/**
 * The write of a setting of up to `most` numbers, decimal, octal or hexadecimal. `set` gets those before a
 * word that is none, which is -EINVAL, and returns 0 or -errno. Words after the last number are not accepted:
 * the write is a short one. `mayWrite`: other writers get -EPERM.
 */
export const numbersWriter =
  (
    most: number,
    set: (values: readonly bigint[], task: Task) => number,
    mayWrite: (task: Task) => boolean = () => true,
  ): NonNullable<ProcContent["write"]> =>
  (task, bytes, at) => {
    if (!mayWrite(task)) return -E.EPERM;
    // A write elsewhere than at the beginning is ignored: kernel.sysctl_writes_strict.
    if (at !== 0) return bytes.length;
    let text = ofBytes(bytes.subarray(0, MOST));
    const values: bigint[] = [];
    let isBad = false;
    while (!isBad && values.length < most && (values.length === 0 || text.replace(SPACE, "") !== "")) {
      const [whole = "", sign, digits] = NUMBER.exec(text) ?? [];
      if (digits === undefined) isBad = true;
      else values.push(sign ? -sizeOf(digits) : sizeOf(digits));
      text = text.slice(whole.length);
    }
    const error = values.length === 0 ? 0 : set(values, task);
    if (isBad || error < 0) return isBad ? -E.EINVAL : error;
    return Math.min(bytes.length, MOST) - text.replace(SPACE, "").length;
  };

// A structure that may be longer or shorter than the kernel's. Linux copy_struct_from_user().

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Task } from "../../core/task.ts";

/**
 * Reads a structure of `given` bytes: its first `known` bytes, filled up with zeros. -errno if later bytes
 * are not zero.
 */
export const readSized = (t: Task, at: VAddr, given: number, least: number, known: number): Uint8Array | number => {
  if (given > PAGE_SIZE) return -E.E2BIG;
  if (given < least) return -E.EINVAL;
  const bytes = t.mem.read(at, given);
  if (!bytes) return -E.EFAULT;
  if (bytes.subarray(known).some((b) => b !== 0)) return -E.E2BIG;
  const whole = new Uint8Array(known);
  whole.set(bytes.subarray(0, known));
  return whole;
};

// struct iovec: buffers in user memory that one call uses in order. man 2 readv; Linux lib/iov_iter.c
// import_iovec().

import type { Abi } from "../../../abi/abi.ts";
import { USER_END, type VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { UIO_MAXIOV } from "../../../abi/uapi/limits.ts";
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import type { Or } from "../../fs/vfs/inode.ts";

/** A buffer in user memory, with its length in bytes. */
export interface Segment {
  readonly base: number;
  readonly length: number;
}
/** The largest step of a copy in bytes. It bounds the allocation that a guest can cause. */
export const CHUNK = 1 << 18;
let shared: Uint8Array | undefined;
/**
 * A buffer of PIECE_BYTES for one step of a copy, from its source until its target has taken the bytes. A new
 * one for each step would be garbage outside of V8's heap, of which V8 keeps 32 MiB before it collects it.
 */
export const lent = (): Uint8Array => (shared ??= new Uint8Array(PIECE_BYTES));
/** The largest transfer of a call in bytes: INT_MAX rounded down to a page. */
export const MAX_RW_COUNT = 0x7ffff000;

/** Linux access_ok(): the range is in user space, mapped or not. */
const accessOk = (base: number, length: number): boolean => base >= 0 && base + length <= USER_END;

/** A list of one buffer, or -EFAULT. Linux import_ubuf(). */
export const oneSegment = (base: VAddr, length: number, abi: Abi): Or<Segment[]> => {
  const end = abi.long === 4 ? 2 ** 32 : USER_END;
  // SSIZE_MAX is checked on the signed value; a range as large is not mapped either.
  return base < 0 || base + length > end ? -E.EFAULT : [{ base, length: Math.min(length, MAX_RW_COUNT) }];
};

/** The buffers of an iovec array in user memory, or -errno. */
export const importIovec = (t: Task, at: VAddr, count: number, abi: Abi): Or<Segment[]> => {
  if (count < 0 || count > UIO_MAXIOV) return -E.EINVAL;
  const segments: Segment[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const entry = at + i * 2 * abi.long;
    const base = t.mem.word(entry, abi.long);
    const length = t.mem.word(entry + abi.long, abi.long);
    if (t.mem.u8(entry) < 0 || t.mem.u8(entry + 2 * abi.long - 1) < 0) return -E.EFAULT;
    // Negative as ssize_t.
    if (length >= 2 ** (8 * abi.long - 1)) return -E.EINVAL;
    if (!accessOk(base, length)) return -E.EFAULT;
    const usable = Math.min(length, MAX_RW_COUNT - total);
    total += usable;
    segments.push({ base, length: usable });
  }
  return segments;
};
/** The sum of the lengths in bytes. */
export const totalLength = (segments: readonly Segment[]): number => segments.reduce((n, s) => n + s.length, 0);

/** The ranges of user memory for bytes `from` to `from + n` of all buffers. */
function* ranges(segments: readonly Segment[], from: number, n: number): Generator<{ at: number; length: number }> {
  let skip = from;
  let remaining = n;
  for (const s of segments) {
    if (remaining === 0) return;
    if (skip >= s.length) {
      skip -= s.length;
      continue;
    }
    const length = Math.min(s.length - skip, remaining);
    yield { at: s.base + skip, length };
    remaining -= length;
    skip = 0;
  }
}
/** Copies to user memory. Returns the number of bytes before the first bad page. */
export const scatter = (t: Pick<Task, "mem" | "kernel">, segments: readonly Segment[], from: number, bytes: Uint8Array): number => {
  let done = 0;
  for (const { at, length } of ranges(segments, from, bytes.length)) {
    const n = t.mem.writeSome(at, bytes.subarray(done, done + length));
    done += n;
    if (n < length) break;
  }
  t.kernel.charge(done * cost.byte);
  return done;
};
/** Copies from user memory. The result is shorter than `n` if a page is bad. */
export const gather = (
  t: Pick<Task, "mem" | "kernel">,
  segments: readonly Segment[],
  from: number,
  n: number,
  into?: Uint8Array,
): Uint8Array => {
  const out = into ? into.subarray(0, n) : new Uint8Array(n);
  let done = 0;
  for (const { at, length } of ranges(segments, from, n)) {
    const got = t.mem.readSome(at, out.subarray(done, done + length));
    done += got;
    if (got < length) break;
  }
  t.kernel.charge(done * cost.byte);
  return done === n ? out : out.subarray(0, done);
};

// struct iovec: buffers in user memory that one call fills or empties in order. man 2 readv; Linux lib/iov_iter.c import_iovec().
import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { USER_END } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { cost } from "../cost.ts";
import type { Or } from "../fs/inode.ts";
import type { Task } from "../task.ts";

export interface Segment {
  readonly base: number;
  readonly length: number;
}
export const UIO_MAXIOV = 1024;
/** No call moves more: INT_MAX without the last page. */
export const MAX_RW_COUNT = 0x7ffff000;

/** Linux access_ok(): the range lies in user space, mapped or not. */
const accessOk = (base: number, length: number): boolean => base >= 0 && base + length <= USER_END;

export const oneSegment = (base: VAddr, length: number, abi: Abi): Or<Segment[]> => {
  const end = abi.long === 4 ? 2 ** 32 : USER_END;
  // SSIZE_MAX is checked on the signed value; what is that large is not mapped either.
  return base < 0 || base + length > end ? -E.EFAULT : [{ base, length: Math.min(length, MAX_RW_COUNT) }];
};

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
    const kept = Math.min(length, MAX_RW_COUNT - total);
    total += kept;
    segments.push({ base, length: kept });
  }
  return segments;
};
export const totalLength = (segments: readonly Segment[]): number => segments.reduce((n, s) => n + s.length, 0);

/** The parts of user memory behind bytes `from` to `from + n` of the whole. */
function* parts(segments: readonly Segment[], from: number, n: number): Generator<{ at: number; length: number }> {
  let skip = from;
  let left = n;
  for (const s of segments) {
    if (left === 0) return;
    if (skip >= s.length) {
      skip -= s.length;
      continue;
    }
    const length = Math.min(s.length - skip, left);
    yield { at: s.base + skip, length };
    left -= length;
    skip = 0;
  }
}
/** Copy to user memory; how many bytes went before a bad page. */
export const scatter = (t: Pick<Task, "mem" | "kernel">, segments: readonly Segment[], from: number, bytes: Uint8Array): number => {
  let done = 0;
  for (const { at, length } of parts(segments, from, bytes.length)) {
    const n = t.mem.writeSome(at, bytes.subarray(done, done + length));
    done += n;
    if (n < length) break;
  }
  t.kernel.charge(done * cost.byte);
  return done;
};
/** Copy from user memory; shorter than `n` if a page is bad. */
export const gather = (t: Pick<Task, "mem" | "kernel">, segments: readonly Segment[], from: number, n: number): Uint8Array => {
  const out = new Uint8Array(n);
  let done = 0;
  for (const { at, length } of parts(segments, from, n)) {
    const got = t.mem.readSome(at, out.subarray(done, done + length));
    done += got;
    if (got < length) break;
  }
  t.kernel.charge(done * cost.byte);
  return done === n ? out : out.subarray(0, done);
};

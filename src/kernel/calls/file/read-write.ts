// read, write and their vectored and positioned forms. man 2 read, readv, pread; Linux fs/read_write.c.

import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { RWF_APPEND, RWF_DSYNC, RWF_HIPRI, RWF_NOWAIT, RWF_SYNC } from "../../../abi/uapi/fs.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { countTransfer } from "../../core/usage.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { fd, int, loff, long, size, ulong } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { inBuffer, outBuffer } from "../../syscall/arg-string.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type Args, type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { importIovec, oneSegment, type Segment } from "./iovec.ts";
import { buffersOf, fileOf, readInto, writeFrom } from "./transfer.ts";

type Direction = "in" | "out";
/** Reads or writes. `at` undefined: at the file's own offset. */
const move = (
  t: Task,
  direction: Direction,
  fd: number,
  at: number | undefined,
  segments: () => Or<Segment[]>,
  nonblock = false,
): Result => {
  if (at !== undefined && at < 0) return -E.EINVAL;
  const file = fileOf(t, fd);
  if (!file) return -E.EBADF;
  if (at !== undefined && !file.seekable && !file.positioned) return -E.ESPIPE;
  if (!(direction === "in" ? file.readable : file.writable)) return -E.EBADF;
  const list = buffersOf(t, segments);
  if (typeof list === "number") return list;
  const result = direction === "in" ? readInto(t, file, list, at, nonblock) : writeFrom(t, file, list, at, nonblock);
  countTransfer(t.usage, direction, result);
  return result;
};

/**
 * The position of preadv and pwritev: two longs. A 64-bit kernel shifts the upper one out. Linux
 * pos_from_hilo().
 */
const position = (low: number, high: number, abi: Abi): number => (abi.long === 4 ? (high | 0) * 2 ** 32 + (low >>> 0) : low);

const rwf = flags("rwf_t", { RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND }, "RWF_???");
/** preadv2 and pwritev2: position -1 is the file's own offset. */
const move2 = (
  t: Task,
  direction: Direction,
  a: { fd: number; vec: number; vlen: number; pos_l: number; pos_h: number; flags: number },
  abi: Abi,
): Result => {
  if (a.flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)) return -E.EOPNOTSUPP;
  if (a.flags & RWF_APPEND && direction === "in") return -E.EOPNOTSUPP;
  const at = position(a.pos_l, a.pos_h, abi);
  const nonblock = (a.flags & RWF_NOWAIT) !== 0;
  const file = fileOf(t, a.fd);
  const offset = a.flags & RWF_APPEND && file?.seekable ? file.inode.size : at;
  return move(t, direction, a.fd, at === -1 ? undefined : offset, () => importIovec(t, a.vec as never, a.vlen, abi), nonblock);
};

/** strace shows one offset. */
const low: ArgType<number> = { ...long, show: (v, ctx) => String(ctx.abi.long === 8 ? v : v + (ctx.all["pos_h"] as number) * 2 ** 32) };
const high: ArgType<number> = { ...ulong, show: () => "" };
const positionedIn = { fd, vec: filled("filledIovec", "vlen"), vlen: ulong, pos_l: low, pos_h: high } as const satisfies Args;
const positionedOut = { ...positionedIn, vec: given("iovec", "vlen") } as const satisfies Args;

/** Calls that read and write bytes. man 2 read, write, readv, pread. */
export const readWriteCalls: readonly Syscall[] = [
  syscall("read", { fd, buf: outBuffer, count: size }, (t, a, abi) =>
    move(t, "in", a.fd, undefined, () => oneSegment(a.buf, a.count, abi)),
  ),
  syscall("write", { fd, buf: inBuffer(), count: size }, (t, a, abi) =>
    move(t, "out", a.fd, undefined, () => oneSegment(a.buf, a.count, abi)),
  ),
  syscall("pread64", { fd, buf: outBuffer, count: size, pos: loff }, (t, a, abi) =>
    move(t, "in", a.fd, a.pos, () => oneSegment(a.buf, a.count, abi)),
  ),
  syscall("pwrite64", { fd, buf: inBuffer(), count: size, pos: loff }, (t, a, abi) =>
    move(t, "out", a.fd, a.pos, () => oneSegment(a.buf, a.count, abi)),
  ),
  syscall("readv", { fd, vec: filled("filledIovec", "vlen"), vlen: int }, (t, a, abi) =>
    move(t, "in", a.fd, undefined, () => importIovec(t, a.vec, a.vlen, abi)),
  ),
  syscall("writev", { fd, vec: given("iovec", "vlen"), vlen: int }, (t, a, abi) =>
    move(t, "out", a.fd, undefined, () => importIovec(t, a.vec, a.vlen, abi)),
  ),
  syscall("preadv", positionedIn, (t, a, abi) =>
    move(t, "in", a.fd, position(a.pos_l, a.pos_h, abi), () => importIovec(t, a.vec, a.vlen, abi)),
  ),
  syscall("pwritev", positionedOut, (t, a, abi) =>
    move(t, "out", a.fd, position(a.pos_l, a.pos_h, abi), () => importIovec(t, a.vec, a.vlen, abi)),
  ),
  syscall("preadv2", { ...positionedIn, flags: rwf }, (t, a, abi) => move2(t, "in", a, abi)),
  syscall("pwritev2", { ...positionedOut, flags: rwf }, (t, a, abi) => move2(t, "out", a, abi)),
];

// The operations of io_uring as system calls: each row names a call and its arguments in a submission. No
// filter and no tracer sees them. Linux io_uring/opdef.c.

import { i386, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { RWF_APPEND, RWF_NOWAIT, RWF_SUPPORTED, SPLICE_F_FD_IN_FIXED, SPLICE_F_NONBLOCK } from "../../../abi/uapi/fs.ts";
import { FUTEX } from "../../../abi/uapi/futex.ts";
import { OP } from "../../../abi/uapi/io-uring.ts";
import { dirCalls } from "../../calls/dir/directory.ts";
import { linkCalls } from "../../calls/dir/link.ts";
import { importIovec, oneSegment, type Segment, totalLength } from "../../calls/file/iovec.ts";
import { openCalls } from "../../calls/file/open.ts";
import { copyCalls, spliceFiles, teeFiles } from "../../calls/file/splice.ts";
import { statCalls } from "../../calls/file/stat.ts";
import { buffersOf, readInto, writeFrom } from "../../calls/file/transfer.ts";
import { truncateCalls } from "../../calls/file/truncate.ts";
import { xattrCalls } from "../../calls/file/xattr.ts";
import { futexCalls } from "../../calls/futex/futex.ts";
import { futex2Calls } from "../../calls/futex/futex2.ts";
import { memoryCalls } from "../../calls/memory/memory.ts";
import { epollCalls } from "../../calls/poll/epoll.ts";
import { waitCalls } from "../../calls/process/wait.ts";
import type { Result } from "../../core/result.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import type { Syscall } from "../../syscall/declaration.ts";
import type { OperationWork, UringOperation } from "./operation.ts";
import type { Sqe, UringRequest } from "./request.ts";
import { type Arguments, callAs, direct, fdOf, multishot, selects, withBuffer } from "./work.ts";

// biome-ignore format: table
const calls = new Map(
  [
    dirCalls, linkCalls, openCalls, copyCalls, statCalls, truncateCalls, xattrCalls, futexCalls, futex2Calls, memoryCalls, epollCalls, waitCalls,
  ].flat().filter((call) => call.only !== i386.name).map((call): [string, Syscall] => [call.name, call]),
);
/** Calls a system call with 64-bit arguments, in the name of the submitter. */
export const callWith = (r: UringRequest, name: string, args: readonly (number | bigint)[]): Result =>
  callAs(r, calls.get(name) as Syscall, args);
const as =
  (name: string, args: Arguments): OperationWork =>
  (r) =>
    callWith(r, name, args(r.sqe, fdOf(r)));

const CURRENT = 2n ** 64n - 1n;
type Buffers = (r: UringRequest, at: bigint, length: number) => Or<readonly Segment[]>;
/** read and write on the file of a request. Offset -1 is the file's own. Linux io_uring/rw.c. */
const transfer =
  (writes: boolean, buffers: Buffers, least = 0, limit: (r: UringRequest) => number = ({ sqe }) => sqe.len): OperationWork =>
  (r) => {
    const { sqe, worker, file } = r;
    if (!file || !(writes ? file.writable : file.readable)) return -E.EBADF;
    if (sqe.rw_flags & ~RWF_SUPPORTED || (sqe.rw_flags & RWF_APPEND && !writes)) return -E.EOPNOTSUPP;
    const hasOffset = sqe.off !== CURRENT && (file.seekable || file.positioned);
    if (hasOffset && sqe.off >= 2n ** 63n) return -E.EINVAL;
    const most = limit(r);
    if (most < 0) return most;
    return withBuffer(r, most, least, (at, length) => {
      const list = buffersOf(worker, () => buffers(r, at, length));
      if (typeof list === "number") return list;
      const offset = hasOffset ? Number(sqe.off) : undefined;
      const nowait = (sqe.rw_flags & RWF_NOWAIT) !== 0;
      const result = (writes ? writeFrom : readInto)(worker, file, list, offset, nowait);
      if (typeof result === "number" && result !== totalLength(list)) r.failed = true;
      return result;
    });
  };
const one: Buffers = (r, at, length) =>
  oneSegment((at < 2n ** 47n ? Number(at) : -1) as VAddr, length, r.ring.abi.long === 4 ? x64 : r.ring.abi);
const vector: Buffers = (r, at, length) =>
  selects(r) ? one(r, at, length) : importIovec(r.worker, Number(at) as VAddr, length, r.ring.abi);
/** With a provided buffer, one element of a vector has the length. Linux io_iov_buffer_select_prep(). */
const vectorLength = (r: UringRequest): number => {
  const { sqe, worker, ring } = r;
  if (!selects(r)) return sqe.len;
  if (sqe.len !== 1) return -E.EINVAL;
  const list = importIovec(worker, Number(sqe.addr) as VAddr, 1, ring.abi);
  return typeof list === "number" ? list : (list[0]?.length ?? 0);
};
const fixed: Buffers = (r, at, length) => {
  const buffer = r.ring.buffers?.[r.sqe.buf_index];
  const from = Number(at);
  r.uses(buffer?.resource);
  return buffer && from >= buffer.at && from + length <= buffer.at + buffer.length ? one(r, at, length) : -E.EFAULT;
};

/** The source of splice and tee. */
const inputOf = ({ sqe, worker, ring }: UringRequest): FileDescription | undefined =>
  sqe.rw_flags & SPLICE_F_FD_IN_FIXED ? ring.files?.get(sqe.file_index) : worker.files.get(sqe.file_index | 0);
const tee: OperationWork = (r) => {
  const { sqe, worker, file } = r;
  if (sqe.rw_flags & ~SPLICE_F_FD_IN_FIXED & ~15) return -E.EINVAL;
  if (sqe.len === 0) return 0;
  const result = teeFiles(worker, inputOf(r), file, sqe.len, (sqe.rw_flags & SPLICE_F_NONBLOCK) !== 0);
  if (typeof result === "number" && result !== sqe.len) r.failed = true;
  return result;
};
const splice: OperationWork = (r) => {
  const { sqe, worker, file } = r;
  if (sqe.rw_flags & ~SPLICE_F_FD_IN_FIXED & ~15) return -E.EINVAL;
  const input = inputOf(r);
  if (!input || !file) return -E.EBADF;
  if (sqe.len === 0) return 0;
  const offset = (at: bigint): number | undefined => (at === CURRENT ? undefined : Number(at));
  const nonblock = (sqe.rw_flags & SPLICE_F_NONBLOCK) !== 0;
  const result = spliceFiles(worker, { file: input, at: offset(sqe.addr) }, { file, at: offset(sqe.off) }, sqe.len, nonblock);
  if (typeof result === "number" && result !== sqe.len) r.failed = true;
  return result;
};

const readMultishot: OperationWork = (r) =>
  !selects(r)
    ? -E.EINVAL
    : multishot(
        r,
        (n) => n > 0,
        () => transfer(false, one, 1)(r),
      );

/** FUTEX2_SIZE_U32 and FUTEX2_PRIVATE. */
const futex =
  (op: number, count: (s: Sqe) => number | bigint): OperationWork =>
  (r) => {
    const { sqe } = r;
    if ((sqe.fd & 3) !== 2 || sqe.fd & ~0x82) return -E.EINVAL;
    // Unlike futex(2), which wakes one for 0. Linux FLAGS_STRICT.
    if (op === FUTEX.WAKE_BITSET && sqe.off === 0n) return 0;
    return callWith(r, "futex", [sqe.addr, op | (sqe.fd & 128), count(sqe), 0, 0, sqe.addr3]);
  };

const BUFFERS = ["buf_index", "file_index"] as const;
/** Operations that are calls, by number. own.ts has the others. */
export const callOperations: Readonly<Record<number, UringOperation>> = {
  [OP.NOP]: { work: ({ sqe }) => (sqe.rw_flags & 1 ? sqe.len | 0 : 0) },
  [OP.READV]: { polls: "in", work: transfer(false, vector, 0, vectorLength), file: true, ioprio: "priority", selects: true },
  [OP.WRITEV]: { polls: "out", work: transfer(true, vector), file: true, ioprio: "priority" },
  [OP.READ]: { polls: "in", work: transfer(false, one), file: true, ioprio: "priority", selects: true },
  [OP.WRITE]: { polls: "out", work: transfer(true, one), file: true, ioprio: "priority" },
  [OP.READ_FIXED]: { polls: "in", work: transfer(false, fixed), file: true, ioprio: "priority" },
  [OP.WRITE_FIXED]: { polls: "out", work: transfer(true, fixed), file: true, ioprio: "priority" },
  [OP.READ_MULTISHOT]: { polls: "in", work: readMultishot, file: true, ioprio: "priority", selects: true, zero: ["addr", "len"] },
  [OP.FSYNC]: {
    async: true,
    work: (r) => (r.sqe.rw_flags & ~1 ? -E.EINVAL : callWith(r, "fsync", [fdOf(r)])),
    file: true,
    zero: ["addr", ...BUFFERS],
  },
  [OP.SYNC_FILE_RANGE]: {
    async: true,
    work: as("sync_file_range", (s, fd) => [fd, s.off, s.len, s.rw_flags]),
    file: true,
    zero: ["addr", ...BUFFERS],
  },
  [OP.FALLOCATE]: {
    async: true,
    work: as("fallocate", (s, fd) => [fd, s.len, s.off, s.addr]),
    file: true,
    zero: ["rw_flags", ...BUFFERS],
  },
  [OP.FTRUNCATE]: {
    async: true,
    work: as("ftruncate", (s, fd) => [fd, s.off]),
    file: true,
    zero: ["addr", "len", "rw_flags", "addr3", ...BUFFERS],
  },
  [OP.OPENAT]: { work: direct(as("openat", (s) => [s.fd, s.addr, s.rw_flags, s.len])), zero: ["buf_index"], noFixed: true },
  [OP.OPENAT2]: { work: direct(as("openat2", (s) => [s.fd, s.addr, s.off, s.len])), zero: ["buf_index"], noFixed: true },
  [OP.STATX]: { async: true, work: as("statx", (s) => [s.fd, s.addr, s.rw_flags, s.len, s.off]), zero: [...BUFFERS], noFixed: true },
  [OP.FADVISE]: { work: as("fadvise64", (s, fd) => [fd, s.off, s.addr || s.len, s.rw_flags]), file: true, zero: [...BUFFERS] },
  [OP.MADVISE]: { async: true, work: as("madvise", (s) => [s.addr, s.off || s.len, s.rw_flags]), zero: [...BUFFERS] },
  [OP.EPOLL_CTL]: { work: as("epoll_ctl", (s) => [s.fd, s.len, s.off, s.addr]), zero: [...BUFFERS] },
  [OP.SPLICE]: { async: true, work: splice, file: true },
  [OP.TEE]: { async: true, work: tee, file: true, zero: ["off", "addr"] },
  [OP.RENAMEAT]: { async: true, work: as("renameat2", (s) => [s.fd, s.addr, s.len, s.off, s.rw_flags]), zero: [...BUFFERS], noFixed: true },
  [OP.UNLINKAT]: { async: true, work: as("unlinkat", (s) => [s.fd, s.addr, s.rw_flags]), zero: ["off", "len", ...BUFFERS], noFixed: true },
  [OP.MKDIRAT]: { async: true, work: as("mkdirat", (s) => [s.fd, s.addr, s.len]), zero: ["off", "rw_flags", ...BUFFERS], noFixed: true },
  [OP.SYMLINKAT]: {
    async: true,
    work: as("symlinkat", (s) => [s.addr, s.fd, s.off]),
    zero: ["len", "rw_flags", ...BUFFERS],
    noFixed: true,
  },
  [OP.LINKAT]: { async: true, work: as("linkat", (s) => [s.fd, s.addr, s.len, s.off, s.rw_flags]), zero: [...BUFFERS], noFixed: true },
  [OP.FSETXATTR]: { async: true, work: as("fsetxattr", (s, fd) => [fd, s.addr, s.off, s.len, s.rw_flags]), file: true },
  [OP.SETXATTR]: { async: true, work: as("setxattr", (s) => [s.addr3, s.addr, s.off, s.len, s.rw_flags]), noFixed: true },
  [OP.FGETXATTR]: { async: true, work: as("fgetxattr", (s, fd) => [fd, s.addr, s.off, s.len]), file: true },
  [OP.GETXATTR]: { async: true, work: as("getxattr", (s) => [s.addr3, s.addr, s.off, s.len]), noFixed: true },
  [OP.WAITID]: {
    work: as("waitid", (s) => [s.len, s.fd, s.off, s.file_index, 0]),
    counts: true,
    zero: ["addr", "rw_flags", "buf_index", "addr3"],
  },
  [OP.FUTEX_WAITV]: {
    work: as("futex_waitv", (s) => [s.addr, s.len, 0, 0, 0]),
    counts: true,
    zero: ["fd", "off", "rw_flags", "addr3", ...BUFFERS],
  },
  [OP.FUTEX_WAIT]: { work: futex(FUTEX.WAIT_BITSET, (s) => s.off), counts: true, zero: ["len", "rw_flags", ...BUFFERS] },
  [OP.FUTEX_WAKE]: { work: futex(FUTEX.WAKE_BITSET, (s) => s.off), zero: ["len", "rw_flags", ...BUFFERS] },
};

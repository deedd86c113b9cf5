// The operations of io_uring as system calls: each row names a call and its arguments in a submission. No
// filter and no tracer sees them. Linux io_uring/opdef.c.
import { i386, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { ACCEPT, CQE_F, FILE_INDEX_ALLOC, OP, RECVSEND, SQE_FLAG } from "../../../abi/uapi/io-uring.ts";
import { again, endWaiting } from "../../base/wait.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import type { RawArgs, Result, Syscall } from "../../syscall/declaration.ts";
import { dirCalls } from "../dir/directory.ts";
import { linkCalls } from "../dir/link.ts";
import { importIovec, oneSegment, type Segment, totalLength } from "../file/iovec.ts";
import { openCalls } from "../file/open.ts";
import { copyCalls, spliceFiles } from "../file/splice.ts";
import { statCalls } from "../file/stat.ts";
import { buffersOf, readInto, writeFrom } from "../file/transfer.ts";
import { truncateCalls } from "../file/truncate.ts";
import { xattrCalls } from "../file/xattr.ts";
import { futexCalls } from "../ipc/futex.ts";
import { memoryCalls } from "../memory/memory.ts";
import { messageCalls } from "../net/sendmsg.ts";
import { socketCalls } from "../net/socket.ts";
import { epollCalls } from "../poll/epoll.ts";
import { FIXED_FD, type Operation, type Work } from "./operation.ts";
import type { Request, Sqe } from "./request.ts";

// biome-ignore format: table
const calls = new Map(
  [
    dirCalls, linkCalls, openCalls, copyCalls, statCalls, truncateCalls, xattrCalls, futexCalls, memoryCalls, messageCalls, socketCalls, epollCalls,
  ].flat().filter((call) => call.only !== i386.name).map((call): [string, Syscall] => [call.name, call]),
);

const fdOf = ({ sqe }: Request): number => ((sqe.flags & SQE_FLAG.FIXED_FILE) !== 0 ? FIXED_FD : sqe.fd);

/** Calls a system call with 64-bit arguments, in the name of the submitter. */
export const callWith = (r: Request, name: string, args: readonly (number | bigint)[]): Result => {
  const call = calls.get(name) as Syscall;
  const raw: RawArgs = new Uint32Array(12);
  args.forEach((arg, i) => {
    const value = BigInt.asUintN(64, BigInt(arg));
    raw[2 * i] = Number(value & 0xffff_ffffn);
    raw[2 * i + 1] = Number(value >> 32n);
  });
  const decoded = Object.fromEntries(Object.entries(call.args).map(([key, arg], i) => [key, arg.decode(raw, i, x64)]));
  return call.call(r.worker, decoded, r.ring.abi);
};
type Arguments = (s: Sqe, fd: number) => readonly (number | bigint)[];
const as =
  (name: string, args: Arguments): Work =>
  (r) =>
    callWith(r, name, args(r.sqe, fdOf(r)));

/** The buffer of a request: its own, or the next one of its group. Undefined: ENOBUFS. */
const bufferOf = (r: Request): { at: bigint; length: number; id?: number } | undefined => {
  const { sqe, ring } = r;
  if ((sqe.flags & SQE_FLAG.BUFFER_SELECT) === 0) return { at: sqe.addr, length: sqe.len };
  const buffer = ring.groups?.peek(sqe.buf_index);
  return buffer && { at: BigInt(buffer.at), length: Math.min(sqe.len || buffer.length, buffer.length), id: buffer.id };
};
/** After data came: the buffer leaves its group, and the completion says which one it was. */
const took = (r: Request, id: number | undefined): number => {
  if (id === undefined) return 0;
  r.ring.groups?.take(r.sqe.buf_index);
  return CQE_F.BUFFER | (id << 16);
};
const withBuffer = (r: Request, use: (at: bigint, length: number) => Result): Result => {
  const buffer = bufferOf(r);
  if (!buffer) return -E.ENOBUFS;
  const result = use(buffer.at, buffer.length);
  if (typeof result === "number" && result >= 0) r.flags |= took(r, buffer.id);
  return result;
};

const CURRENT = 2n ** 64n - 1n;
const RWF_NOWAIT = 8;
const RWF_APPEND = 16;
const RWF_KNOWN = 31;
type Buffers = (r: Request, at: bigint, length: number) => Or<readonly Segment[]>;
/** read and write on the file of a request. Offset -1 is the file's own. Linux io_uring/rw.c. */
const transfer =
  (writes: boolean, buffers: Buffers): Work =>
  (r) => {
    const { sqe, worker, file } = r;
    if (!file || !(writes ? file.writable : file.readable)) return -E.EBADF;
    if (sqe.rw_flags & ~RWF_KNOWN || (sqe.rw_flags & RWF_APPEND && !writes)) return -E.EOPNOTSUPP;
    const hasOffset = sqe.off !== CURRENT && (file.seekable || file.positioned);
    if (hasOffset && sqe.off >= 2n ** 63n) return -E.EINVAL;
    return withBuffer(r, (at, length) => {
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
  (r.sqe.flags & SQE_FLAG.BUFFER_SELECT) !== 0 ? one(r, at, length) : importIovec(r.worker, Number(at) as VAddr, length, r.ring.abi);
const fixed: Buffers = (r, at, length) => {
  const buffer = r.ring.buffers?.[r.sqe.buf_index];
  const from = Number(at);
  return buffer && from >= buffer.at && from + length <= buffer.at + buffer.length ? one(r, at, length) : -E.EFAULT;
};

/** Repeats `step` while it yields results: each is a completion with IORING_CQE_F_MORE. */
const STEPS = 32;
const multishot = (r: Request, isMore: (result: number) => boolean, step: () => Result): Result => {
  for (let n = 0; n < STEPS; n++) {
    r.flags = 0;
    const result = step();
    if (typeof result !== "number" || !isMore(result)) return result;
    endWaiting(r.worker);
    const { flags } = r;
    if (!r.more(result, flags)) return result;
  }
  r.flags = 0;
  return again({ killable: true });
};

/** A new descriptor becomes a registered file instead, if the submission has a slot. */
const direct =
  (work: Work): Work =>
  (r) => {
    const { sqe, task, ring } = r;
    const fd = work(r);
    if (sqe.file_index === 0 || typeof fd !== "number" || fd < 0) return fd;
    const file = task.files.get(fd)?.hold();
    task.files.close(fd);
    if (!file) return -E.EBADF;
    const allocates = sqe.file_index === FILE_INDEX_ALLOC;
    const slot = !ring.files ? -E.ENXIO : allocates ? ring.files.free : sqe.file_index - 1;
    if (slot >= 0 && slot < (ring.files?.size ?? 0)) ring.files?.set(slot, file);
    file.drop();
    if (slot < 0) return slot;
    return slot >= (ring.files?.size ?? 0) ? -E.EINVAL : allocates ? slot : 0;
  };

const MSG_NOSIGNAL = 0x4000;
const MSG_WAITALL = 0x100;
const sendBuffer: Work = (r) => {
  const { sqe } = r;
  const result = callWith(r, "sendto", [fdOf(r), sqe.addr, sqe.len, sqe.rw_flags | MSG_NOSIGNAL, sqe.off, sqe.file_index & 0xffff]);
  if (typeof result === "number" && result < sqe.len && (sqe.rw_flags & MSG_WAITALL) !== 0) r.failed = true;
  return result;
};
const sendMessage: Work = (r) => callWith(r, "sendmsg", [fdOf(r), r.sqe.addr, r.sqe.rw_flags | MSG_NOSIGNAL]);
/** A zero-copy send has a second completion, which says that its buffer is free. */
const zeroCopy =
  (work: Work): Work =>
  (r) => {
    const result = work(r);
    if (typeof result !== "number" || result < 0) return result;
    r.more(result);
    r.flags = CQE_F.NOTIF;
    return 0;
  };
const receiveBuffer: Work = (r) => {
  const { sqe } = r;
  const step = (): Result => withBuffer(r, (at, length) => callWith(r, "recvfrom", [fdOf(r), at, length, sqe.rw_flags, 0, 0]));
  if ((sqe.ioprio & RECVSEND.MULTISHOT) === 0) return step();
  return (sqe.flags & SQE_FLAG.BUFFER_SELECT) === 0 ? -E.EINVAL : multishot(r, (n) => n > 0, step);
};
const receiveMessage: Work = (r) =>
  (r.sqe.ioprio & RECVSEND.MULTISHOT) !== 0 || (r.sqe.flags & SQE_FLAG.BUFFER_SELECT) !== 0
    ? -E.EOPNOTSUPP
    : callWith(r, "recvmsg", [fdOf(r), r.sqe.addr, r.sqe.rw_flags]);

const accept: Work = (r) => {
  const { sqe } = r;
  if ((sqe.ioprio & ACCEPT.DONTWAIT) !== 0 && r.file && r.file.poll(r.worker) === 0) return -E.EAGAIN;
  const step = (): Result => callWith(r, "accept4", [fdOf(r), sqe.addr, sqe.off, sqe.rw_flags]);
  return (sqe.ioprio & ACCEPT.MULTISHOT) !== 0 ? multishot(r, (fd) => fd >= 0, step) : step();
};

/** A connection that is in progress is waited for. Linux io_connect(). */
const connect: Work = (r) => {
  const result = callWith(r, "connect", [fdOf(r), r.sqe.addr, r.sqe.off]);
  if (result === -E.EINPROGRESS || result === -E.EALREADY) {
    r.shots = 1;
    return -E.EAGAIN;
  }
  return result === -E.EISCONN && r.shots > 0 ? 0 : result;
};

const SPLICE_F_NONBLOCK = 2;
const SPLICE_F_FD_IN_FIXED = 0x8000_0000;
const splice: Work = (r) => {
  const { sqe, worker, file, ring } = r;
  if (sqe.rw_flags & ~SPLICE_F_FD_IN_FIXED & ~15) return -E.EINVAL;
  const input = sqe.rw_flags & SPLICE_F_FD_IN_FIXED ? ring.files?.get(sqe.file_index) : worker.files.get(sqe.file_index | 0);
  if (!input || !file) return -E.EBADF;
  if (sqe.len === 0) return 0;
  const offset = (at: bigint): number | undefined => (at === CURRENT ? undefined : Number(at));
  const nonblock = (sqe.rw_flags & SPLICE_F_NONBLOCK) !== 0;
  const result = spliceFiles(worker, { file: input, at: offset(sqe.addr) }, { file, at: offset(sqe.off) }, sqe.len, nonblock);
  if (typeof result === "number" && result !== sqe.len) r.failed = true;
  return result;
};

const readMultishot: Work = (r) =>
  (r.sqe.flags & SQE_FLAG.BUFFER_SELECT) === 0
    ? -E.EINVAL
    : multishot(
        r,
        (n) => n > 0,
        () => transfer(false, one)(r),
      );

/** FUTEX2_SIZE_U32 and FUTEX2_PRIVATE. */
const futex =
  (op: number, count: (s: Sqe) => number | bigint): Work =>
  (r) => {
    const { sqe } = r;
    if ((sqe.fd & 3) !== 2 || sqe.fd & ~0x82) return -E.EINVAL;
    return callWith(r, "futex", [sqe.addr, op | (sqe.fd & 128), count(sqe), 0, 0, sqe.addr3]);
  };

const BUFFERS = ["buf_index", "file_index"] as const;
const WAIT_BITSET = 9;
const WAKE_BITSET = 10;
/** Operations that are calls, by number. own.ts has the others. */
export const callOperations: Readonly<Record<number, Operation>> = {
  [OP.NOP]: { work: ({ sqe }) => (sqe.rw_flags & 1 ? sqe.len | 0 : 0) },
  [OP.READV]: { polls: "in", work: transfer(false, vector), file: true, ioprio: 0xffff, selects: true },
  [OP.WRITEV]: { polls: "out", work: transfer(true, vector), file: true, ioprio: 0xffff },
  [OP.READ]: { polls: "in", work: transfer(false, one), file: true, ioprio: 0xffff, selects: true },
  [OP.WRITE]: { polls: "out", work: transfer(true, one), file: true, ioprio: 0xffff },
  [OP.READ_FIXED]: { polls: "in", work: transfer(false, fixed), file: true, ioprio: 0xffff },
  [OP.WRITE_FIXED]: { polls: "out", work: transfer(true, fixed), file: true, ioprio: 0xffff },
  [OP.READ_MULTISHOT]: { polls: "in", work: readMultishot, file: true, ioprio: 0xffff, selects: true, zero: ["addr", "len"] },
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
  [OP.SENDMSG]: { polls: "out", work: sendMessage, file: true, ioprio: 31, zero: ["off", "file_index"] },
  [OP.RECVMSG]: { polls: "in", work: receiveMessage, file: true, ioprio: 31, selects: true, zero: ["off", "file_index"] },
  [OP.SEND]: { polls: "out", work: sendBuffer, file: true, ioprio: 31 },
  [OP.RECV]: { polls: "in", work: receiveBuffer, file: true, ioprio: 31, selects: true, zero: ["off", "file_index"] },
  [OP.SEND_ZC]: { polls: "out", work: zeroCopy(sendBuffer), file: true, ioprio: 31 },
  [OP.SENDMSG_ZC]: { polls: "out", work: zeroCopy(sendMessage), file: true, ioprio: 31 },
  [OP.ACCEPT]: { polls: "in", work: direct(accept), file: true, ioprio: 7, zero: ["len", "buf_index"] },
  [OP.CONNECT]: {
    polls: "out",
    work: connect,
    file: true,
    zero: ["len", "rw_flags", ...BUFFERS],
  },
  [OP.SHUTDOWN]: { async: true, work: as("shutdown", (s, fd) => [fd, s.len]), file: true, zero: ["off", "addr", "rw_flags", ...BUFFERS] },
  [OP.SOCKET]: { work: direct(as("socket", (s) => [s.fd, s.off, s.len])), zero: ["addr", "rw_flags", "buf_index"] },
  [OP.BIND]: { work: as("bind", (s, fd) => [fd, s.addr, s.off]), file: true, zero: ["len", "rw_flags", ...BUFFERS] },
  [OP.LISTEN]: { work: as("listen", (s, fd) => [fd, s.len]), file: true, zero: ["addr", "off", "rw_flags", ...BUFFERS] },
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
  [OP.TEE]: { async: true, work: as("tee", (s, fd) => [s.file_index, fd, s.len, s.rw_flags]), file: true, zero: ["off", "addr"] },
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
  [OP.FUTEX_WAIT]: { work: futex(WAIT_BITSET, (s) => s.off), zero: ["len", "rw_flags", ...BUFFERS] },
  [OP.FUTEX_WAKE]: { work: futex(WAKE_BITSET, (s) => s.off), zero: ["len", "rw_flags", ...BUFFERS] },
};

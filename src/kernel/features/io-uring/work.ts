// Parts of operations: system calls in the name of the submitter, provided buffers, repetition, and results
// that become registered files. Linux io_uring/io_uring.c, kbuf.c, filetable.c.
import { x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { FILE_INDEX_ALLOC, SQE_FLAG } from "../../../abi/uapi/io-uring.ts";
import { again, endWaiting } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { RawArgs, Syscall } from "../../syscall/declaration.ts";
import type { Area } from "./buffers.ts";
import { FIXED_FD, type OperationWork } from "./operation.ts";
import type { Sqe, UringRequest } from "./request.ts";

/** The descriptor of a request's file for calls. */
export const fdOf = ({ sqe }: UringRequest): number => ((sqe.flags & SQE_FLAG.FIXED_FILE) !== 0 ? FIXED_FD : sqe.fd);
/** True if the request takes its buffer from a group. */
export const selects = ({ sqe }: UringRequest): boolean => (sqe.flags & SQE_FLAG.BUFFER_SELECT) !== 0;

/** Calls a system call with 64-bit arguments, in the name of the submitter. */
export const callAs = (r: UringRequest, call: Syscall, args: readonly (number | bigint)[]): Result => {
  const raw: RawArgs = new Uint32Array(12);
  args.forEach((arg, i) => {
    const value = BigInt.asUintN(64, BigInt(arg));
    raw[2 * i] = Number(value & 0xffff_ffffn);
    raw[2 * i + 1] = Number(value >> 32n);
  });
  const decoded = Object.fromEntries(Object.entries(call.args).map(([key, arg], i) => [key, arg.decode(raw, i, x64)]));
  return call.call(r.worker, decoded, r.ring.abi);
};

/** The arguments of a call from a submission and the descriptor of its file. */
export type Arguments = (s: Sqe, fd: number) => readonly (number | bigint)[];

/**
 * Gives `use` the buffers of a request: its own, or those of its group up to `length` (0: any), only one
 * unless `bundle`. They are taken if the result is at least `least`. ENOBUFS without one.
 */
export const withBuffers = (
  r: UringRequest,
  length: number,
  bundle: boolean,
  least: number,
  use: (buffers: readonly Area[]) => Result,
): Result => {
  const { sqe, ring } = r;
  if (!selects(r)) return use([{ at: Number(sqe.addr), length }]);
  const buffers = ring.groups?.peek(sqe.buf_index, length || Number.POSITIVE_INFINITY, bundle) ?? [];
  const [first] = buffers;
  if (!first) return -E.ENOBUFS;
  const result = use(buffers);
  if (typeof result === "number" && result >= least) r.flags |= ring.groups?.take(sqe.buf_index, first.id, result, bundle) ?? 0;
  return result;
};
/** The same with one buffer. */
export const withBuffer = (r: UringRequest, length: number, least: number, use: (at: bigint, length: number) => Result): Result =>
  selects(r)
    ? withBuffers(r, length, false, least, ([area]) => use(BigInt((area as Area).at), (area as Area).length))
    : use(r.sqe.addr, length);

const STEPS = 32;
/** Repeats `step` while it yields results: each is a completion with IORING_CQE_F_MORE. */
export const multishot = (r: UringRequest, isMore: (result: number) => boolean, step: () => Result): Result => {
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
export const direct =
  (work: OperationWork): OperationWork =>
  (r) => {
    const { sqe, task, ring } = r;
    const fd = work(r);
    if (sqe.file_index === 0 || typeof fd !== "number" || fd < 0) return fd;
    const file = task.files.get(fd)?.hold();
    task.files.close(fd);
    if (!file) return -E.EBADF;
    const allocates = sqe.file_index === FILE_INDEX_ALLOC;
    const slot = allocates ? (ring.files?.free ?? -E.ENFILE) : ring.files ? sqe.file_index - 1 : -E.ENXIO;
    if (slot >= 0 && slot < (ring.files?.size ?? 0)) ring.files?.set(slot, file);
    file.drop();
    if (slot < 0) return slot;
    return slot >= (ring.files?.size ?? 0) ? -E.EINVAL : allocates ? slot : 0;
  };

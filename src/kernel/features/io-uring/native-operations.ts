// The operations of io_uring that are no system calls: poll, timeouts, cancellation, registered files and
// buffers, messages between rings. Linux io_uring/poll.c, timeout.c, cancel.c, rsrc.c, kbuf.c, msg_ring.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { CANCEL, FILE_INDEX_ALLOC, OP, POLL, SQE_FLAG, TIMEOUT } from "../../../abi/uapi/io-uring.ts";
import { UPTIME } from "../../base/time.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import { POLLERR, POLLHUP } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import { readNanoseconds, time64 } from "../../syscall/timespec.ts";
import { BufferGroups } from "./buffers.ts";
import type { OperationWork, UringOperation } from "./operation.ts";
import { callWith } from "./operations.ts";
import { resourceOf, type SlotSource, tagAt } from "./registration.ts";
import type { UringRequest } from "./request.ts";
import { UringFile } from "./ring.ts";

const EPOLLET = 0x8000_0000;
const eventsOf = (word: number): number => (word & ~EPOLLET) | POLLERR | POLLHUP;

const pollAdd: OperationWork = (r) => {
  const { sqe, worker, file } = r;
  if (!file) return -E.EBADF;
  const multi = (sqe.len & POLL.MULTI) !== 0;
  if (sqe.len & ~(POLL.MULTI | POLL.LEVEL) || (sqe.flags & SQE_FLAG.CQE_SKIP_SUCCESS && multi)) return -E.EINVAL;
  r.events ??= eventsOf(sqe.rw_flags);
  const mask = file.poll(worker) & r.events;
  if (mask !== 0) {
    if (!multi) return mask;
    if (!r.more(mask)) return mask;
  }
  return wait(file.queues(r.events));
};

const find = (r: UringRequest, opcode: number, user: bigint): UringRequest | undefined => {
  for (const other of r.ring.requests) if (other !== r && other.sqe.opcode === opcode && other.user === user) return other;
  return undefined;
};
const pollRemove: OperationWork = (r) => {
  const { sqe } = r;
  const updates = POLL.UPDATE_EVENTS | POLL.UPDATE_USER_DATA;
  if (sqe.len & ~(updates | POLL.MULTI)) return -E.EINVAL;
  if ((sqe.len & updates) === 0 && sqe.len === POLL.MULTI) return -E.EINVAL;
  const found = find(r, OP.POLL_ADD, sqe.addr);
  if (!found) return -E.ENOENT;
  if ((sqe.len & updates) === 0) return found.cancelSoon() ? 0 : -E.EALREADY;
  if ((sqe.len & POLL.UPDATE_EVENTS) !== 0) found.events = eventsOf(sqe.rw_flags);
  if ((sqe.len & POLL.UPDATE_USER_DATA) !== 0) found.user = sqe.off;
  found.woken();
  return 0;
};

const CLOCKS = TIMEOUT.BOOTTIME | TIMEOUT.REALTIME;
/** The monotonic end of a timeout in nanoseconds, or -errno. */
const deadlineAt = (r: UringRequest, at: bigint, flags: number): number => {
  const { kernel } = r.ring;
  const ns = readNanoseconds(r.worker, Number(at) as VAddr, time64, r.ring.abi);
  if (ns < 0) return ns;
  if ((flags & TIMEOUT.ABS) === 0) return kernel.now + ns;
  return Math.max(0, (flags & TIMEOUT.REALTIME) !== 0 ? ns - kernel.bootTime * 1e9 : ns - UPTIME.sec * 1e9);
};
/** The first step of a timeout: 0 or -errno. */
const arm = (r: UringRequest): number => {
  const { sqe } = r;
  r.isTimeout = true;
  if (r.deadline !== undefined) return 0;
  const flags = sqe.rw_flags;
  const known = TIMEOUT.ABS | CLOCKS | TIMEOUT.ETIME_SUCCESS | TIMEOUT.MULTISHOT;
  if (sqe.len !== 1 || flags & ~known || (flags & CLOCKS) === CLOCKS) return -E.EINVAL;
  const isLink = sqe.opcode === OP.LINK_TIMEOUT;
  if (isLink && (sqe.off !== 0n || flags & TIMEOUT.MULTISHOT)) return -E.EINVAL;
  if (flags & TIMEOUT.MULTISHOT && flags & TIMEOUT.ABS) return -E.EINVAL;
  const deadline = deadlineAt(r, sqe.addr, flags);
  if (deadline < 0) return deadline;
  r.deadline = deadline;
  r.succeeds = (flags & TIMEOUT.ETIME_SUCCESS) !== 0;
  if (!isLink && sqe.off !== 0n && (flags & TIMEOUT.MULTISHOT) === 0) {
    r.target = r.ring.completed + Number(sqe.off);
    r.ring.count(r);
  }
  r.worker.waited.expired = false;
  return 0;
};
const until = (r: UringRequest): Result => {
  r.worker.waited.expired = false;
  return wait([], { until: Number.isFinite(r.deadline) ? r.deadline : undefined });
};
const isOver = (r: UringRequest): boolean => r.ring.kernel.now >= (r.deadline as number);

const timeout: OperationWork = (r) => {
  const bad = arm(r);
  if (bad < 0) return bad;
  if (!isOver(r)) return until(r);
  const { sqe } = r;
  if ((sqe.rw_flags & TIMEOUT.MULTISHOT) === 0) return -E.ETIME;
  r.shots++;
  if (sqe.off !== 0n && BigInt(r.shots) >= sqe.off) return -E.ETIME;
  if (!r.more(-E.ETIME)) return -E.ETIME;
  const again = deadlineAt(r, sqe.addr, sqe.rw_flags);
  if (again < 0) return again;
  r.deadline = Math.max(again, r.ring.kernel.now + 10_000);
  return until(r);
};
const linkTimeout: OperationWork = (r) => {
  if (!r.limits) return -E.EINVAL;
  const bad = arm(r);
  if (bad < 0) return bad;
  if (!isOver(r)) return until(r);
  r.limits.limit = undefined;
  if (!r.limits.cancelSoon()) return -E.ENOENT;
  return r.limits.operation.counts ? 1 : -E.ETIME;
};
const timeoutRemove: OperationWork = (r) => {
  const { sqe } = r;
  const update = TIMEOUT.UPDATE | TIMEOUT.LINK_UPDATE;
  if (sqe.len !== 0 || sqe.ioprio !== 0) return -E.EINVAL;
  const isLink = (sqe.rw_flags & TIMEOUT.LINK_UPDATE) !== 0;
  if ((sqe.rw_flags & update) === 0 ? sqe.rw_flags !== 0 : sqe.rw_flags & ~(update | TIMEOUT.ABS | CLOCKS)) return -E.EINVAL;
  const deadline = (sqe.rw_flags & update) !== 0 ? deadlineAt(r, sqe.off, sqe.rw_flags) : 0;
  if (deadline < 0) return deadline;
  const found = find(r, isLink ? OP.LINK_TIMEOUT : OP.TIMEOUT, sqe.addr);
  if (!found) return -E.ENOENT;
  if ((sqe.rw_flags & update) === 0) return found.cancelSoon() ? 0 : -E.EALREADY;
  found.deadline = deadline;
  found.woken();
  return 0;
};

/** The target of a cancellation. */
export interface Sought {
  readonly flags: number;
  readonly user: bigint;
  readonly fd: number;
  readonly opcode: number;
}
const suits = (other: UringRequest, { flags, user, fd, opcode }: Sought): boolean => {
  if ((flags & CANCEL.ANY) !== 0) return true;
  if ((flags & CANCEL.FD) !== 0) {
    const isFixed = (other.sqe.flags & SQE_FLAG.FIXED_FILE) !== 0;
    if (!other.file || other.sqe.fd !== fd || isFixed !== ((flags & CANCEL.FD_FIXED) !== 0)) return false;
  }
  if ((flags & CANCEL.OP) !== 0 && other.sqe.opcode !== opcode) return false;
  const byUser = (flags & (CANCEL.FD | CANCEL.OP)) === 0 || (flags & CANCEL.USERDATA) !== 0;
  return !byUser || other.user === user;
};
/** Cancels requests: their number with CANCEL.ALL or ANY, else 0; or -ENOENT. */
export const cancelRequests = (ring: UringFile, sought: Sought, self?: UringRequest): number => {
  let n = 0;
  const several = (sought.flags & (CANCEL.ALL | CANCEL.ANY)) !== 0;
  for (const other of [...ring.requests]) {
    if (other === self || !suits(other, sought)) continue;
    if (!other.cancelSoon()) {
      if (!several) return -E.EALREADY;
      continue;
    }
    n++;
    if (!several) return other.operation.counts ? 1 : 0;
  }
  return several ? n : -E.ENOENT;
};
const cancel: OperationWork = (r) => {
  const { sqe, ring } = r;
  if (sqe.rw_flags & ~63 || (sqe.rw_flags & CANCEL.FD && sqe.rw_flags & CANCEL.ANY)) return -E.EINVAL;
  return cancelRequests(ring, { flags: sqe.rw_flags, user: sqe.addr, fd: sqe.fd, opcode: sqe.len }, r);
};

const close: OperationWork = (r) => {
  const { sqe, ring, task } = r;
  if (sqe.file_index !== 0) {
    if (sqe.fd !== 0) return -E.EINVAL;
    if (!ring.files) return -E.ENXIO;
    const slot = sqe.file_index - 1;
    if (slot >= ring.files.size) return -E.EINVAL;
    if (!ring.files.get(slot)) return -E.EBADF;
    ring.files.set(slot, undefined);
    return 0;
  }
  return task.files.get(sqe.fd) instanceof UringFile ? -E.EBADF : callWith(r, "close", [sqe.fd]);
};

const SKIP = -2;
/** Sets registered files from an array of descriptors: how many, or -errno. */
export const updateFiles = (
  ring: UringFile,
  r: { mem: UringRequest["worker"]["mem"]; files: UringRequest["worker"]["files"] },
  source: SlotSource & { readonly at: number },
  count: number,
  from: number,
): number => {
  const { files } = ring;
  if (!files) return -E.ENXIO;
  if (from + count > files.size) return -E.EINVAL;
  for (let i = 0; i < count; i++) {
    const fd = r.mem.u32(source.at + 4 * i);
    const tag = tagAt({ t: r }, source, i);
    if (fd < 0 || tag === undefined) return i > 0 ? i : -E.EFAULT;
    if (((fd | 0) === SKIP || (fd | 0) === -1) && tag !== 0n) return i > 0 ? i : -E.EINVAL;
    if ((fd | 0) === SKIP) continue;
    const file = (fd | 0) === -1 ? undefined : r.files.get(fd | 0);
    if ((fd | 0) !== -1 && (!file || file instanceof UringFile)) return i > 0 ? i : -E.EBADF;
    files.set(from + i, file, resourceOf(ring, tag));
  }
  return count;
};
const filesUpdate: OperationWork = (r) => {
  const { sqe, worker, ring } = r;
  if (sqe.len === 0) return -E.EINVAL;
  // Linux io_files_update_prep(): the offset is a word of 32 bits.
  const from = Number(sqe.off & 0xffff_ffffn);
  if (from !== FILE_INDEX_ALLOC) return updateFiles(ring, worker, { at: Number(sqe.addr), tags: 0 }, sqe.len, from);
  if (!ring.files) return -E.ENXIO;
  for (let i = 0; i < sqe.len; i++) {
    const at = Number(sqe.addr) + 4 * i;
    const fd = worker.mem.u32(at);
    const file = fd < 0 ? undefined : worker.files.get(fd | 0);
    const slot = !file ? (fd < 0 ? -E.EFAULT : -E.EBADF) : ring.files.free;
    if (slot < 0) return i > 0 ? i : slot;
    ring.files.set(slot, file);
    if (!worker.mem.setU32(at, slot)) return -E.EFAULT;
  }
  return sqe.len;
};
const installFixed: OperationWork = (r) => {
  const { sqe, task, file } = r;
  if ((sqe.flags & SQE_FLAG.FIXED_FILE) === 0 || !file) return -E.EBADF;
  if (sqe.personality !== 0) return -E.EPERM;
  return sqe.rw_flags & ~1 ? -E.EINVAL : install(task, file, (sqe.rw_flags & 1) === 0);
};

const provideBuffers: OperationWork = (r) => {
  const { sqe, ring } = r;
  const count = sqe.fd;
  if (count < 1 || count > 65536 || sqe.len === 0) return count < 1 || count > 65536 ? -E.E2BIG : -E.EINVAL;
  if (sqe.addr + BigInt(count * sqe.len) > 2n ** 47n) return -E.EFAULT;
  ring.groups ??= new BufferGroups(ring.kernel.frames.account);
  return ring.groups.provide(sqe.buf_index, Number(sqe.addr), sqe.len, count, Number(sqe.off));
};
const removeBuffers: OperationWork = ({ sqe, ring }) =>
  sqe.fd < 1 || sqe.fd > 65536 ? -E.EINVAL : (ring.groups?.remove(sqe.buf_index, sqe.fd) ?? -E.ENOENT);

const MSG_DATA = 0n;
const MSG_SEND_FD = 1n;
const FLAGS_PASS = 2;
const CQE_SKIP = 1;
const message: OperationWork = (r) => {
  const { sqe, file: target, ring } = r;
  if (!(target instanceof UringFile)) return -E.EBADFD;
  if (sqe.rw_flags & ~(FLAGS_PASS | CQE_SKIP)) return -E.EINVAL;
  if (target.disabled) return -E.EBADFD;
  if (sqe.addr === MSG_DATA) {
    if (sqe.addr3 !== 0n || sqe.rw_flags & CQE_SKIP || (!(sqe.rw_flags & FLAGS_PASS) && sqe.file_index !== 0)) return -E.EINVAL;
    return target.post(sqe.off, sqe.len | 0, sqe.rw_flags & FLAGS_PASS ? sqe.file_index : 0) ? 0 : -E.EOVERFLOW;
  }
  if (sqe.addr !== MSG_SEND_FD || sqe.len !== 0) return -E.EINVAL;
  if (target === ring) return -E.EINVAL;
  const file = ring.files?.get(Number(sqe.addr3));
  if (!file) return -E.EBADF;
  if (!target.files) return -E.ENXIO;
  const slot = sqe.file_index === FILE_INDEX_ALLOC ? target.files.free : sqe.file_index - 1;
  if (slot < 0 || slot >= target.files.size) return slot < 0 && sqe.file_index === FILE_INDEX_ALLOC ? slot : -E.EINVAL;
  target.files.set(slot, file);
  if ((sqe.rw_flags & CQE_SKIP) === 0) target.post(sqe.off, sqe.file_index === FILE_INDEX_ALLOC ? slot : 0);
  return sqe.file_index === FILE_INDEX_ALLOC ? slot : 0;
};

const BUFFERS = ["buf_index", "file_index"] as const;
/** These operations, by number. */
export const ownOperations: Readonly<Record<number, UringOperation>> = {
  [OP.POLL_ADD]: { work: pollAdd, file: true, zero: ["off", "addr", "buf_index"] },
  [OP.POLL_REMOVE]: { work: pollRemove, zero: [...BUFFERS] },
  [OP.TIMEOUT]: { work: timeout, zero: ["addr3", "pad2", ...BUFFERS] },
  [OP.TIMEOUT_REMOVE]: { work: timeoutRemove, zero: [...BUFFERS], noFixed: true },
  [OP.LINK_TIMEOUT]: { work: linkTimeout, zero: ["addr3", "pad2", ...BUFFERS] },
  [OP.ASYNC_CANCEL]: { work: cancel, zero: ["off", "file_index"] },
  [OP.CLOSE]: { work: close, zero: ["off", "addr", "len", "rw_flags", "buf_index"], noFixed: true },
  [OP.FILES_UPDATE]: { work: filesUpdate, zero: ["rw_flags", "file_index"], noFixed: true },
  [OP.FIXED_FD_INSTALL]: { work: installFixed, file: true, zero: ["off", "addr", "len", "buf_index", "file_index", "addr3"] },
  [OP.PROVIDE_BUFFERS]: { work: provideBuffers, zero: ["rw_flags", "file_index"] },
  [OP.REMOVE_BUFFERS]: { work: removeBuffers, zero: ["rw_flags", "addr", "len", "off", "file_index"] },
  [OP.MSG_RING]: { work: message, file: true, zero: ["buf_index"] },
};

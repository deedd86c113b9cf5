// io_uring_register(2): files, buffers, events, credentials and limits of a ring. man 2 io_uring_register;
// Linux io_uring/register.c, rsrc.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { OP_LAST, REGISTER, REGISTER_USE_REGISTERED_RING } from "../../../abi/uapi/io-uring.ts";
import { wait } from "../../base/wait.ts";
import { finish } from "../../calls/file/transfer.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { EventFile } from "../../fs/files/eventfd.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { fdLimit } from "../../fs/vfs/install.ts";
import { FixedFiles, MOST_FIXED_FILES } from "./fixed-files.ts";
import { cancelRequests, updateFiles } from "./native-operations.ts";
import { ringsOf, ringsPart } from "./part.ts";
import { bufferRing, bufferStatus, cloneBuffers, registerBuffers, unregisterBufferRing, updateBuffers } from "./register-buffers.ts";
import { type RegisterCall, type RegisterHandler, resourceOf, type SlotSource, tagAt } from "./registration.ts";
import { UringFile } from "./ring.ts";
import { operations } from "./submit.ts";

/** Registered descriptors of rings, at most. Linux IO_RINGFD_REG_MAX. */
const MOST_RING_FDS = 16;
/** The file of a registered ring descriptor. */
export const registered = (t: Task, index: number): FileDescription | undefined => ringsPart.of(t)?.fds?.[index];

/** True for a number that a registered descriptor may have. */
export const isRingIndex = (t: Task, index: number): boolean => ringsPart.of(t)?.fds !== undefined && index >= 0 && index < MOST_RING_FDS;

/** The descriptor of an empty slot. */
const EMPTY = 0xffff_ffff;
const fields = (c: RegisterCall, ...offsets: readonly number[]): number[] | undefined => {
  const words = offsets.map((at) => c.t.mem.u32(c.arg + at));
  return words.some((w) => w < 0) ? undefined : words;
};

const registerFiles = (c: RegisterCall, source: SlotSource, count: number): number => {
  const { ring, t } = c;
  if (ring.files) return -E.EBUSY;
  if (count === 0) return -E.EINVAL;
  if (count > MOST_FIXED_FILES || count > fdLimit(t)) return -E.EMFILE;
  const files = new FixedFiles(t.kernel.frames.account, count);
  ring.files = files;
  for (let i = 0; i < count; i++) {
    const tag = tagAt(c, source, i);
    const fd = source.at === undefined ? EMPTY : t.mem.u32(source.at + 4 * i);
    const isEmpty = (fd | 0) === -1;
    const file = isEmpty ? undefined : t.files.get(fd | 0);
    const bad = tag === undefined || fd < 0 ? -E.EFAULT : isEmpty && tag !== 0n ? -E.EINVAL : 0;
    if (bad === 0 && (isEmpty || (file && !(file instanceof UringFile)))) {
      files.set(i, file, resourceOf(ring, tag));
      continue;
    }
    ring.files = undefined;
    files.forgetTags();
    files.end();
    return bad < 0 ? bad : -E.EBADF;
  }
  return 0;
};
const unregisterFiles: RegisterHandler = ({ ring, arg, count }) => {
  if (arg !== 0 || count !== 0) return -E.EINVAL;
  if (!ring.files) return -E.ENXIO;
  ring.files.end();
  ring.files = undefined;
  return 0;
};
/** struct io_uring_rsrc_update: offset, resv, data. */
const updateFilesOld: RegisterHandler = (c) => {
  const words = fields(c, 0, 4);
  const data = c.t.mem.u64(c.arg + 8);
  if (!words || data < 0) return -E.EFAULT;
  return words[1] !== 0 || c.count === 0 ? -E.EINVAL : updateFiles(c.ring, c.t, { at: data, tags: 0 }, c.count, words[0] as number);
};

/** struct io_uring_rsrc_register: nr, flags, resv2, data, tags. */
const REGISTER_SIZE = 32;
const extended =
  (call: (c: RegisterCall, source: SlotSource, count: number) => number): RegisterHandler =>
  (c) => {
    const words = fields(c, 0, 4, 8, 12);
    const [data, tags] = [c.t.mem.u64(c.arg + 16), c.t.mem.u64(c.arg + 24)];
    if (!words || data < 0 || tags < 0) return -E.EFAULT;
    const [count, how, low, high] = words as [number, number, number, number];
    if (c.count !== REGISTER_SIZE || low !== 0 || high !== 0 || how & ~1) return -E.EINVAL;
    if (how & 1 && data !== 0) return -E.EINVAL;
    return call(c, { at: (how & 1) !== 0 ? undefined : data, tags }, count);
  };
/** struct io_uring_rsrc_update2: offset, resv, data, tags, nr, resv2. */
const UPDATE_SIZE = 32;
const updating =
  (call: (c: RegisterCall, source: SlotSource, count: number, from: number) => number): RegisterHandler =>
  (c) => {
    const words = fields(c, 0, 4, 24, 28);
    const [data, tags] = [c.t.mem.u64(c.arg + 8), c.t.mem.u64(c.arg + 16)];
    if (!words || data < 0 || tags < 0) return -E.EFAULT;
    const [from, zero, count, zero2] = words as [number, number, number, number];
    return c.count !== UPDATE_SIZE || zero !== 0 || zero2 !== 0 || count === 0 ? -E.EINVAL : call(c, { at: data, tags }, count, from);
  };
const eventfd =
  (async: boolean): RegisterHandler =>
  ({ t, ring, arg, count }) => {
    if (count !== 1) return -E.EINVAL;
    if (ring.eventfd) return -E.EBUSY;
    const fd = t.mem.u32(arg);
    if (fd < 0) return -E.EFAULT;
    const file = t.files.get(fd | 0);
    if (!file) return -E.EBADF;
    if (!(file instanceof EventFile)) return -E.EINVAL;
    ring.eventfd = { file: file.hold(), async };
    return 0;
  };

/** struct io_uring_probe: last_op, ops_len, then an entry of 8 bytes for each operation. */
const probe: RegisterHandler = ({ t, arg, count }) => {
  if (arg === 0 || count > 256) return -E.EINVAL;
  const known = Math.min(count, OP_LAST);
  const bytes = new Uint8Array(16 + 8 * count);
  const before = t.mem.read(arg, bytes.length);
  if (!before) return -E.EFAULT;
  if (before.some((b) => b !== 0)) return -E.EINVAL;
  bytes[0] = OP_LAST - 1;
  bytes[1] = known;
  for (let op = 0; op < known; op++) {
    bytes[16 + 8 * op] = op;
    bytes[16 + 8 * op + 2] = operations[op] ? 1 : 0;
  }
  return t.mem.write(arg, bytes) ? 0 : -E.EFAULT;
};

/** struct io_uring_restriction has 16 bytes: opcode, value. */
const restrict: RegisterHandler = ({ t, ring, arg, count }) => {
  if (!ring.disabled) return -E.EBADFD;
  if (ring.restrictions) return -E.EBUSY;
  if (arg === 0 || count > 64) return -E.EINVAL;
  const registers = new Set<number>();
  const allowedOps = new Set<number>();
  let [allowed, required] = [0, 0];
  for (let i = 0; i < count; i++) {
    const [kind, value] = [t.mem.u16(arg + 16 * i), t.mem.u8(arg + 16 * i + 2)];
    if (kind < 0 || value < 0) return -E.EFAULT;
    if (kind === 0) registers.add(value);
    else if (kind === 1) allowedOps.add(value);
    else if (kind === 2) allowed = value;
    else if (kind === 3) required = value;
    else return -E.EINVAL;
    if ((kind === 0 && !isKnown(value)) || (kind === 1 && value >= OP_LAST)) return -E.EINVAL;
  }
  ring.restrictions = { registers, operations: allowedOps, allowed, required };
  return 0;
};
const isKnown = (op: number): boolean => Object.values(REGISTER).some((known) => known === op);

/** struct io_uring_rsrc_update of descriptors: each becomes a number for IORING_ENTER_REGISTERED_RING. */
const ringFds: RegisterHandler = ({ t, arg, count }) => {
  if (count === 0 || count > MOST_RING_FDS) return -E.EINVAL;
  const rings = ringsOf(t);
  rings.fds ??= new Array(MOST_RING_FDS).fill(undefined);
  const { fds } = rings;
  for (let i = 0; i < count; i++) {
    const at = arg + 16 * i;
    const [offset, zero, fd] = [t.mem.u32(at), t.mem.u32(at + 4), t.mem.u32(at + 8)];
    if (offset < 0 || zero < 0 || fd < 0) return i > 0 ? i : -E.EFAULT;
    const free: number = fds.indexOf(undefined);
    const slot: number = offset === 0xffff_ffff ? free : offset;
    if (zero !== 0 || slot >= MOST_RING_FDS) return i > 0 ? i : -E.EINVAL;
    if (slot < 0 || fds[slot]) return i > 0 ? i : -E.EBUSY;
    const file = t.files.get(fd | 0);
    if (!file) return i > 0 ? i : -E.EBADF;
    if (!(file instanceof UringFile)) return i > 0 ? i : -E.EOPNOTSUPP;
    if (!t.mem.setU32(at, slot)) return i > 0 ? i : -E.EFAULT;
    fds[slot] = file.hold();
  }
  return count;
};
const unregisterRingFds: RegisterHandler = ({ t, arg, count }) => {
  if (count === 0 || count > MOST_RING_FDS) return -E.EINVAL;
  for (let i = 0; i < count; i++) {
    const offset = t.mem.u32(arg + 16 * i);
    if (offset < 0) return i > 0 ? i : -E.EFAULT;
    if (offset >= MOST_RING_FDS) return i > 0 ? i : -E.EINVAL;
    const fds = ringsPart.of(t)?.fds;
    fds?.[offset]?.drop();
    if (fds) fds[offset] = undefined;
  }
  return count;
};

/** Limits for the numbers of worker threads, which do not exist: set if not 0, and returned as they were. */
const workers: RegisterHandler = ({ t, ring, arg, count }) => {
  if (arg === 0 || count !== 2) return -E.EINVAL;
  const [bounded, unbounded] = [t.mem.u32(arg), t.mem.u32(arg + 4)];
  if (bounded < 0 || unbounded < 0) return -E.EFAULT;
  if (bounded > 0x7fff_ffff || unbounded > 0x7fff_ffff) return -E.EINVAL;
  const [b, u] = ring.workers;
  ring.workers = [bounded || b, unbounded || u];
  return t.mem.setU32(arg, b) && t.mem.setU32(arg + 4, u) ? 0 : -E.EFAULT;
};

const CLOCKS: Readonly<Record<number, UringFile["clock"]>> = { 1: "monotonic", 7: "boottime" };
/** struct io_uring_clock_register: clockid, resv. */
const clock: RegisterHandler = (c) => {
  if (c.arg === 0 || c.count !== 0) return -E.EINVAL;
  const words = fields(c, 0, 4, 8, 12);
  if (!words) return -E.EFAULT;
  const chosen = CLOCKS[words[0] as number];
  if (!chosen || words.slice(1).some((w) => w !== 0)) return -E.EINVAL;
  c.ring.clock = chosen;
  return 0;
};

const simple: Readonly<Record<number, RegisterHandler>> = {
  [REGISTER.BUFFERS]: (c) => registerBuffers(c, { at: c.arg, tags: 0 }, c.count),
  [REGISTER.BUFFERS2]: extended(registerBuffers),
  [REGISTER.BUFFERS_UPDATE]: updating(updateBuffers),
  [REGISTER.UNREGISTER_BUFFERS]: ({ ring, arg, count }) => {
    if (arg !== 0 || count !== 0) return -E.EINVAL;
    if (!ring.buffers) return -E.ENXIO;
    ring.endBuffers();
    return 0;
  },
  [REGISTER.CLONE_BUFFERS]: cloneBuffers,
  [REGISTER.FILES]: (c) => registerFiles(c, { at: c.arg, tags: 0 }, c.count),
  [REGISTER.FILES2]: extended(registerFiles),
  [REGISTER.FILES_UPDATE]: updateFilesOld,
  [REGISTER.FILES_UPDATE2]: updating((c, source, count, from) =>
    updateFiles(c.ring, c.t, { at: source.at as number, tags: source.tags }, count, from),
  ),
  [REGISTER.UNREGISTER_FILES]: unregisterFiles,
  [REGISTER.FILE_ALLOC_RANGE]: (c) => {
    const words = fields(c, 0, 4, 8, 12);
    if (c.count !== 0) return -E.EINVAL;
    if (!words) return -E.EFAULT;
    if ((words[0] as number) + (words[1] as number) > 0xffff_ffff) return -E.EOVERFLOW;
    return words[2] !== 0 || words[3] !== 0 ? -E.EINVAL : (c.ring.files?.limit(words[0] as number, words[1] as number) ?? -E.ENXIO);
  },
  [REGISTER.EVENTFD]: eventfd(false),
  [REGISTER.EVENTFD_ASYNC]: eventfd(true),
  [REGISTER.UNREGISTER_EVENTFD]: ({ ring, arg, count }) => {
    if (arg !== 0 || count !== 0) return -E.EINVAL;
    if (!ring.eventfd) return -E.ENXIO;
    ring.eventfd.file.drop();
    ring.eventfd = undefined;
    return 0;
  },
  [REGISTER.PROBE]: probe,
  [REGISTER.PERSONALITY]: ({ t, ring, arg, count }) => {
    if (arg !== 0 || count !== 0) return -E.EINVAL;
    return ring.addPersonality(t.cred);
  },
  [REGISTER.UNREGISTER_PERSONALITY]: ({ ring, arg, count }) => (arg !== 0 ? -E.EINVAL : ring.removePersonality(count) ? 0 : -E.EINVAL),
  [REGISTER.RESTRICTIONS]: restrict,
  [REGISTER.ENABLE_RINGS]: ({ t, ring, arg, count }) => {
    if (arg !== 0 || count !== 0) return -E.EINVAL;
    if (!ring.disabled) return -E.EBADFD;
    ring.disabled = false;
    ring.submitter = t;
    ring.poller?.wake();
    return 0;
  },
  [REGISTER.IOWQ_AFF]: () => 0,
  [REGISTER.UNREGISTER_IOWQ_AFF]: () => 0,
  [REGISTER.IOWQ_MAX_WORKERS]: workers,
  [REGISTER.RING_FDS]: ringFds,
  [REGISTER.UNREGISTER_RING_FDS]: unregisterRingFds,
  [REGISTER.CLOCK]: clock,
  [REGISTER.PBUF_RING]: bufferRing,
  [REGISTER.UNREGISTER_PBUF_RING]: unregisterBufferRing,
  [REGISTER.PBUF_STATUS]: bufferStatus,
};

/** IORING_REGISTER_SYNC_CANCEL: struct io_uring_sync_cancel_reg: addr, fd, flags, timeout, opcode. */
const syncCancel = (c: RegisterCall): Result => {
  const { t, ring, arg, count } = c;
  const [low, high, fd, how, opcode] = [t.mem.u32(arg), t.mem.u32(arg + 4), t.mem.u32(arg + 8), t.mem.u32(arg + 12), t.mem.u8(arg + 32)];
  if (arg === 0 || count !== 1) return finish(t, -E.EINVAL);
  if (low < 0 || high < 0 || fd < 0 || how < 0 || opcode < 0) return finish(t, -E.EFAULT);
  const result = cancelRequests(ring, { flags: how, user: (BigInt(high) << 32n) | BigInt(low), fd: fd | 0, opcode });
  if (result !== -E.EALREADY) return finish(t, result);
  return wait([ring.completions]);
};

/** io_uring_register(2). */
export const register = (t: Task, fd: number, op: number, arg: VAddr, count: number): Result => {
  const useRegistered = (op & REGISTER_USE_REGISTERED_RING) !== 0;
  const opcode = (op & ~REGISTER_USE_REGISTERED_RING) >>> 0;
  if (!isKnown(opcode)) return -E.EINVAL;
  const file = (t.waited.held as FileDescription | undefined) ?? (useRegistered ? registered(t, fd) : t.files.get(fd));
  if (!file) return useRegistered && !isRingIndex(t, fd) ? -E.EINVAL : -E.EBADF;
  if (!(file instanceof UringFile)) return -E.EOPNOTSUPP;
  if (file.isClosedTo(t)) return -E.EEXIST;
  const { restrictions } = file;
  if (restrictions && !file.disabled && !restrictions.registers.has(opcode)) return -E.EACCES;
  const c: RegisterCall = { t, ring: file, arg, count, abi: file.abi };
  if (opcode === REGISTER.SYNC_CANCEL) {
    t.waited.held ??= file.hold();
    return syncCancel(c);
  }
  return simple[opcode]?.(c) ?? -E.EINVAL;
};

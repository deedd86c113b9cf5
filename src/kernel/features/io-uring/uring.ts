// io_uring_setup and io_uring_enter. man 2 io_uring_setup, io_uring_enter; Linux io_uring/io_uring.c.
import { type Abi, i386, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { ENTER, FEATURES, params as paramsStruct, REGISTER, SETUP } from "../../../abi/uapi/io-uring.ts";
import { again, wait } from "../../base/wait.ts";
import { finish } from "../../calls/file/transfer.ts";
import { restoreMask, withSignalMask } from "../../calls/poll/timeout.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { install } from "../../fs/vfs/install.ts";
import { fd, ptr, size, uint } from "../../syscall/arg.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { readNanoseconds, time64 } from "../../syscall/timespec.ts";
import { Poller } from "./poller.ts";
import { isRingIndex, register, registered } from "./register.ts";
import { arrayPlace, PLACE, type RingShape, UringFile } from "./ring.ts";
import { submitSome } from "./submit.ts";

const MOST_ENTRIES = 32768;
const ALL_SETUP = Object.values(SETUP).reduce((a, b) => a | b, 0);
/** Set-up flags without an implementation. */
const UNSUPPORTED = SETUP.NO_MMAP | SETUP.REGISTERED_FD_ONLY;
const DEFAULT_IDLE_MS = 1000;

const power = (n: number): number => 2 ** Math.ceil(Math.log2(n));
/** The numbers of entries, or -errno. Linux io_uring_fill_params(). */
const shapeOf = (entries: number, cq: number, how: number): Or<RingShape> => {
  const has = (bit: number): boolean => (how & bit) !== 0;
  if (how & ~ALL_SETUP || has(UNSUPPORTED)) return -E.EINVAL;
  if (entries === 0) return -E.EINVAL;
  if (entries > MOST_ENTRIES && !has(SETUP.CLAMP)) return -E.EINVAL;
  if (has(SETUP.SQPOLL) && has(SETUP.COOP_TASKRUN | SETUP.TASKRUN_FLAG | SETUP.DEFER_TASKRUN)) return -E.EINVAL;
  if (has(SETUP.SQ_AFF) && !has(SETUP.SQPOLL)) return -E.EINVAL;
  if (has(SETUP.TASKRUN_FLAG) && !has(SETUP.COOP_TASKRUN | SETUP.DEFER_TASKRUN)) return -E.EINVAL;
  if (has(SETUP.DEFER_TASKRUN) && !has(SETUP.SINGLE_ISSUER)) return -E.EINVAL;
  const sq = power(Math.min(entries, MOST_ENTRIES));
  if (!has(SETUP.CQSIZE)) return { sq, cq: 2 * sq, flags: how };
  if (cq === 0 || (cq > 2 * MOST_ENTRIES && !has(SETUP.CLAMP))) return -E.EINVAL;
  const completions = power(Math.min(cq, 2 * MOST_ENTRIES));
  return completions < sq ? -E.EINVAL : { sq, cq: completions, flags: how };
};

const setup = (t: Task, entries: number, at: VAddr, abi: Abi): number => {
  const bytes = t.mem.read(at, paramsStruct.size(x64));
  if (!bytes) return -E.EFAULT;
  const p = paramsStruct.decode(bytes, x64);
  if (p.resv0 !== 0 || p.resv1 !== 0 || p.resv2 !== 0) return -E.EINVAL;
  const shape = shapeOf(entries, p.cq_entries, p.flags);
  if (typeof shape === "number") return shape;
  if ((p.flags & SETUP.ATTACH_WQ) !== 0) {
    const other = t.files.get(p.wq_fd | 0);
    if (!other) return -E.ENXIO;
    if (!(other instanceof UringFile)) return -E.EINVAL;
  }
  if ((p.flags & SETUP.SQ_AFF) !== 0 && p.sq_thread_cpu >= t.kernel.cpus) return -E.EINVAL;
  const ring = new UringFile(t, t.kernel.vfs.anonymous(t, "[io_uring]"), shape, abi.long === 4 ? i386 : x64);
  if (!ring.begin()) return -E.ENOMEM;
  const answer = {
    ...p,
    sq_entries: shape.sq,
    cq_entries: shape.cq,
    features: FEATURES,
    sq_head: PLACE.sqHead,
    sq_tail: PLACE.sqTail,
    sq_ring_mask: PLACE.sqMask,
    sq_ring_entries: PLACE.sqEntries,
    sq_flags: PLACE.sqFlags,
    sq_dropped: PLACE.sqDropped,
    sq_array: (shape.flags & SETUP.NO_SQARRAY) === 0 ? arrayPlace(shape) : 0,
    sq_resv1: 0,
    sq_user_addr: 0n,
    cq_head: PLACE.cqHead,
    cq_tail: PLACE.cqTail,
    cq_ring_mask: PLACE.cqMask,
    cq_ring_entries: PLACE.cqEntries,
    cq_overflow: PLACE.cqOverflow,
    cq_cqes: PLACE.cqes,
    cq_flags: PLACE.cqFlags,
    cq_resv1: 0,
    cq_user_addr: 0n,
  };
  if (!t.mem.write(at, paramsStruct.encode(answer, x64))) {
    ring.hold().drop();
    return -E.EFAULT;
  }
  if ((shape.flags & SETUP.SQPOLL) !== 0) ring.poller = new Poller(ring, p.sq_thread_idle || DEFAULT_IDLE_MS);
  return install(t, ring, true);
};

interface Arguments {
  readonly fd: number;
  readonly to_submit: number;
  readonly min_complete: number;
  readonly flags: number;
  readonly argp: VAddr;
  readonly argsz: number;
}
/** An io_uring_enter(2) that continues. */
interface Entered {
  submitted: number;
  isSubmitted: boolean;
  until: number | undefined;
}
const ALL_ENTER = Object.values(ENTER).reduce((a, b) => a | b, 0);
/** sizeof(struct io_uring_getevents_arg). */
const EXT_ARG_SIZE = 24;

const enter = (t: Task, a: Arguments, abi: Abi): Result => {
  if (a.flags & ~ALL_ENTER) return -E.EINVAL;
  const file =
    (t.waited.held as FileDescription | undefined) ?? ((a.flags & ENTER.REGISTERED_RING) !== 0 ? registered(t, a.fd) : t.files.get(a.fd));
  if (!file) return (a.flags & ENTER.REGISTERED_RING) !== 0 && !isRingIndex(t, a.fd) ? -E.EINVAL : -E.EBADF;
  if (!(file instanceof UringFile)) return -E.EOPNOTSUPP;
  if (file.disabled) return -E.EBADFD;
  const entered = (t.waited.data as Entered | undefined) ?? { submitted: 0, isSubmitted: false, until: undefined };
  t.waited.held ??= file.hold();
  t.waited.data = entered;
  if (!entered.isSubmitted) {
    const piece = submitting(t, file, a, entered);
    if (piece !== undefined) return piece;
  }
  if ((a.flags & ENTER.GETEVENTS) === 0) return finish(t, entered.submitted);
  const result = getEvents(t, file, a, entered, abi);
  if (typeof result !== "number") return result;
  return finish(t, entered.submitted > 0 ? entered.submitted : result);
};
/** Submits a piece. Undefined: all is submitted. */
const submitting = (t: Task, ring: UringFile, a: Arguments, entered: Entered): Result | undefined => {
  if (ring.poller) {
    if ((a.flags & ENTER.SQ_WAKEUP) !== 0) ring.poller.wake();
    if ((a.flags & ENTER.SQ_WAIT) !== 0 && ring.submissions === ring.shape.sq) return wait([ring.consumed]);
    entered.submitted = a.to_submit;
  } else if (a.to_submit > 0) {
    if (ring.isClosedTo(t)) return finish(t, -E.EEXIST);
    const { done, over } = submitSome(t, ring, a.to_submit - entered.submitted);
    entered.submitted += done;
    if (!over) return again({ killable: true });
    if (entered.submitted !== a.to_submit) return finish(t, entered.submitted);
  }
  entered.isSubmitted = true;
  return undefined;
};

/** Waits for completions: 0 or -errno. Linux io_cqring_wait(). */
const getEvents = (t: Task, ring: UringFile, a: Arguments, entered: Entered, abi: Abi): Result => {
  // Linux io_allowed_run_tw().
  if ((ring.shape.flags & SETUP.DEFER_TASKRUN) !== 0 && ring.isClosedTo(t)) return -E.EEXIST;
  const masked = entered.until === undefined ? readWait(t, ring, a, entered, abi) : 0;
  if (masked < 0) return masked;
  ring.flushOverflow();
  const wanted = Math.min(a.min_complete, ring.shape.cq);
  if (ring.waiting >= wanted) return restoreMask(t, 0);
  if (t.waited.expired || (entered.until as number) <= t.kernel.now) return restoreMask(t, -E.ETIME);
  const until = Number.isFinite(entered.until) ? entered.until : undefined;
  return wait([ring.completions], { until, interrupted: entered.submitted > 0 ? -entered.submitted : E.EINTR });
};
/** The signal mask and the time of the wait: 0 or -errno. */
const readWait = (t: Task, ring: UringFile, a: Arguments, entered: Entered, abi: Abi): number => {
  entered.until = Number.POSITIVE_INFINITY;
  if ((a.flags & ENTER.EXT_ARG) === 0) return withSignalMask(t, a.argp, a.argsz);
  if (a.argsz !== EXT_ARG_SIZE) return -E.EINVAL;
  const [mask, length, time] = [t.mem.u64(a.argp), t.mem.u32(a.argp + 8), t.mem.u64(a.argp + 16)];
  if (mask < 0 || length < 0 || time < 0) return -E.EFAULT;
  if (time !== 0) {
    const ns = readNanoseconds(t, time, time64, abi);
    if (ns < 0) return ns;
    entered.until = (a.flags & ENTER.ABS_TIMER) !== 0 ? Math.max(0, ns - ring.clockStart(t)) : t.kernel.now + ns;
  }
  return withSignalMask(t, mask as VAddr, length);
};

const prefixed = (prefix: string, table: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(table).map(([name, bit]) => [prefix + name, bit]));
const enterFlags = flags("unsigned int", prefixed("IORING_ENTER_", ENTER), "IORING_ENTER_???");
const registerOp = choice("unsigned int", prefixed("IORING_REGISTER_", REGISTER), "IORING_REGISTER_???");
const NOTE = "no IORING_SETUP_NO_MMAP; URING_CMD for sockets alone; a registered buffer is the mapping, not its pages";
/** Calls of io_uring. man 7 io_uring. */
export const uringCalls: readonly Syscall[] = [
  syscall("io_uring_setup", { entries: uint, params: ptr }, (t, a, abi) => setup(t, a.entries, a.params, abi), { note: NOTE }),
  syscall(
    "io_uring_enter",
    { fd, to_submit: uint, min_complete: uint, flags: enterFlags, argp: ptr, argsz: size },
    (t, a, abi) => enter(t, a, abi),
    { isOneStep: true },
  ),
  syscall(
    "io_uring_register",
    { fd: uint, opcode: registerOp, arg: ptr, nr_args: uint },
    (t, a) => register(t, a.fd, a.opcode, a.arg, a.nr_args),
    { isOneStep: true },
  ),
];

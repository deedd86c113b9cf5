// Asynchronous I/O: io_setup, io_destroy, io_submit, io_cancel, io_getevents, io_pgetevents. man 2 io_setup;
// Linux fs/aio.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { IO_EVENT_SIZE, IOCB_KEY } from "../../../abi/uapi/aio.ts";
import { wait } from "../../base/wait.ts";
import { restoreMask, withSignalMask } from "../../calls/poll/timeout.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { long, ptr, uint } from "../../syscall/arg.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { aioContext, iocbs, ioEvents, oneIocb, setUpContext } from "./args.ts";
import { type AioContext, contextsOf } from "./context.ts";
import { submit } from "./submit.ts";

const setup = (t: Task, nr: number, at: VAddr, abi: Abi): number => {
  if (t.mem.u8(at) < 0 || t.mem.u8(at + abi.long - 1) < 0) return -E.EFAULT;
  if (t.mem.word(at, abi.long) !== 0 || nr === 0) return -E.EINVAL;
  const contexts = contextsOf(t);
  const context = contexts.make(t, nr, abi.long === 4);
  if (typeof context === "number") return context;
  if (t.mem.setLong(at, context.at, abi.long)) return 0;
  contexts.remove(t, context);
  return -E.EFAULT;
};
const destroy = (t: Task, id: number): number => {
  const context = contextsOf(t).find(t.mem, id);
  if (!context) return -E.EINVAL;
  contextsOf(t).remove(t, context);
  return 0;
};
/** The event goes to the ring in any case: `result` is not used. */
const cancel = (t: Task, id: number, at: VAddr): number => {
  const key = t.mem.u32(at + IOCB_KEY);
  if (key !== 0) return key < 0 ? -E.EFAULT : -E.EINVAL;
  const context = contextsOf(t).find(t.mem, id);
  for (const request of context?.waiting ?? []) {
    if (request.obj !== BigInt(at)) continue;
    request.cancel();
    return -E.EINPROGRESS;
  }
  return -E.EINVAL;
};

interface Get {
  readonly ctx_id: number;
  readonly min_nr: number;
  readonly nr: number;
  readonly events: VAddr;
  readonly timeout: VAddr;
}
/** A call that waits. */
interface Getting {
  readonly context: AioContext;
  /** The end of the wait in monotonic nanoseconds. */
  readonly until: number;
  got: number;
}
/** `interrupted`: the result of a signal if no event has come. */
const getEvents = (t: Task, a: Get, form: TimeForm, abi: Abi, interrupted: number): Result => {
  const state = (t.waited.data as Getting | undefined) ?? start(t, a, form, abi);
  if (typeof state === "number") return state;
  const { context, until } = state;
  const n = context.read(t, (a.events + state.got * IO_EVENT_SIZE) as VAddr, a.nr - state.got);
  if (n > 0) state.got += n;
  const error = context.ended ? -E.EINVAL : Math.min(n, 0);
  if (error < 0) return state.got > 0 ? state.got : error;
  if (state.got >= a.min_nr || t.kernel.now >= until) return state.got;
  t.waited.data = state;
  return wait([context.completions], {
    until: Number.isFinite(until) ? until : undefined,
    interrupted: state.got > 0 ? -state.got : interrupted,
  });
};
const start = (t: Task, a: Get, form: TimeForm, abi: Abi): Getting | number => {
  const time = a.timeout === 0 ? undefined : form.read(t, a.timeout, abi);
  if (a.timeout !== 0 && !time) return -E.EFAULT;
  const until = time ? t.kernel.now + time.sec * 1e9 + time.nsec : Number.POSITIVE_INFINITY;
  const context = contextsOf(t).find(t.mem, a.ctx_id);
  if (!context || a.min_nr > a.nr || a.min_nr < 0) return -E.EINVAL;
  return { context, until, got: 0 };
};

interface MaskedGet extends Get {
  readonly usig: VAddr;
}
/** usig points to { sigmask, sigsetsize }. */
const getMasked = (t: Task, a: MaskedGet, form: TimeForm, abi: Abi): Result => {
  if (t.waited.data === undefined) {
    if (a.timeout !== 0 && !form.read(t, a.timeout, abi)) return -E.EFAULT;
    const { long: width } = abi;
    if (a.usig !== 0 && !t.mem.read(a.usig, 2 * width)) return -E.EFAULT;
    const bad = a.usig === 0 ? 0 : withSignalMask(t, t.mem.word(a.usig, width) as VAddr, t.mem.word(a.usig + width, width));
    if (bad < 0) return bad;
  }
  return restoreMask(t, getEvents(t, a, form, abi, restart.ERESTARTNOHAND));
};

const ctx_id = aioContext;
const events = { ctx_id, min_nr: long, nr: long, events: ioEvents } as const;
const usig = { ...ptr, c: "const struct __aio_sigset *" };
/** Calls of asynchronous I/O. man 7 aio, man 2 io_submit. */
export const aioCalls: readonly Syscall[] = [
  syscall("io_setup", { nr_events: uint, ctx_idp: setUpContext }, (t, a, abi) => setup(t, a.nr_events, a.ctx_idp, abi)),
  syscall("io_destroy", { ctx_id }, (t, a) => destroy(t, a.ctx_id)),
  syscall("io_submit", { ctx_id, nr: long, iocbpp: iocbs }, (t, a, abi) => submit(t, a.ctx_id, a.nr, a.iocbpp, abi), {
    note: "fsync is done within the call; a poll waits on all queues of its file",
  }),
  syscall("io_cancel", { ctx_id, iocb: oneIocb, result: ptr }, (t, a) => cancel(t, a.ctx_id, a.iocb)),
  syscall("io_getevents", { ...events, timeout: given("timespec") }, (t, a, abi) => getEvents(t, a, native, abi, E.EINTR)),
  syscall("io_pgetevents", { ...events, timeout: given("timespec"), usig }, (t, a, abi) => getMasked(t, a, native, abi)),
  syscall("io_pgetevents_time64", { ...events, timeout: given("timespec64"), usig }, (t, a, abi) => getMasked(t, a, time64, abi)),
];

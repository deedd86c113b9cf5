// Waiting for several files: poll and ppoll. man 2 poll; Linux fs/select.c do_sys_poll().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "../../fs/vfs/file.ts";
import { int, ptr, size, uint } from "../../syscall/arg.ts";
import { flagText } from "../../syscall/arg-flags.ts";
import { sigset } from "../../syscall/arg-signal.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type ArgType, type ShowContext, type Syscall, type SyscallOptions, syscall } from "../../syscall/declaration.ts";
import { native, type TimeForm, time64 } from "../../syscall/timespec.ts";
import {
  afterMilliseconds,
  afterTimespec,
  deadlineOf,
  expired,
  restoreMask,
  sleepOn,
  type Timeout,
  withSignalMask,
  writeRemaining,
} from "./timeout.ts";

/** struct pollfd { int fd; short events; short revents; } */
const SIZE = 8;

/** The events of a descriptor. Negative descriptors are ignored; a bad one is POLLNVAL. */
const revents = (t: Task, fd: number, events: number): number => {
  if (fd < 0) return 0;
  const file = t.files.get(fd);
  return file ? file.poll(t) & (events | POLLERR | POLLHUP) : POLLNVAL;
};

/** The queues to wait on, each once. */
const queuesOf = (t: Task, list: DataView): WaitQueue[] => {
  const queues = new Set<WaitQueue>();
  for (let at = 0; at < list.byteLength; at += SIZE) {
    const fd = list.getInt32(at, true);
    const file = fd < 0 ? undefined : t.files.get(fd);
    for (const queue of file?.queues(list.getUint16(at + 4, true)) ?? []) queues.add(queue);
  }
  return [...queues];
};

/** Polls the array at `at`. Returns the number of descriptors with events, -errno or a wait. */
export const poll = (t: Task, at: VAddr, count: number, until: Timeout, interrupted: number): Result => {
  if (count > t.process.limit(RLIMIT.NOFILE)) return -E.EINVAL;
  const bytes = t.mem.read(at, count * SIZE);
  if (!bytes) return -E.EFAULT;
  t.kernel.charge(count * cost.entry);
  const list = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let ready = 0;
  for (let i = 0; i < bytes.length; i += SIZE) {
    const found = revents(t, list.getInt32(i, true), list.getUint16(i + 4, true));
    list.setUint16(i + 6, found, true);
    if (found !== 0) ready++;
  }
  if (ready === 0 && !expired(t, until)) return sleepOn(t, queuesOf(t, list), until, interrupted);
  return t.mem.write(at, bytes) ? ready : -E.EFAULT;
};

const names = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP };
const pollText = (ctx: ShowContext, at: VAddr): string => {
  const count = Math.min(ctx.all["nfds"] as number, 1024);
  const bytes = ctx.task.mem.read(at, count * SIZE);
  if (!bytes) return ptr.show(at, ctx);
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  return `[${Array.from(
    { length: count },
    (_, i) => `{fd=${ctx.style.fd(ctx.task, v.getInt32(i * SIZE, true))}, events=${flagText(v.getUint16(i * SIZE + 4, true), names)}}`,
  ).join(", ")}]`;
};
const fds: ArgType<VAddr> = { ...ptr, c: "struct pollfd *", show: (v, ctx) => (v === 0 ? "NULL" : pollText(ctx, v)) };

/** Above the largest RLIMIT_NOFILE. */
const MOST_SHOWN = 2 ** 20;
/** `[{fd=0, revents=POLLIN}]`: the descriptors with events. */
const found: SyscallOptions["remark"] = (ctx) => {
  if (ctx.ret === 0) return "Timeout";
  const { fds: at, nfds } = ctx.all as { fds: number; nfds: number };
  // A filter may have set the result; then the count is unchecked.
  const bytes = nfds > MOST_SHOWN ? undefined : ctx.task.mem.read(at, nfds * SIZE);
  if (!bytes) return "";
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const events = Array.from({ length: nfds }, (_, i) => ({ fd: v.getInt32(i * SIZE, true), revents: v.getUint16(i * SIZE + 6, true) }));
  return `[${events.flatMap((e) => (e.revents === 0 ? [] : [`{fd=${ctx.style.fd(ctx.task, e.fd)}, revents=${flagText(e.revents, names)}}`])).join(", ")}]`;
};

const ppoll =
  (form: TimeForm) =>
  (t: Task, a: { fds: VAddr; nfds: number; tmo_p: VAddr; sigmask: VAddr; sigsetsize: number }, abi: Abi): Result => {
    const until = deadlineOf(t, () => afterTimespec(t, a.tmo_p, form, abi));
    if (until < 0) return until;
    const bad = withSignalMask(t, a.sigmask, a.sigsetsize);
    if (bad < 0) return bad;
    const result = restoreMask(t, poll(t, a.fds, a.nfds, until, restart.ERESTARTNOHAND));
    return writeRemaining(t, result, a.tmo_p, until, form, abi);
  };
const ppollArgs = { fds, nfds: uint, tmo_p: given("timespec"), sigmask: sigset, sigsetsize: size };
const ppoll64Args = { ...ppollArgs, tmo_p: given("timespec64") };

/** Calls that wait for a list of descriptors. man 2 poll. */
export const pollCalls: readonly Syscall[] = [
  syscall(
    "poll",
    { fds, nfds: uint, timeout: int },
    (t, a) =>
      poll(
        t,
        a.fds,
        a.nfds,
        deadlineOf(t, () => afterMilliseconds(a.timeout)),
        restart.ERESTART_RESTARTBLOCK,
      ),
    { remark: found },
  ),
  syscall("ppoll", ppollArgs, ppoll(native), { remark: found }),
  syscall("ppoll_time64", ppoll64Args, ppoll(time64), { remark: found }),
];

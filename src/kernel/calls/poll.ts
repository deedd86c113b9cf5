// Waiting for several files: poll and ppoll. man 2 poll; Linux fs/select.c do_sys_poll().
import type { Abi } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { E, restart } from "../../abi/errno.ts";
import { int, ptr, size, uint } from "../arg.ts";
import { flagText } from "../arg-flags.ts";
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
} from "../fs/file.ts";
import { RLIMIT } from "../rlimit.ts";
import { type Arg, type Result, type ShowContext, type Syscall, type SyscallOptions, syscall } from "../syscall.ts";
import type { Task } from "../task.ts";
import type { WaitQueue } from "../wait.ts";
import {
  afterMilliseconds,
  afterTimespec,
  type Deadline,
  deadlineOf,
  expired,
  restoreMask,
  sleepOn,
  withSignalMask,
  writeRemaining,
} from "./timeout.ts";
import { native, type TimeForm, time64 } from "./timespec.ts";

interface PollFd {
  readonly fd: number;
  readonly events: number;
}
const SIZE = 8;

/** Negative descriptors are ignored; bad ones are an event. */
const revents = (t: Task, { fd, events }: PollFd): number => {
  if (fd < 0) return 0;
  const file = t.files.get(fd);
  return file ? file.poll(t) & (events | POLLERR | POLLHUP) : POLLNVAL;
};

export const poll = (t: Task, at: VAddr, count: number, until: Deadline, interrupted: number): Result => {
  if (count > t.process.limit(RLIMIT.NOFILE)) return -E.EINVAL;
  const bytes = t.mem.read(at, count * SIZE);
  if (!bytes) return -E.EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const list: PollFd[] = Array.from({ length: count }, (_, i) => ({
    fd: view.getInt32(i * SIZE, true),
    events: view.getUint16(i * SIZE + 4, true),
  }));
  const found = list.map((p) => revents(t, p));
  const ready = found.filter((r) => r !== 0).length;
  if (ready === 0 && !expired(t, until)) {
    const queues: WaitQueue[] = list.flatMap((p) => (p.fd < 0 ? [] : [...(t.files.get(p.fd)?.queues(p.events) ?? [])]));
    return sleepOn(t, queues, until, interrupted);
  }
  for (let i = 0; i < count; i++) if (!t.mem.setU16(at + i * SIZE + 6, found[i] as number)) return -E.EFAULT;
  return ready;
};

const names = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLRDHUP };
const pollText = (ctx: ShowContext, at: VAddr): string => {
  const count = Math.min(ctx.all["nfds"] as number, 1024);
  const bytes = ctx.task.mem.read(at, count * SIZE);
  if (!bytes) return ptr.show(at, ctx);
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  return `[${Array.from(
    { length: count },
    (_, i) => `{fd=${v.getInt32(i * SIZE, true)}, events=${flagText(v.getUint16(i * SIZE + 4, true), names)}}`,
  ).join(", ")}]`;
};
const fds: Arg<VAddr> = { ...ptr, c: "struct pollfd *", show: (v, ctx) => (v === 0 ? "NULL" : pollText(ctx, v)) };

/** More descriptors than a process can have: RLIMIT_NOFILE's most is less. */
const MOST_SHOWN = 2 ** 20;
/** `[{fd=0, revents=POLLIN}]`: those that something was found about. */
const found: SyscallOptions["remark"] = (ctx) => {
  if (ctx.ret === 0) return "Timeout";
  const { fds: at, nfds } = ctx.all as { fds: number; nfds: number };
  // The result may be a filter's: then nothing has judged the count.
  const bytes = nfds > MOST_SHOWN ? undefined : ctx.task.mem.read(at, nfds * SIZE);
  if (!bytes) return "";
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const events = Array.from({ length: nfds }, (_, i) => ({ fd: v.getInt32(i * SIZE, true), revents: v.getUint16(i * SIZE + 6, true) }));
  return `[${events.flatMap((e) => (e.revents === 0 ? [] : [`{fd=${e.fd}, revents=${flagText(e.revents, names)}}`])).join(", ")}]`;
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
const ppollArgs = { fds, nfds: uint, tmo_p: ptr, sigmask: ptr, sigsetsize: size };

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
  syscall("ppoll_time64", ppollArgs, ppoll(time64), { remark: found }),
];

// Waiting for several files by bit sets: select and pselect6. man 2 select; Linux fs/select.c do_select().
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../../fs/vfs/file.ts";
import { int, ptr } from "../../syscall/arg.ts";
import { type ArgType, type ShowContext, type Syscall, type SyscallOptions, syscall } from "../../syscall/declaration.ts";
import { nanoseconds, native, type TimeForm, time64 } from "../../syscall/timespec.ts";
import {
  afterTimespec,
  deadlineOf,
  expired,
  NEVER,
  restoreMask,
  sleepOn,
  type Timeout,
  withSignalMask,
  writeRemaining,
} from "./timeout.ts";

/** The events of readable, writable and exceptional. Linux POLLIN_SET, POLLOUT_SET, POLLEX_SET. */
const kinds = [
  { events: POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR, wait: POLLIN },
  { events: POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR, wait: POLLOUT },
  { events: POLLPRI, wait: POLLPRI },
] as const;

const bit = (set: Uint8Array | undefined, fd: number): boolean => set !== undefined && (((set[fd >> 3] as number) >> (fd & 7)) & 1) === 1;

type Sets = readonly [VAddr, VAddr, VAddr];
const select = (t: Task, n: number, at: Sets, until: Timeout, abi: Abi, interrupted: number): Result => {
  if (n < 0) return -E.EINVAL;
  // Sets are whole longs. Descriptors above the size of the table are ignored.
  const count = Math.min(n, t.files.size);
  const length = Math.ceil(count / (8 * abi.long)) * abi.long;
  const sets = at.map((a) => (a === 0 ? undefined : t.mem.read(a, length)));
  if (sets.some((s, i) => s === undefined && at[i] !== 0)) return -E.EFAULT;
  const found = sets.map((s) => s && new Uint8Array(s.length));
  const queues = new Set<WaitQueue>();
  let ready = 0;
  for (let fd = 0; fd < count; fd++) {
    // Skip eight descriptors that are in no set.
    if (fd % 8 === 0 && !sets.some((s) => s !== undefined && s[fd >> 3] !== 0)) {
      fd += 7;
      continue;
    }
    if (!sets.some((s) => bit(s, fd))) continue;
    const file = t.files.get(fd);
    if (!file) return -E.EBADF;
    t.kernel.charge(cost.entry);
    const events = file.poll(t);
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i] as (typeof kinds)[number];
      if (!bit(sets[i], fd)) continue;
      for (const queue of file.queues(kind.wait)) queues.add(queue);
      if (events & kind.events) {
        (found[i] as Uint8Array)[fd >> 3]! |= 1 << (fd & 7);
        ready++;
      }
    }
  }
  if (ready === 0 && !expired(t, until)) return sleepOn(t, [...queues], until, interrupted);
  for (const [i, set] of found.entries()) if (set && !t.mem.write(at[i] as VAddr, set)) return -E.EFAULT;
  return ready;
};

/** struct timeval. A second or more of microseconds is carried. Linux kern_select(). */
const timeval: TimeForm = {
  ...native,
  read(t, at, abi) {
    const tv = native.read(t, at, abi);
    return tv && { sec: tv.sec + Math.floor(tv.nsec / 1e6), nsec: (((tv.nsec % 1e6) + 1e6) % 1e6) * 1000 };
  },
  write: (t, at, ts, abi) => native.write(t, at, { sec: ts.sec, nsec: Math.floor(ts.nsec / 1000) }, abi),
};
const afterTimeval = (t: Task, at: VAddr, abi: Abi): number => {
  if (at === 0) return NEVER;
  const ts = timeval.read(t, at, abi);
  return ts ? (nanoseconds(ts) ?? -E.EINVAL) : -E.EFAULT;
};

interface SelectArgs {
  nfds: number;
  readfds: VAddr;
  writefds: VAddr;
  exceptfds: VAddr;
  timeout: VAddr;
}
const oldSelect = (t: Task, a: SelectArgs, abi: Abi): Result => {
  const until = deadlineOf(t, () => afterTimeval(t, a.timeout, abi));
  if (until < 0) return until;
  const result = select(t, a.nfds, [a.readfds, a.writefds, a.exceptfds], until, abi, restart.ERESTARTNOHAND);
  return writeRemaining(t, result, a.timeout, until, timeval, abi);
};
/** pselect6: the last argument points to the address and size of the mask. */
const pselect =
  (form: TimeForm) =>
  (t: Task, a: SelectArgs & { sig: VAddr }, abi: Abi): Result => {
    const mask = a.sig === 0 ? 0 : t.mem.word(a.sig, abi.long);
    const size = a.sig === 0 ? 0 : t.mem.word(a.sig + abi.long, abi.long);
    if (mask < 0 || size < 0) return -E.EFAULT;
    const until = deadlineOf(t, () => afterTimespec(t, a.timeout, form, abi));
    if (until < 0) return until;
    const bad = withSignalMask(t, mask as VAddr, size);
    if (bad < 0) return bad;
    const result = restoreMask(t, select(t, a.nfds, [a.readfds, a.writefds, a.exceptfds], until, abi, restart.ERESTARTNOHAND));
    return writeRemaining(t, result, a.timeout, until, form, abi);
  };
/** i386's first select(2) has one pointer to its five arguments. Linux struct compat_sel_arg_struct. */
const structSelect = (t: Task, at: VAddr, abi: Abi): Result => {
  const words = [0, 4, 8, 12, 16].map((i) => t.mem.u32(at + i));
  if (words.some((w) => w < 0)) return -E.EFAULT;
  const [nfds, readfds, writefds, exceptfds, timeout] = words as [number, VAddr, VAddr, VAddr, VAddr];
  return oldSelect(t, { nfds: nfds | 0, readfds, writefds, exceptfds, timeout }, abi);
};

const setText = (ctx: ShowContext, at: VAddr): string => {
  const n = Math.min(ctx.all["nfds"] as number, 1024);
  const bytes = n < 0 ? undefined : ctx.task.mem.read(at, Math.ceil(n / 8));
  if (!bytes) return ptr.show(at, ctx);
  return `[${Array.from({ length: n }, (_, fd) => fd)
    .filter((fd) => bit(bytes, fd))
    .join(" ")}]`;
};
const fdset: ArgType<VAddr> = { ...ptr, c: "fd_set *", show: (v, ctx) => (v === 0 ? "NULL" : setText(ctx, v)) };
const timeText = (member: string): ArgType<VAddr> => ({
  ...ptr,
  show: (v, ctx) => {
    const raw = v === 0 ? undefined : native.read(ctx.task, v, ctx.abi);
    return raw ? `{tv_sec=${raw.sec}, ${member}=${raw.nsec}}` : ptr.show(v, ctx);
  },
});
/** `(in [3], left {…})`: the ready descriptors and the time that is left. */
const found: SyscallOptions["remark"] = (ctx) => {
  if (ctx.ret === 0) return "Timeout";
  const { readfds, writefds, exceptfds, timeout } = ctx.all as Record<string, VAddr>;
  const parts = (["in", "out", "except"] as const).flatMap((name, i) => {
    const at = [readfds, writefds, exceptfds][i] as VAddr;
    const text = at === 0 ? "[]" : setText(ctx, at);
    return text === "[]" ? [] : [`${name} ${text}`];
  });
  const left = timeout === 0 ? undefined : native.read(ctx.task, timeout as VAddr, ctx.abi);
  const member = ctx.all["sig"] === undefined ? "tv_usec" : "tv_nsec";
  return [...parts, ...(left ? [`left {tv_sec=${left.sec}, ${member}=${left.nsec}}`] : [])].join(", ");
};
const REMARK = { remark: found } as const;
const sets = { nfds: int, readfds: fdset, writefds: fdset, exceptfds: fdset };

/** Calls that wait for sets of descriptors. man 2 select. */
export const selectCalls: readonly Syscall[] = [
  syscall("select", { ...sets, timeout: timeText("tv_usec") }, oldSelect, { only: "x64", ...REMARK }),
  syscall("select", { args: ptr }, (t, a, abi) => structSelect(t, a.args, abi), { only: "i386" }),
  syscall("_newselect", { ...sets, timeout: timeText("tv_usec") }, oldSelect, REMARK),
  syscall("pselect6", { ...sets, timeout: timeText("tv_nsec"), sig: ptr }, pselect(native), REMARK),
  syscall("pselect6_time64", { ...sets, timeout: timeText("tv_nsec"), sig: ptr }, pselect(time64), REMARK),
];

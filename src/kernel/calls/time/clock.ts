// Clocks and sleeping. man 2 clock_gettime, nanosleep, gettimeofday; Linux kernel/time/. All clocks derive
// from virtual time.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import type { SyscallName } from "../../../abi/numbers.ts";
import { bytes, long, s32, struct, u32 } from "../../../abi/struct.ts";
import { CLOCK, TIMER_ABSTIME } from "../../../abi/uapi/time.ts";
import { exitWork } from "../../base/pending-work.ts";
import { plus, type Timespec, UPTIME } from "../../base/time.ts";
import { wait } from "../../base/wait.ts";
import type { Process } from "../../core/process.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { processUsage, ticks } from "../../core/usage.ts";
import { int, ptr } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { clock, outTimespec, outTimespec64, outTimeval, remaining, remaining64, timespec, timespec64 } from "../../syscall/arg-time.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, readNanoseconds, type TimeForm, time64, timespecOf } from "../../syscall/timespec.ts";
import { findProcess, findTask } from "../../task/pid-namespace.ts";

const MAX_CLOCKS = 16;
/** Clocks of CPU time have the inverted pid in the upper bits. Linux include/linux/posix-timers.h. */
const CPUCLOCK = { PERTHREAD: 4, WHICH: 3, PROF: 0, VIRT: 1, SCHED: 2 } as const;

type Read = (t: Task) => Timespec;
const sinceStart: Read = (t) => timespecOf(t.kernel.now);
const monotonic: Read = (t) => plus(sinceStart(t), t.namespaces.time.total("monotonic"));
const realtime: Read = (t) => t.kernel.realtime();
/** The time of the last tick, as the vDSO gives it. */
const coarse = ({ sec, nsec }: Timespec): Timespec => ({ sec, nsec: nsec - (nsec % COARSE_RESOLUTION) });
const used = (u: { user: number; system: number }): Timespec => timespecOf(u.user + u.system);

/**
 * Readers by clock id. The ALARM clocks are absent: they need a real-time clock that can wake the machine.
 */
const CLOCKS: Readonly<Record<number, Read>> = {
  [CLOCK.CLOCK_REALTIME]: realtime,
  [CLOCK.CLOCK_MONOTONIC]: monotonic,
  [CLOCK.CLOCK_PROCESS_CPUTIME_ID]: (t) => used(processUsage(t.process)),
  [CLOCK.CLOCK_THREAD_CPUTIME_ID]: (t) => used(t.usage),
  [CLOCK.CLOCK_MONOTONIC_RAW]: monotonic,
  [CLOCK.CLOCK_REALTIME_COARSE]: (t) => coarse(realtime(t)),
  [CLOCK.CLOCK_MONOTONIC_COARSE]: (t) => plus(coarse(sinceStart(t)), t.namespaces.time.total("monotonic")),
  [CLOCK.CLOCK_BOOTTIME]: (t) => plus(sinceStart(t), t.namespaces.time.total("boottime")),
  [CLOCK.CLOCK_TAI]: realtime,
};

const cpuClock = (t: Task, id: number): Read | undefined => {
  const pid = ~(id >> 3);
  if ((id & CPUCLOCK.WHICH) > CPUCLOCK.SCHED) return undefined;
  const thread = pid === 0 ? t : findTask(t, pid);
  const process = pid === 0 ? t.process : findProcess(t, pid);
  const usage = (id & CPUCLOCK.PERTHREAD) !== 0 ? thread && (() => thread.usage) : process && (() => processUsage(process));
  if (!usage) return undefined;
  return (id & CPUCLOCK.WHICH) === CPUCLOCK.VIRT ? () => timespecOf(usage().user) : () => used(usage());
};

/** The task or process whose user and system time a clock counts. Undefined: another clock. */
export const countedBy = (t: Task, id: number): Task | Process | undefined => {
  if (id === CLOCK.CLOCK_PROCESS_CPUTIME_ID) return t.process;
  if (id === CLOCK.CLOCK_THREAD_CPUTIME_ID) return t;
  if (id >= 0 || (id & CPUCLOCK.WHICH) === CPUCLOCK.VIRT) return undefined;
  const pid = ~(id >> 3);
  return (id & CPUCLOCK.PERTHREAD) !== 0 ? (pid === 0 ? t : findTask(t, pid)) : pid === 0 ? t.process : findProcess(t, pid);
};

/** The reader of a clock. Undefined: EINVAL. */
export const clockReader = (t: Task, id: number): Read | undefined => (id < 0 ? cpuClock(t, id) : id < MAX_CLOCKS ? CLOCKS[id] : undefined);

const COARSE_RESOLUTION = 4_000_000;
const resolution = (id: number): Timespec => ({
  sec: 0,
  nsec: id === CLOCK.CLOCK_REALTIME_COARSE || id === CLOCK.CLOCK_MONOTONIC_COARSE ? COARSE_RESOLUTION : 1,
});

const gettime = (t: Task, id: number, at: VAddr, form: TimeForm, abi: Abi): number => {
  const read = clockReader(t, id);
  if (!read) return -E.EINVAL;
  return form.write(t, at, read(t), abi) ? 0 : -E.EFAULT;
};
const getres = (t: Task, id: number, at: VAddr, form: TimeForm, abi: Abi): number => {
  if (!clockReader(t, id)) return -E.EINVAL;
  return at === 0 || form.write(t, at, resolution(id), abi) ? 0 : -E.EFAULT;
};

/** Setting the time always fails: only the machine's owner decides it. */
const settime = (t: Task, id: number, at: VAddr, form: TimeForm, abi: Abi): number => {
  if (id !== CLOCK.CLOCK_REALTIME) return -E.EINVAL;
  const ns = readNanoseconds(t, at, form, abi);
  if (ns < 0) return ns;
  return -E.EPERM;
};

/** Monotonic time minus the clock's time, in nanoseconds. Undefined: no call can sleep on this clock. */
export const offsetToMonotonic = (t: Task, id: number): number | undefined => {
  switch (id) {
    case CLOCK.CLOCK_REALTIME:
    case CLOCK.CLOCK_TAI:
      return -t.kernel.bootTime * 1e9;
    case CLOCK.CLOCK_MONOTONIC:
      return -t.namespaces.time.nanoseconds("monotonic");
    case CLOCK.CLOCK_BOOTTIME:
      return -t.namespaces.time.nanoseconds("boottime");
    default:
      return undefined;
  }
};

/**
 * Sleeps. A relative sleep that a signal interrupts writes the remaining time and can be restarted. Linux
 * hrtimer_nanosleep(), nanosleep_copyout().
 */
const sleep = (t: Task, relative: boolean, remaining: VAddr, form: TimeForm, abi: Abi): Result => {
  const until = t.waited.deadline as number;
  if (t.waited.expired || t.kernel.now >= until) return 0;
  const isInterrupted = (t.exitWork & exitWork.signal) !== 0;
  if (isInterrupted && relative && remaining !== 0 && !form.write(t, remaining, timespecOf(until - t.kernel.now), abi)) return -E.EFAULT;
  return wait([], {
    until: Number.isFinite(until) ? until : undefined,
    interrupted: relative ? restart.ERESTART_RESTARTBLOCK : restart.ERESTARTNOHAND,
  });
};

const nanosleep = (t: Task, request: VAddr, remaining: VAddr, form: TimeForm, abi: Abi): Result => {
  if (t.waited.deadline === undefined) {
    const ns = readNanoseconds(t, request, form, abi);
    if (ns < 0) return ns;
    t.waited.deadline = t.kernel.now + ns;
  }
  return sleep(t, true, remaining, form, abi);
};

const clockNanosleep = (t: Task, id: number, how: number, request: VAddr, remaining: VAddr, form: TimeForm, abi: Abi): Result => {
  if (t.waited.deadline === undefined) {
    if (!clockReader(t, id)) return -E.EINVAL;
    const offset = offsetToMonotonic(t, id);
    if (offset === undefined && id >= 0 && id !== CLOCK.CLOCK_PROCESS_CPUTIME_ID) return -E.EOPNOTSUPP;
    const ns = readNanoseconds(t, request, form, abi);
    if (ns < 0) return ns;
    const relative = (how & TIMER_ABSTIME) === 0;
    t.waited.deadline = relative ? t.kernel.now + ns : ns + (offset ?? 0);
  }
  return sleep(t, (how & TIMER_ABSTIME) === 0, remaining, form, abi);
};

/** man 2 gettimeofday. The time zone is UTC. */
const gettimeofday = (t: Task, tv: VAddr, tz: VAddr, abi: Abi): number => {
  const { sec, nsec } = t.kernel.realtime();
  if (tv !== 0 && !native.write(t, tv, { sec, nsec: Math.floor(nsec / 1000) }, abi)) return -E.EFAULT;
  return tz === 0 || t.mem.clear(tz, 8) ? 0 : -E.EFAULT;
};

const time = (t: Task, at: VAddr, abi: Abi): number => {
  const { sec } = t.kernel.realtime();
  return at === 0 || t.mem.setLong(at, sec, abi.long) ? sec : -E.EFAULT;
};

const times = (t: Task, at: VAddr, abi: Abi): number => {
  if (at !== 0) {
    const own = processUsage(t.process);
    const children = t.process.childUsage;
    const words = [own.user, own.system, children.user, children.system].map(ticks);
    if (!words.every((w, i) => t.mem.setLong(at + i * abi.long, w, abi.long))) return -E.EFAULT;
  }
  return ticks(t.kernel.now + UPTIME.sec * 1e9);
};

const timex = struct("timex", {
  modes: u32,
  offset: long,
  freq: long,
  maxerror: long,
  esterror: long,
  status: s32,
  constant: long,
  precision: long,
  tolerance: long,
  tv_sec: long,
  tv_usec: long,
  tick: long,
  ppsfreq: long,
  jitter: long,
  shift: s32,
  stabil: long,
  jitcnt: long,
  calcnt: long,
  errcnt: long,
  stbcnt: long,
  tai: s32,
  reserved: bytes(44),
});
const STA_UNSYNC = 0x40;
const TIME_ERROR = 5;

/** True for a clock that Linux knows, also one that it cannot adjust. Linux kernel/time/posix-timers.c. */
const isKnown = (id: number): boolean => (id < 0 ? (id & CLOCKFD_MASK) !== CLOCKFD : id <= CLOCK.CLOCK_TAI && id !== CLOCK_SGI_CYCLE);
/** Clocks of devices are descriptors, and no descriptor is one. */
const CLOCKFD = 3;
const CLOCKFD_MASK = 7;
const CLOCK_SGI_CYCLE = 10;

/** Reads the state of an undisciplined clock. Linux include/uapi/linux/timex.h, kernel/time/ntp.c. */
const adjtime = (t: Task, id: number, at: VAddr, abi: Abi): number => {
  const given = t.mem.read(at, timex.size(abi));
  if (!given) return -E.EFAULT;
  if (!isKnown(id)) return -E.EINVAL;
  if (id !== CLOCK.CLOCK_REALTIME) return -E.EOPNOTSUPP;
  if (timex.decode(given, abi).modes !== 0) return -E.EPERM;
  const { sec, nsec } = t.kernel.realtime();
  const none = timex.decode(new Uint8Array(timex.size(abi)), abi);
  const now = { tv_sec: sec, tv_usec: Math.floor(nsec / 1000), tick: 10_000 };
  const idle = { maxerror: 16_000_000, esterror: 16_000_000, status: STA_UNSYNC, constant: 2, precision: 1, tolerance: 32_768_000 };
  return t.mem.write(at, timex.encode({ ...none, ...now, ...idle }, abi)) ? TIME_ERROR : -E.EFAULT;
};

const abstime = flags("int", { TIMER_ABSTIME }, "TIMER_???");
/** Declares a call for one form of time. */
type Maker = (name: SyscallName, form: TimeForm, input: ArgType<VAddr>, output: ArgType<VAddr>) => Syscall;
/** A call and its time64 form, which only i386 has. */
const twins = (name: SyscallName, name64: SyscallName, make: Maker): Syscall[] => [
  make(name, native, timespec, outTimespec),
  make(name64, time64, timespec64, outTimespec64),
];

/** Calls that read and set clocks or sleep. man 2 clock_gettime, nanosleep, adjtimex. */
export const timeCalls: readonly Syscall[] = [
  ...twins("clock_gettime", "clock_gettime64", (name, form, _in, out) =>
    syscall(name, { clock, tp: out }, (t, a, abi) => gettime(t, a.clock, a.tp, form, abi)),
  ),
  ...twins("clock_getres", "clock_getres_time64", (name, form, _in, out) =>
    syscall(name, { clock, tp: out }, (t, a, abi) => getres(t, a.clock, a.tp, form, abi)),
  ),
  ...twins("clock_settime", "clock_settime64", (name, form, input) =>
    syscall(name, { clock, tp: input }, (t, a, abi) => settime(t, a.clock, a.tp, form, abi)),
  ),
  ...twins("clock_nanosleep", "clock_nanosleep_time64", (name, form, input) =>
    syscall(name, { clock, flags: abstime, request: input, remain: form === native ? remaining : remaining64 }, (t, a, abi) =>
      clockNanosleep(t, a.clock, a.flags, a.request, a.remain, form, abi),
    ),
  ),
  syscall("nanosleep", { request: timespec, remain: remaining }, (t, a, abi) => nanosleep(t, a.request, a.remain, native, abi)),
  syscall("gettimeofday", { tv: outTimeval, tz: filled("timezone") }, (t, a, abi) => gettimeofday(t, a.tv, a.tz, abi)),
  syscall("settimeofday", { tv: given("timeval"), tz: given("timezone") }, () => -E.EPERM, {
    note: "always EPERM: the owner of the machine decides its time",
  }),
  syscall("stime", { tptr: given("seconds") }, () => -E.EPERM, { note: "always EPERM: the owner of the machine decides its time" }),
  syscall("time", { tloc: filled("seconds") }, (t, a, abi) => time(t, a.tloc, abi)),
  syscall("times", { buf: filled("tms") }, (t, a, abi) => times(t, a.buf, abi)),
  syscall("adjtimex", { buf: ptr }, (t, a, abi) => adjtime(t, CLOCK.CLOCK_REALTIME, a.buf, abi), { note: "reads only" }),
  syscall("clock_adjtime", { clock: int, buf: ptr }, (t, a, abi) => adjtime(t, a.clock, a.buf, abi), { note: "reads only" }),
];

// Interval timers and POSIX timers. man 2 setitimer, alarm, timer_create; Linux kernel/time/itimer.c,
// posix-timers.c.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { TIMER_ABSTIME } from "../../../abi/uapi/time.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../core/task.ts";
import { NSIG, SIG } from "../../signal/state/set.ts";
import { int, uint } from "../../syscall/arg.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { clock } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { nanoseconds, native, type TimeForm, time64, timespecOf } from "../../syscall/timespec.ts";
import { findTask } from "../../task/pid-namespace.ts";
import { IntervalTimers, ITIMER, type Itimer } from "../../timer/itimer.ts";
import { PosixTimers, SIGEV, type SigEvent } from "../../timer/posix-timer.ts";
import { clockReader, countedBy, offsetToMonotonic } from "./clock.ts";

const itimersOf = (t: Task): IntervalTimers => (t.process.itimers ??= new IntervalTimers(t.process));
const which = choice("int", { ITIMER_REAL: ITIMER.REAL, ITIMER_VIRTUAL: ITIMER.VIRTUAL, ITIMER_PROF: ITIMER.PROF }, "ITIMER_???");

const USEC_MAX = 1e6;
/** struct itimerval: interval, then value, in seconds and microseconds. */
const readItimerval = (t: Task, at: VAddr, abi: Abi): Itimer | number => {
  const size = 2 * abi.long;
  const interval = native.read(t, at, abi);
  const value = native.read(t, at + size, abi);
  if (!interval || !value) return -E.EFAULT;
  for (const { sec, nsec } of [interval, value]) if (sec < 0 || nsec < 0 || nsec >= USEC_MAX) return -E.EINVAL;
  return { interval: interval.sec * 1e9 + interval.nsec * 1000, value: value.sec * 1e9 + value.nsec * 1000 };
};
const writeItimerval = (t: Task, at: VAddr, { interval, value }: Itimer, abi: Abi): boolean => {
  const put = (to: number, ns: number): boolean =>
    native.write(t, to, { sec: Math.floor(ns / 1e9), nsec: Math.floor((ns % 1e9) / 1000) }, abi);
  return put(at, interval) && put(at + 2 * abi.long, value);
};

const setitimer = (t: Task, kind: number, from: VAddr, to: VAddr, abi: Abi): number => {
  const wanted = from === 0 ? { value: 0, interval: 0 } : readItimerval(t, from, abi);
  if (typeof wanted === "number") return wanted;
  if (kind < 0 || kind > 2) return -E.EINVAL;
  const old = itimersOf(t).get(kind);
  itimersOf(t).set(kind, wanted);
  return to === 0 || writeItimerval(t, to, old, abi) ? 0 : -E.EFAULT;
};
const getitimer = (t: Task, kind: number, to: VAddr, abi: Abi): number => {
  if (kind < 0 || kind > 2) return -E.EINVAL;
  return writeItimerval(t, to, itimersOf(t).get(kind), abi) ? 0 : -E.EFAULT;
};
/** Whole seconds left, rounded so that a running timer never reads 0. */
const alarm = (t: Task, seconds: number): number => {
  const old = itimersOf(t).get(ITIMER.REAL).value;
  itimersOf(t).set(ITIMER.REAL, { value: seconds * 1e9, interval: 0 });
  const rest = old % 1e9;
  const whole = Math.floor(old / 1e9);
  return (whole === 0 && rest > 0) || rest >= 5e8 ? whole + 1 : whole;
};

const timersOf = (t: Task): PosixTimers => (t.process.posixTimers ??= new PosixTimers(t.process));

/** struct sigevent: value, signo, notify, then the thread id. Without one: SIGALRM with the timer's id. */
const readEvent = (t: Task, at: VAddr, abi: Abi): ((id: number) => SigEvent) | number => {
  if (at === 0) return (id) => ({ notify: SIGEV.SIGNAL, signo: SIG.SIGALRM, value: BigInt(id), thread: undefined });
  const bytes = t.mem.read(at, 64);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const { long } = abi;
  const value = long === 8 ? v.getBigUint64(0, true) : BigInt(v.getUint32(0, true));
  const signo = v.getInt32(long, true);
  const notify = v.getInt32(long + 4, true);
  const kind = notify & ~SIGEV.THREAD_ID;
  if (![SIGEV.SIGNAL, SIGEV.NONE, SIGEV.THREAD].some((k) => k === kind)) return -E.EINVAL;
  if (kind !== SIGEV.NONE && (signo < 1 || signo > NSIG)) return -E.EINVAL;
  let thread: Task | undefined;
  if ((notify & SIGEV.THREAD_ID) !== 0) {
    thread = findTask(t, v.getInt32(long + 8, true));
    if (!thread || thread.process !== t.process || kind !== SIGEV.SIGNAL) return -E.EINVAL;
  }
  return () => ({ notify: kind, signo, value, thread });
};

const create = (t: Task, id: number, event: VAddr, to: VAddr, abi: Abi): number => {
  if (!clockReader(t, id)) return -E.EINVAL;
  const counts = countedBy(t, id);
  if (offsetToMonotonic(t, id) === undefined && !counts) return -E.EOPNOTSUPP;
  const make = readEvent(t, event, abi);
  if (typeof make === "number") return make;
  if (!t.kernel.frames.account.take(sizes.posixTimer)) return -E.EAGAIN;
  const timer = timersOf(t).create(id, make, counts);
  if (t.mem.setU32(to, timer.id)) return 0;
  timersOf(t).delete(timer);
  return -E.EFAULT;
};

/** struct itimerspec: interval, then value. */
export const readItimerspec = (t: Task, at: VAddr, form: TimeForm, abi: Abi): Itimer | number => {
  const interval = form.read(t, at, abi);
  const value = form.read(t, at + form.size(abi), abi);
  if (!interval || !value) return -E.EFAULT;
  const [i, v] = [nanoseconds(interval), nanoseconds(value)];
  return i === undefined || v === undefined ? -E.EINVAL : { interval: i, value: v };
};
/** Writes struct itimerspec. False: the address is not writable. */
export const writeItimerspec = (t: Task, at: VAddr, { interval, value }: Itimer, form: TimeForm, abi: Abi): boolean =>
  form.write(t, at, timespecOf(interval), abi) && form.write(t, at + form.size(abi), timespecOf(value), abi);

const settime = (t: Task, id: number, flags: number, from: VAddr, to: VAddr, form: TimeForm, abi: Abi): number => {
  if (from === 0) return -E.EINVAL;
  const wanted = readItimerspec(t, from, form, abi);
  if (typeof wanted === "number") return wanted;
  const timer = timersOf(t).timers.get(id);
  if (!timer) return -E.EINVAL;
  const old = timer.get();
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  const base = absolute ? (offsetToMonotonic(t, timer.clock) ?? 0) : timer.now();
  timer.set(wanted.value === 0 ? Infinity : wanted.value + base, wanted.interval);
  return to === 0 || writeItimerspec(t, to, old, form, abi) ? 0 : -E.EFAULT;
};
const gettime = (t: Task, id: number, to: VAddr, form: TimeForm, abi: Abi): number => {
  const timer = timersOf(t).timers.get(id);
  if (!timer) return -E.EINVAL;
  return writeItimerspec(t, to, timer.get(), form, abi) ? 0 : -E.EFAULT;
};

const timerFlags = flags("int", { TIMER_ABSTIME }, "TIMER_???");
const settimeArgs = { timerid: int, flags: timerFlags, new_value: given("itimerspec"), old_value: filled("itimerspec") } as const;
const settime64Args = { timerid: int, flags: timerFlags, new_value: given("itimerspec64"), old_value: filled("itimerspec64") } as const;
/** Calls on timers of a process. man 2 setitimer, timer_create. */
export const timerCalls: readonly Syscall[] = [
  syscall("setitimer", { which, new_value: given("itimerval"), old_value: filled("itimerval") }, (t, a, abi) =>
    setitimer(t, a.which, a.new_value, a.old_value, abi),
  ),
  syscall("getitimer", { which, curr_value: filled("itimerval") }, (t, a, abi) => getitimer(t, a.which, a.curr_value, abi)),
  syscall("alarm", { seconds: uint }, (t, a) => alarm(t, a.seconds)),
  syscall("timer_create", { clock, sevp: given("sigevent"), timerid: filled("int32") }, (t, a, abi) =>
    create(t, a.clock, a.sevp, a.timerid, abi),
  ),
  syscall("timer_settime", settimeArgs, (t, a, abi) => settime(t, a.timerid, a.flags, a.new_value, a.old_value, native, abi)),
  syscall("timer_settime64", settime64Args, (t, a, abi) => settime(t, a.timerid, a.flags, a.new_value, a.old_value, time64, abi)),
  syscall("timer_gettime", { timerid: int, curr_value: filled("itimerspec") }, (t, a, abi) =>
    gettime(t, a.timerid, a.curr_value, native, abi),
  ),
  syscall("timer_gettime64", { timerid: int, curr_value: filled("itimerspec64") }, (t, a, abi) =>
    gettime(t, a.timerid, a.curr_value, time64, abi),
  ),
  syscall("timer_getoverrun", { timerid: int }, (t, a) => timersOf(t).timers.get(a.timerid)?.overrun ?? -E.EINVAL),
  syscall("timer_delete", { timerid: int }, (t, a) => {
    const timer = timersOf(t).timers.get(a.timerid);
    if (!timer) return -E.EINVAL;
    timersOf(t).delete(timer);
    return 0;
  }),
];

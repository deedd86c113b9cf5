// Times, timers and usage as strace shows them. strace src/print_timespec.c, print_timeval.c,
// print_sigevent.c, rusage.

import { long, s32, struct, ulong, word } from "../../abi/struct.ts";
import { utcText } from "../base/time.ts";
import { USER_HZ } from "../core/usage.ts";
import { signalName } from "../signal/state/set.ts";
import type { ShowContext, Text } from "../syscall/declaration.ts";
import { native, type TimeForm, time64 } from "../syscall/timespec.ts";
import { address, braces, decimal, oneOf, read, record } from "./print.ts";

const time =
  (form: TimeForm, part: "tv_nsec" | "tv_usec"): Text =>
  (ctx, at) => {
    const x = form.read(ctx.task, at, ctx.abi);
    return x && `{tv_sec=${x.sec}, ${part}=${x.nsec}}`;
  };
const pair =
  (form: TimeForm, part: "tv_nsec" | "tv_usec"): Text =>
  (ctx, at) => {
    const [interval, value] = [time(form, part)(ctx, at, 0), time(form, part)(ctx, at + form.size(ctx.abi), 0)];
    return interval && value && `{it_interval=${interval}, it_value=${value}}`;
  };

const NOTIFY = { SIGEV_SIGNAL: 0, SIGEV_NONE: 1, SIGEV_THREAD: 2, SIGEV_THREAD_ID: 4 } as const;
/** struct sigevent: a value, two ints, a union. Linux uapi asm-generic/siginfo.h. */
const SIGEVENT = struct("sigevent", { sigev_value: word, sigev_signo: s32, sigev_notify: s32, function: ulong, attributes: ulong });
const sigevent: Text = (ctx, at) => {
  const x = read(SIGEVENT, ctx, at);
  if (!x) return undefined;
  const { sigev_notify: how, sigev_value: value, function: first } = x;
  const isSignal = how === NOTIFY.SIGEV_SIGNAL || how === NOTIFY.SIGEV_THREAD || how === NOTIFY.SIGEV_THREAD_ID;
  const int = Number(BigInt.asIntN(32, value));
  return braces([
    ["sigev_value", value === 0n ? undefined : `{sival_int=${int}, sival_ptr=${address(value)}}`],
    ["sigev_signo", isSignal ? signalName(x.sigev_signo) : decimal(x.sigev_signo)],
    ["sigev_notify", oneOf(NOTIFY, "SIGEV_???")(how)],
    ["sigev_notify_thread_id", how === NOTIFY.SIGEV_THREAD_ID ? decimal(first % 2 ** 32) : undefined],
    ["sigev_notify_function", how === NOTIFY.SIGEV_THREAD ? address(first) : undefined],
    ["sigev_notify_attributes", how === NOTIFY.SIGEV_THREAD ? address(x.attributes) : undefined],
  ]);
};

const timeval = (ctx: ShowContext, at: number): string => time(native, "tv_usec")(ctx, at, 0) ?? address(at);
/** struct rusage: two struct timeval and fourteen longs. man 2 getrusage. */
// biome-ignore format: table
const RUSAGE = [
  "ru_maxrss", "ru_ixrss", "ru_idrss", "ru_isrss", "ru_minflt", "ru_majflt", "ru_nswap", "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv",
  "ru_nsignals", "ru_nvcsw", "ru_nivcsw",
] as const;
const rusage: Text = (ctx, at) => {
  const { long: size } = ctx.abi;
  if (!ctx.task.mem.read(at, (4 + RUSAGE.length) * size)) return undefined;
  const longs = RUSAGE.map((name, i) => [name, decimal(ctx.task.mem.word(at + (4 + i) * size, size))] as const);
  return braces(
    [["ru_utime", timeval(ctx, at)], ["ru_stime", timeval(ctx, at + 2 * size)], ...(ctx.style.verbose ? longs : [])],
    !ctx.style.verbose,
  );
};

const clockTicks = (ticks: number): string => (ticks === 0 ? "0" : `${ticks} /* ${(ticks / USER_HZ).toFixed(2)} s */`);
const TMS = struct("tms", { tms_utime: long, tms_stime: long, tms_cutime: long, tms_cstime: long });

/** Two times of utimes(2). */
const timevals: Text = (ctx, at) => {
  const [a, m] = [time(native, "tv_usec")(ctx, at, 0), time(native, "tv_usec")(ctx, at + native.size(ctx.abi), 0)];
  return a && m && `[${a}, ${m}]`;
};
/** Seconds of time(2). */
const seconds: Text = (ctx, at) => {
  const value = ctx.task.mem.word(at, ctx.abi.long);
  if (value < 0) return undefined;
  const text = utcText(value);
  return text === undefined ? `[${value}]` : `[${value} /* ${text}+0000 */]`;
};
const TIMEZONE = struct("timezone", { tz_minuteswest: s32, tz_dsttime: s32 });

/** struct timespec and its relatives. */
export const timeTexts = {
  timespec: time(native, "tv_nsec"),
  timespec64: time(time64, "tv_nsec"),
  timeval: time(native, "tv_usec"),
  timevals,
  timezone: record(TIMEZONE, { tz_minuteswest: decimal, tz_dsttime: decimal }),
  itimerspec: pair(native, "tv_nsec"),
  itimerspec64: pair(time64, "tv_nsec"),
  itimerval: pair(native, "tv_usec"),
  sigevent,
  rusage,
  tms: record(TMS, { tms_utime: clockTicks, tms_stime: clockTicks, tms_cutime: clockTicks, tms_cstime: clockTicks }),
  seconds,
} satisfies Record<string, Text>;

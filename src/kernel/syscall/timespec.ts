// Times in user memory: struct timespec, timeval and itimerspec, with `long` members or the 64-bit ones of
// time64.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import type { Timespec } from "../base/time.ts";
import type { Task } from "../core/task.ts";

const NSEC_MAX = 1e9;
/** KTIME_MAX in seconds. A longer sleep never ends. */
const SEC_MAX = 9_223_372_036;

/** The form of a call's times: that of the ABI, or 64-bit members. */
export interface TimeForm {
  read(t: Task, at: number, abi: Abi): Timespec | undefined;
  write(t: Task, at: number, ts: Timespec, abi: Abi): boolean;
  size(abi: Abi): number;
}

/** A signed long of 4 or 8 bytes: exact below 2^53, with the correct sign above. */
const signed = (t: Task, at: number, long: 4 | 8): number | undefined => {
  const lo = t.mem.u32(at);
  const hi = long === 8 ? t.mem.u32(at + 4) : 0;
  if (lo < 0 || hi < 0) return undefined;
  return long === 4 ? lo | 0 : (hi | 0) * 2 ** 32 + lo;
};
const read = (t: Task, at: number, width: 4 | 8, nsecWidth: 4 | 8): Timespec | undefined => {
  const sec = signed(t, at, width);
  const nsec = signed(t, at + width, nsecWidth);
  return sec === undefined || nsec === undefined ? undefined : { sec, nsec };
};
/** The ABI's own form: two longs. */
export const native: TimeForm = {
  size: ({ long }) => 2 * long,
  read: (t, at, { long }) => read(t, at, long, long),
  write: (t, at, { sec, nsec }, { long }) => t.mem.setLong(at, sec, long) && t.mem.setLong(at + long, nsec, long),
};
/** struct __kernel_timespec. A 32-bit caller's padding above tv_nsec is ignored. */
export const time64: TimeForm = {
  size: () => 16,
  read: (t, at, { long }) => read(t, at, 8, long),
  write: (t, at, { sec, nsec }) => t.mem.setLong(at, sec, 8) && t.mem.setLong(at + 8, nsec, 8),
};

/** Write a struct timespec. False: EFAULT. */
export const putTimespec = (t: Task, at: number, ts: Timespec, abi: Abi): boolean => native.write(t, at, ts, abi);
/** Write a struct __kernel_timespec. False: EFAULT. */
export const putTimespec64 = (t: Task, at: number, ts: Timespec): boolean => time64.write(t, at, ts, {} as Abi);

/** A time in nanoseconds. Undefined: negative, or tv_nsec of a second or more. */
export const nanoseconds = ({ sec, nsec }: Timespec): number | undefined => {
  if (sec < 0 || nsec < 0 || nsec >= NSEC_MAX) return undefined;
  return sec > SEC_MAX ? Infinity : sec * 1e9 + nsec;
};
/** Nanoseconds as seconds and nanoseconds. */
export const timespecOf = (ns: number): Timespec => ({ sec: Math.floor(ns / 1e9), nsec: Math.floor(ns % 1e9) });

/** A time in user memory: nanoseconds or -errno. */
export const readNanoseconds = (t: Task, at: number, form: TimeForm, abi: Abi): number => {
  const ts = form.read(t, at, abi);
  if (!ts) return -E.EFAULT;
  return nanoseconds(ts) ?? -E.EINVAL;
};

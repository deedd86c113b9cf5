// Times and clocks as strace shows them.

import type { VAddr } from "../../abi/brand.ts";
import { restart } from "../../abi/errno.ts";
import { CLOCK } from "../../abi/uapi/time.ts";
import { ptr } from "./arg.ts";
import { choice } from "./arg-flags.ts";
import type { ArgType } from "./declaration.ts";
import { native, type TimeForm, time64 } from "./timespec.ts";

/** A clock id. */
export const clock = choice("clockid_t", CLOCK, "CLOCK_???");

const pointer = (form: TimeForm, out: boolean, members: readonly [string, string]): ArgType<VAddr> => ({
  ...ptr,
  c: "struct timespec *",
  ...(out ? { out: true as const } : {}),
  show: (v, ctx) => {
    if (v === 0) return "NULL";
    const ts = out && ctx.ret < 0 ? undefined : form.read(ctx.task, v, ctx.abi);
    return ts ? `{${members[0]}=${ts.sec}, ${members[1]}=${ts.nsec}}` : ptr.show(v, ctx);
  },
});
const TS = ["tv_sec", "tv_nsec"] as const;
const TV = ["tv_sec", "tv_usec"] as const;
/** A struct timespec that the caller fills. */
export const timespec = pointer(native, false, TS);
/** A struct timespec that the kernel fills. */
export const outTimespec = pointer(native, true, TS);
/** A struct __kernel_timespec that the caller fills. */
export const timespec64 = pointer(time64, false, TS);
/** A struct __kernel_timespec that the kernel fills. */
export const outTimespec64 = pointer(time64, true, TS);
/**
 * The time that an interrupted sleep has left: an address if the sleep was not interrupted. strace
 * src/time.c.
 */
const left = (form: TimeForm): ArgType<VAddr> => {
  const filled = pointer(form, false, TS);
  return { ...filled, out: true, show: (v, ctx) => (isRestart(ctx.ret) ? filled : ptr).show(v, ctx) };
};
const isRestart = (result: number): boolean => -result >= restart.ERESTARTSYS && -result <= restart.ERESTART_RESTARTBLOCK;
/** The remaining time of nanosleep(2). */
export const remaining = left(native);
/** The remaining time of clock_nanosleep_time64. */
export const remaining64 = left(time64);
/** A struct timeval that the kernel fills. */
export const outTimeval = pointer(native, true, TV);

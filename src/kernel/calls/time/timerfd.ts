// timerfd_create and related calls. man 2 timerfd_create; Linux fs/timerfd.c.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { CLOCK, TIMER_ABSTIME } from "../../../abi/uapi/time.ts";
import type { Task } from "../../core/task.ts";
import { install } from "../../fs/vfs/install.ts";
import { fd } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { clock } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { TimerFile } from "../../timer/timerfd.ts";
import { offsetToMonotonic } from "./clock.ts";
import { readItimerspec, writeItimerspec } from "./timer.ts";

const CLOCKS: readonly number[] = [CLOCK.CLOCK_REALTIME, CLOCK.CLOCK_MONOTONIC, CLOCK.CLOCK_BOOTTIME];
const TFD = { TIMER_ABSTIME, TIMER_CANCEL_ON_SET: 2 } as const;

const create = (t: Task, id: number, how: number): number => {
  if ((how & ~(O_CLOEXEC | O_NONBLOCK)) !== 0 || !CLOCKS.includes(id)) return -E.EINVAL;
  return install(t, new TimerFile(t, t.kernel.vfs.anonymous(t, "[timerfd]"), id, how), (how & O_CLOEXEC) !== 0);
};

const settime = (t: Task, at: number, how: number, from: VAddr, to: VAddr, form: TimeForm, abi: Abi): number => {
  const wanted = readItimerspec(t, from, form, abi);
  if (typeof wanted === "number") return wanted;
  if ((how & ~(TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET)) !== 0) return -E.EINVAL;
  const file = t.files.get(at);
  if (!(file instanceof TimerFile)) return file ? -E.EINVAL : -E.EBADF;
  const old = file.get();
  const base = (how & TFD.TIMER_ABSTIME) !== 0 ? (offsetToMonotonic(t, file.clock) ?? 0) : t.kernel.now;
  file.set(wanted.value === 0 ? Infinity : wanted.value + base, wanted.interval, how);
  return to === 0 || writeItimerspec(t, to, old, form, abi) ? 0 : -E.EFAULT;
};
const gettime = (t: Task, at: number, to: VAddr, form: TimeForm, abi: Abi): number => {
  const file = t.files.get(at);
  if (!(file instanceof TimerFile)) return file ? -E.EINVAL : -E.EBADF;
  return writeItimerspec(t, to, file.get(), form, abi) ? 0 : -E.EFAULT;
};

const createFlags = flags("int", { TFD_TIMER_ABSTIME: TFD.TIMER_ABSTIME, TFD_CLOEXEC: O_CLOEXEC, TFD_NONBLOCK: O_NONBLOCK }, "TFD_???");
const timeFlags = flags("int", { TFD_TIMER_ABSTIME: TFD.TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET: TFD.TIMER_CANCEL_ON_SET }, "TFD_???");
const settimeArgs = { fd, flags: timeFlags, new_value: given("itimerspec"), old_value: filled("itimerspec") } as const;
const settime64Args = { fd, flags: timeFlags, new_value: given("itimerspec64"), old_value: filled("itimerspec64") } as const;
/** Calls of timerfd. man 2 timerfd_create. */
export const timerfdCalls: readonly Syscall[] = [
  syscall("timerfd_create", { clock, flags: createFlags }, (t, a) => create(t, a.clock, a.flags)),
  syscall("timerfd_settime", settimeArgs, (t, a, abi) => settime(t, a.fd, a.flags, a.new_value, a.old_value, native, abi)),
  syscall("timerfd_settime64", settime64Args, (t, a, abi) => settime(t, a.fd, a.flags, a.new_value, a.old_value, time64, abi)),
  syscall("timerfd_gettime", { fd, curr_value: filled("itimerspec") }, (t, a, abi) => gettime(t, a.fd, a.curr_value, native, abi)),
  syscall("timerfd_gettime64", { fd, curr_value: filled("itimerspec64") }, (t, a, abi) => gettime(t, a.fd, a.curr_value, time64, abi)),
];

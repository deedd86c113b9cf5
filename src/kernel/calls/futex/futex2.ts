// futex_waitv, and the calls of 6.7 that replace futex(2): futex_wait, futex_wake, futex_requeue. Linux
// kernel/futex/syscalls.c.

import { type Abi, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { struct, u32, u64 } from "../../../abi/struct.ts";
import { CLOCK } from "../../../abi/uapi/time.ts";
import { type Held, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { FutexWaiter } from "../../futex/table.ts";
import { hexInt, int, ptr, uint, ulong } from "../../syscall/arg.ts";
import { clock, timespec64 } from "../../syscall/arg-time.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { readNanoseconds, time64 } from "../../syscall/timespec.ts";

const FUTEX2_SIZE = 3;
const FUTEX2_SIZE_U32 = 2;
const FUTEX2_PRIVATE = 128;
const MOST_WAITERS = 128;
const ALL = 0xffff_ffff;

const waitv = struct("futex_waitv", { val: u64, uaddr: u64, flags: u32, reserved: u32 });

/** One futex of a call: its address, and the value that it must have. */
interface Sought {
  readonly at: number;
  readonly value: number;
}
const badFlags = (flags: number): boolean => (flags & ~(FUTEX2_SIZE | FUTEX2_PRIVATE)) !== 0 || (flags & FUTEX2_SIZE) !== FUTEX2_SIZE_U32;

/** The array of struct futex_waitv, or -errno. Linux futex_parse_waitv(). */
const parse = (t: Task, at: VAddr, count: number, abi: Abi): Sought[] | number => {
  const list: Sought[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = t.mem.read(at + i * waitv.size(x64), waitv.size(x64));
    if (!bytes) return -E.EFAULT;
    const w = waitv.decode(bytes, x64);
    if (badFlags(w.flags) || w.reserved !== 0 || w.val > 0xffff_ffffn) return -E.EINVAL;
    const end = abi.long === 4 ? 2n ** 32n : 2n ** 47n;
    list.push({ at: w.uaddr < end ? Number(w.uaddr) : -1, value: Number(w.val) });
  }
  return list;
};

/** The monotonic end of a wait in nanoseconds, or -errno. Linux futex2_setup_timeout(). */
const deadlineOf = (t: Task, at: VAddr, clockid: number, abi: Abi): number => {
  if (at === 0) return Number.POSITIVE_INFINITY;
  if (clockid !== CLOCK.CLOCK_REALTIME && clockid !== CLOCK.CLOCK_MONOTONIC) return -E.EINVAL;
  const ns = readNanoseconds(t, at, time64, abi);
  if (ns < 0) return ns;
  return Math.max(0, ns - (clockid === CLOCK.CLOCK_REALTIME ? t.kernel.bootTime * 1e9 : t.namespaces.time.nanoseconds("monotonic")));
};

/** A call that sleeps on several futexes. */
export class FutexSleep implements Held {
  readonly waiters: readonly FutexWaiter[];
  readonly until: number;
  constructor(waiters: readonly FutexWaiter[], until: number) {
    this.waiters = waiters;
    this.until = until;
  }
  drop(): void {
    for (const waiter of this.waiters) waiter.drop();
  }
}
/** Sleeps on all futexes: the index of one that was woken, or -errno. Linux futex_wait_multiple(). */
const sleepOn = (t: Task, list: readonly Sought[], bitset: number, until: number): Result => {
  const queues = [];
  for (const { at } of list) {
    if (at % 4 !== 0) return -E.EINVAL;
    const queue = at < 0 ? undefined : t.kernel.futexes.queue(t.mem, at);
    if (!queue) return -E.EFAULT;
    queues.push(queue);
  }
  for (const { at, value } of list) if (t.mem.u32(at) !== value) return -E.EAGAIN;
  // Two entries may name one futex, whose queue is in the table from its first waiter on.
  const waiters = list.map(({ at }): FutexWaiter => {
    const waiter = new FutexWaiter(t, bitset);
    t.kernel.futexes.queue(t.mem, at)?.add(waiter);
    return waiter;
  });
  const sleep = new FutexSleep(waiters, until);
  t.waited.data = t.waited.held = sleep;
  return goOn(t, sleep);
};
const goOn = (t: Task, { waiters, until }: FutexSleep): Result => {
  const woken = waiters.findLastIndex((waiter) => waiter.queue === undefined);
  if (woken >= 0) return woken;
  if (t.waited.expired || until <= t.kernel.now) return -E.ETIMEDOUT;
  return wait([], { until: Number.isFinite(until) ? until : undefined });
};

const waitMany = (t: Task, at: VAddr, count: number, flags: number, timeout: VAddr, clockid: number, abi: Abi): Result => {
  const sleep = t.waited.data as FutexSleep | undefined;
  if (sleep) return goOn(t, sleep);
  if (flags !== 0 || count === 0 || count > MOST_WAITERS || at === 0) return -E.EINVAL;
  const until = deadlineOf(t, timeout, clockid, abi);
  if (until < 0) return until;
  const list = parse(t, at, count, abi);
  return typeof list === "number" ? list : sleepOn(t, list, ALL, until);
};
const waitOne = (t: Task, at: VAddr, value: number, mask: number, flags: number, timeout: VAddr, clockid: number, abi: Abi): Result => {
  const sleep = t.waited.data as FutexSleep | undefined;
  if (sleep) return goOn(t, sleep);
  if (badFlags(flags) || value > ALL || mask > ALL || mask === 0) return -E.EINVAL;
  const until = deadlineOf(t, timeout, clockid, abi);
  return until < 0 ? until : sleepOn(t, [{ at, value }], mask, until);
};
const wake = (t: Task, at: VAddr, mask: number, count: number, flags: number): number => {
  if (badFlags(flags) || mask > ALL || mask === 0) return -E.EINVAL;
  if (at % 4 !== 0) return -E.EINVAL;
  const queue = at < 0 ? undefined : t.kernel.futexes.queue(t.mem, at);
  if (!queue) return -E.EFAULT;
  return count === 0 ? 0 : queue.wake(Math.max(count, 1), mask);
};
const requeue = (t: Task, at: VAddr, flags: number, wakes: number, moves: number, abi: Abi): number => {
  if (flags !== 0 || at === 0) return -E.EINVAL;
  const list = parse(t, at, 2, abi);
  if (typeof list === "number") return list;
  const [from, to] = list as [Sought, Sought];
  if (wakes < 0 || moves < 0 || from.at % 4 !== 0 || to.at % 4 !== 0) return -E.EINVAL;
  const source = from.at < 0 ? undefined : t.kernel.futexes.queue(t.mem, from.at);
  const target = to.at < 0 ? undefined : t.kernel.futexes.queue(t.mem, to.at);
  if (!source || !target) return -E.EFAULT;
  if (t.mem.u32(from.at) !== from.value) return -E.EAGAIN;
  const woken = source.wake(wakes, ALL);
  return woken + source.requeue(moves, target);
};

const waiters = ptr;
const clockid = clock;
/** Calls that wait and wake by several or sized futexes. man 2 futex_waitv. */
export const futex2Calls: readonly Syscall[] = [
  syscall("futex_waitv", { waiters, nr_futexes: uint, flags: hexInt, timeout: timespec64, clockid }, (t, a, abi) =>
    waitMany(t, a.waiters, a.nr_futexes, a.flags, a.timeout, a.clockid, abi),
  ),
  syscall("futex_wait", { uaddr: ptr, val: ulong, mask: ulong, flags: hexInt, timeout: timespec64, clockid }, (t, a, abi) =>
    waitOne(t, a.uaddr, a.val, a.mask, a.flags, a.timeout, a.clockid, abi),
  ),
  syscall("futex_wake", { uaddr: ptr, mask: ulong, nr: int, flags: hexInt }, (t, a) => wake(t, a.uaddr, a.mask, a.nr, a.flags)),
  syscall("futex_requeue", { waiters, flags: hexInt, nr_wake: int, nr_requeue: int }, (t, a, abi) =>
    requeue(t, a.waiters, a.flags, a.nr_wake, a.nr_requeue, abi),
  ),
];

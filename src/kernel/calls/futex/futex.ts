// futex(2) and the robust list. man 2 futex; Linux kernel/futex/.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { FUTEX, FUTEX_CLOCK_REALTIME, FUTEX_PRIVATE_FLAG } from "../../../abi/uapi/futex.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { mayAccess } from "../../cred/read-access.ts";
import { wakeOp } from "../../futex/op.ts";
import { isOwner, passOn } from "../../futex/pi.ts";
import { FutexWaiter } from "../../futex/table.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "../../futex/word.ts";
import { hexInt, int, ptr, uint, ulong } from "../../syscall/arg.ts";
import { only } from "../../syscall/arg-flags.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { native, readNanoseconds, type TimeForm, time64 } from "../../syscall/timespec.ts";
import { findTask, shownPid } from "../../task/pid-namespace.ts";

const ALL = 0xffff_ffff;

interface Call {
  readonly uaddr: VAddr;
  readonly op: number;
  readonly val: number;
  readonly utime: VAddr;
  readonly uaddr2: VAddr;
  readonly val3: number;
}
/** Operations whose fourth argument is a time. In others it is a count. */
const WITH_TIME = new Set<number>([FUTEX.WAIT, FUTEX.LOCK_PI, FUTEX.LOCK_PI2, FUTEX.WAIT_BITSET, FUTEX.WAIT_REQUEUE_PI]);
const ABSOLUTE = new Set<number>([FUTEX.LOCK_PI, FUTEX.LOCK_PI2, FUTEX.WAIT_BITSET, FUTEX.WAIT_REQUEUE_PI]);

/** The monotonic end of the wait in nanoseconds, or -errno. Undefined: none. */
const deadlineOf = (t: Task, a: Call, command: number, form: TimeForm, abi: Abi): number | undefined => {
  if (a.utime === 0) return undefined;
  const ns = readNanoseconds(t, a.utime, form, abi);
  if (ns < 0) return ns;
  if (!ABSOLUTE.has(command)) return t.kernel.now + ns;
  const real = (a.op & FUTEX_CLOCK_REALTIME) !== 0 || command === FUTEX.LOCK_PI;
  return Math.max(0, ns - (real ? t.kernel.bootTime * 1e9 : t.namespaces.time.nanoseconds("monotonic")));
};

/** Sleeps while the word has the caller's value. Linux futex_wait(). */
const futexWait = (t: Task, a: Call, bitset: number, deadline: number | undefined, isLock = false): Result => {
  const waiting = t.waited.data as FutexWaiter | undefined;
  if (waiting) {
    if (!waiting.queue) return 0;
    if (t.waited.expired) {
      waiting.queue.remove(waiting);
      return -E.ETIMEDOUT;
    }
    return asleep(t);
  }
  if (bitset === 0) return -E.EINVAL;
  if (a.uaddr % 4 !== 0) return -E.EINVAL;
  const queue = t.kernel.futexes.queue(t.mem, a.uaddr);
  const value = t.mem.u32(a.uaddr);
  if (!queue || value < 0) return -E.EFAULT;
  if (value !== a.val) return -E.EAGAIN;
  const waiter = new FutexWaiter(t, bitset, isLock ? a.uaddr : undefined);
  queue.add(waiter);
  t.waited.data = t.waited.held = waiter;
  if (deadline !== undefined) t.waited.deadline = deadline;
  return asleep(t);
};
const asleep = (t: Task): Result => {
  const { deadline } = t.waited;
  const until = deadline === undefined || !Number.isFinite(deadline) ? undefined : deadline;
  return wait([], { until, interrupted: deadline === undefined ? restart.ERESTARTSYS : restart.ERESTART_RESTARTBLOCK });
};

const futexWake = (t: Task, at: VAddr, n: number, bitset: number): number => {
  if (bitset === 0 || at % 4 !== 0) return -E.EINVAL;
  const queue = t.kernel.futexes.queue(t.mem, at);
  return queue ? queue.wake(Math.max(n | 0, 1), bitset) : -E.EFAULT;
};

const requeue = (t: Task, a: Call, count: number, compare: boolean): number => {
  if ((a.val | 0) < 0 || (count | 0) < 0 || a.uaddr % 4 !== 0 || a.uaddr2 % 4 !== 0) return -E.EINVAL;
  const from = t.kernel.futexes.queue(t.mem, a.uaddr);
  const to = t.kernel.futexes.queue(t.mem, a.uaddr2);
  if (!from || !to) return -E.EFAULT;
  if (compare && t.mem.u32(a.uaddr) !== a.val3) return -E.EAGAIN;
  const woken = from.wake(a.val, ALL);
  return woken + from.requeue(count, to);
};

const doWakeOp = (t: Task, a: Call, count: number): number => {
  if (a.uaddr % 4 !== 0 || a.uaddr2 % 4 !== 0) return -E.EINVAL;
  const first = t.kernel.futexes.queue(t.mem, a.uaddr);
  const second = t.kernel.futexes.queue(t.mem, a.uaddr2);
  if (!first || !second) return -E.EFAULT;
  const also = wakeOp(t.mem, a.uaddr2, a.val3);
  if (typeof also === "number") return also;
  return first.wake(Math.max(a.val | 0, 1), ALL) + (also ? second.wake(Math.max(count | 0, 1), ALL) : 0);
};

/**
 * Takes a lock whose word holds its owner's id. Priority inheritance has no effect here. Linux
 * futex_lock_pi().
 */
const lockPi = (t: Task, a: Call, deadline: number | undefined, trial: boolean): Result => {
  if (a.uaddr % 4 !== 0) return -E.EINVAL;
  const value = t.mem.u32(a.uaddr);
  if (value < 0) return -E.EFAULT;
  const owner = value & FUTEX_TID_MASK;
  const waiting = t.waited.data as FutexWaiter | undefined;
  if (isOwner(t, value)) return waiting && !waiting.queue ? 0 : -E.EDEADLK;
  if (owner === 0) {
    const queue = t.kernel.futexes.queue(t.mem, a.uaddr);
    const waiters = (queue?.waiters.size ?? 0) > 0 ? FUTEX_WAITERS : 0;
    return t.mem.setU32(a.uaddr, (shownPid(t, t.pid) | (value & FUTEX_OWNER_DIED) | waiters) >>> 0) ? 0 : -E.EFAULT;
  }
  if (!findTask(t, owner)) return -E.ESRCH;
  if (trial) return -E.EAGAIN;
  if (!waiting) {
    const marked = (value | FUTEX_WAITERS) >>> 0;
    if (!t.mem.setU32(a.uaddr, marked)) return -E.EFAULT;
    return futexWait(t, { ...a, val: marked }, ALL, deadline, true);
  }
  return futexWait(t, a, ALL, deadline);
};
const unlockPi = (t: Task, a: Call): number => {
  if (a.uaddr % 4 !== 0) return -E.EINVAL;
  const value = t.mem.u32(a.uaddr);
  if (value < 0) return -E.EFAULT;
  if (!isOwner(t, value)) return -E.EPERM;
  return passOn(t.mem, a.uaddr, t.kernel.futexes.queue(t.mem, a.uaddr), 0) ? 0 : -E.EFAULT;
};

const futex = (t: Task, a: Call, form: TimeForm, abi: Abi): Result => {
  const command = a.op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  if ((a.op & FUTEX_CLOCK_REALTIME) !== 0 && ![FUTEX.WAIT_BITSET, FUTEX.WAIT_REQUEUE_PI, FUTEX.LOCK_PI2].some((c) => c === command))
    return -E.ENOSYS;
  // A restarted wait keeps its first deadline.
  const deadline = WITH_TIME.has(command) && !t.waited.data ? (t.waited.deadline ?? deadlineOf(t, a, command, form, abi)) : undefined;
  if (deadline !== undefined && deadline < 0) return deadline;
  // A count ignores the upper half of its register.
  const count = (a.utime % 2 ** 32) | 0;
  switch (command) {
    case FUTEX.WAIT:
      return futexWait(t, a, ALL, deadline);
    case FUTEX.WAIT_BITSET:
      return futexWait(t, a, a.val3, deadline);
    case FUTEX.WAKE:
      return futexWake(t, a.uaddr, a.val, ALL);
    case FUTEX.WAKE_BITSET:
      return futexWake(t, a.uaddr, a.val, a.val3);
    case FUTEX.REQUEUE:
      return requeue(t, a, count, false);
    case FUTEX.CMP_REQUEUE:
      return requeue(t, a, count, true);
    case FUTEX.WAKE_OP:
      return doWakeOp(t, a, count);
    case FUTEX.LOCK_PI:
    case FUTEX.LOCK_PI2:
      return lockPi(t, a, deadline, false);
    case FUTEX.TRYLOCK_PI:
      return lockPi(t, a, undefined, true);
    case FUTEX.UNLOCK_PI:
      return unlockPi(t, a);
    default:
      return -E.ENOSYS;
  }
};

const opName = (v: number): string => {
  const command = v & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  const name = Object.entries(FUTEX).find(([, n]) => n === command)?.[0];
  return `${name ? `FUTEX_${name}` : `0x${command.toString(16)}`}${(v & FUTEX_PRIVATE_FLAG) !== 0 ? "_PRIVATE" : ""}${(v & FUTEX_CLOCK_REALTIME) !== 0 ? "|FUTEX_CLOCK_REALTIME" : ""}`;
};
const op: ArgType<number> = { c: "int", names: FUTEX, decode: (raw, i) => raw[2 * i] as number, show: opName };
const commandOf = (all: Record<string, unknown>): number => (all["op"] as number) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
/** Arguments that a command ignores are not shown. */
const used = <T>(arg: ArgType<T>, commands: readonly number[]): ArgType<T> => only(arg, (all) => commands.includes(commandOf(all)));
const WAITS: readonly number[] = [FUTEX.WAIT, FUTEX.WAIT_BITSET, FUTEX.LOCK_PI, FUTEX.LOCK_PI2];
const MOVES: readonly number[] = [FUTEX.REQUEUE, FUTEX.CMP_REQUEUE, FUTEX.WAKE_OP];
const ALL_BITS = 0xffff_ffff;
const second = (form: "timespec" | "timespec64"): ArgType<VAddr> => ({
  ...ptr,
  show: (v, ctx) => {
    const command = commandOf(ctx.all);
    if (WAITS.includes(command)) return given(form).show(v, ctx);
    return MOVES.includes(command) ? String(v % 2 ** 32) : "";
  },
});
const third: ArgType<number> = {
  ...hexInt,
  show: (v, ctx) => {
    const command = commandOf(ctx.all);
    if (command === FUTEX.WAIT_BITSET || command === FUTEX.WAKE_BITSET)
      return v === ALL_BITS ? "FUTEX_BITSET_MATCH_ANY" : hexInt.show(v, ctx);
    return command === FUTEX.CMP_REQUEUE ? String(v) : command === FUTEX.WAKE_OP ? hexInt.show(v, ctx) : "";
  },
};
const args = {
  uaddr: ptr,
  op,
  val: used(uint, [FUTEX.WAIT, FUTEX.WAIT_BITSET, FUTEX.WAKE, FUTEX.WAKE_BITSET, ...MOVES]),
  utime: second("timespec"),
  uaddr2: used(ptr, MOVES),
  val3: third,
} as const;
const args64 = { ...args, utime: second("timespec64") } as const;

/** man 2 get_robust_list. The size of the head identifies the ABI of the list. */
const setRobustList = (t: Task, head: VAddr, size: number, abi: Abi): number => {
  if (size !== 3 * abi.long) return -E.EINVAL;
  t.robustList = head;
  t.robustListSize = size;
  return 0;
};
const getRobustList = (t: Task, pid: number, head: VAddr, size: VAddr, abi: Abi): number => {
  const target = pid === 0 ? t : findTask(t, pid);
  if (!target) return -E.ESRCH;
  if (!mayAccess(t, target)) return -E.EPERM;
  return t.mem.setLong(size, 3 * abi.long, abi.long) && t.mem.setLong(head, target.robustList, abi.long) ? 0 : -E.EFAULT;
};

const NOTE = { note: "no FUTEX_WAIT_REQUEUE_PI and CMP_REQUEUE_PI; PI locks hand over in order of arrival" } as const;
/** Calls on futexes and robust lists. man 2 futex, set_robust_list. */
export const futexCalls: readonly Syscall[] = [
  syscall("futex", args, (t, a, abi) => futex(t, a, native, abi), NOTE),
  syscall("futex_time64", args64, (t, a, abi) => futex(t, a, time64, abi), NOTE),
  syscall("set_robust_list", { head: ptr, len: ulong }, (t, a, abi) => setRobustList(t, a.head, a.len, abi)),
  syscall("get_robust_list", { pid: int, head_ptr: filled("pointer"), len_ptr: filled("word") }, (t, a, abi) =>
    getRobustList(t, a.pid, a.head_ptr, a.len_ptr, abi),
  ),
];

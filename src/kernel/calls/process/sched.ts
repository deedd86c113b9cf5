// Scheduling policies and priorities on one processor. Every task starts as SCHED_OTHER.
// man 7 sched; Linux kernel/sched/syscalls.c.

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import type { DeadlineTimes } from "../../core/settings.ts";
import { allCpus, type Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { int, ptr, uint } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { putTimespec, putTimespec64 } from "../../syscall/timespec.ts";
import { findThread } from "../../task/pid-namespace.ts";
import { isRealtime, POLICY, RESET_ON_FORK, sliceAsked, sliceOf } from "../../task/sched-policy.ts";

const policyArg = choice("int", POLICY, "SCHED_???");

const find = (t: Task, pid: number): Task | undefined => (pid === 0 ? t : findThread(t, pid));

const priorityRange = (policy: number): readonly [number, number] | undefined =>
  isRealtime(policy)
    ? [1, 99]
    : [POLICY.SCHED_OTHER, POLICY.SCHED_BATCH, POLICY.SCHED_IDLE, POLICY.SCHED_DEADLINE].some((p) => p === policy)
      ? [0, 0]
      : undefined;

/** Linux check_same_owner(). */
const isOwn = (t: Task, target: Task): boolean => t.cred.euid === target.cred.euid || t.cred.euid === target.cred.uid;

/** The requirements of a policy for a caller without CAP_SYS_NICE. Linux user_check_sched_setscheduler(). */
const mayChange = (t: Task, target: Task, policy: number, priority: number, nice: number, resets: boolean): boolean => {
  if (capable(t.cred, CAP.SYS_NICE)) return true;
  const now = target.policy & ~RESET_ON_FORK;
  const mayHave = (value: number): boolean => value >= target.nice || 20 - value <= target.process.limit(RLIMIT.NICE);
  if (isRealtime(policy)) {
    const limit = target.process.limit(RLIMIT.RTPRIO);
    if ((policy !== now && limit === 0) || (priority > target.priority && priority > limit)) return false;
  } else if (policy === POLICY.SCHED_DEADLINE || !mayHave(nice)) return false;
  if (now === POLICY.SCHED_IDLE && policy !== POLICY.SCHED_IDLE && 20 - target.nice > target.process.limit(RLIMIT.NICE)) return false;
  return isOwn(t, target) && (resets || (target.policy & RESET_ON_FORK) === 0);
};

const setScheduler = (t: Task, pid: number, policy: number, param: VAddr): number => {
  if (param === 0 || pid < 0) return -E.EINVAL;
  const priority = t.mem.u32(param);
  if (priority < 0) return -E.EFAULT;
  const target = find(t, pid);
  if (!target) return -E.ESRCH;
  const kind = policy & ~RESET_ON_FORK;
  const range = priorityRange(kind);
  if (!range || kind === POLICY.SCHED_DEADLINE || priority < range[0] || priority > range[1]) return -E.EINVAL;
  if (!mayChange(t, target, kind, priority, target.nice, (policy & RESET_ON_FORK) !== 0)) return -E.EPERM;
  target.policy = policy;
  target.priority = priority;
  target.deadline = undefined;
  t.kernel.scheduler.rankChanged();
  return 0;
};

/** Size of the kernel's CPU set. CPU sets are arrays of the ABI's long. */
const CPUSET_BYTES = 8;
const setBit = (bytes: Uint8Array, n: number): void => {
  bytes[n >> 3] = (bytes[n >> 3] as number) | (1 << (n & 7));
};
const getAffinity = (t: Task, pid: number, length: number, mask: VAddr, abi: Abi): number => {
  if (length * 8 < 1 || length % abi.long !== 0) return -E.EINVAL;
  if (!find(t, pid)) return -E.ESRCH;
  const size = Math.min(length, CPUSET_BYTES);
  const bytes = new Uint8Array(size);
  for (let cpu = 0; cpu < 8 * size; cpu++) if (((find(t, pid) as Task).affinity >> BigInt(cpu)) & 1n) setBit(bytes, cpu);
  return t.mem.write(mask, bytes) ? size : -E.EFAULT;
};
const setAffinity = (t: Task, pid: number, length: number, mask: VAddr): number => {
  const bytes = t.mem.read(mask, Math.min(length, CPUSET_BYTES));
  if (!bytes) return -E.EFAULT;
  const target = find(t, pid);
  if (!target) return -E.ESRCH;
  if (!isOwn(t, target) && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
  const wanted = bytes.reduce((set, b, i) => set | (BigInt(b) << BigInt(8 * i)), 0n) & allCpus(t.kernel.cpus);
  if (wanted === 0n) return -E.EINVAL;
  target.affinity = wanted;
  t.kernel.scheduler.settle(target);
  return 0;
};

const ATTR_SIZE_VER0 = 48;
const ATTR_SIZE = 56;
const getAttr = (t: Task, pid: number, at: VAddr, size: number, how: number): number => {
  if (at === 0 || pid < 0 || size > PAGE_SIZE || size < ATTR_SIZE_VER0 || how !== 0) return -E.EINVAL;
  const target = find(t, pid);
  if (!target) return -E.ESRCH;
  const v = new DataView(new ArrayBuffer(ATTR_SIZE));
  v.setUint32(0, Math.min(size, ATTR_SIZE), true);
  v.setUint32(4, target.policy & ~RESET_ON_FORK, true);
  const { deadline } = target;
  for (const [i, value] of (deadline ? [deadline.runtime, deadline.deadline, deadline.period] : []).entries())
    v.setBigUint64(24 + 8 * i, value, true);
  const realtime = isRealtime(target.policy & ~RESET_ON_FORK);
  if (!deadline && !realtime) v.setBigUint64(24, sliceOf(target), true);
  v.setInt32(16, realtime ? 0 : target.nice, true);
  v.setUint32(20, target.priority, true);
  v.setUint32(52, 1024, true);
  return t.mem.write(at, new Uint8Array(v.buffer, 0, Math.min(size, ATTR_SIZE))) ? 0 : -E.EFAULT;
};
/** Linux __checkparam_dl(): times in nanoseconds, at least 1024 ns of runtime, periods of 0.1 ms to 4.2 s. */
const readDeadline = (v: DataView): DeadlineTimes | undefined => {
  const [runtime, deadline, given] = [24, 32, 40].map((at) => v.getBigUint64(at, true)) as [bigint, bigint, bigint];
  const period = given || deadline;
  if (deadline === 0n || runtime < 1024n || deadline >> 63n || period >> 63n) return undefined;
  if (period < deadline || deadline < runtime || period < 100_000n || period > 1n << 32n) return undefined;
  return { runtime, deadline, period };
};
const setAttr = (t: Task, pid: number, at: VAddr, how: number): number => {
  if (at === 0 || pid < 0 || how !== 0) return -E.EINVAL;
  const bytes = t.mem.read(at, ATTR_SIZE_VER0);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const size = v.getUint32(0, true);
  if (size !== 0 && (size < ATTR_SIZE_VER0 || size > PAGE_SIZE)) return t.mem.setU32(at, ATTR_SIZE) ? -E.E2BIG : -E.EFAULT;
  const target = find(t, pid);
  if (!target) return -E.ESRCH;
  const policy = v.getUint32(4, true);
  const priority = v.getUint32(20, true);
  const range = priorityRange(policy);
  const isDeadline = policy === POLICY.SCHED_DEADLINE;
  const deadline = isDeadline ? readDeadline(v) : undefined;
  if (!range || priority < range[0] || priority > range[1] || (isDeadline && !deadline)) return -E.EINVAL;
  const nice = v.getInt32(16, true);
  if (!mayChange(t, target, policy, priority, nice, true)) return -E.EPERM;
  target.policy = policy;
  target.deadline = deadline;
  if (!isDeadline && !isRealtime(policy)) target.slice = sliceAsked(v.getBigUint64(24, true));
  target.priority = priority;
  target.nice = Math.max(-20, Math.min(19, nice));
  t.kernel.scheduler.rankChanged();
  return 0;
};

const PRIO = { PROCESS: 0, PGRP: 1, USER: 2 } as const;
const tasksFor = (t: Task, which: number, who: number): Task[] => {
  const all = [...t.kernel.tasks.values()];
  if (which === PRIO.PROCESS) return all.filter((x) => x.pid === (who || t.pid));
  if (which === PRIO.PGRP) return all.filter((x) => x.process.pgid === (who || t.process.pgid));
  return all.filter((x) => x.cred.uid === (who || t.cred.uid));
};
/** Returns 20 - nice, so that it is never negative. */
const getPriority = (t: Task, which: number, who: number): number => {
  if (which < 0 || which > 2) return -E.EINVAL;
  const found = tasksFor(t, which, who);
  return found.length === 0 ? -E.ESRCH : Math.max(...found.map((x) => 20 - x.nice));
};
const setPriority = (t: Task, which: number, who: number, value: number): number => {
  if (which < 0 || which > 2) return -E.EINVAL;
  const nice = Math.max(-20, Math.min(19, value));
  const found = tasksFor(t, which, who);
  let result = found.length === 0 ? -E.ESRCH : 0;
  for (const x of found) {
    if (x.cred.uid !== t.cred.euid && x.cred.euid !== t.cred.euid && !capable(t.cred, CAP.SYS_NICE)) result = -E.EPERM;
    else if (nice < x.nice && !capable(t.cred, CAP.SYS_NICE) && 20 - nice > t.process.limit(RLIMIT.NICE)) result = -E.EACCES;
    else x.nice = nice;
  }
  return result;
};

const NOTE = { note: "nice values have no effect; SCHED_BATCH and SCHED_DEADLINE are scheduled like SCHED_OTHER" } as const;
const which = choice("int", { PRIO_PROCESS: PRIO.PROCESS, PRIO_PGRP: PRIO.PGRP, PRIO_USER: PRIO.USER }, "PRIO_???");
const RR_INTERVAL = { sec: 0, nsec: 100_000_000 } as const;
const rrInterval = (t: Task, pid: number): typeof RR_INTERVAL | number => (pid < 0 ? -E.EINVAL : find(t, pid) ? RR_INTERVAL : -E.ESRCH);

/** Calls on scheduling policies, priorities and affinity. man 7 sched. */
export const schedCalls: readonly Syscall[] = [
  syscall("sched_yield", {}, (t) => {
    t.kernel.scheduler.yield();
    return 0;
  }),
  syscall("sched_getaffinity", { pid: int, len: uint, mask: filled("cpuSet") }, (t, a, abi) => getAffinity(t, a.pid, a.len, a.mask, abi)),
  syscall("sched_setaffinity", { pid: int, len: uint, mask: given("cpuSet", "len") }, (t, a) => setAffinity(t, a.pid, a.len, a.mask), {
    note: "stored; all tasks run on processor 0",
  }),
  syscall("sched_getscheduler", { pid: int }, (t, a) => (a.pid < 0 ? -E.EINVAL : (find(t, a.pid)?.policy ?? -E.ESRCH))),
  syscall(
    "sched_setscheduler",
    { pid: int, policy: policyArg, param: given("sched_param") },
    (t, a) => setScheduler(t, a.pid, a.policy, a.param),
    NOTE,
  ),
  syscall("sched_getparam", { pid: int, param: filled("sched_param") }, (t, a) => {
    if (a.param === 0 || a.pid < 0) return -E.EINVAL;
    const target = find(t, a.pid);
    return !target ? -E.ESRCH : t.mem.setU32(a.param, target.priority) ? 0 : -E.EFAULT;
  }),
  syscall(
    "sched_setparam",
    { pid: int, param: given("sched_param") },
    (t, a) => setScheduler(t, a.pid, find(t, a.pid)?.policy ?? 0, a.param),
    NOTE,
  ),
  syscall("sched_get_priority_max", { policy: policyArg }, (_t, a) => priorityRange(a.policy)?.[1] ?? -E.EINVAL),
  syscall("sched_get_priority_min", { policy: policyArg }, (_t, a) => priorityRange(a.policy)?.[0] ?? -E.EINVAL),
  syscall("sched_rr_get_interval", { pid: int, tp: filled("timespec") }, (t, a, abi) => {
    const r = rrInterval(t, a.pid);
    return typeof r === "number" ? r : putTimespec(t, a.tp, r, abi) ? 0 : -E.EFAULT;
  }),
  syscall("sched_rr_get_interval_time64", { pid: int, tp: filled("timespec64") }, (t, a) => {
    const r = rrInterval(t, a.pid);
    return typeof r === "number" ? r : putTimespec64(t, a.tp, r) ? 0 : -E.EFAULT;
  }),
  syscall("sched_getattr", { pid: int, attr: filled("sched_attr"), size: uint, flags: uint }, (t, a) =>
    getAttr(t, a.pid, a.attr, a.size, a.flags),
  ),
  syscall("sched_setattr", { pid: int, attr: given("sched_attr"), flags: uint }, (t, a) => setAttr(t, a.pid, a.attr, a.flags), NOTE),
  syscall("getpriority", { which, who: int }, (t, a) => getPriority(t, a.which, a.who)),
  syscall("setpriority", { which, who: int, prio: int }, (t, a) => setPriority(t, a.which, a.who, a.prio), NOTE),
  syscall(
    "nice",
    { inc: int },
    (t, a) => {
      const nice = Math.max(-20, Math.min(19, t.nice + Math.max(-40, Math.min(40, a.inc))));
      if (nice < t.nice && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
      t.nice = nice;
      return 0;
    },
    NOTE,
  ),
  syscall("getcpu", { cpu: filled("uint32"), node: filled("uint32"), unused: ptr }, (t, a) =>
    (a.cpu === 0 || t.mem.setU32(a.cpu, t.cpu)) && (a.node === 0 || t.mem.setU32(a.node, 0)) ? 0 : -E.EFAULT,
  ),
];

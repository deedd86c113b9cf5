// Resource limits and usage. man 2 getrlimit, getrusage; Linux kernel/sys.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { RLIMIT, type Rlimit } from "../../base/rlimit.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { processUsage } from "../../core/usage.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { int } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { inStruct, outStruct } from "../../syscall/arg-string.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { findThread } from "../../task/pid-namespace.ts";
import { rusageBytes } from "../../task/rusage.ts";
import { watchCpuLimit } from "../../timer/cpu-limit.ts";

const NLIMITS = 16;
const resource = choice("int", Object.fromEntries(Object.entries(RLIMIT).map(([k, v]) => [`RLIMIT_${k}`, v])), "RLIMIT_???");

/** RLIM_INFINITY: all ones. The first getrlimit of i386 has 31 bits. */
const INFINITE = { long4: 0xffff_ffff, old: 0x7fff_ffff } as const;

const put = (t: Task, at: number, limit: number, size: 4 | 8, infinite: number): boolean => {
  if (size === 8) return limit === Infinity ? t.mem.setU64(at, 0xffff_ffff, 0xffff_ffff) : t.mem.setLong(at, limit, 8);
  return t.mem.setU32(at, Math.min(limit, infinite));
};
const get = (t: Task, at: number, size: 4 | 8): number => {
  const value = t.mem.word(at, size);
  if (value < 0) return value;
  return (size === 4 && value === INFINITE.long4) || value >= 2 ** 64 - 4096 ? Infinity : value;
};

const write = (t: Task, at: VAddr, { soft, hard }: Rlimit, size: 4 | 8, infinite: number = INFINITE.long4): number =>
  put(t, at, soft, size, infinite) && put(t, at + size, hard, size, infinite) ? 0 : -E.EFAULT;
const read = (t: Task, at: VAddr, size: 4 | 8): Rlimit | undefined => {
  const soft = get(t, at, size);
  const hard = get(t, at + size, size);
  return soft < 0 || hard < 0 ? undefined : { soft, hard };
};

/** Linux do_prlimit(). */
const change = (t: Task, process: Process, which: number, to: Rlimit): number => {
  if (to.soft > to.hard) return -E.EINVAL;
  if (which === RLIMIT.NOFILE && to.hard > t.kernel.nrOpen) return -E.EPERM;
  if (to.hard > (process.limits[which] as Rlimit).hard && !capable(t.cred, CAP.SYS_RESOURCE)) return -E.EPERM;
  process.limits[which] = to;
  if (which === RLIMIT.CPU) watchCpuLimit(process);
  return 0;
};

const set = (t: Task, which: number, at: VAddr, abi: Abi): number => {
  const to = read(t, at, abi.long);
  if (!to) return -E.EFAULT;
  return which < 0 || which >= NLIMITS ? -E.EINVAL : change(t, t.process, which, to);
};
const getLimit = (t: Task, which: number, at: VAddr, abi: Abi, infinite?: number): number => {
  const limit = t.process.limits[which];
  return limit ? write(t, at, limit, abi.long, infinite) : -E.EINVAL;
};

/** The limits of another process require its ids. Linux check_prlimit_permission(). */
const mayLook = (t: Task, other: Process): boolean => {
  const { cred } = other.leader;
  const own =
    [cred.uid, cred.euid, cred.suid].every((u) => u === t.cred.uid) && [cred.gid, cred.egid, cred.sgid].every((g) => g === t.cred.gid);
  return other === t.process || own || capable(t.cred, CAP.SYS_RESOURCE);
};
const prlimit = (t: Task, pid: number, which: number, from: VAddr, to: VAddr): number => {
  const wanted = from === 0 ? undefined : read(t, from, 8);
  if (from !== 0 && !wanted) return -E.EFAULT;
  const process = pid === 0 ? t.process : findThread(t, pid)?.process;
  if (!process) return -E.ESRCH;
  if (!mayLook(t, process)) return -E.EPERM;
  const old = process.limits[which];
  if (!old) return -E.EINVAL;
  const result = wanted ? change(t, process, which, wanted) : 0;
  return result < 0 || to === 0 ? result : write(t, to, old, 8);
};

const SELF = 0;
const CHILDREN = -1;
const THREAD = 1;
const who = choice("int", { RUSAGE_SELF: SELF, RUSAGE_CHILDREN: CHILDREN, RUSAGE_THREAD: THREAD }, "RUSAGE_???");
const getrusage = (t: Task, whose: number, at: VAddr, abi: Abi): number => {
  const usage =
    whose === SELF ? processUsage(t.process) : whose === CHILDREN ? t.process.childUsage : whose === THREAD ? t.usage : undefined;
  if (!usage) return -E.EINVAL;
  const maxResident = whose === CHILDREN ? usage.maxResident : Math.max(usage.maxResident, t.mem.table.peak);
  return t.mem.write(at, rusageBytes({ ...usage, maxResident }, abi)) ? 0 : -E.EFAULT;
};

/** `8192*1024`: strace's text of whole KiB. */
const limitText = (n: number, infinity: string): string =>
  n === Infinity ? infinity : n > 1024 && n % 1024 === 0 ? `${n / 1024}*1024` : String(n);
const limits = (size: (abi: Abi) => 4 | 8, infinity: string) => {
  const text = (ctx: ShowContext, at: VAddr): string | undefined => {
    const limit = read(ctx.task, at, size(ctx.abi));
    return limit && `{rlim_cur=${limitText(limit.soft, infinity)}, rlim_max=${limitText(limit.hard, infinity)}}`;
  };
  return { in: inStruct("const struct rlimit *", text), out: outStruct("struct rlimit *", text) };
};
const rlim = limits((abi) => abi.long, "RLIM_INFINITY");
const rlim64 = limits(() => 8, "RLIM64_INFINITY");

/** Calls on resource limits and usage. man 2 getrlimit, getrusage. */
export const resourceCalls: readonly Syscall[] = [
  syscall("getrlimit", { resource, rlim: rlim.out }, (t, a, abi) => getLimit(t, a.resource, a.rlim, abi), { only: "x64" }),
  syscall("getrlimit", { resource, rlim: rlim.out }, (t, a, abi) => getLimit(t, a.resource, a.rlim, abi, INFINITE.old), { only: "i386" }),
  syscall("ugetrlimit", { resource, rlim: rlim.out }, (t, a, abi) => getLimit(t, a.resource, a.rlim, abi)),
  syscall("setrlimit", { resource, rlim: rlim.in }, (t, a, abi) => set(t, a.resource, a.rlim, abi)),
  syscall("prlimit64", { pid: int, resource, new_limit: rlim64.in, old_limit: rlim64.out }, (t, a) =>
    prlimit(t, a.pid, a.resource, a.new_limit, a.old_limit),
  ),
  syscall("getrusage", { who, usage: filled("rusage") }, (t, a, abi) => getrusage(t, a.who, a.usage, abi), {
    note: "no I/O counts; the peak size is the current one",
  }),
];

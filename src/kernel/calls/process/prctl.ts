// prctl(2). Linux kernel/sys.c. Seccomp's options come first, because the dialect decides their meaning.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { setWriteOrExecute } from "../../../memory/calls/protect.ts";
import type { PrctlMeaning } from "../../../seccomp/profile/profile.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable, LAST_CAP } from "../../cred/cred.ts";
import { SECBIT } from "../../lifecycle/exec-cred.ts";
import { NSIG, signalName } from "../../signal/state/set.ts";
import { ptr } from "../../syscall/arg.ts";
import { choiceText } from "../../syscall/arg-flags.ts";
import { cutText } from "../../syscall/arg-string.ts";
import { type ArgType, type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { setUserDispatch } from "../../task/user-dispatch.ts";
import { lazySeccomp } from "../security/lazy.ts";

/** PR_*. Linux uapi linux/prctl.h. */
// biome-ignore format: table
const PR = {
  SET_PDEATHSIG: 1, GET_PDEATHSIG: 2, GET_DUMPABLE: 3, SET_DUMPABLE: 4, GET_UNALIGN: 5, SET_UNALIGN: 6, GET_KEEPCAPS: 7, SET_KEEPCAPS: 8,
  GET_TIMING: 13, SET_TIMING: 14, SET_NAME: 15, GET_NAME: 16, GET_SECCOMP: 21, SET_SECCOMP: 22, CAPBSET_READ: 23, CAPBSET_DROP: 24,
  GET_TSC: 25, SET_TSC: 26, GET_SECUREBITS: 27, SET_SECUREBITS: 28, SET_TIMERSLACK: 29, GET_TIMERSLACK: 30, MCE_KILL: 33, MCE_KILL_GET: 34,
  SET_MM: 35, SET_CHILD_SUBREAPER: 36, GET_CHILD_SUBREAPER: 37, SET_NO_NEW_PRIVS: 38, GET_NO_NEW_PRIVS: 39, GET_TID_ADDRESS: 40,
  SET_THP_DISABLE: 41, GET_THP_DISABLE: 42, CAP_AMBIENT: 47, GET_SPECULATION_CTRL: 52, SET_SPECULATION_CTRL: 53, SET_SYSCALL_USER_DISPATCH: 59,
  SET_MDWE: 65, GET_MDWE: 66, SET_VMA: 0x53564d41,
} as const;

const NAME_LENGTH = 16;
const TSC = { ENABLE: 1, SIGSEGV: 2 } as const;
const AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const;

type Rest = readonly [VAddr, VAddr, VAddr, VAddr];
type Option = (t: Task, args: Rest, abi: Abi) => number;

const noneOf = (...args: number[]): boolean => args.every((a) => a === 0);
const bit = (cap: number): bigint => 1n << BigInt(cap);

/** Linux cap_task_prctl(), PR_CAP_AMBIENT. */
const ambient: Option = (t, [op, cap, a4, a5]) => {
  const { cred } = t;
  if (op === AMBIENT.CLEAR_ALL) {
    if (!noneOf(cap, a4, a5)) return -E.EINVAL;
    t.cred = { ...cred, ambient: 0n };
    return 0;
  }
  if (!noneOf(a4, a5) || cap < 0 || cap > LAST_CAP) return -E.EINVAL;
  if (op === AMBIENT.IS_SET) return (cred.ambient & bit(cap)) !== 0n ? 1 : 0;
  if (op === AMBIENT.LOWER) {
    t.cred = { ...cred, ambient: cred.ambient & ~bit(cap) };
    return 0;
  }
  if (op !== AMBIENT.RAISE) return -E.EINVAL;
  const allowed = (cred.permitted & cred.inheritable & bit(cap)) !== 0n && (cred.securebits & SECBIT.NO_CAP_AMBIENT_RAISE) === 0;
  if (!allowed) return -E.EPERM;
  t.cred = { ...cred, ambient: cred.ambient | bit(cap) };
  return 0;
};

const ALL_SECUREBITS = 0xff;
const LOCKS = 0xaa;
const setSecurebits: Option = (t, [bits]) => {
  const old = t.cred.securebits;
  // Locks and locked bits stay; other changes need CAP_SETPCAP.
  const locked = ((old & LOCKS) >> 1) & (old ^ bits);
  if (locked !== 0 || (old & LOCKS & ~bits) !== 0 || (bits & ~ALL_SECUREBITS) !== 0 || !capable(t.cred, CAP.SETPCAP)) return -E.EPERM;
  t.cred = { ...t.cred, securebits: bits };
  t.keepCaps = (bits & SECBIT.KEEP_CAPS) !== 0;
  return 0;
};

const setName: Option = (t, [at]) => {
  const name = t.mem.cString(at, NAME_LENGTH - 1);
  if (name === undefined) return -E.EFAULT;
  t.comm = name;
  return 0;
};
const getName: Option = (t, [at]) => {
  const bytes = new Uint8Array(NAME_LENGTH);
  for (let i = 0; i < t.comm.length; i++) bytes[i] = t.comm.charCodeAt(i);
  return t.mem.write(at, bytes) ? 0 : -E.EFAULT;
};

/**
 * PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH and PR_SPEC_L1D_FLUSH: the processor is not affected by the
 * first two, and the last is switched off. Linux arch/x86/kernel/cpu/bugs.c
 */
const SPECULATION: Readonly<Record<number, { readonly state: number; readonly refusal: number }>> = {
  0: { state: 0, refusal: E.ENXIO },
  1: { state: 0, refusal: E.EPERM },
  2: { state: 8, refusal: E.EPERM },
};

const put = (t: Task, at: VAddr, value: number): number => (t.mem.setU32(at, value) ? 0 : -E.EFAULT);

const OPTIONS: Readonly<Record<number, Option>> = {
  [PR.SET_PDEATHSIG]: (t, [sig]) => {
    if (sig < 0 || sig > NSIG) return -E.EINVAL;
    t.deathSignal = sig;
    return 0;
  },
  [PR.GET_PDEATHSIG]: (t, [at]) => put(t, at, t.deathSignal),
  [PR.GET_DUMPABLE]: (t) => t.dumpable,
  [PR.SET_DUMPABLE]: (t, [value]) => {
    if (value !== 0 && (value as number) !== 1) return -E.EINVAL;
    t.dumpable = value;
    return 0;
  },
  [PR.GET_KEEPCAPS]: (t) => (t.keepCaps ? 1 : 0),
  [PR.SET_KEEPCAPS]: (t, [value]) => {
    if (value < 0 || value > 1) return -E.EINVAL;
    t.keepCaps = value !== 0;
    t.cred = { ...t.cred, securebits: value ? t.cred.securebits | SECBIT.KEEP_CAPS : t.cred.securebits & ~SECBIT.KEEP_CAPS };
    return 0;
  },
  [PR.GET_TIMING]: () => 0,
  [PR.SET_TIMING]: (_t, [value]) => (value === 0 ? 0 : -E.EINVAL),
  [PR.SET_NAME]: setName,
  [PR.GET_NAME]: getName,
  [PR.CAPBSET_READ]: (t, [cap]) => (cap < 0 || cap > LAST_CAP ? -E.EINVAL : (t.cred.bounding & bit(cap)) !== 0n ? 1 : 0),
  [PR.CAPBSET_DROP]: (t, [cap]) => {
    if (!capable(t.cred, CAP.SETPCAP)) return -E.EPERM;
    if (cap < 0 || cap > LAST_CAP) return -E.EINVAL;
    t.cred = { ...t.cred, bounding: t.cred.bounding & ~bit(cap) };
    return 0;
  },
  [PR.GET_TSC]: (t, [at]) => put(t, at, t.tscDisabled ? TSC.SIGSEGV : TSC.ENABLE),
  [PR.SET_TSC]: (t, [value]) => {
    if ((value as number) !== TSC.ENABLE && (value as number) !== TSC.SIGSEGV) return -E.EINVAL;
    t.tscDisabled = (value as number) === TSC.SIGSEGV;
    t.kernel.scheduler.loadTables(t);
    return 0;
  },
  [PR.GET_SECUREBITS]: (t) => t.cred.securebits,
  [PR.SET_SECUREBITS]: setSecurebits,
  [PR.SET_TIMERSLACK]: (t, [value]) => {
    t.timerSlack = value <= 0 ? t.defaultTimerSlack : value;
    return 0;
  },
  [PR.GET_TIMERSLACK]: (t) => t.timerSlack,
  [PR.MCE_KILL_GET]: (_t, args) => (noneOf(...args) ? 2 : -E.EINVAL),
  [PR.SET_MM]: (t) => (capable(t.cred, CAP.SYS_RESOURCE) ? -E.EINVAL : -E.EPERM),
  [PR.SET_CHILD_SUBREAPER]: (t, [value]) => {
    t.process.subreaper = value !== 0;
    return 0;
  },
  [PR.GET_CHILD_SUBREAPER]: (t, [at]) => put(t, at, t.process.subreaper ? 1 : 0),
  [PR.GET_TID_ADDRESS]: (t, [at], abi) => (t.mem.setLong(at, t.clearChildTid, abi.long) ? 0 : -E.EFAULT),
  [PR.SET_THP_DISABLE]: (_t, [, ...rest]) => (noneOf(...rest) ? 0 : -E.EINVAL),
  [PR.GET_THP_DISABLE]: (_t, args) => (noneOf(...args) ? 0 : -E.EINVAL),
  [PR.CAP_AMBIENT]: ambient,
  [PR.SET_SYSCALL_USER_DISPATCH]: (t, [mode, offset, length, selector]) => setUserDispatch(t, mode, offset, length, selector),
  [PR.SET_MDWE]: (t, [bits, ...rest]) => (noneOf(...rest) ? setWriteOrExecute(t.mem, bits) : -E.EINVAL),
  [PR.GET_MDWE]: (t, args) => (noneOf(...args) ? t.mem.writeOrExecute : -E.EINVAL),
  // Names of anonymous mappings: CONFIG_ANON_VMA_NAME is off in Debian.
  [PR.SET_VMA]: () => -E.EINVAL,
  [PR.GET_SPECULATION_CTRL]: (_t, [which, ...rest]) => (noneOf(...rest) ? (SPECULATION[which]?.state ?? -E.ENODEV) : -E.EINVAL),
  [PR.SET_SPECULATION_CTRL]: (_t, [which, , ...rest]) => (noneOf(...rest) ? -(SPECULATION[which]?.refusal ?? E.ENODEV) : -E.EINVAL),
};

const prctl: (t: Task, option: number, rest: Rest, abi: Abi) => number = (t, option, rest, abi) => {
  const meaning = t.kernel.profile.seccomp.prctl[option];
  if (meaning) return lazySeccomp().seccompPrctl(t, meaning, rest, abi);
  return OPTIONS[option]?.(t, rest, abi) ?? -E.EINVAL;
};

const DUMPABLE = { SUID_DUMP_DISABLE: 0, SUID_DUMP_USER: 1, SUID_DUMP_ROOT: 2 } as const;
const capabilityNames = () => Object.fromEntries(Object.entries(CAP).map(([name, n]) => [`CAP_${name}`, n]));
const nameOf = (option: number): string | undefined => {
  const name = Object.entries(PR).find(([, n]) => n === option)?.[0];
  return name && `PR_${name}`;
};
/** Names of options in dialects, which come before the kernel's name of the same number. */
const dialect: Readonly<Record<string, string>> = {
  "set-no-new-privs": "PR_SET_NO_NEW_PRIVS",
  "get-no-new-privs": "PR_GET_NO_NEW_PRIVS",
  "attach-filter": "PR_ATTACH_SECCOMP_FILTER",
} satisfies Partial<Record<PrctlMeaning, string>>;
const option: ArgType<number> = {
  c: "int",
  names: PR,
  decode: (raw, i) => (raw[2 * i] as number) | 0,
  show: (v, ctx) => dialect[ctx.task.kernel.profile.seccomp.prctl[v] ?? ""] ?? nameOf(v) ?? `0x${(v >>> 0).toString(16)} /* PR_??? */`,
};
/** strace's text of arguments 2 to 5 for known options. */
const shown = (option: number, ctx: ShowContext): readonly ((v: VAddr) => string)[] => {
  const number = (v: VAddr): string => (v < 10 && v >= 0 ? String(v) : ptr.show(v, ctx));
  const name = (v: VAddr): string => {
    const text = ctx.task.mem.cString(v, NAME_LENGTH - 1);
    return text === undefined ? ptr.show(v, ctx) : cutText(text, ctx.style);
  };
  if (ctx.task.kernel.profile.seccomp.prctl[option] === "attach-filter") return [(v) => lazySeccomp().fprogText(v, ctx)];
  switch (option) {
    case PR.SET_NAME:
    case PR.GET_NAME:
      return [name];
    case PR.GET_SECCOMP:
    case PR.GET_DUMPABLE:
    case PR.GET_KEEPCAPS:
    case PR.GET_SECUREBITS:
    case PR.GET_TIMERSLACK:
    case PR.GET_TIMING:
      return [];
    case PR.SET_PDEATHSIG:
      return [(v) => (v === 0 ? "0" : signalName(v))];
    case PR.SET_DUMPABLE:
      return [(v) => choiceText(v, DUMPABLE, "SUID_DUMP_???")];
    case PR.SET_TSC:
      return [(v) => choiceText(v, { PR_TSC_ENABLE: TSC.ENABLE, PR_TSC_SIGSEGV: TSC.SIGSEGV }, "PR_TSC_???")];
    case PR.SET_KEEPCAPS:
    case PR.SET_TIMERSLACK:
    case PR.SET_CHILD_SUBREAPER:
    case PR.SET_TIMING:
      return [(v) => String(v)];
    case PR.CAPBSET_READ:
    case PR.CAPBSET_DROP:
      return [(v) => choiceText(v, capabilityNames(), "CAP_???")];
    case PR.SET_SECCOMP:
      return lazySeccomp().shownMode(ctx);
    default:
      return [number, number, number, number];
  }
};
/**
 * An argument that the trace shows after the result, because PR_GET_NAME fills it. strace does so for all
 * options.
 */
const argument = (n: number): ArgType<VAddr> => ({
  ...ptr,
  plain: true,
  c: "unsigned long",
  out: true,
  show: (v, ctx) => shown(ctx.all["option"], ctx)[n - 2]?.(v) ?? "",
});

/** The call prctl(2). */
export const prctlCalls: readonly Syscall[] = [
  syscall(
    "prctl",
    { option, arg2: argument(2), arg3: argument(3), arg4: argument(4), arg5: argument(5) },
    (t, a, abi) => prctl(t, a.option, [a.arg2, a.arg3, a.arg4, a.arg5], abi),
    {
      note: "no PR_SET_MM, PR_SET_VMA, PR_SCHED_CORE, PR_MCE_KILL and memory tagging",
    },
  ),
];

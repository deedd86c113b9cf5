// What a filter's return value asks for: actions, their values and names through the ages, and which of several filters wins.
// Linux uapi linux/seccomp.h SECCOMP_RET_*; man 2 seccomp, "Filters".
import { E } from "../abi/errno.ts";

/** As /proc/sys/kernel/seccomp/actions_avail spells them. */
export type Action = "kill_process" | "kill_thread" | "trap" | "errno" | "user_notif" | "trace" | "log" | "allow";

export interface ActionRow {
  readonly action: Action;
  /** The return value, without data. */
  readonly value: number;
  /** SECCOMP_RET_ and this; for v6 SECCOMP_BPF_ and this. */
  readonly name: string;
}

export interface ReturnRules {
  /** Highest precedence first. */
  readonly actions: readonly ActionRow[];
  /** The part of the value that is the action; the rest is data. */
  readonly mask: number;
  /** Any other action value is taken as this one. */
  readonly unknown: Action;
  /** All filters run and the lowest action wins, signed; or they run, newest first, until one does not allow. */
  readonly combine: "lowest" | "first-not-allow";
  /** Largest errno that ERRNO can give: 4095 since Linux 4.0, before that all 16 bits of data. */
  readonly maxErrno: number;
}

const row = (action: Action, value: number, name: string): ActionRow => ({ action, value, name });
/** Every action of Linux 6.12. */
export const actions = {
  killProcess: row("kill_process", 0x8000_0000, "KILL_PROCESS"),
  killThread: row("kill_thread", 0x0000_0000, "KILL_THREAD"),
  trap: row("trap", 0x0003_0000, "TRAP"),
  errno: row("errno", 0x0005_0000, "ERRNO"),
  userNotif: row("user_notif", 0x7fc0_0000, "USER_NOTIF"),
  trace: row("trace", 0x7ff0_0000, "TRACE"),
  log: row("log", 0x7ffc_0000, "LOG"),
  allow: row("allow", 0x7fff_0000, "ALLOW"),
} as const;

/** SECCOMP_RET_ACTION and SECCOMP_RET_ACTION_FULL, the latter since Linux 4.14. */
export const RET_ACTION = 0x7fff_0000;
export const RET_ACTION_FULL = 0xffff_0000;
const RET_DATA = 0x0000_ffff;

const part = (rules: ReturnRules, value: number): number => (value & rules.mask) >>> 0;

export const actionOf = (rules: ReturnRules, value: number): Action => {
  const wanted = part(rules, value);
  for (const { action, value: known } of rules.actions) if (known === wanted) return action;
  return rules.unknown;
};

/** The 16 bits of data: si_errno of TRAP, the event message of TRACE. */
export const dataOf = (value: number): number => value & RET_DATA;

/** The system call's result under ERRNO: 0 or -errno. */
export const errnoResult = (rules: ReturnRules, value: number): number => 0 - Math.min(dataOf(value), rules.maxErrno);

/** The value of an action, with data. Undefined if these rules do not have the action. */
export const returnValue = (rules: ReturnRules, action: Action, data = 0): number | undefined => {
  const known = rules.actions.find((r) => r.action === action);
  return known && (known.value | (data & RET_DATA & ~rules.mask)) >>> 0;
};

/** `ERRNO(13)`, `ALLOW`, `0x7ffb0000`: as people write it. The `name` of an errno stays with whoever shows it. */
export const describeReturn = (rules: ReturnRules, value: number): string => {
  const known = rules.actions.find((r) => r.value === part(rules, value));
  if (!known) return `0x${(value >>> 0).toString(16)}`;
  const data = (value & ~rules.mask) >>> 0;
  return data ? `${known.name}(${data})` : known.name;
};

/** Whether `next` wins over what earlier filters said. Linux kernel/seccomp.c seccomp_run_filters(): signed compare, first seen wins. */
export const wins = (rules: ReturnRules, next: number, sofar: number): boolean => (next & rules.mask) < (sofar & rules.mask);

/** MAX_ERRNO, and the absence of a cap. */
export const MAX_ERRNO = 4095;
export const NO_CAP = 0xffff;
/** What the call returns when a filter's action has nobody to ask: no tracer, no listener. */
export const NO_RECIPIENT = -E.ENOSYS;

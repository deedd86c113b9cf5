// The return values of filters: actions, their values and names in all versions, and precedence between
// filters. Linux uapi linux/seccomp.h SECCOMP_RET_*; man 2 seccomp, "Filters".
import { E } from "../abi/errno.ts";
import { optional, takes, wholeNumber } from "../wants.ts";
import { anAction, aValue, someReturns } from "./wants.ts";

/** An action as /proc/sys/kernel/seccomp/actions_avail spells it. */
export type Action = "kill_process" | "kill_thread" | "trap" | "errno" | "user_notif" | "trace" | "log" | "allow";

/** An action with its value in the upper bits of a return value. */
export interface ActionRow {
  readonly action: Action;
  /** The return value, without data. */
  readonly value: number;
  /** The name after SECCOMP_RET_, or in v6 after SECCOMP_BPF_. */
  readonly name: string;
}

/** The rules of a kernel version for return values. */
export interface ReturnRules {
  /** Highest precedence first. */
  readonly actions: readonly ActionRow[];
  /** The bits of the action; the other bits are data. */
  readonly mask: number;
  /** The action of all other values. */
  readonly unknown: Action;
  /**
   * "lowest": all filters run, and the lowest action wins, signed. "first-not-allow": they run, newest first,
   * until one does not allow.
   */
  readonly combine: "lowest" | "first-not-allow";
  /** The largest errno of ERRNO: 4095 since Linux 4.0, before that all 16 bits of data. */
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

/** SECCOMP_RET_ACTION: the bits of the action before Linux 4.14. */
export const RET_ACTION = 0x7fff_0000;
/** SECCOMP_RET_ACTION_FULL: the bits of the action since Linux 4.14. */
export const RET_ACTION_FULL = 0xffff_0000;
const RET_DATA = 0x0000_ffff;

const part = (rules: ReturnRules, value: number): number => (value & rules.mask) >>> 0;

/**
 * The action of a return value. A value that the rules do not know is their `unknown` action.
 *
 * @example
 * actionOf(upstream.returns, 0x00050001);   // "errno"
 */
export const actionOf = takes("actionOf", { rules: someReturns, value: aValue }, (rules: ReturnRules, value: number): Action => {
  const wanted = part(rules, value);
  for (const { action, value: known } of rules.actions) if (known === wanted) return action;
  return rules.unknown;
});

/**
 * The 16 bits of data: si_errno of TRAP, the event message of TRACE.
 *
 * @example
 * dataOf(0x7ff01234);   // 0x1234
 */
export const dataOf = takes("dataOf", { value: aValue }, (value: number): number => value & RET_DATA);

/**
 * The system call's result under ERRNO: 0 or -errno.
 *
 * @example
 * errnoResult(upstream.returns, 0x00050002);   // -2
 */
export const errnoResult = takes(
  "errnoResult",
  { rules: someReturns, value: aValue },
  (rules: ReturnRules, value: number): number => 0 - Math.min(value & RET_DATA, rules.maxErrno),
);

/**
 * The value of an action, with data. Undefined if these rules do not have the action.
 *
 * @example
 * returnValue(upstream.returns, "errno", 13);   // 0x0005000d
 */
export const returnValue = takes(
  "returnValue",
  { rules: someReturns, action: anAction, data: optional(wholeNumber(0, 0xffff)) },
  (rules: ReturnRules, action: Action, data = 0): number | undefined => {
    const known = rules.actions.find((r) => r.action === action);
    return known && (known.value | (data & RET_DATA & ~rules.mask)) >>> 0;
  },
);

/**
 * `ERRNO(13)`, `ALLOW`, `0x7ffb0000`: as people write it. The `name` of an errno is for the caller that shows
 * it.
 *
 * @example
 * describeReturn(upstream.returns, 0x0005000d);   // "ERRNO(13)"
 */
export const describeReturn = takes(
  "describeReturn",
  { rules: someReturns, value: aValue },
  (rules: ReturnRules, value: number): string => {
    const known = rules.actions.find((r) => r.value === part(rules, value));
    if (!known) return `0x${(value >>> 0).toString(16)}`;
    const data = (value & ~rules.mask) >>> 0;
    return data ? `${known.name}(${data})` : known.name;
  },
);

/**
 * True if `next` takes precedence over the values of earlier filters. Linux kernel/seccomp.c
 * seccomp_run_filters(): signed comparison; the first of equal actions wins.
 */
export const wins = (rules: ReturnRules, next: number, sofar: number): boolean => (next & rules.mask) < (sofar & rules.mask);

/** MAX_ERRNO of Linux. */
export const MAX_ERRNO = 4095;
/** The value of `maxErrno` without a cap. */
export const NO_CAP = 0xffff;
/** The result of a call whose action has no recipient: no tracer, no listener. */
export const NO_RECIPIENT = -E.ENOSYS;

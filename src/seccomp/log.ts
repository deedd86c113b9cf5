// Lines of the kernel log about calls that a filter denied or logged. Linux kernel/seccomp.c seccomp_log(),
// kernel/auditsc.c audit_seccomp(); for the patch series its own printk.
import { i386 } from "../abi/abi.ts";
import { aFlag, aText, listOf, oneOf, shapeOf, takes, wants, word32 } from "../wants.ts";
import type { LogRules } from "./profile/profile.ts";
import { type Action, RET_ACTION_FULL } from "./returns.ts";
import { anAction, aValue } from "./wants.ts";

/** A denial as the kernel logs it. `time` is in seconds. */
export interface DenialEvent {
  readonly comm: string;
  readonly exe: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Real time in seconds, with a fraction of milliseconds. */
  readonly time: number;
  /** The number of the audit record. */
  readonly serial: number;
  /** The signal of the action, 0 for none. */
  readonly signal: number;
  readonly nr: number;
  readonly arch: number;
  readonly ipLo: number;
  readonly ipHi: number;
  /** The return value of the filters. */
  readonly value: number;
}

/** (uid_t)-1: no login uid, no session. */
const UNSET = 0xffff_ffff;
const address = (lo: number, hi: number): string => (hi * 2 ** 32 + lo).toString(16);

/** KERN_INFO line of the patch series: "on block, note if the call was compat". */
const blocked = (e: DenialEvent): string =>
  `${e.comm}[${e.pid}]: ${e.arch === i386.auditArch ? "compat " : ""}system call ${e.nr} blocked at 0x${address(e.ipLo, e.ipHi)}`;

/** The record in printk's form, for systems without a running auditd. */
const audit = (rules: LogRules, e: DenialEvent): string =>
  [
    `audit: type=${rules.auditType} audit(${e.time.toFixed(3)}:${e.serial}):`,
    `auid=${UNSET} uid=${e.uid} gid=${e.gid} ses=${UNSET} pid=${e.pid} comm="${e.comm}"`,
    ...(rules.auditExe ? [`exe="${e.exe}"`] : []),
    ...(rules.auditType === 1701 ? ['reason="seccomp"'] : []),
    `sig=${e.signal}`,
    ...(rules.auditArch ? [`arch=${e.arch.toString(16)}`] : []),
    `syscall=${e.nr} compat=${e.arch === i386.auditArch ? 1 : 0} ip=0x${address(e.ipLo, e.ipHi)}`,
    `code=0x${((e.value & RET_ACTION_FULL) >>> 0).toString(16)}`,
  ].join(" ");

const someLogRules = shapeOf<LogRules>("the log rules of a profile, such as upstream.log", {
  format: oneOf(["blocked", "audit"]),
  auditType: word32,
  auditArch: aFlag,
  auditExe: aFlag,
  always: listOf(anAction),
});
const aNumber = wants("a number", (value) => typeof value === "number" && Number.isFinite(value));
const anEvent = shapeOf<DenialEvent>("an event { comm, exe, pid, … }", {
  comm: aText,
  exe: aText,
  pid: aNumber,
  uid: aNumber,
  gid: aNumber,
  time: aNumber,
  serial: aNumber,
  signal: aNumber,
  nr: aNumber,
  arch: word32,
  ipLo: word32,
  ipHi: word32,
  value: aValue,
});
const aSet = wants("a Set of actions", (value) => value instanceof Set);

/**
 * The line, without a time stamp.
 *
 * @example
 * const ids = { pid: 42, uid: 0, gid: 0, time: 1, serial: 1 };
 * const event = { comm: "sandbox", exe: "/bin/sandbox", ...ids, signal: 31 };
 * denialLine(v6.log, { ...event, nr: 64, arch: 0x40000003, ipLo: 0x401000, ipHi: 0, value: 0 });
 * // "sandbox[42]: compat system call 64 blocked at 0x401000"
 */
export const denialLine = takes("denialLine", { rules: someLogRules, event: anEvent }, (rules: LogRules, event: DenialEvent): string =>
  rules.format === "blocked" ? blocked(event) : audit(rules, event),
);

/**
 * True if an action is logged. `asked`: the filter has SECCOMP_FILTER_FLAG_LOG. `logged`: the list in
 * actions_logged.
 *
 * @example
 * isLogged(upstream.log, "errno", true, new Set(["errno"]));   // true
 */
export const isLogged = takes(
  "isLogged",
  { rules: someLogRules, action: anAction, asked: aFlag, logged: aSet },
  (rules: LogRules, action: Action, asked: boolean, logged: ReadonlySet<Action>): boolean =>
    action !== "allow" && (asked || rules.always.includes(action)) && logged.has(action),
);

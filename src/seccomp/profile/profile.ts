// The seccomp rules of a kernel, as data. A rule that differs between versions is a property here; no code
// tests a version.
import type { ErrnoName } from "../../abi/errno.ts";
import type { CheckerRules } from "../check.ts";
import type { EvaluatorRules } from "../evaluate.ts";
import type { PathLimit } from "../path-limit.ts";
import type { Action, ReturnRules } from "../returns.ts";

/**
 * The meaning of one of seccomp's prctl(2) numbers. They take precedence over the kernel's own table of
 * numbers.
 */
export type PrctlMeaning = "set-no-new-privs" | "get-no-new-privs" | "get-seccomp" | "set-seccomp" | "attach-filter";

/** Operations of seccomp(2), by number. */
export const seccompOperations = ["set-mode-strict", "set-mode-filter", "get-action-avail", "get-notif-sizes"] as const;
/** An operation of seccomp(2). */
export type SeccompOperation = (typeof seccompOperations)[number];

/** SECCOMP_FILTER_FLAG_*. */
export const filterFlags = {
  TSYNC: 0x01,
  LOG: 0x02,
  SPEC_ALLOW: 0x04,
  NEW_LISTENER: 0x08,
  TSYNC_ESRCH: 0x10,
  WAIT_KILLABLE_RECV: 0x20,
} as const;
/** The name of a flag of SECCOMP_SET_MODE_FILTER. */
export type FilterFlag = keyof typeof filterFlags;

/**
 * The steps of attaching a filter. The first that fails determines the errno.
 * mode: another mode is set (modeClash). flags: unknown or contradictory ones (EINVAL). fprog: struct
 * sock_fprog unreadable (EFAULT). length: 0 or over 4096 (EINVAL). privilege: neither no_new_privs nor
 * CAP_SYS_ADMIN (EACCES). null: fprog.filter is NULL (EINVAL). copy: instructions unreadable (EFAULT). check:
 * `checkProgram` (EINVAL). compat: the lock (EACCES). listener: no free descriptor (EMFILE). busy: the chain
 * has a listener (EBUSY). path: `checkPath`. tsync: a thread diverged (its tid, or ESRCH).
 */
export type AttachStep =
  | "mode"
  | "flags"
  | "fprog"
  | "length"
  | "privilege"
  | "null"
  | "copy"
  | "check"
  | "compat"
  | "listener"
  | "busy"
  | "path"
  | "tsync";

/** The effect of a filter's kill. A violation of strict mode is always do_exit(SIGKILL) of the thread. */
export interface KillRules {
  /** The signal in the wait status of a killed thread: SIGKILL or SIGSYS. No handler runs. */
  readonly signal: 9 | 31;
  /**
   * `exit`: do_exit() of the calling thread, no core. `core`: the same, with a core dump if the whole process
   * dies. `forced`: if the whole process dies, a forced SIGSYS with siginfo; the mode becomes
   * SECCOMP_MODE_DEAD.
   */
  readonly how: "exit" | "core" | "forced";
}

/** The format of log lines: see log.ts. */
export interface LogRules {
  readonly format: "blocked" | "audit";
  /** The record's number: 1701 AUDIT_ANOM_ABEND, 1326 AUDIT_SECCOMP. */
  readonly auditType: number;
  /** True if the record has arch= and exe=. */
  readonly auditArch: boolean;
  readonly auditExe: boolean;
  /** Actions logged without a request; others need SECCOMP_FILTER_FLAG_LOG. */
  readonly always: readonly Action[];
}

/** A feature of seccomp user notification that kernel versions have or lack. */
export type NotifFeature = "continue" | "addfd" | "addfd-send" | "wait-killable" | "sync-wake-up";
/** A feature of ptrace(2) that concerns seccomp. */
export type PtraceFeature = "suspend" | "suspend-checked-in-seize" | "get-filter" | "get-metadata" | "syscall-info";
/** Seccomp's entries in /proc: lines of /proc/PID/status, the files of /proc/sys/kernel/seccomp. */
export type ProcFeature = "status-seccomp" | "status-no-new-privs" | "status-filter-count" | "actions";

/** All rules of seccomp that differ between kernel versions. */
export interface SeccompRules extends EvaluatorRules {
  readonly checker: CheckerRules;
  readonly returns: ReturnRules;
  readonly pathLimit: PathLimit | null;
  /** The lock until v9: after an attachment through a door of one ABI, calls of the other ABI are denied. */
  readonly compatLock: boolean;

  readonly prctl: Readonly<Record<number, PrctlMeaning>>;
  /** Operations of seccomp(2). Empty: the call does not exist. */
  readonly operations: readonly SeccompOperation[];
  readonly flags: readonly FilterFlag[];
  readonly attachOrder: readonly AttachStep[];
  /** True if attaching requires no_new_privs or CAP_SYS_ADMIN. */
  readonly attachPrivilege: boolean;
  /** The errno of a change between strict and filter mode. */
  readonly modeClash: ErrnoName;

  /**
   * True if seccomp precedes the tracer's syscall stop, so that a tracer can change the call after the check.
   */
  readonly beforePtrace: boolean;
  /**
   * True if the filters run again after a tracer's PTRACE_EVENT_SECCOMP stop; a second TRACE is then an
   * ALLOW.
   */
  readonly recheckAfterTrace: boolean;
  /**
   * A call of the vsyscall page: fatal in any seccomp mode, or filtered as the system call that it emulates.
   */
  readonly vsyscall: "killed" | "filtered";
  /** x86-64 numbers that neither filters nor strict mode check: uretprobe, uprobe. */
  readonly exempt: readonly number[];

  readonly kill: KillRules;
  readonly log: LogRules;
  readonly notif: readonly NotifFeature[];
  readonly ptrace: readonly PtraceFeature[];
  readonly proc: readonly ProcFeature[];
}

/**
 * The evidence for a rule. P: the posted text; T: a text of the time was read; M: measured; N: the same
 * function one version away; R: recollection.
 */
export type Grade = "P" | "T" | "M" | "N" | "R";

/** The origin of a rule. */
export interface Source {
  /** The entry of the history that set the rule. */
  readonly at: string;
  readonly cite: string;
  readonly grade: Grade;
}

/** The rules of one kernel version, each with its source. */
export interface SeccompProfile extends SeccompRules {
  readonly name: string;
  /** The source of each rule. */
  readonly sources: Readonly<Record<keyof SeccompRules, Source>>;
}

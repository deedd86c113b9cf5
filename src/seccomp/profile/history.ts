// The history of seccomp's rules: the patch series of 2012, then Linux. Each entry changes rules and cites
// its source. A profile is the fold of all entries up to its name. Sources: man 2 seccomp, "VERSIONS"; the
// changelogs of the patches.
import { seccompCodes, seccompCodesWithoutXor, socketCodes, socketCodes33 } from "../bpf/codes.ts";
import { seccompData, seccompDataV10, seccompFilterData } from "../layout.ts";
import { actions, MAX_ERRNO, NO_CAP, RET_ACTION, RET_ACTION_FULL } from "../returns.ts";
import type { Grade, SeccompRules } from "./profile.ts";

/** An entry of the history. */
export interface HistoryEntry {
  readonly at: string;
  readonly grade: Grade;
  readonly cite: string;
  readonly rules: Partial<SeccompRules>;
  /** Grades of rules that differ from the grade of the entry. */
  readonly grades?: Partial<Record<keyof SeccompRules, Grade>>;
}

/** v5, the first version with a known text: the base of all later changes. */
export const ground: HistoryEntry & { readonly at: "patch:v5"; readonly rules: SeccompRules } = {
  at: "patch:v5",
  grade: "T",
  cite: "linux/seccomp_filter.h as carried by libseccomp 054b638 (30 January 2012); net/core/filter.c of Linux 3.3; v2..v6 changelog",
  grades: {
    // Only ALLOW and DENY are "defined valid return values". It is likely that any other value denies.
    returns: "R",
    // Composed from the texts of v12 to v17 and the changelogs.
    attachOrder: "R",
    pathLimit: "N",
    compatLock: "P",
    // 37 is documented; 35 and 36 follow from "adjusted prctl to make room for PR_[SG]ET_NO_NEW_PRIVS".
    prctl: "R",
    kill: "N",
    reciprocalDivision: "R",
  },
  rules: {
    layout: seccompFilterData,
    reciprocalDivision: false,
    checker: { socket: socketCodes33, seccomp: null, shiftRange: false },
    returns: {
      actions: [
        { action: "kill_thread", value: 0, name: "DENY" },
        { action: "allow", value: 0xffff_ffff, name: "ALLOW" },
      ],
      mask: 0xffff_ffff,
      unknown: "kill_thread",
      combine: "first-not-allow",
      maxErrno: NO_CAP,
    },
    pathLimit: null,
    compatLock: true,
    prctl: { 21: "get-seccomp", 22: "set-seccomp", 35: "set-no-new-privs", 36: "get-no-new-privs", 37: "attach-filter" },
    operations: [],
    flags: [],
    attachOrder: ["fprog", "length", "copy", "check", "privilege", "compat"],
    attachPrivilege: false,
    modeClash: "EPERM",
    beforePtrace: true,
    recheckAfterTrace: false,
    vsyscall: "killed",
    exempt: [],
    kill: { signal: 9, how: "exit" },
    log: { format: "blocked", auditType: 1701, auditArch: false, auditExe: false, always: ["kill_thread"] },
    notif: [],
    ptrace: [],
    proc: [],
  },
};

const change = <const At extends string>(
  at: At,
  grade: Grade,
  cite: string,
  rules: Partial<SeccompRules> = {},
): HistoryEntry & { at: At } => ({
  at,
  grade,
  cite,
  rules,
});

const { killProcess, killThread, trap, errno, userNotif, trace, log, allow } = actions;
/** Values of v12 and v13; renumbered in v17. */
const early = {
  kill: { ...killThread, name: "KILL" },
  trap: { ...trap, value: 0x0002_0000 },
  errno: { ...errno, value: 0x0003_0000 },
  trace: { ...trace, value: 0x7ffe_0000 },
};
const early16 = { mask: RET_ACTION_FULL, unknown: "kill_thread", combine: "first-not-allow", maxErrno: NO_CAP } as const;
const merged = { mask: RET_ACTION, unknown: "kill_thread", combine: "lowest" } as const;
const full = { mask: RET_ACTION_FULL, combine: "lowest", maxErrno: MAX_ERRNO } as const;
const withLog = [killProcess, killThread, trap, errno, trace, log, allow];
const withNotif = [killProcess, killThread, trap, errno, userNotif, trace, log, allow];
const audit = { format: "audit", auditArch: true, auditExe: true } as const;
const kills = ["kill_process", "kill_thread", "log"] as const;

/** The entries, oldest first. */
export const changes = [
  change("patch:v6", "P", "v6: no_new_privs or CAP_SYS_ADMIN prior to installation; compat in the log; leak on compat mismatch fixed", {
    attachPrivilege: true,
  }),
  change("patch:v7", "R", "v7: merged into kernel/seccomp.c, PR_SET_SECCOMP 2 instead of a new prctl, TRAP and TRACE (doc changelog)", {
    prctl: { 21: "get-seccomp", 22: "set-seccomp", 35: "set-no-new-privs", 36: "get-no-new-privs" },
    attachOrder: ["mode", "fprog", "length", "copy", "check", "privilege", "compat"],
    modeClash: "EINVAL",
    returns: { ...early16, actions: [early.kill, early.trap, early.trace, allow] },
  }),
  change("patch:v8", "N", "v8: bpf_chk_filter and bpf_run_filter with a load function"),
  change("patch:v9", "R", "v9: no change known"),
  change("patch:v10", "T", "v10: arch in seccomp_data, compat rule dropped (doc changelog: 'new seccomp_data layout')", {
    layout: seccompDataV10,
    compatLock: false,
    attachOrder: ["mode", "fprog", "length", "copy", "check", "privilege"],
  }),
  change("patch:v11", "T", "v11: arguments last in seccomp_data; do_exit(SIGSYS) (doc changelog)", {
    layout: seccompData,
    kill: { signal: 31, how: "exit" },
  }),
  change("patch:v12", "T", "v12: path limit (5 << 20) / 8, ERRNO (linux/seccomp.h @137a9c71)", {
    pathLimit: { max: 655_360, penalty: 0, count: "classic", errno: "E2BIG" },
    attachOrder: ["mode", "fprog", "length", "path", "copy", "check", "privilege"],
    returns: { ...early16, actions: [early.kill, early.trap, early.errno, early.trace, allow] },
  }),
  change("patch:v13", "T", "v13: linux/prctl.h @31597541: no_new_privs at 36 and 37", {
    prctl: { 21: "get-seccomp", 22: "set-seccomp", 36: "set-no-new-privs", 37: "get-no-new-privs" },
  }),
  change("patch:v14", "T", "v14: seccomp_chk_filter, aligned word loads only, limit (1 << 20) / 8, privilege before allocation", {
    checker: { socket: socketCodes33, seccomp: seccompCodesWithoutXor, shiftRange: false },
    pathLimit: { max: 131_072, penalty: 0, count: "classic", errno: "ENOSPC" },
    attachOrder: ["mode", "fprog", "length", "path", "privilege", "copy", "check"],
  }),
  change("patch:v15", "T", "v15: 256 KB with a penalty of 4 a filter, ENOMEM, explicit list of codes (kernel/seccomp.c @c16adb6a)", {
    pathLimit: { max: 32_768, penalty: 4, count: "classic", errno: "ENOMEM" },
  }),
  change("patch:v16", "R", "v16: no change known"),
  change("patch:v17", "T", "v17: SECCOMP_RET_ACTION 0x7fff0000, actions renumbered (libseccomp 668ddb6, 2 April 2012)", {
    returns: { ...merged, combine: "first-not-allow", maxErrno: NO_CAP, actions: [early.kill, trap, errno, trace, allow] },
  }),

  change("3.5", "T", "seccomp: add system call filtering using BPF (e2cfabdfd075), v18 as merged; its audit record instead of the printk", {
    prctl: { 21: "get-seccomp", 22: "set-seccomp", 38: "set-no-new-privs", 39: "get-no-new-privs" },
    returns: { ...merged, maxErrno: NO_CAP, actions: [early.kill, trap, errno, trace, allow] },
    vsyscall: "filtered",
    log: { ...audit, auditType: 1701, auditArch: false, auditExe: false, always: ["kill_thread"] },
  }),
  change("3.8", "R", "audit: create explicit AUDIT_SECCOMP event type; the Seccomp line of /proc/PID/status", {
    checker: { socket: socketCodes, seccomp: seccompCodesWithoutXor, shiftRange: false },
    log: { ...audit, auditType: 1326, auditArch: false, auditExe: false, always: ["kill_thread"] },
    proc: ["status-seccomp"],
  }),
  change("3.15", "T", "net: filter: rework/optimize internal BPF interpreter's instruction set (bd4cf0ed331a): the path counts converted", {
    checker: { socket: socketCodes, seccomp: seccompCodes, shiftRange: false },
    pathLimit: { max: 32_768, penalty: 4, count: "converted", errno: "ENOMEM" },
    log: { ...audit, auditType: 1326, always: ["kill_thread"] },
  }),
  change("3.17", "T", 'seccomp: add "seccomp" syscall (48dc92b9fc39); implement SECCOMP_FILTER_FLAG_TSYNC', {
    operations: ["set-mode-strict", "set-mode-filter"],
    flags: ["TSYNC"],
    attachOrder: ["flags", "fprog", "length", "privilege", "copy", "check", "mode", "path", "tsync"],
  }),
  change("4.0", "R", "seccomp: cap SECCOMP_RET_ERRNO data to MAX_ERRNO", {
    returns: { ...merged, maxErrno: MAX_ERRNO, actions: [early.kill, trap, errno, trace, allow] },
  }),
  change("4.3", "R", "seccomp: add ptrace options for suspend/resume (13c4a90119d2); bpf_prog_create_from_user()", {
    ptrace: ["suspend"],
    attachOrder: ["flags", "fprog", "length", "privilege", "null", "copy", "check", "mode", "path", "tsync"],
  }),
  change("4.5", "R", "net: bpf: reject invalid shifts (229394e8e62a); seccomp, ptrace: add support for dumping seccomp filters (4.4)", {
    checker: { socket: socketCodes, seccomp: seccompCodes, shiftRange: true },
    ptrace: ["suspend", "get-filter"],
  }),
  change("4.8", "T", "x86/ptrace: run seccomp after ptrace; seccomp: recheck the syscall after RET_TRACE", {
    beforePtrace: false,
    recheckAfterTrace: true,
  }),
  change("4.11", "R", "seccomp: dump core when using SECCOMP_RET_KILL; proc: NoNewPrivs in /proc/PID/status (4.10)", {
    kill: { signal: 31, how: "core" },
    proc: ["status-no-new-privs", "status-seccomp"],
  }),
  change("4.14", "R", "seccomp: KILL_PROCESS, LOG, FILTER_FLAG_LOG, GET_ACTION_AVAIL, actions_avail and actions_logged", {
    returns: { ...full, unknown: "kill_thread", actions: withLog },
    operations: ["set-mode-strict", "set-mode-filter", "get-action-avail"],
    flags: ["TSYNC", "LOG"],
    log: { ...audit, auditType: 1326, always: kills },
    proc: ["status-no-new-privs", "status-seccomp", "actions"],
  }),
  change(
    "4.17",
    "T",
    "seccomp: add filter flag to opt out of SSB mitigation (00a02d0c502a); PTRACE_SECCOMP_GET_METADATA (26500475ac1b, 4.16)",
    {
      flags: ["TSYNC", "LOG", "SPEC_ALLOW"],
      ptrace: ["suspend", "get-filter", "get-metadata"],
    },
  ),
  change("5.0", "R", "seccomp: add a return code to trap to userspace", {
    returns: { ...full, unknown: "kill_thread", actions: withNotif },
    operations: ["set-mode-strict", "set-mode-filter", "get-action-avail", "get-notif-sizes"],
    flags: ["TSYNC", "LOG", "SPEC_ALLOW", "NEW_LISTENER"],
    attachOrder: ["flags", "fprog", "length", "privilege", "null", "copy", "check", "listener", "mode", "busy", "path", "tsync"],
  }),
  change(
    "5.7",
    "R",
    "PTRACE_GET_SYSCALL_INFO (5.3); SECCOMP_USER_NOTIF_FLAG_CONTINUE (5.5); seccomp: allow TSYNC and USER_NOTIF together",
    {
      flags: ["TSYNC", "LOG", "SPEC_ALLOW", "NEW_LISTENER", "TSYNC_ESRCH"],
      notif: ["continue"],
      ptrace: ["suspend", "get-filter", "get-metadata", "syscall-info"],
    },
  ),
  change("5.9", "R", "seccomp: introduce addfd ioctl; report number of loaded filters in /proc/PID/status", {
    notif: ["continue", "addfd"],
    proc: ["status-no-new-privs", "status-seccomp", "status-filter-count", "actions"],
  }),
  change("5.10", "T", "seccomp: kill process instead of thread for unknown actions (stable kernels got it too)", {
    returns: { ...full, unknown: "kill_process", actions: withNotif },
  }),
  change("5.11", "T", "seccomp/cache: a bitmap of calls that are always allowed; no guest can tell"),
  change("5.17", "R", "seccomp: ADDFD_FLAG_SEND (5.14); forced SIGSYS for the last thread (5.16); invalidate seccomp mode (5.17)", {
    notif: ["continue", "addfd", "addfd-send"],
    kill: { signal: 31, how: "forced" },
  }),
  change(
    "5.19",
    "R",
    "ptrace: check PTRACE_O_SUSPEND_SECCOMP permission on SEIZE (CVE-2022-30594, 5.18); seccomp: wait_killable semantic",
    {
      flags: ["TSYNC", "LOG", "SPEC_ALLOW", "NEW_LISTENER", "TSYNC_ESRCH", "WAIT_KILLABLE_RECV"],
      notif: ["continue", "addfd", "addfd-send", "wait-killable"],
      ptrace: ["suspend", "suspend-checked-in-seize", "get-filter", "get-metadata", "syscall-info"],
    },
  ),
  change("6.12", "T", "kernel/seccomp.c of 6.12.118: SYNC_WAKE_UP (6.6), uretprobe passes unfiltered", {
    notif: ["continue", "addfd", "addfd-send", "wait-killable", "sync-wake-up"],
    exempt: [335],
  }),
  change("6.18", "M", "Linux 6.18.44: uprobe passes unfiltered too", { exempt: [335, 336] }),
];

/** Versions of the patch without a profile, and the reason. */
export const unknownVersions: Readonly<Record<string, string>> = {
  "patch:v1": "filters looked at struct user_regs_struct through regset; no text is known",
  "patch:v2": "filters looked at struct user_regs_struct through regset; no text is known",
  "patch:v3": "only its changelog is known",
  "patch:v4": "only its changelog is known",
};

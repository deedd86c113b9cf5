// Group D: threads, tracers, privileges.
import { blocked, type Landmine, prints } from "./landmine.ts";

/** The rows of group D. */
export const privilege: readonly Landmine[] = [
  {
    id: "D1",
    title: "a filter is a thread's, not a process's",
    cite: ["CVE-2018-15746"],
    policy: "getppid gives errno 1, installed while another thread is there",
    escape: "the older thread has no filter",
    fix: "SECCOMP_FILTER_FLAG_TSYNC (3.17)",
    program: "d1",
    expected: {
      upstream: { weak: prints("getppid ran in the older thread"), fixed: prints("getppid was refused in the older thread") },
      v6: { weak: prints("getppid ran in the older thread") },
    },
    otherwise: [
      {
        when: ({ operations }) => operations.length === 0,
        why: "no seccomp(2) before 3.17",
        expected: { weak: prints("getppid ran in the older thread"), fixed: prints("synchronizing = -38", 99) },
      },
    ],
  },
  {
    id: "D2",
    title: "synchronizing threads that went different ways",
    ofItself: true,
    cite: ["Linux tools/testing/selftests/seccomp/seccomp_bpf.c, TSYNC.*"],
    policy: "install for all threads while one has a filter of its own",
    escape: "none: no thread is confined, and the result, a thread's id, looks like no error",
    fix: "look for results other than 0, or ask for ESRCH (SECCOMP_FILTER_FLAG_TSYNC_ESRCH); synchronize before threads confine themselves",
    program: "d2",
    expected: {
      upstream: {
        weak: prints("TSYNC = the other thread's id\nTSYNC_ESRCH = -3\nno_new_privs of the other thread = 1"),
        fixed: prints("TSYNC = 0\nTSYNC_ESRCH = 0\nno_new_privs of the other thread = 1"),
      },
    },
    otherwise: [
      {
        when: ({ operations }) => operations.length === 0,
        why: "no seccomp(2) before 3.17",
        expected: {
          weak: prints("TSYNC = -38\nTSYNC_ESRCH = -38\nno_new_privs of the other thread = 1"),
          fixed: prints("TSYNC = -38\nTSYNC_ESRCH = -38\nno_new_privs of the other thread = 0"),
        },
      },
      {
        when: ({ flags }) => !flags.includes("TSYNC_ESRCH"),
        why: "no TSYNC_ESRCH before 5.7",
        expected: {
          weak: prints("TSYNC = the other thread's id\nTSYNC_ESRCH = -22\nno_new_privs of the other thread = 1"),
          fixed: prints("TSYNC = 0\nTSYNC_ESRCH = -22\nno_new_privs of the other thread = 1"),
        },
      },
    ],
    absent: "v6 has no TSYNC",
  },
  {
    id: "D3",
    title: "a tracer changes the number after the check",
    cite: ["Linux 4.8, x86/ptrace: run seccomp after ptrace", "CVE-2019-2054"],
    policy: "getppid gives errno 1",
    escape: "a tracer puts getppid's number in getpid's place at the stop before the call",
    fix: "the kernel asks the filter after the tracer (4.8)",
    program: "d3",
    expected: {
      upstream: { weak: prints("the filter refused getppid in getpid's place") },
      v6: { weak: prints("getppid ran in getpid's place") },
    },
    otherwise: [
      {
        when: ({ beforePtrace }) => beforePtrace,
        why: "the filter looks before the tracer does until 4.8",
        expected: { weak: prints("getppid ran in getpid's place") },
      },
    ],
  },
  {
    id: "D4",
    title: "a tracer suspends the filter",
    cite: ["CVE-2022-30594"],
    policy: "none: the caller is unprivileged",
    escape: "PTRACE_SEIZE with PTRACE_O_SUSPEND_SECCOMP",
    fix: "the kernel asks for CAP_SYS_ADMIN there too (5.18)",
    program: "d4",
    expected: { upstream: { weak: prints("suspending the filter of a child = -1") } },
    otherwise: [
      {
        when: ({ ptrace }) => !ptrace.includes("suspend"),
        why: "no such option before 4.3",
        expected: { weak: prints("suspending the filter of a child = -5") },
      },
      {
        when: ({ ptrace }) => !ptrace.includes("suspend-checked-in-seize"),
        why: "not checked in PTRACE_SEIZE before 5.18",
        expected: { weak: prints("suspending the filter of a child = 0") },
      },
    ],
    absent: "Linux 3.3 has no such option",
  },
  {
    id: "D5",
    title: "a filter before a setuid program",
    cite: ["the patch's commit message: 'must be preceded by setting no_new_privs'"],
    policy: "any, installed by an unprivileged user without no_new_privs",
    escape: "none: EACCES",
    fix: "none needed",
    program: "d5",
    expected: {
      upstream: { weak: prints("installing without no_new_privs = -13\ninstalling with no_new_privs = 0") },
      v6: { weak: prints("installing without no_new_privs = -13\ninstalling with no_new_privs = 0") },
    },
    otherwise: [
      {
        dialect: "v6",
        when: ({ attachPrivilege }) => !attachPrivilege,
        why: "not asked for before the patch's version 6",
        expected: { weak: prints("installing without no_new_privs = 0\ninstalling with no_new_privs = 0") },
      },
    ],
  },
  {
    id: "D6",
    title: "fork and execve",
    cite: ["the patch's commit message: 'will be inherited across fork/clone and execve'"],
    policy: "getppid gives errno 1",
    escape: "none: the child and the new program are under the same filter",
    fix: "none needed",
    program: "d6",
    expected: {
      upstream: { weak: prints("getppid in the child = -1\ngetppid after execve = -1") },
      v6: { weak: blocked(110, "native") },
    },
  },
  {
    id: "D7",
    title: "what a parent learns of a killed child",
    cite: ["google/nsjail#158", "man 2 waitid"],
    policy: "kill getppid",
    escape: "none: siginfo is SIGCHLD's and names the signal, not the call",
    fix: "look into the audit log",
    program: "d7",
    expected: {
      upstream: { weak: prints("si_signo = 17\nsi_code = 2\nsi_status = 31") },
      v6: { weak: { ...prints("si_signo = 17\nsi_code = 2\nsi_status = 9"), log: "system call 110 blocked" } },
    },
  },
  {
    id: "D8",
    title: "two listeners",
    cite: ["linux/seccomp.h, SECCOMP_RET_USER_NOTIF", "man 2 seccomp, EBUSY"],
    policy: "a filter with a listener, then another",
    escape: "none: EBUSY",
    fix: "none needed",
    program: "d8",
    expected: { upstream: { weak: prints("there is a listener\na second one = -16") } },
    otherwise: [
      {
        when: ({ operations }) => operations.length === 0,
        why: "no seccomp(2) before 3.17",
        expected: { weak: prints("a listener = -38", 1) },
      },
      {
        when: ({ flags }) => !flags.includes("NEW_LISTENER"),
        why: "no listeners before 5.0",
        expected: { weak: prints("a listener = -22", 1) },
      },
    ],
    absent: "v6 has no listeners",
  },
];

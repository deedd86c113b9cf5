// Findings about calls: second ways to denied actions, calls that came later, verdicts that break programs.
import { syscallNumbers } from "../../abi/numbers.ts";
import { actionOf, dataOf, isUndecided, TRUE, upstream } from "../../seccomp/index.ts";
import { CLONE } from "../constants.ts";
import { numberOf } from "../names.ts";
import type { CheckResult } from "./finding.ts";
import { i386, UNKNOWN, type View, x64 } from "./view.ts";

/** The effects of io_uring's requests: Linux uapi linux/io_uring.h IORING_OP_*. */
const RING =
  "socket connect accept accept4 bind listen sendmsg recvmsg sendto recvfrom shutdown openat openat2 open creat unlinkat unlink renameat renameat2 rename mkdirat mkdir symlinkat symlink linkat link fallocate fsetxattr setxattr fgetxattr getxattr statx splice tee ftruncate truncate epoll_ctl".split(
    " ",
  );
/** Findings: io_uring passes, and a call that is denied is one of its operations. */
export const ioUring = (view: View): readonly CheckResult[] => {
  const names = RING.filter((name) => view.restricts(name, x64));
  const [first] = ["connect", "socket", "openat", ...names].filter((name) => names.includes(name));
  if (first === undefined || !view.lets("io_uring_setup", x64)) return [];
  return [
    {
      id: "io-uring",
      severity: "high",
      title: "io_uring passes, and performs denied actions",
      reason: "Requests in the ring are no system calls: no filter sees them.",
      remedy: "deny io_uring_setup, io_uring_enter and io_uring_register",
      calls: names,
      passes: view.shownPassing("io_uring_setup", x64),
      denied: view.shownDenied(first, x64),
    },
  ];
};

/** clone3(2) has its flags behind a pointer. */
export const clone3 = (view: View): readonly CheckResult[] => {
  const found: CheckResult[] = [];
  if (view.restricts("clone", x64) && view.lets("clone3", x64)) {
    found.push({
      id: "clone3",
      severity: "high",
      title: "clone is restricted, clone3 passes",
      reason: "clone3(2) has its flags in memory, where no filter sees them.",
      remedy: "let clone3 return ENOSYS: C libraries then use clone",
      calls: ["clone3"],
      passes: view.shownPassing("clone3", x64),
      denied: view.shownDenied("clone", x64),
      landmine: "B8",
    });
  }
  const denied = view.shownDenied("clone3", x64);
  if (denied && view.lets("clone", x64) && denied.verdict.startsWith("ERRNO") && denied.verdict !== "ERRNO(ENOSYS)") {
    found.push({
      id: "clone3-errno",
      severity: "low",
      title: `clone3 returns ${denied.verdict.slice(6, -1)}, so that programs do not try clone`,
      reason: "glibc 2.34 and later start threads by clone3, and by clone only after ENOSYS.",
      remedy: "let clone3 return ENOSYS",
      calls: ["clone3"],
      denied,
      landmine: "C2",
    });
  }
  return found;
};

/** Namespaces by another call than the one that is denied. */
export const namespaces = (view: View): readonly CheckResult[] => {
  const flag = BigInt(CLONE.NEWUSER);
  const [clone, unshare] = [view.passing("clone", x64), view.passing("unshare", x64)];
  if (clone === undefined || unshare === undefined) return [];
  const { nodes } = view;
  const has = view.hasBits(0, flag);
  const cloneDenies = nodes.and(clone, has) === 0;
  const passes = view.shown(nodes.and(unshare, has), numberOf("unshare", x64) as number, x64);
  const denied = view.shown(nodes.and(nodes.not(clone), has), numberOf("clone", x64) as number, x64);
  if (!cloneDenies || !passes || !denied) return [];
  return [
    {
      id: "unshare",
      severity: "medium",
      title: "clone cannot make a user namespace, unshare can",
      reason: "unshare(2) makes the same namespaces for the caller itself.",
      remedy: "give unshare, and setns, the conditions of clone",
      calls: ["unshare"],
      passes,
      denied,
    },
  ];
};

/** Calls with the same effect. A deny-list must contain all of them. */
const EQUIVALENT: readonly (readonly string[])[] = [
  "open openat openat2 creat open_by_handle_at",
  "execve execveat",
  "fork vfork clone clone3",
  "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal",
  "chmod fchmod fchmodat fchmodat2",
  "chown fchown lchown fchownat",
  "rename renameat renameat2",
  "unlink unlinkat",
  "mkdir mkdirat",
  "link linkat",
  "symlink symlinkat",
  "mknod mknodat",
  "mount move_mount fsmount fsconfig open_tree mount_setattr",
  "ptrace process_vm_writev process_vm_readv pidfd_getfd",
  "setxattr lsetxattr fsetxattr setxattrat",
  "init_module finit_module",
  "kexec_load kexec_file_load",
  "dup dup2 dup3",
  "stat lstat newfstatat statx",
].map((names) => names.split(" "));
/** Findings: a call is denied, and another call that does the same passes. */
export const equivalents = (view: View): readonly CheckResult[] => {
  if (!view.letsUnknown(x64)) return [];
  return EQUIVALENT.flatMap((names): readonly CheckResult[] => {
    const here = names.filter((name) => numberOf(name, x64) !== undefined);
    const denied = here.filter((name) => view.denies(name, x64));
    const open = here.filter((name) => view.passing(name, x64) === TRUE);
    const [first, other] = [denied[0], open[0]];
    if (first === undefined || other === undefined) return [];
    return [
      {
        id: "another-call",
        severity: "high",
        title: `${denied.join(", ")} ${denied.length === 1 ? "is" : "are"} denied, ${open.join(", ")} ${open.length === 1 ? "does" : "do"} the same`,
        reason: "A list of denied calls must name every call that does the thing, those of later kernels too.",
        remedy: `deny ${open.join(", ")} as well, or list the allowed calls`,
        calls: open,
        passes: view.shownPassing(other, x64),
        denied: view.shownDenied(first, x64),
        landmine: "E9",
      },
    ];
  });
};

/** Processes outside of the sandbox. */
export const otherProcesses = (view: View): readonly CheckResult[] => {
  const names = ["ptrace", "process_vm_writev", "pidfd_getfd"].filter((name) => view.lets(name, x64));
  const [first] = names;
  const restrictsMuch = ["socket", "openat", "execve", "mount", "connect"].some((name) => view.restricts(name, x64));
  if (first === undefined || !restrictsMuch) return [];
  return [
    {
      id: "other-processes",
      severity: "medium",
      title: `${names.join(", ")} ${names.length === 1 ? "passes" : "pass"}: processes of the same user without the filter can be used`,
      reason: "Where the sandbox can see such a process (no PID namespace of its own) it can make that one perform denied actions.",
      remedy: `deny ${names.join(", ")}, or run in a PID namespace`,
      calls: names,
      passes: view.shownPassing(first, x64),
      landmine: "E2",
    },
  ];
};

/** Numbers that no kernel has yet. */
export const laterCalls = (view: View): readonly CheckResult[] => {
  const shown = view.show({ nr: UNKNOWN, arch: x64.auditArch, ipLo: 0, ipHi: 0, args: new Uint32Array(12) });
  const isErrno = shown.verdict.startsWith("ERRNO") && shown.verdict !== "ERRNO(ENOSYS)";
  if (view.letsUnknown(x64)) {
    const restricted = Object.keys(syscallNumbers).some((name) => view.restricts(name, x64));
    if (!restricted) return [];
    return [
      {
        id: "later-calls",
        severity: "medium",
        title: "calls of later kernels pass",
        reason: "The policy lists denied calls. A call that a new kernel adds is not in the list.",
        remedy: "list the allowed calls; or let numbers above the known ones return ENOSYS",
        calls: [],
        passes: shown,
        landmine: "C1",
      },
    ];
  }
  if (!isErrno) return [];
  return [
    {
      id: "later-calls-errno",
      severity: "low",
      title: `calls of later kernels get ${shown.verdict.slice(6, -1)}, and programs do not fall back`,
      reason: "Libraries try a new call and use the old one after ENOSYS; another error they report.",
      remedy: "return ENOSYS for numbers that the policy does not know",
      calls: [],
      denied: shown,
      landmine: "C2",
    },
  ];
};

/** Verdicts that mean something else than they seem to. */
export const verdicts = (view: View): readonly CheckResult[] => {
  const { returns } = upstream;
  const values = view.diagram.values().decided;
  const found: CheckResult[] = [];
  const witnessOf = (wanted: (value: number) => boolean) => {
    const node = view.nodes.map(view.diagram.root, (value) => (!isUndecided(value) && wanted(value) ? 1 : 0));
    return view.anyCall(node);
  };
  if (values.some((value) => actionOf(returns, value) === "errno" && dataOf(value) === 0)) {
    const denied = witnessOf((value) => actionOf(returns, value) === "errno" && dataOf(value) === 0);
    found.push({
      id: "errno-0",
      severity: "medium",
      title: "a denied call returns 0, as if it had been done",
      reason: "ERRNO with data 0 is success to the program: setuid(2) seems to have dropped privileges.",
      remedy: "return an error, such as EPERM",
      calls: [],
      ...(denied ? { denied } : {}),
      landmine: "C3",
    });
  }
  const killed = witnessOf((value) => actionOf(returns, value) === "kill_thread");
  if (killed) {
    found.push({
      id: "kill-thread",
      severity: "info",
      title: "KILL_THREAD ends one thread, and the others go on",
      reason: "Locks stay locked, and joins wait for ever.",
      remedy: "KILL_PROCESS (Linux 4.14)",
      calls: [],
      denied: killed,
      landmine: "C5",
    });
  }
  return found;
};

/** i386's calls with 64-bit times beside the old ones. */
export const timeCalls = (view: View): readonly CheckResult[] => {
  const pairs = Object.keys(syscallNumbers).flatMap((name) => {
    const old = name.endsWith("_time64") ? name.slice(0, -7) : name.endsWith("64") ? name.slice(0, -2) : name;
    const isPair =
      old !== name && /^(clock_|timer|futex|mq_timed|ppoll|pselect6|recvmmsg|rt_sigtimedwait|sched_rr|semtimedop|utimensat)/.test(old);
    return isPair && view.denies(old, i386) && view.passing(name, i386) === TRUE ? [{ old, name }] : [];
  });
  const [first] = pairs;
  if (!first) return [];
  return [
    {
      id: "time64",
      severity: "high",
      title: "calls of i386 are denied, their variants with 64-bit times pass",
      reason: "32-bit programs have two calls for each such thing since Linux 5.1.",
      remedy: "treat both alike",
      calls: pairs.map(({ name }) => name),
      passes: view.shownPassing(first.name, i386),
      denied: view.shownDenied(first.old, i386),
      landmine: "B7",
    },
  ];
};

/** Calls that the kernel or the C library makes for a program, so that no source has them. */
const HIDDEN: readonly (readonly [call: string, after: string, why: string, landmine: string])[] = [
  [
    "restart_syscall",
    "nanosleep clock_nanosleep poll futex",
    "After a stop the kernel continues sleeps, polls and waits by restart_syscall(2), which no program writes.",
    "C12",
  ],
  ["rt_sigreturn", "rt_sigaction", "Every handler of a signal ends by rt_sigreturn(2), which no program writes.", "C13"],
];
/** Findings about denied calls of `HIDDEN` under a policy that allows the calls before them. */
export const hiddenCalls = (view: View): readonly CheckResult[] =>
  HIDDEN.flatMap(([call, after, reason, landmine]): readonly CheckResult[] => {
    const uses = after.split(" ").filter((name) => view.lets(name, x64));
    if (uses.length === 0 || !view.denies(call, x64)) return [];
    const denied = view.shownDenied(call, x64);
    return [
      {
        id: "hidden-call",
        severity: "low",
        title: `${call} is denied, and ${uses.join(", ")} ${uses.length === 1 ? "passes" : "pass"}`,
        reason,
        remedy: `allow ${call}`,
        calls: [call],
        ...(denied ? { denied } : {}),
        landmine,
      },
    ];
  });

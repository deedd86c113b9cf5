// Group E: ways that do not pass the gate. The filter is right for its own process and its own calls; the
// work is done by another process, another call, or a rule that is missing.
import { isSince, type Version } from "../../kernel/base/profile.ts";
import { type Expected, killed, type Landmine, type Otherwise, prints } from "./landmine.ts";

/** The expectation that the patch of 2012 and all later versions share. */
const everywhere = (weak: string, fixed: string, end = 1): Pick<Landmine, "expected"> => ({
  expected: { upstream: { weak: prints(weak), fixed: prints(fixed, end) }, v6: { weak: prints(weak) } },
});
/** The same refusal of both policies: the kernel lacks a feature that the guest needs first. */
const refused = (text: string): Expected => ({ weak: prints(text, 1), fixed: prints(text, 1) });
/** A kernel before that version. */
const before =
  (...version: Version): Otherwise["when"] =>
  (_, { release }) =>
    !isSince(release, version);
const noLandlock: Otherwise = {
  when: before(5, 13),
  why: "no Landlock before 5.13",
  expected: refused("landlock_create_ruleset = -38"),
};
const absent = "Linux 3.3 has no Landlock";

/** The rows of group E. */
export const bypass: readonly Landmine[] = [
  {
    id: "E1",
    title: "/proc/PID/mem of a process without the filter",
    cite: ["man 5 proc_pid_mem"],
    policy: "ptrace, process_vm_readv and process_vm_writev give errno 1",
    escape: "openat of /proc/PID/mem of a process of the same user, then pwrite64",
    fix: "refuse open calls, or run the other process as another user, or hide /proc",
    program: "e1",
    ...everywhere("the unconfined parent was changed", "the parent is unchanged"),
  },
  {
    id: "E2",
    title: "process_vm_writev into a process without the filter",
    cite: ["man 2 process_vm_writev"],
    policy: "ptrace gives errno 1",
    escape: "process_vm_writev, which asks for the same permission as ptrace",
    fix: "refuse process_vm_readv and process_vm_writev too",
    program: "e2",
    ...everywhere("the unconfined parent was changed", "the parent is unchanged"),
  },
  {
    id: "E3",
    title: "a child that is older than the filter",
    cite: ["man 2 ptrace"],
    policy: "getppid gives errno 1, installed after a fork",
    escape: "ptrace the older child, and put getppid's number into its next call",
    fix: "refuse ptrace, or confine before the first fork",
    program: "e3",
    ...everywhere("getppid ran in the unconfined child", "ptrace was refused"),
  },
  {
    id: "E4",
    title: "a descriptor from outside",
    cite: ["man 7 unix, SCM_RIGHTS"],
    policy: "open, openat and openat2 give errno 1",
    escape: "a process without the filter sends an open file by SCM_RIGHTS",
    fix: "refuse recvmsg and recvmmsg, or leave no socket to the outside",
    program: "e4",
    ...everywhere("read a file without opening it", "recvmsg was refused"),
  },
  {
    id: "E5",
    title: "a descriptor is taken from another process",
    cite: ["man 2 pidfd_getfd"],
    policy: "open, openat and openat2 give errno 1",
    escape: "pidfd_open of the parent, and pidfd_getfd of its descriptor",
    fix: "refuse pidfd_getfd",
    program: "e5",
    ...everywhere("read a file of the parent's", "pidfd_getfd was refused"),
  },
  {
    id: "E6",
    title: "rt_sigreturn with a forged frame",
    cite: ["man 2 sigreturn", "Bosman and Bos, Framing Signals, IEEE Symposium on Security and Privacy 2014"],
    policy: "kill getppid, number 110; allow the rest",
    escape: "the frame sets every register: rt_sigreturn continues in 32-bit code before int 0x80",
    fix: "kill unless seccomp_data.arch is AUDIT_ARCH_X86_64",
    program: "e6",
    expected: { upstream: { weak: prints("getppid ran behind rt_sigreturn"), fixed: killed("SIGSYS") } },
    absent: "the compat lock of the patch is row A4",
  },
  {
    id: "E7",
    title: "a program without a file",
    cite: ["man 2 memfd_create", "man 2 execveat"],
    policy: "open, openat and execve give errno 1",
    escape: "memfd_create, write, and execveat with AT_EMPTY_PATH",
    fix: "refuse execveat too",
    program: "e7",
    ...everywhere("a program ran that no directory holds", "execveat was refused"),
  },
  {
    id: "E8",
    title: "the multiplexer socketcall of i386",
    cite: ["man 2 socketcall", "Linux 4.3, direct socket calls on i386"],
    policy: "of a 32-bit program: socket gives errno 1",
    escape: "socketcall(SYS_SOCKET); its arguments are in memory, where no filter looks",
    fix: "refuse socketcall too",
    program: "e8",
    ...everywhere("socketcall made a socket", "socketcall was refused"),
  },
  {
    id: "E9",
    title: "a new call under an old deny-list",
    cite: ["man 2 openat2"],
    policy: "open, creat, openat and open_by_handle_at give errno 1; allow the rest",
    escape: "openat2, which Linux 5.6 added",
    fix: "an allow-list, or refuse all numbers from that of the newest known call on",
    program: "e9",
    ...everywhere("openat2 opened a file", "openat2 was refused"),
  },
  {
    id: "E10",
    title: "the listener ends",
    cite: ["man 2 seccomp_unotify, ENOSYS"],
    policy: "the listener decides on openat2; allow the rest",
    escape: "without a listener openat2 is ENOSYS, and C libraries then use openat",
    fix: "the listener decides on the older calls as well",
    program: "e10",
    expected: {
      upstream: {
        weak: prints("openat2 without a listener = -38\nopenat opened the file"),
        fixed: prints("openat2 without a listener = -38\nopenat = -38", 1),
      },
    },
    otherwise: [
      {
        when: ({ operations }) => operations.length === 0,
        why: "no seccomp(2) before 3.17",
        expected: refused("a listener = -38"),
      },
      {
        when: ({ flags }) => !flags.includes("NEW_LISTENER"),
        why: "no listeners before 5.0",
        expected: refused("a listener = -22"),
      },
    ],
    absent: "v6 has no listeners",
  },
  {
    id: "E11",
    title: "/proc/self/mem writes to read-only code",
    cite: ["man 5 proc_pid_mem", "Linux fs/proc/base.c mem_rw(), FOLL_FORCE"],
    policy: "mmap, mprotect and pkey_mprotect give errno 1, so that code stays as it is",
    escape: "pwrite64 to /proc/self/mem, which ignores the protection of private pages",
    fix: "refuse open calls, or mount no /proc",
    program: "e11",
    ...everywhere("read-only code was changed", "the code is unchanged"),
  },
  {
    id: "E12",
    title: "Landlock without TRUNCATE",
    cite: ["man 7 landlock, VERSIONS"],
    policy: "Landlock: LANDLOCK_ACCESS_FS_WRITE_FILE",
    escape: "truncate, which needs no open file",
    fix: "LANDLOCK_ACCESS_FS_TRUNCATE (ABI 3, Linux 6.2)",
    program: "e12",
    expected: {
      upstream: {
        weak: prints("open for writing = -13\ntruncate = 0"),
        fixed: prints("open for writing = -13\ntruncate = -13"),
      },
    },
    otherwise: [
      noLandlock,
      {
        when: before(6, 2),
        why: "no LANDLOCK_ACCESS_FS_TRUNCATE before 6.2",
        expected: { weak: prints("open for writing = -13\ntruncate = 0"), fixed: prints("landlock_create_ruleset = -22", 1) },
      },
    ],
    absent,
  },
  {
    id: "E13",
    title: "Landlock without IOCTL_DEV",
    cite: ["man 7 landlock, VERSIONS"],
    policy: "Landlock: LANDLOCK_ACCESS_FS_WRITE_FILE",
    escape: "ioctl on a device that is open for reading; -25 is the answer of the device",
    fix: "LANDLOCK_ACCESS_FS_IOCTL_DEV (ABI 5, Linux 6.10)",
    program: "e13",
    expected: { upstream: { weak: prints("ioctl = -25"), fixed: prints("ioctl = -13") } },
    otherwise: [
      noLandlock,
      {
        when: before(6, 10),
        why: "no LANDLOCK_ACCESS_FS_IOCTL_DEV before 6.10",
        expected: { weak: prints("ioctl = -25"), fixed: prints("landlock_create_ruleset = -22", 1) },
      },
    ],
    absent,
  },
  {
    id: "E14",
    title: "Landlock without a scope",
    cite: ["man 7 landlock, VERSIONS"],
    policy: "Landlock: every file right, and both rights on TCP ports",
    escape: "connect to an abstract Unix socket, which has no file",
    fix: "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (ABI 6, Linux 6.12)",
    program: "e14",
    expected: { upstream: { weak: prints("connect = 0"), fixed: prints("connect = -1") } },
    otherwise: [
      noLandlock,
      {
        when: before(6, 7),
        why: "neither IOCTL_DEV nor ports before 6.7",
        expected: refused("landlock_create_ruleset = -7"),
      },
      {
        when: before(6, 10),
        why: "no IOCTL_DEV before 6.10, no scopes before 6.12",
        expected: { weak: prints("landlock_create_ruleset = -22", 1), fixed: prints("landlock_create_ruleset = -7", 1) },
      },
      {
        when: before(6, 12),
        why: "no scopes before 6.12",
        expected: { weak: prints("connect = 0"), fixed: prints("landlock_create_ruleset = -7", 1) },
      },
    ],
    absent,
  },
  {
    id: "E15",
    title: "io_uring opens a file",
    cite: ["man 7 io_uring", "man 2 io_uring_register, IORING_REGISTER_RESTRICTIONS"],
    policy: "open, openat and openat2 give errno 1",
    escape: "IORING_OP_OPENAT: the kernel opens the file for the ring, and no call of that name is made",
    fix: "refuse io_uring_setup",
    program: "e15",
    ...everywhere("a file was opened without a call", "io_uring_setup was refused"),
  },
  {
    id: "E16",
    title: "io_uring connects a socket",
    cite: ["man 7 io_uring"],
    policy: "connect gives errno 1",
    escape: "IORING_OP_CONNECT",
    fix: "refuse io_uring_setup",
    program: "e16",
    ...everywhere("a socket was connected without a call", "io_uring_setup was refused"),
  },
  {
    id: "E17",
    title: "asynchronous I/O writes to a file",
    cite: ["man 2 io_submit", "man 7 aio"],
    policy: "write reaches the standard streams only; pwrite64, writev, pwritev and pwritev2 give errno 1",
    escape: "io_submit with IOCB_CMD_PWRITE: the kernel writes to any open file, and no call of that name is made",
    fix: "refuse io_setup",
    program: "e17",
    ...everywhere("a byte was written without a call", "io_setup was refused"),
  },
];

// Group B: arguments.
import { manSeccomp } from "./cite.ts";
import { blocked, type Landmine, prints, traced } from "./landmine.ts";

/** The rows of group B. */
export const argument: readonly Landmine[] = [
  {
    id: "B1",
    title: "a 64-bit comparison of a 32-bit argument",
    cite: ["CVE-2019-7303", "CVE-2019-10063"],
    policy: "refuse close(7), comparing both halves of the register",
    escape: "close(2^32 + 7)",
    fix: "compare the lower half only",
    program: "b1",
    expected: {
      upstream: {
        weak: traced("close(7) = 0", prints("closed descriptor 7")),
        fixed: traced("close(7) = -1 EPERM", prints("close was refused", 1)),
      },
      v6: { weak: traced("close(7) = 0", prints("closed descriptor 7")), fixed: blocked(3, "native") },
    },
  },
  {
    id: "B2",
    title: "only the lower half of a 64-bit argument is compared",
    cite: ["firedancer-io/firedancer#9185"],
    policy: "allow mmap at one address, comparing its lower half",
    escape: "the same lower half with 1 above it",
    fix: "compare both halves",
    program: "b2",
    expected: {
      upstream: { weak: prints("mapped a page outside of the arena"), fixed: prints("mmap was refused", 1) },
      v6: { weak: prints("mapped a page outside of the arena"), fixed: blocked(9, "native") },
    },
  },
  {
    id: "B3",
    title: "a negative argument compared as it looks when sign-extended",
    cite: ["libseccomp tests/48-sim-32b_args.c"],
    policy: "refuse openat with AT_FDCWD, compared as 0xffffffffffffff9c",
    escape: "AT_FDCWD as 0x00000000ffffff9c",
    fix: "compare the lower half only",
    program: "b3",
    expected: {
      upstream: {
        weak: traced("openat(AT_FDCWD", prints("opened a path relative to the working directory")),
        fixed: prints("openat was refused", 1),
      },
      v6: { weak: prints("opened a path relative to the working directory"), fixed: blocked(257, "native") },
    },
  },
  {
    id: "B4",
    title: "i386 calls from 64-bit code show all 64 bits of the registers",
    cite: [`${manSeccomp}, "values of the full 64-bit registers"`],
    policy: "refuse i386's close(7), comparing both halves of the register",
    escape: "int 0x80 with rbx = 2^32 + 7",
    fix: "compare the lower half only",
    program: "b4",
    expected: {
      upstream: { weak: traced("close(7) = 0 [i386]", prints("closed descriptor 7")), fixed: prints("close was refused", 1) },
      v6: { weak: prints("closed descriptor 7"), fixed: blocked(6, "compat") },
    },
  },
  {
    id: "B5",
    title: "multiplexers: a second way to each socket call",
    cite: ["systemd/systemd#4575", "systemd/systemd#5215", "seccomp/libseccomp#8"],
    policy: "of a 32-bit program: refuse socket, number 359",
    escape: "socketcall(SYS_SOCKET), number 102: its arguments are behind a pointer",
    fix: "refuse socketcall, 102, and ipc, 117",
    program: "b5",
    expected: {
      upstream: { weak: prints("made a socket through socketcall"), fixed: prints("socketcall was refused", 1) },
      v6: { weak: prints("made a socket through socketcall"), fixed: blocked(102, "compat") },
    },
  },
  {
    id: "B6",
    title: "a 64-bit argument in two registers of i386",
    cite: ["man 2 syscall, Architecture-specific requirements"],
    policy: "of a 32-bit program: pread64 at offset 0 only, looking at argument 3",
    escape: "offset 2^32: its upper half is argument 4",
    fix: "compare both arguments",
    program: "b6",
    expected: {
      upstream: { weak: prints("what is kept above 4 GiB"), fixed: prints("pread64 was refused", 1) },
      v6: { weak: prints("what is kept above 4 GiB"), fixed: blocked(180, "compat") },
    },
  },
  {
    id: "B7",
    title: "the calls with 64-bit times",
    cite: ["moby/moby#40739", "seccomp/libseccomp#228"],
    policy: "of a 32-bit program: refuse clock_gettime, number 265",
    escape: "clock_gettime64, number 403",
    fix: "refuse its twin as well",
    program: "b7",
    expected: { upstream: { weak: prints("clock_gettime64 told the time"), fixed: prints("clock_gettime64 was refused", 1) } },
    absent: "Linux 3.3 has no calls with 64-bit times",
  },
  {
    id: "B8",
    title: "flags behind a pointer",
    cite: ["opencontainers/runc#2151", "man 2 openat2"],
    policy: "refuse openat for writing by its flags",
    escape: "openat2, whose flags are in a structure",
    fix: "refuse openat2 with ENOSYS, so that callers fall back to openat",
    program: "b8",
    expected: { upstream: { weak: prints("opened a file for writing with openat2"), fixed: prints("openat2 = -38", 1) } },
    absent: "Linux 3.3 has no openat2",
  },
  {
    id: "B9",
    title: "a policy compiled into the wrong comparisons",
    cite: ["CVE-2017-18367"],
    policy: "allow dup2 if its first argument is 1 and its second 7; the compiled filter has an or",
    escape: "dup2(1, 8)",
    fix: "compile the policy again (libseccomp-golang 0.9.1)",
    program: "b9",
    expected: {
      upstream: { weak: prints("dup2(1, 8) passed"), fixed: prints("dup2(1, 8) was refused", 1) },
      v6: { weak: prints("dup2(1, 8) passed"), fixed: blocked(33, "native") },
    },
  },
  {
    id: "B10",
    title: "a supervisor that looks behind pointers",
    cite: ["man 2 seccomp_unotify", "linux/seccomp.h, SECCOMP_USER_NOTIF_FLAG_CONTINUE"],
    policy: "openat asks a supervisor, which reads the path and lets the call continue",
    escape: "another thread writes the path between the look and the call",
    fix: "the supervisor opens the file itself and hands it over (SECCOMP_IOCTL_NOTIF_ADDFD)",
    program: "b10",
    expected: {
      upstream: {
        weak: prints("the supervisor saw /dev/null; the subject has /dev/zero"),
        fixed: prints("the subject has what the supervisor saw"),
      },
    },
    otherwise: [
      {
        when: ({ flags }) => !flags.includes("NEW_LISTENER"),
        why: "no listeners before 5.0",
        expected: { weak: prints("the kernel has no listeners", 2), fixed: prints("the kernel has no listeners", 2) },
      },
      {
        when: ({ notif }) => !notif.includes("continue"),
        why: "no SECCOMP_USER_NOTIF_FLAG_CONTINUE before 5.5, no SECCOMP_ADDFD_FLAG_SEND before 5.14",
        expected: { weak: prints("the kernel has no such answer", 2), fixed: prints("the kernel has no such answer", 2) },
      },
      {
        when: ({ notif }) => !notif.includes("addfd-send"),
        why: "no SECCOMP_ADDFD_FLAG_SEND before 5.14",
        expected: {
          weak: prints("the supervisor saw /dev/null; the subject has /dev/zero"),
          fixed: prints("the kernel has no such answer", 2),
        },
      },
    ],
    absent: "v6 has no supervisors",
  },
];

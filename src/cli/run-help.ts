// The help of the options of `run` and `trace`. A run does not load it.
import { engines } from "../cpu/engine.ts";
import { bugs, vsyscallModes } from "../kernel/base/profile.ts";

/** Lines of the help: the switches of a machine. */
export const switchHelp: readonly (readonly [string, string])[] = [
  ["--x32", "system calls with bit 30 are x32's (default: ENOSYS), and x32 programs run; they get no vDSO"],
  ["--no-ia32", "no IA32 emulation: int $0x80 is SIGSEGV, 32-bit programs are refused"],
  ["--vsyscall MODE", `the vsyscall page: ${vsyscallModes.join(", ")} (default: xonly)`],
  ["--bug NAME", `a bug of earlier kernels: ${Object.keys(bugs).join(", ")} (may be repeated)`],
];

/** Lines of the help: options of all commands that run a program. */
export const programOptionHelp: readonly (readonly [string, string])[] = [
  ["--root DIR", "the guest's root: DIR copy-on-write, so that changes stay in the guest; PROG is looked up there by PATH"],
  ["--mount HOST:GUEST[:ro|cow|rw]", "show a folder of the host in the guest: read-only (default), copy-on-write, writable"],
  ["-e, --env NAME=VALUE", "set an environment variable; the host's environment is not passed on"],
  ["--env-pass NAME", "pass a variable of the host's environment on (may be repeated)"],
  ["--hostname NAME", "the guest's host name (default: trapgate)"],
  [
    "--clock now|TIME",
    "the guest's time of day at boot, such as 2025-01-01T12:00:00Z (default: that of the newest file of the host in a shown folder, else 2025-01-01)",
  ],
  ["--cpus N", "processors that the guest sees; tasks are spread over them, one runs at a time (default: 1)"],
  ["--cwd DIR", "working directory in the guest (default: yours with --root /, else /)"],
  ["--uid N", "user and group of the program (default: 0)"],
  ["--kernel NAME", "kernel version, such as 3.5, 4.8, 6.12, patch:v10, v6: see trapgate profiles (default: upstream)"],
  ["--cpu MODEL", "processor: [LEVEL][:amd|:intel][,+FEATURE|,-FEATURE]…, such as x86-64-v3:intel, or host (default: x86-64-v2)"],
  ...switchHelp,
  ["--seed N", "seed of all random numbers (default: 0)"],
  ["--memory SIZE", "memory of the guest, the kernel's objects for it included, such as 256M (default: 1G)"],
  ["--pids N", "threads and processes at a time; one more is EAGAIN (default: 8192 in all)"],
  ["--files N", "open files of the guest at a time; one more is ENFILE (default: limited by memory)"],
  ["--cpu-time SECONDS", "processor time of all programs, an instruction being 1 ns: then SIGXCPU, and SIGKILL a second later"],
  ["--guarded-heap", "a heap whose freed blocks fault: a use after free is SIGSEGV (programs that are linked with glibc dynamically)"],
  ["--policy [MODE:]FILE", "a policy or filter to run under, of any format of trapgate seccomp; crun:FILE as crun compiles it"],
  ["--thread NAME, --container NAME", "select a filter of a Firecracker policy, or a container of a pod"],
  ["--engine NAME", `execution of guest code: ${engines.join(", ")} (default: auto)`],
];

/** Lines of the help: options of run and trace. */
export const runOptionHelp: readonly (readonly [string, string])[] = [
  ...programOptionHelp,
  ["--overlay DIR", "keep changes of the root in DIR from run to run (one at a time); DIR is made if it is missing"],
  ["--net none|host[,loopback]", "reachable network: none (default), the host's network, and with loopback the host itself as 10.0.2.2"],
  ["--publish [ADDR:]HOST:GUEST[/udp]", "connect a port of the host (at 127.0.0.1 or ADDR) to a port of the guest; HOST 0: a free port"],
  ["--dns ADDRESS[:PORT]", "the resolver behind 10.0.2.3 (default: the host's)"],
  ["--image IMAGE", "the root from docker save, an OCI layout (archive or directory) or a tar archive; PROG and ARGs replace its command"],
  ["--image-size SIZE", "limit for the unpacked image (default: 64 times its size, from 1G to 16G)"],
  ["--schedule TEXT", "run under a schedule that trapgate explore has printed, or the file that holds it"],
  ["--why", "at the end explain each denied call: rule, values, path through the filter, changes that would allow it"],
  ["--why-json FILE", "the same as data"],
  ["--timeout SECONDS", "give up after this time of the host's; exit status 124"],
  ["--kernel-log", "print the guest kernel's messages on standard error"],
  ["--crash", "print registers, code and the call stack of each process that a fault ends"],
  ["--stats", "at the end print counts of instructions, system calls and JIT work on standard error"],
  ["--code-cache DIR|off", "folder for compiled code between runs (default: ~/.cache/trapgate; see trapgate cache)"],
  ["--record-on-failure FILE", "record the run (see trapgate record), and keep FILE if its exit status is not 0: for CI"],
  ["--dump-jit ADDRESS", "print the compiled region at an address: guest code, pseudo-code, WebAssembly (with wabt)"],
];

/** Of `run` alone. */
export const startCacheHelp = [
  "--no-start-cache",
  "run all of the program: neither repeat an earlier, equal run, nor go on behind its start (see --code-cache)",
] as const;
/** Lines of the help: files of snapshots. */
export const snapshotOptionHelp: readonly (readonly [string, string])[] = [
  ["--snapshot FILE", "run to the moment of --at and save the machine in FILE; standard input stays open for run --from"],
  [
    "--at MOMENT",
    "idle (default: only input could wake a task), main, exit, call:NAME, output:TEXT, time:SECONDS, 0xADDRESS, INSTRUCTIONS:STEPS",
  ],
  [
    "--from FILE [ARG…]",
    "continue the machine of a file; --root, --mount, --overlay, --net, --publish give what it had of the host; ARG and --env: others, for a file saved --at main",
  ],
  ["-t, --terminal", "with --snapshot: the program has a terminal; --from continues it on this process's"],
  ["--no-terminal", "with --from: without a terminal, type standard input at the program's"],
  ["--reset-connections", "with --from: reset the connections with the outside world that the program had"],
  ["--accept-changed", "with --from: use files of the host that have changed since as they are now"],
];

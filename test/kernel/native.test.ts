// Small programs about one subject each, run by the native kernel and by ours: the same lines, the same end.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { endOfRun, inFolder } from "../support/guest.ts";
import { avx2, gcc32, missing, type Need, nativeX64, top } from "../support/host.ts";
import { nativeVendor, runNative } from "../support/native.ts";

const subjects = {
  faults: "processor exceptions become Linux's signals, with its codes, addresses, error codes and trap numbers",
  exceptions: "traps, arithmetic exceptions and alignment checks come with the codes and places that Linux gives them",
  code16: "16-bit code computes, calls, faults and returns as on Linux",
  sixth: "the sixth argument of a 32-bit call is read from the stack, or the call fails, as on Linux",
  segments: "descriptors and segment bases of user code are checked and used as on Linux",
  signals: "signals queue, nest, restart calls and use alternate stacks as on Linux",
  frames: "sigreturn takes, mends or refuses a spoiled frame as Linux does",
  arguments: "arguments and environments of all bytes and lengths are passed or refused as on Linux",
  processes: "children end, stop, go on, are adopted and execute as on Linux",
  credentials: "who may become whom, and what capabilities remain, is decided as on Linux",
  misc: "limits, scheduling, clocks, timers and names answer as on Linux",
  seccomp: "filters, strict mode and all actions do what they do on Linux, for one thread and for many",
  landlock: "Landlock rules allow, refuse, move and nest as on Linux",
  logged: "who may say which actions of filters are logged, and how, is as on Linux",
  namespaces: "ids, capabilities and pids inside of namespaces are what they are on Linux",
  notify: "listeners of filters receive, answer, give descriptors and meet signals as on Linux",
  ptrace: "tracers stop, read, change, follow and let go of other tasks as on Linux",
  rseq: "restartable sequences are registered, restarted and refused as on Linux",
  sockets: "local sockets pair, connect, carry descriptors and end as on Linux",
  inet: "TCP and UDP over the loopback connect, carry, end and wait as on Linux",
  sysvipc: "segments, semaphores and queues of System V are made, used, waited on and removed as on Linux",
  rawsockets: "raw sockets make and hear datagrams, packet sockets frames, and the kernel answers echo requests, as on Linux",
  pings: "ping sockets are allowed, named, answered and refused, and control messages show headers, as on Linux",
  fileflags: "flags of files are set, handed down and kept to as on Linux",
  multicast: "groups are joined, left, limited by sources and served, and sockets change their family, as on Linux",
  options: "options of sockets of all levels have their first values, and take and refuse others, as on Linux",
  netfilter: "nftables without rules has a generation, lists, refusals and transactions as on Linux",
  flights: "descriptors in flight are limited, and circles of sockets in flight end, as on Linux",
  stamps: "sockets tell times of arrival, processes and groups of peers, waiting bytes and lengths of segments as on Linux",
  filters: "filters of sockets load, keep, cut and drop packets, and are read, locked and refused, as on Linux",
  corks: "UDP sockets keep bytes for one packet as on Linux",
  queues: "requests about the queues of sockets are answered and refused as on Linux",
  rings: "rings of packet sockets are made, filled, given to programs and refused as on Linux",
  netlink: "messages of netlink show, set and refuse the loopback device, and list sockets, as on Linux",
  inet6: "IPv6 over the loopback binds, accepts both versions, connects and sends as on Linux",
  uring: "requests of io_uring are submitted, linked, completed, timed, cancelled and refused as on Linux",
  buffers: "io_uring takes, gives back, tags and clones buffers, and commands sockets, as on Linux",
  dispatch: "Syscall User Dispatch and PR_SET_MDWE refuse, signal and are inherited as on Linux",
  mqueue: "POSIX message queues keep priorities, wait, notify and count as on Linux",
  futex2: "futex_waitv, the futex calls of 6.7 and I/O priorities answer as on Linux",
  aio: "contexts of asynchronous I/O submit, complete, poll, cancel, wait and end as on Linux",
  handles: "file handles are made, compared, opened after renames and stale as on Linux",
  fanotify: "marks of inodes, mounts and file systems see events, identify files and ask questions as on Linux",
  userfaults: "page faults of user code and of system calls are told to a program, which serves them as on Linux",
  keys: "keys are made, read, linked, searched, moved, refused, counted and ended as on Linux",
  leases: "owners of files get their signals, leases are given, broken and lost, and directories notify as on Linux",
  sealed: "sealed mappings refuse changes; advice for processes and the state of a file's cache are as on Linux",
  inotify: "watches see the events of file operations, in the order and with the names and flags that Linux gives them",
  devices: "programs of control groups decide on devices as on Linux",
  cgroups: "control groups are made, joined, watched and removed as on Linux",
  packets: "masters of pseudo-terminals read control bytes in packet mode as on Linux",
  "time-namespaces": "time namespaces shift clocks, sleeps and timers of their tasks, and are entered, as on Linux",
  overlay: "overlays show the names of their layers, copy what is written and hide what is removed, as on Linux",
  acls: "access control lists make modes, let users and groups in, and are inherited, as on Linux",
  filecaps: "files with capabilities give, limit and lose them as on Linux",
  cores: "core files are named, limited, filled and refused as on Linux",
  numa: "memory policies of one node are set, reported and refused as on Linux",
  tcpoptions: "TCP sockets take, refuse and report options, and hold bytes back, as on Linux",
  splices: "descriptors of all kinds are spliced, or refused, as on Linux",
  procfiles: "files of /proc have the modes, refuse splices and show the settings, policies, timers and children as on Linux",
  kmsg: "records of the kernel log are written, read, sought and refused as on Linux",
  sysctls: "settings of /proc/sys take numbers and words, act, and belong to their namespaces, as on Linux",
  locks: "locks and leases are listed with their ranges and processes as on Linux",
  loops: "loop devices take a file, show parts of it, and let it go as on Linux",
  hugepages: "huge pages are reserved, mapped, copied, shared, refused and counted as on Linux",
  pages: "pagemap, queries of mappings, remapped, secret and droppable memory, and security modules answer as on Linux",
  propagation: "mounts propagate among peers and to slaves, and the mount API of 5.2 makes, moves and describes them as on Linux",
  mounts: "mount, network and UTS namespaces keep to themselves what they keep on Linux",
  xstate: "vector registers survive a handler, and sigreturn takes what its frame holds, as on Linux",
  wrapped: "operands in parts end where addresses of 32 bits do as the processor has it",
  crowds: "epoll instances in one another, locks of many owners, holes and descriptors answer as on Linux",
  threads: "threads start, wait on futexes, get signals and end as on Linux",
  files: "positions, record locks, running programs and pipes by name answer as on Linux",
  breakpoints: "hardware breakpoints and watchpoints of a tracer stop its child where they stop it on Linux",
  waits: "exclusive waiters, sleeps, locks of ended owners and limits of processor time end as on Linux",
  answers: "barriers, policies, pipes, seals, pidfds and files of namespaces answer as on Linux",
} as const;

// biome-ignore format: table
const FLAGS = [
  "-O1", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector", "-mgeneral-regs-only", "-fno-asynchronous-unwind-tables",
];

/** Programs that use more of a processor than the default model has. */
const models: ReadonlySet<string> = new Set(["xstate", "wrapped", "cores"]);
/** Linux's own name of core files: a host may have a program that takes them. */
const ownCores: Need = { what: "core_pattern core", met: /^core\n$/.test(readFileSync("/proc/sys/kernel/core_pattern", "utf8")) };
/**
 * Programs that change what all programs of the host share. Their output is recorded: it is the machine's,
 * and agreed with that of Linux 6.18 when the program was written, with an empty pool of huge pages. With
 * TRAPGATE_CHANGE_HOST set, the host runs them, too.
 */
const recorded: ReadonlySet<string> = new Set(process.env["TRAPGATE_CHANGE_HOST"] ? [] : ["hugepages"]);
const lacking = (subject: string): boolean =>
  (models.has(subject) && missing("vector registers in frames", avx2)) || (subject === "cores" && missing("core files", ownCores));
/** The programs give up privileges, so they must have some. */
const root: Need = { what: "root", met: process.getuid?.() === 0 };

describe.skipIf(missing("the kernel against the native one", nativeX64, gcc32, root))(
  "the kernel under us agrees:",
  { timeout: 60_000 },
  () => {
    describe.each(["-m64", "-m32"])("gcc %s:", (mode) => {
      it.each(Object.entries(subjects).filter(([subject]) => !lacking(subject)))("%s: %s", async (subject) => {
        await inFolder(async (folder) => {
          const program = `${folder}/${subject}`;
          chmodSync(folder, 0o755);
          execFileSync("gcc", [mode, ...FLAGS, "-o", program, `${top}/test/kernel/native/${subject}.c`]);
          const here = `/${subject}`;
          const files = { [here]: { content: readFileSync(program), mode: 0o755 } };
          const cpu = `${models.has(subject) ? "x86-64-v3" : ""}:${nativeVendor()}`;
          const run = await Machine.run(here, { files, timeout: 50, cpu });
          const native = recorded.has(subject)
            ? { stdout: readFileSync(`${top}/test/kernel/native/${subject}.txt`, "utf8"), end: 0 }
            : runNative(program);
          expect(run.stdout.text).toBe(native.stdout);
          expect(endOfRun(run)).toBe(native.end);
        });
      });
    });
  },
);

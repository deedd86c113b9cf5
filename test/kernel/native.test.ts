// Small programs about one subject each, run by the native kernel and by ours: the same lines, the same end.

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { Machine, type Run } from "trapgate";
import { beforeAll, describe, expect, it } from "vitest";
import { hasFeature } from "../../tools/oracle/processor.ts";
import { endOfRun, inFolder } from "../support/guest.ts";
import { missing, type Need, nativeX64, top } from "../support/host.ts";
import { beginNative, type NativeRun, nativeVendor, runNative } from "../support/native.ts";
import { guestsFromC, type Mode, nativeGuest } from "../support/native-guest.ts";

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
  sendnotes: "control messages of a sender set or refuse fields of one datagram's header as on Linux",
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

/** Programs that use more of a processor than the default model has. */
const models: ReadonlySet<string> = new Set(["xstate", "wrapped", "cores"]);
/**
 * What Linux 6.18 on a processor by AMD printed, of gcc 12's programs: native/recorded/NAME.{64,32}.txt. It
 * is the judge where the host's kernel or processor is another one and prints something else. `RECORD=1 npx
 * vitest run test/kernel/native.test.ts -t NAME` writes it on such a host.
 */
const recordedOf = (subject: string, mode: string): string => `${top}/test/kernel/native/recorded/${subject}.${mode.slice(2)}.txt`;
/** Parts of a kernel that hosts leave out or set otherwise: a file that is there, or its text. */
const parts: Partial<Record<keyof typeof subjects, readonly [file: string, text?: string]>> = {
  keys: ["/proc/keys"],
  cores: ["/proc/sys/kernel/core_pattern", "core\n"],
  hugepages: ["/proc/sys/vm/nr_hugepages"],
  numa: ["/sys/devices/system/node"],
  uring: ["/proc/sys/kernel/io_uring_disabled", "0\n"],
  buffers: ["/proc/sys/kernel/io_uring_disabled", "0\n"],
  mqueue: ["/proc/sys/fs/mqueue"],
  "time-namespaces": ["/proc/self/ns/time"],
  kmsg: ["/dev/kmsg"],
  loops: ["/dev/loop-control"],
};
/**
 * Options that kernels of the same release leave out, and changes of its updates that earlier ones do not
 * have, seen in what a program prints natively.
 */
const leftOut: Partial<Record<keyof typeof subjects, readonly [option: string, isLeftOut: (native: string) => boolean]>> = {
  multicast: ["IPV6_ADDRFORM", (native) => native.includes("form -92 ")],
  options: ["IPV6_ADDRFORM", (native) => !native.includes("set 41/1 ")],
  // 6.18.44 has both changes.
  filecaps: ["refusals of empty security.capability", (native) => native.includes("no bytes: 0\n")],
  sysctls: ["a lower limit of tcp_rmem", (native) => native.includes("[1 2 3 4] 6, ")],
};
/** Why the host may print something else, if there is a reason. */
const otherHost = (subject: string, native: string): string | undefined => {
  const [file, text] = parts[subject as keyof typeof subjects] ?? [];
  if (!release().startsWith("6.18.")) return `Linux ${release()}`;
  if (file !== undefined && (!existsSync(file) || (text !== undefined && readFileSync(file, "latin1") !== text)))
    return `a kernel with another ${file}`;
  const [option, isLeftOut] = leftOut[subject as keyof typeof subjects] ?? [];
  if (isLeftOut?.(native)) return `a kernel without ${option}`;
  if (models.has(subject) && !hasFeature("avx2")) return "a processor without AVX2";
  return nativeVendor() === undefined ? "a processor without models" : undefined;
};
/**
 * Programs that change what all programs of the host share. Their recorded output is the only judge, with an
 * empty pool of huge pages. With TRAPGATE_CHANGE_HOST set, the host runs them, too.
 */
const shared: ReadonlySet<string> = new Set(process.env["TRAPGATE_CHANGE_HOST"] ? [] : ["hugepages"]);
/**
 * Values without a name in a trace: "call: value" of each that strace 6.13 has no name for either, when it
 * traces these programs natively.
 */
const unknown: ReadonlySet<string> = new Set(readFileSync(`${top}/test/kernel/native/recorded/unknown.txt`, "utf8").split("\n"));
/** The values of a line that have no name, beside those of strace. */
const nameless = (line: string): string[] => {
  if (!line.includes("???")) return [];
  const call = /^(?:\[pid +\d+\] )?(?:<\.\.\. )?(\w+)/.exec(line)?.[1];
  const values = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').match(/(?:\w+=)?[^\s,({[|&]* \/\* [A-Za-z_]*\?\?\? \*\//g);
  return (values ?? (line.includes("???") ? [line] : [])).map((value) => `${call}: ${value}`).filter((value) => !unknown.has(value));
};
/** Programs that wait 15 s for grace periods of the host's kernel: they begin before the others. */
const slow: ReadonlySet<string> = new Set(["options"]);
/** The programs give up privileges, so they must have some. */
const root: Need = { what: "root", met: process.getuid?.() === 0 };
/**
 * True: the host's kernel judges. Else what Linux 6.18 printed does: on other hosts, for other users, and
 * with TRAPGATE_TEST_KERNEL=none.
 */
const judge = process.env["TRAPGATE_TEST_KERNEL"] !== "none" && !missing("the host's kernel as the judge of ours", nativeX64, root);

describe.skipIf(missing("the kernel against the native one", guestsFromC))("the kernel under us agrees:", { timeout: 60_000 }, () => {
  describe.each(["-m64", "-m32"] satisfies Mode[])("gcc %s:", (mode) => {
    const build = async (folder: string, subject: string): Promise<string> => {
      const program = `${folder}/${subject}`;
      chmodSync(folder, 0o755);
      writeFileSync(program, await nativeGuest(subject, mode), { mode: 0o755 });
      return program;
    };
    const begun = new Map<string, Promise<NativeRun>>();
    beforeAll(() => {
      for (const subject of judge ? slow : [])
        begun.set(
          subject,
          inFolder(async (folder) => beginNative(await build(folder, subject))),
        );
    });
    it.each(Object.entries(subjects))("%s: %s", async (subject) => {
      await inFolder(async (folder) => {
        const program = await build(folder, subject);
        const here = `/${subject}`;
        const files = { [here]: { content: readFileSync(program), mode: 0o755 } };
        const without = new Set<string>();
        const hooks = { trace: (line: string) => nameless(line).forEach((value) => without.add(value)) };
        const of = (vendor: string): Promise<Run> => {
          const cpu = `${models.has(subject) ? "x86-64-v3" : ""}:${vendor}`;
          return Machine.run(here, { files, timeout: 50, cpu, trace: { follow: true }, hooks });
        };
        const record = recordedOf(subject, mode);
        const recorded = (): Pick<NativeRun, "stdout" | "end"> => {
          const [, stdout = "", end = ""] = /^(.*)\nend: (\w+)\n$/s.exec(readFileSync(record, "latin1")) ?? [];
          return { stdout, end: /^\d+$/.test(end) ? Number(end) : end };
        };
        const run = await of((judge ? nativeVendor() : undefined) ?? "amd");
        expect([...without]).toEqual([]);
        const isRun = judge && !shared.has(subject);
        let native = isRun ? ((await begun.get(subject)) ?? runNative(program)) : recorded();
        // Children of some programs wait in real time, and a busy host starts them late: it gets other
        // tries. Our run is the same each time.
        const isOther = (): boolean => otherHost(subject, native.stdout) !== undefined;
        for (let tries = 0; isRun && tries < 2 && native.stdout !== run.stdout.text && !isOther(); tries++) native = runNative(program);
        if (process.env["RECORD"] && !shared.has(subject)) writeFileSync(record, `${native.stdout}\nend: ${native.end}\n`, "latin1");
        const other = otherHost(subject, native.stdout);
        if (other !== undefined && run.stdout.text !== native.stdout) {
          console.warn(`NOTE: ${subject}: ${other} prints something else; what Linux 6.18 printed is the judge`);
          const amd = await of("amd");
          expect({ stdout: amd.stdout.text, end: endOfRun(amd) }).toEqual(recorded());
          return;
        }
        expect(run.stdout.text).toBe(native.stdout);
        expect(endOfRun(run)).toBe(native.end);
      });
    });
  });
});

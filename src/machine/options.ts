// The options of a machine and of a run.
import type { AbortSignalLike } from "../budget.ts";
import type { Engine } from "../cpu/engine.ts";
import type { Bug, ProfileName, VsyscallMode } from "../kernel/base/profile.ts";
import type { HostTree } from "../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../kernel/fs/types/upper-store.ts";
import type { HostNetwork } from "../kernel/net/host-network.ts";
import type { SyscallData } from "../seccomp/data.ts";
import type { CodeMemory } from "./api/code-memory.ts";
import type { Denial } from "./denial.ts";
import type { Size } from "./size.ts";
import type { Crash } from "./stack/crash.ts";
import type { TraceEvent } from "./tracing/events.ts";
import type { TraceOptions } from "./tracing/strace/options.ts";

/** Bytes that are read when they are wanted, and do not change. */
export interface FileBytes {
  readonly size: number;
  /** Reads the bytes at an offset: their number, or -errno. */
  read(offset: number, into: Uint8Array): number;
}

/** A regular file with its permission bits. */
export interface FileOptions {
  readonly content: string | Uint8Array | FileBytes;
  /** Permission bits; default 0o644. */
  readonly mode?: number;
}

/** A directory of the host at a path of the guest. */
export interface MountOptions {
  readonly tree: HostTree;
  /** Absolute path in the guest. */
  readonly at: string;
  /** Read-only; changes stay in the machine; changes reach the host (the tree must be writable). */
  readonly mode: "ro" | "cow" | "rw";
}

/** Options of a machine. All have defaults. */
export interface MachineOptions {
  /**
   * The kernel whose rules hold. "upstream" is Linux 6.12, "v6" the patch of February 2012 on Linux 3.3.
   * "3.5" to "6.18" and "patch:v5" to "patch:v17" are also accepted (`trapgate profiles` lists all). Default
   * upstream.
   */
  readonly kernel?: ProfileName;
  /**
   * True: system calls with bit 30 are x32 calls, and x32 programs run (without a vDSO). Default false, as on
   * Debian.
   */
  readonly x32?: boolean;
  /** IA32 emulation. Default true; without it 32-bit programs are ENOEXEC and int $0x80 is SIGSEGV. */
  readonly ia32?: boolean;
  /**
   * The vsyscall page: its calls are served (xonly, emulate), and it can be read (emulate). Default xonly.
   */
  readonly vsyscall?: VsyscallMode;
  /** Bugs of earlier kernels, by name. */
  readonly bugs?: readonly Bug[];
  /**
   * Processor model: `x86-64-v2:amd` (default), `:intel`, `pentium3:intel`, `x86-64-v3,-avx2`, or
   * `hostCpu()` of trapgate/node.
   */
  readonly cpu?: string;
  /** The host name of the guest. Default "trapgate". */
  readonly hostname?: string;
  /**
   * The guest's time of day at boot: seconds since 1970, an ISO 8601 text, or "now". Default 2025-01-01, so
   * that runs are repeatable.
   */
  readonly clock?: number | string;
  /**
   * Processors that guests see (nproc, /proc/cpuinfo, affinity), 1 to 64. Tasks are spread over them, and one
   * runs at a time. Default 1.
   */
  readonly cpus?: number;
  /** Decides everything that is random. Default 0. */
  readonly seed?: number;
  /**
   * Bytes of memory that guests may cost the host: their pages, and the kernel's objects for them. Beyond the
   * limit a call fails with ENOMEM or a similar error, or SIGKILL ends a process, as in a memory cgroup of
   * Linux. `"256M"` is 2^28 bytes. Default 1 GiB; untouched memory costs nothing.
   */
  readonly memory?: Size;
  /** Threads and processes at a time: more are EAGAIN, as in a pids cgroup. Default: 8192 in all. */
  readonly pids?: number;
  /**
   * Open file descriptions at a time; more are ENFILE. Default: limited by memory only. `--files` of the
   * command line.
   */
  readonly openFiles?: number;
  /**
   * Seconds of processor time for all programs together, in virtual time: one nanosecond an instruction, on
   * every host. At the limit each process gets SIGXCPU, and a second later SIGKILL. Default: no limit.
   */
  readonly cpuTime?: number;
  /** The root directory, seen copy-on-write. Default: an empty one in memory. */
  readonly root?: HostTree;
  /**
   * Keeps the root's changes from run to run, for example `hostOverlay("folder")` of trapgate/node. Default:
   * they end with the machine.
   */
  readonly overlay?: UpperStore;
  readonly mounts?: readonly MountOptions[];
  /**
   * A network, for example `hostNetwork({ reach: "host" })` of trapgate/node. Sleeps take real time then, and
   * runs are not repeatable. Default: the loopback device only.
   */
  readonly network?: HostNetwork;
  /** More files, by their absolute paths. */
  readonly files?: Readonly<Record<string, string | Uint8Array | FileOptions>>;
  /** The tier or tiers that run guest code. No guest can see the difference. Default "auto". */
  readonly engine?: Engine;
  /**
   * Keeps compiled code between runs in this process, with engine "auto". No guest can see the difference.
   * Default: a memory that all machines of the process with the same `cpu` and `memory` share; "off": none.
   */
  readonly code?: CodeMemory | "off";
  /** Addresses differ from seed to seed as Linux's do from run to run. Default true. */
  readonly randomizeLayout?: boolean;
}

/**
 * Sees things as they happen. A hook that throws ends the run, and `run` rejects with its exception; so does
 * the promise of an async hook that rejects. `run` resolves after the promises of all hooks.
 */
export interface Hooks {
  readonly stdout?: (bytes: Uint8Array) => void;
  readonly stderr?: (bytes: Uint8Array) => void;
  /** A line of the trace; `pid` is the task that it is about. */
  readonly trace?: (line: string, pid: number) => void;
  readonly kernelLog?: (line: string) => void;
  /**
   * The events of all tasks as data: each call with its door, registers and filters. Recording costs time, so
   * it is off by default.
   */
  readonly event?: (event: TraceEvent) => void;
  /** The program, or a child of its, has attached a filter. */
  readonly filter?: (attached: AttachedFilter) => void;
  /** A signal with a core dump ends a process: registers, code, stack. */
  readonly crash?: (crash: Crash) => void;
  /** A filter has kept a call from running. */
  readonly denied?: (denial: Denial) => void;
  /** A filter has let a call run and logs it (SECCOMP_RET_LOG), with the data that the filter saw. */
  readonly logged?: (call: SyscallData) => void;
}

/** A filter as the guest gave it. */
export interface AttachedFilter {
  readonly pid: number;
  /** The task's name, as /proc/PID/comm has it. */
  readonly comm: string;
  /** AUDIT_ARCH_* of the door through which it came. */
  readonly arch: number;
  /** An array of struct sock_filter. */
  readonly program: Uint8Array;
  /** The number of filters of the task, with this one. */
  readonly depth: number;
}

export type { TraceOptions } from "./tracing/strace/options.ts";

/**
 * Filter text in the language of `trapgate/seccomp`'s assembler, BPF instructions as an array of struct
 * sock_filter, or a result of `policy(…)` or `readPolicy(…)` of `trapgate/policy`.
 */
export type Policy = string | Uint8Array | { readonly bpf: () => Uint8Array };

/** Options of a program. All have defaults. */
export interface ProgramOptions {
  /** Arguments after the program's name. */
  readonly args?: readonly string[];
  /** Default: the path of the program. */
  readonly argv0?: string;
  /** Default: PATH only. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default 0. */
  readonly uid?: number;
  readonly gid?: number;
  readonly stdin?: string | Uint8Array;
  /** A seccomp filter under which the program starts. */
  readonly policy?: Policy;
  /** Lines in strace's format. */
  readonly trace?: boolean | TraceOptions;
  /** A schedule that `explore` found: the scheduling points and the tasks that run there, `17:4,23:3`. */
  readonly schedule?: string;
  /**
   * Limit in bytes of each of standard output, standard error and the trace in `Run`. A program that writes
   * more is killed, and `truncated` is set, as with maxBuffer of child_process.spawnSync. Default 64 MiB.
   */
  readonly maxOutput?: number;
  /** Seconds of real time after which the run is given up. Default: never. */
  readonly timeout?: number;
  /** Gives the run up when it aborts: `run` rejects with its reason, as fetch does. */
  readonly signal?: AbortSignalLike;
  readonly hooks?: Hooks;
}

/**
 * A program: the bytes of an ELF file, or a path in the guest. A name without a slash is looked up in PATH.
 */
export type Program = string | Uint8Array;

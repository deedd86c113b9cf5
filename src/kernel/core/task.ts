// A task: one thread, the unit of scheduling. Linux struct task_struct.
import type { VAddr } from "../../abi/brand.ts";
import { at } from "../../cpu/machine/state.ts";
import type { MemoryPolicy } from "../../memory/policy.ts";
import type { AddressSpace } from "../../memory/space.ts";
import type { SeccompState } from "../base/seccomp-state.ts";
import { sizes } from "../base/sizes.ts";
import { type Sleeper, type Wait, type Waited, WaitQueue } from "../base/wait.ts";
import { SignalActions } from "../signal/state/action.ts";
import { PendingSignals } from "../signal/state/pending.ts";
import { NONE, type SigSet } from "../signal/state/set.ts";
import type { Kernel } from "./kernel.ts";
import { noUsage, type Process, type Usage } from "./process.ts";
import type { DeadlineTimes, RestartableSequences, UserDispatch } from "./settings.ts";

/** The scheduling state of a task. */
export type TaskState = "runnable" | "sleeping" | "stopped" | "dead";

/** A local descriptor table. man 2 modify_ldt */
export interface Ldt {
  table: Uint8Array | undefined;
}

/** The last processor exception, as signal frames report it. Linux thread_struct trap_nr, error_code, cr2. */
export interface Trap {
  readonly vector: number;
  readonly error: number;
  readonly cr2: bigint;
}

/** The alternate signal stack of a task. man 2 sigaltstack */
export interface AltStack {
  readonly sp: number;
  readonly size: number;
  readonly flags: number;
}
/** A task without an alternate signal stack. */
export const NO_ALT_STACK: AltStack = { sp: 0, size: 0, flags: 0 };

/** The set of the first `cpus` processors. */
export const allCpus = (cpus: number): bigint => (1n << BigInt(cpus)) - 1n;

/** No user has logged in. Linux AUDIT_UID_UNSET, AUDIT_SID_UNSET. */
export const NO_LOGIN = 0xffff_ffff;

/**
 * State that the rooms above add to a task: credentials, files, namespaces, the call in progress. Each
 * declares its members where their types are: `declare module "…/core/task.ts" { interface TaskMembers { … }
 * }`. `newTask` (lifecycle/new-task.ts) makes them all, and does not compile if it lacks one.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the members are declared there
export interface TaskMembers {}

/** The members that rooms add. The constructor assigns them. */
export interface Task extends TaskMembers {}
/**
 * A thread: registers, memory, files, credentials and filters, each shared or its own. Linux struct
 * task_struct.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all members are assigned
export class Task implements Sleeper {
  readonly kernel: Kernel;
  /** The thread id. After execve of another thread than the leader it is the leader's. */
  pid: number;
  readonly process: Process;
  state: TaskState = "runnable";
  /** At most 15 bytes: PR_SET_NAME, /proc/PID/comm. */
  comm = "";

  mem: AddressSpace;

  /** The registers while another task runs. While this task runs they are in cpu.state. */
  readonly registers = new Uint8Array(at.size);
  /** GDT entries 12 to 14: set_thread_area(2). */
  tls: Uint8Array<ArrayBuffer>;
  /** Descriptors of loaded segment registers have changed since the load (a new thread's TLS). */
  staleSegments = false;

  /** personality(2). */
  personality = 0;
  /** modify_ldt(2). All tasks with the same address space share it. */
  ldt: Ldt = { table: undefined };
  /** TS_COMPAT: the current call came through a 32-bit door, from code of any mode. */
  compat = false;
  entryWork = 0;
  /** PR_SET_SYSCALL_USER_DISPATCH, in effect while its bit of `entryWork` is set. */
  userDispatch: UserDispatch | undefined = undefined;
  exitWork = 0;
  /**
   * pt_regs.orig_ax: the number of the current call. -1 outside of calls (a fault, an interrupt, after
   * sigreturn).
   */
  origAx = -1;
  /** The upper half of orig_ax and its lower half, of the last call that a tracer or a filter has seen. */
  origAxSeen: { readonly nr: number; readonly high: number } = { nr: -1, high: 0xffff_ffff };
  /** The argument registers of the current call. */
  readonly args = new Uint32Array(12);
  waiting: Wait | undefined = undefined;
  waited: Waited = { expired: false };

  actions: SignalActions;
  blocked: SigSet = NONE;
  /** rt_sigsuspend, pselect, ppoll: the mask to restore at the end of the call. */
  savedMask: SigSet | undefined = undefined;
  readonly pending: PendingSignals;
  altStack: AltStack = NO_ALT_STACK;
  trap: Trap = { vector: 0, error: 0, cr2: 0n };

  seccomp: SeccompState | undefined = undefined;
  noNewPrivs = false;
  dumpable = 1;
  /** set_mempolicy(2). Absent: MPOL_DEFAULT. */
  memoryPolicy: MemoryPolicy | undefined = undefined;
  keepCaps = false;
  deathSignal = 0;
  /** prctl(PR_SET_TSC): RDTSC raises SIGSEGV. */
  tscDisabled = false;
  timerSlack = 50_000;
  /** The user that logged in, and the number of the session: /proc/PID/loginuid, sessionid. */
  login: { readonly uid: number; readonly session: number } = { uid: NO_LOGIN, session: NO_LOGIN };
  /** The slack of its maker at that time. PR_SET_TIMERSLACK with 0 restores it. */
  defaultTimerSlack = 50_000;
  nice = 0;
  /** ioprio_set(2): remembered. */
  ioprio = 0;
  /** The values of sched_setscheduler(2). */
  policy = 0;
  priority = 0;
  /** The slice that sched_setattr(2) gave, in nanoseconds: remembered. 0: the usual one. */
  slice = 0n;
  /** The times of SCHED_DEADLINE. */
  deadline: DeadlineTimes | undefined = undefined;

  /** The parts that features have added, by their keys. See part.ts. */
  parts: Map<string, unknown> | undefined = undefined;

  /** CLONE_CHILD_CLEARTID and set_tid_address(2). */
  clearChildTid = 0 as VAddr;
  robustList = 0 as VAddr;
  robustListSize = 0;
  /** A write to a broken pipe raises no signal: requests of io_uring. Linux IOCB_NOSIGNAL. */
  readonly noPipeSignal: boolean = false;
  /** The request of io_uring for which an object over this task works, and which wakes in its place. */
  readonly waker: { woken(): void } | undefined = undefined;
  rseq: RestartableSequences | undefined = undefined;
  /** vfork(2): the parent's thread, which sleeps until this task executes a program or ends. */
  vforkParent: Task | undefined = undefined;
  exitCode = 0;
  /** The processors of sched_setaffinity(2), and the one where the task runs (sched/placement.ts). */
  affinity: bigint;
  cpu = 0;
  /** Woken at the end of this thread. */
  readonly endEvents = new WaitQueue();
  readonly usage: Usage = noUsage();
  readonly startTime: number;

  constructor(
    kernel: Kernel,
    pid: number,
    process: Process,
    from: Pick<Task, "mem"> & Partial<Pick<Task, "actions" | "tls">>,
    members: TaskMembers,
  ) {
    this.kernel = kernel;
    kernel.frames.account.force(sizes.task);
    this.pid = pid;
    this.process = process;
    this.pending = new PendingSignals(kernel.frames.account);
    this.mem = from.mem;
    this.actions = from.actions ?? new SignalActions();
    this.tls = from.tls ?? new Uint8Array(24);
    this.affinity = allCpus(kernel.cpus);
    this.startTime = kernel.now;
    Object.assign(this, members);
  }

  get tgid(): number {
    return this.process.pid;
  }
  get ppid(): number {
    return this.process.parent?.pid ?? 0;
  }

  get net(): Task["namespaces"]["net"] {
    return this.namespaces.net;
  }

  /** Sleeper: an event has happened on a queue, and the waiting call checks its condition again. */
  wake(): void {
    if (this.waker) this.waker.woken();
    else this.kernel.scheduler.wake(this);
  }
}

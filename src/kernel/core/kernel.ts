// The kernel: one object with all state that a machine's programs share. `run` drives it. It calls the host
// only through the interfaces that the machine has given to it.

import { type Deadline, noDeadline } from "../../cpu/machine/deadline.ts";
import type { Frames } from "../../memory/frames.ts";
import type { Action } from "../../seccomp/returns.ts";
import { internalError, OwnersException } from "../base/internal-error.ts";
import { KernelLog } from "../base/log.ts";
import type { Processor, ProcessorModel } from "../base/processor.ts";
import type { KernelProfile } from "../base/profile.ts";
import { SeededRandom } from "../base/random.ts";
import { PID_MAX, RESERVED_PIDS } from "../base/rlimit.ts";
import { type Timespec, UPTIME } from "../base/time.ts";
import type { Vdso } from "../exec/vdso.ts";
import type { Feature } from "./feature.ts";
import { noUsage, type Process } from "./process.ts";
import type { SchedulerResult, Scheduling } from "./scheduling.ts";
import type { Task } from "./task.ts";

/**
 * State that the rooms above add to the kernel: timers, futexes, the VFS, namespaces. Each declares its
 * members where their types are, by `declare module "…/core/kernel.ts" { interface KernelMembers { … } }`;
 * `newKernel` (sched/new-kernel.ts) makes them all, and does not compile if it lacks one.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the members are declared there
export interface KernelMembers {}

/** The options of a kernel. */
export interface KernelOptions {
  readonly features: readonly Feature[];
  readonly scheduler: (kernel: Kernel) => Scheduling;
  readonly members: (kernel: Kernel, options: KernelOptions) => KernelMembers;
  readonly processor: Processor;
  readonly model: ProcessorModel;
  readonly profile: KernelProfile;
  readonly frames: Frames;
  readonly vdso: Vdso;
  readonly seed?: number;
  /** Address space layout randomization, from the seed. Default on; off is as under `setarch -R`. */
  readonly randomizeLayout?: boolean;
  /** Seconds since 1970 at boot. Default 2025-01-01, so that runs of all days are equal. */
  readonly bootTime?: number;
  readonly hostname?: string;
  /** Processors that guests see; all tasks run on the first one. Default 1. */
  readonly cpus?: number;
  /**
   * The real time at which `run` returns, even if virtual time is left. Its owner moves it from run to run.
   */
  readonly deadline?: Deadline;
}

/** The members that rooms add. The constructor assigns them. */
export interface Kernel extends KernelMembers {}
/** The kernel of one machine: tasks, memory, files, time and the gate. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all members are assigned
export class Kernel {
  processor: Processor;
  /** Optional features, and the parts of tasks and of the kernel that they have. */
  readonly features: readonly Feature[];
  readonly taskParts: readonly NonNullable<Feature["taskPart"]>[];
  parts: Map<string, unknown> | undefined = undefined;
  readonly model: ProcessorModel;
  readonly profile: KernelProfile;
  readonly frames: Frames;
  readonly vdso: Vdso;
  /** 0: addresses are not randomised. /proc/sys/kernel/randomize_va_space. */
  randomizes: number;
  /** Every thread by its id; and every unreaped process by its pid. */
  readonly tasks = new Map<number, Task>();
  readonly processes = new Map<number, Process>();
  /**
   * Process 1 runs no program. It adopts orphans and reaps them, so a machine's first program is an ordinary
   * process.
   */
  init!: Process;
  readonly deadline: Deadline;
  readonly scheduler: Scheduling;
  /** The limit of threads and unreaped processes. Linux kernel/cgroup/pids.c. */
  pidsMax = Number.POSITIVE_INFINITY;
  readonly log = new KernelLog();
  readonly random: SeededRandom;
  /**
   * Monotonic nanoseconds since boot: one an instruction, a fixed cost a system call, and a jump when all
   * tasks sleep.
   */
  now = 0;
  /** System calls so far, of all doors. */
  syscalls = 0;
  readonly bootTime: number;
  /** The number of processors that guests see. */
  readonly cpus: number;
  /** For a person at a terminal: sleeps take real time. Otherwise the clock jumps. */
  idlesInRealTime = false;
  /** The program of which the owner waits for the end. Others may outlive it. Undefined: for all. */
  first: Process | undefined = undefined;
  /** The virtual time at which no task runs any more. It is known once the first process has ended. */
  endsAt = Infinity;
  /** The process group that a shell of the host stops and continues: it is not orphaned. */
  hostJob: number | undefined = undefined;
  /** Number of audit records. */
  auditSerial = 0;
  /** /proc/sys/kernel/seccomp/actions_logged. */
  seccompLogged: ReadonlySet<Action> = new Set(["kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "log"] as const);
  /** The thread whose memory is being freed at its end: no task runs then. */
  ending: Task | undefined = undefined;
  /** The last pid that was given. /proc/sys/kernel/ns_last_pid sets it. */
  lastPid = 0;
  private _lastCookie = 0;
  /** A new number for a network namespace or a socket. Linux gen_cookie_next(). */
  nextCookie(): number {
    this._lastCookie++;
    return this._lastCookie;
  }
  /** The resource usage of all reaped processes. */
  readonly endedUsage = noUsage();
  /** Sessions that began with a login. */
  logins = 0;
  /** The greatest pid: /proc/sys/kernel/pid_max. */
  pidMax: number = PID_MAX;
  /** /proc/sys/kernel/random/boot_id, drawn when proc is first mounted. */
  bootId: Uint8Array | undefined = undefined;
  /** Settings of /proc/sys that a guest has written and that change nothing, by name. */
  readonly sysctls = new Map<string, string | readonly number[]>();
  /** /proc/sys/fs/nr_open. */
  nrOpen = 1 << 20;
  private _lastNumber = 0;

  constructor(options: KernelOptions) {
    this.processor = options.processor;
    this.features = options.features;
    this.taskParts = this.features.flatMap(({ taskPart }) => taskPart ?? []);
    this.model = options.model;
    this.profile = options.profile;
    this.frames = options.frames;
    this.vdso = options.vdso;
    this.randomizes = (options.randomizeLayout ?? true) ? 2 : 0;
    this.random = new SeededRandom(options.seed ?? 0);
    this.cpus = options.cpus ?? 1;
    this.bootTime = options.bootTime ?? 1_735_689_600;
    this.deadline = options.deadline ?? noDeadline;
    this.scheduler = options.scheduler(this);
    Object.assign(this, options.members(this, options));
    this.attach(options.processor);
  }

  /**
   * Makes a processor call this kernel: for the time stamp counter, random numbers, and calls from compiled
   * code. Only these functions know the kernel; it has no function of the processor.
   */
  attach(processor: Processor): void {
    this.processor = processor;
    processor.timeStamp = () => BigInt(this.nextTimeStamp());
    processor.random = () => (BigInt(this.random.u32()) << 32n) | BigInt(this.random.u32());
    processor.deadline = this.deadline;
    this.scheduler.attach(processor);
  }
  /** The counter runs since the machine is up, at 1 GHz. Two reads in one block differ all the same. */
  nextTimeStamp(): number {
    return (this._lastTimeStamp = Math.max(this.scheduler.time + UPTIME.sec * 1e9, this._lastTimeStamp + 1));
  }
  private _lastTimeStamp = 0;

  /** CLOCK_REALTIME. */
  realtime(): Timespec {
    return { sec: this.bootTime + Math.floor(this.now / 1e9), nsec: this.now % 1e9 };
  }

  /** The number of an object, in the order of first requests. kcmp(2) sorts by it. */
  objectNumber(object: object & { objectNumber?: number | undefined }): number {
    return (object.objectNumber ??= this._lastNumber++);
  }

  /** The number of tasks in which programs run: all but process 1's. */
  get programs(): number {
    return this.tasks.size - (this.tasks.has(this.init.pid) ? 1 : 0);
  }
  newPid(): number {
    do this.lastPid = this.lastPid >= this.pidMax ? RESERVED_PIDS : this.lastPid + 1;
    while (this.tasks.has(this.lastPid) || this.processes.has(this.lastPid));
    return this.lastPid;
  }

  /** printk. `level` is KERN_*: 6 is info. */
  printk(level: number, text: string): void {
    const record = this.log.add(level, this.now, text);
    this.observer?.logged?.(record);
  }

  /** Runs guests for at most `nanoseconds` of virtual time. */
  run(nanoseconds: number): SchedulerResult {
    const until = this.now + Math.ceil(nanoseconds);
    return this.guarded(() => {
      for (;;) {
        const stop = Math.min(until, this.cpuTime.end);
        const result = this.scheduler.run(stop);
        if (result.reason !== "limit" || this.now < stop) return result;
        this.cpuTime.check();
        if (this.now >= until) return result;
      }
    });
  }
  /** A mistake of ours ends the machine. Half-finished work of the kernel is never continued. */
  guarded<T>(work: () => T): T {
    if (this._failure !== undefined) throw this._failure;
    try {
      return work();
    } catch (cause) {
      const failure = internalError(cause, this, this.scheduler.current, this.scheduler.isInCall);
      this._failure = failure instanceof OwnersException ? failure.cause : failure;
      throw this._failure;
    }
  }
  private _failure: unknown;

  /**
   * Charges kernel work to the running task, in nanoseconds of virtual time; slices, timers and usage count
   * it. Every handler whose work grows with its arguments (bytes copied, pages touched, entries walked)
   * charges it. The charge must not depend on the host or on the engine.
   */
  charge(nanoseconds: number): void {
    const whole = Math.ceil(nanoseconds);
    this.now += whole;
    const { current } = this.scheduler;
    if (current) current.usage.system += whole;
  }

  /** No task runs before that time. */
  skip(until: number): void {
    if (until <= this.now) return;
    this.cpuTime.idle += until - this.now;
    this.now = until;
  }
  /** Lets virtual time pass while every task sleeps. */
  advance(until: number): void {
    this.skip(Math.ceil(until));
    this.guarded(() => this.timers.run(this));
  }
}

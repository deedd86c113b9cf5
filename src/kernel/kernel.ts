// The kernel: one object, everything a machine's programs share. It is driven by `run`; it never calls back into the host except
// through what the machine handed it.
import { type Deadline, noDeadline } from "../cpu/machine/deadline.ts";
import type { Frames } from "../memory/frames.ts";
import type { Filter } from "../seccomp/filter.ts";
import type { Action } from "../seccomp/returns.ts";
import { internalError, OwnersException } from "./base/internal-error.ts";
import { KernelLog } from "./base/log.ts";
import { entryWork } from "./base/pending-work.ts";
import type { Processor, ProcessorModel } from "./base/processor.ts";
import type { Profile } from "./base/profile.ts";
import { Random } from "./base/random.ts";
import type { Timespec } from "./base/time.ts";
import { mapVsyscallPage } from "./base/vsyscall-page.ts";
import { CpuTime } from "./cpu-time.ts";
import type { Vdso } from "./exec/vdso.ts";
import type { Vfs } from "./fs/vfs.ts";
import { FutexTable } from "./futex/table.ts";
import { Kept } from "./kept.ts";
import { type SpawnRequest, spawn } from "./lifecycle/spawn.ts";
import { PidNamespace } from "./namespace/pid.ts";
import { CgroupNamespace, IpcNamespace, type Namespaces, UtsNamespace } from "./namespace/set.ts";
import { NetNamespace } from "./net/namespace.ts";
import type { Observer } from "./observer.ts";
import { Scheduler } from "./sched/scheduler.ts";
import { endProcess } from "./signal/send.ts";
import { SIG } from "./signal/set.ts";
import { Process } from "./task/process.ts";
import type { Task } from "./task/task.ts";
import { Timers } from "./timer/timers.ts";

export interface KernelOptions {
  readonly processor: Processor;
  readonly model: ProcessorModel;
  readonly profile: Profile;
  readonly frames: Frames;
  readonly vdso: Vdso;
  readonly seed?: number;
  /** Address space layout randomization, from the seed. Default on; off is what `setarch -R` gives. */
  readonly randomizeLayout?: boolean;
  /** Seconds since 1970 at boot. Default 2025-01-01: runs are the same every day. */
  readonly bootTime?: number;
  readonly hostname?: string;
  /** When `run` is to come back in real time, whatever virtual time is left. Its owner moves it from run to run. */
  readonly deadline?: Deadline;
}

/**
 * Why `run` came back. `ended`: no process is left. `limit`: the time asked for is used up, or the deadline has come. `idle`: every task sleeps and one of them
 * waits for the world outside; `until` is the next deadline if there is one: the machine delivers input, or lets time pass by
 * `advance(until)`. `stuck`: every task sleeps and nothing can ever wake one.
 */
export type RunResult = { readonly reason: "ended" | "limit" | "stuck" } | { readonly reason: "idle"; readonly until: number | undefined };

const LOG_ERR = 3;

export class Kernel {
  readonly processor: Processor;
  readonly model: ProcessorModel;
  readonly profile: Profile;
  readonly frames: Frames;
  readonly vdso: Vdso;
  readonly randomizeLayout: boolean;
  /** The initial pid namespace. */
  readonly pidNamespace = new PidNamespace(undefined, undefined);
  readonly futexes = new FutexTable();
  readonly #initial: Omit<Namespaces, "mnt">;
  /** Every thread, by its id; and every process that is not reaped, by pid. */
  readonly tasks = new Map<number, Task>();
  readonly processes = new Map<number, Process>();
  /** Process 1: no program runs in it; it adopts orphans and reaps them. So a machine's first program is an ordinary process. */
  readonly init: Process;
  readonly timers = new Timers();
  readonly deadline: Deadline;
  readonly scheduler: Scheduler;
  readonly kept: Kept;
  readonly cpuTime = new CpuTime(this);
  /** Threads and processes that are not reaped, at most. Linux kernel/cgroup/pids.c */
  pidsMax = Number.POSITIVE_INFINITY;
  readonly log = new KernelLog();
  readonly random: Random;
  /** Monotonic nanoseconds since boot. Goes up by one an instruction, by a fixed cost a system call, and jumps when all sleep. */
  now = 0;
  /** System calls so far, through all doors. */
  syscalls = 0;
  readonly bootTime: number;
  /** Set by whoever boots the machine, before the first task: file systems need this kernel's clock. */
  vfs!: Vfs;
  /** Sleeps last as long as they say, for somebody at a terminal: the machine lets real time pass. Otherwise the clock jumps. */
  idlesInRealTime = false;
  /** Counts audit records. */
  auditSerial = 0;
  /** /proc/sys/kernel/seccomp/actions_logged. */
  seccompLogged: ReadonlySet<Action> = new Set(["kill_process", "kill_thread", "trap", "errno", "user_notif", "trace", "log"] as const);
  /** A task has attached a filter. */
  onFilter: ((task: Task, filter: Filter) => void) | undefined = undefined;
  #observer: Observer | undefined = undefined;
  #lastPid = 0;
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;

  constructor(options: KernelOptions) {
    const { processor } = options;
    this.processor = processor;
    processor.timeStamp = () => BigInt(this.now + processor.retired - processor.instructions);
    this.model = options.model;
    this.profile = options.profile;
    this.frames = options.frames;
    this.kept = new Kept(this);
    this.frames.reclaimers.add(this.kept);
    this.frames.account.onShortage = () => this.outOfMemory();
    this.vdso = options.vdso;
    if (this.profile.vsyscall === "emulate") mapVsyscallPage(this.frames);
    this.randomizeLayout = options.randomizeLayout ?? true;
    this.random = new Random(options.seed ?? 0);
    processor.random = () => (BigInt(this.random.u32()) << 32n) | BigInt(this.random.u32());
    this.bootTime = options.bootTime ?? 1_735_689_600;
    this.#initial = {
      net: new NetNamespace(this, undefined, true),
      uts: new UtsNamespace(undefined, options.hostname ?? "trapgate", "(none)"),
      ipc: new IpcNamespace(undefined),
      cgroup: new CgroupNamespace(undefined),
    };
    this.deadline = processor.deadline = options.deadline ?? noDeadline;
    this.scheduler = new Scheduler(this);
    this.init = new Process(this, this.newPid(), undefined, 0);
    this.processes.set(this.init.pid, this.init);
    this.pidNamespace.init = this.init;
  }

  get observer(): Observer | undefined {
    return this.#observer;
  }
  set observer(observer: Observer | undefined) {
    this.#observer = observer;
    for (const task of this.tasks.values()) {
      if (observer) task.entryWork |= entryWork.observer;
      else task.entryWork &= ~entryWork.observer;
    }
  }

  /** Start a program as a child of process 1: the process, or -errno. */
  spawn(request: SpawnRequest): Process | number {
    return spawn(this, request);
  }

  /** What the first task is in. */
  get namespaces(): Namespaces {
    return { mnt: this.vfs.namespace, ...this.#initial };
  }

  /** CLOCK_REALTIME. */
  realtime(): Timespec {
    return { sec: this.bootTime + Math.floor(this.now / 1e9), nsec: this.now % 1e9 };
  }

  /** A number for an object, in the order in which they were first asked for: kcmp(2) sorts by it. */
  objectNumber(object: object): number {
    let n = this.#numbers.get(object);
    if (n === undefined) this.#numbers.set(object, (n = this.#lastNumber++));
    return n;
  }

  newPid(): number {
    return ++this.#lastPid;
  }
  get lastPid(): number {
    return this.#lastPid;
  }

  /** There is no memory for what the kernel must have: the process that runs ends. Linux mm/oom_kill.c, CONSTRAINT_MEMCG. */
  outOfMemory(): void {
    const { current } = this.scheduler;
    if (!current || current.process.exiting !== undefined) return;
    const { comm, process } = current;
    this.printk(LOG_ERR, `Memory cgroup out of memory: Killed process ${process.pid} (${comm})`);
    endProcess(process, SIG.SIGKILL);
  }

  /** printk. `level` is KERN_*: 6 is info. */
  printk(level: number, text: string): void {
    this.log.add(level, this.now, text);
  }

  /** Run guests for at most `nanoseconds` of virtual time. */
  run(nanoseconds: number): RunResult {
    const until = this.now + Math.ceil(nanoseconds);
    return this.#guarded(() => {
      for (;;) {
        const stop = Math.min(until, this.cpuTime.end);
        const result = this.scheduler.run(stop);
        if (result.reason !== "limit" || this.now < stop) return result;
        this.cpuTime.check();
        if (this.now >= until) return result;
      }
    });
  }
  /** Our own mistakes end the machine: what they left half done is never run. */
  #guarded<T>(work: () => T): T {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return work();
    } catch (cause) {
      const failure = internalError(cause, this, this.scheduler.current, false);
      this.#failure = failure instanceof OwnersException ? failure.cause : failure;
      throw this.#failure;
    }
  }
  #failure: unknown;

  /**
   * Work of the kernel for the running task, in nanoseconds of virtual time: slices, timers and usage see it. Every handler whose work grows with
   * its arguments (bytes copied, pages touched, entries walked) charges it. It must not depend on the host or on the engine.
   */
  charge(nanoseconds: number): void {
    const whole = Math.ceil(nanoseconds);
    this.now += whole;
    const { current } = this.scheduler;
    if (current) current.usage.system += whole;
  }

  /** No task runs until then. */
  skip(until: number): void {
    if (until <= this.now) return;
    this.cpuTime.idle += until - this.now;
    this.now = until;
  }
  /** Let virtual time pass with every task asleep. */
  advance(until: number): void {
    this.skip(Math.ceil(until));
    this.#guarded(() => this.timers.run(this.now));
  }
}

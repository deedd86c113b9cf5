// The scheduler as the rest of the kernel knows it. sched/scheduler.ts is the implementation: it leads to the
// gate and so to all calls, which this interface keeps out of the imports of tasks and the kernel.
import type { Exit } from "../../cpu/machine/exit.ts";
import type { Processor } from "../base/processor.ts";
import type { Wait } from "../base/wait.ts";
import type { Kernel } from "./kernel.ts";
import type { Result } from "./result.ts";
import type { Task } from "./task.ts";

/**
 * `call`: the running task is about to enter the kernel. `checked`: tracer and filters have allowed its call.
 * `return`: its call is over and user code continues. `next`: no task runs (a slice or a wait began).
 * `access`: its next instruction is about to access memory, or the chooser has asked to stop there.
 * `read`: its call is about to read user memory, and not for the first time.
 */
export type PointKind = "call" | "checked" | "return" | "next" | "access" | "read";

/** Decides the schedule of a run. */
export interface Chooser {
  /**
   * The next task, of two or more candidates. The first is the scheduler's own choice. The last one may
   * sleep, if `letsTimePass`: time then passes until its deadline. `read`: the number of the call's read.
   */
  choose(kind: PointKind, candidates: readonly Task[], read?: number): Task;
  /** Calls handlers with points of the kind `read`. Absent: there are none. */
  splitReads?(kernel: Kernel): CallReads | undefined;
  /**
   * The call of a task is about to read these bytes, all on one page. False: there is no point. `mayGiveWay`
   * false: there is none in any case.
   */
  reads?(task: Task, address: number, bytes: number, mayGiveWay: boolean): boolean;
  /** May the sleeping task with the next deadline be a candidate? */
  letsTimePass?(task: Task): boolean;
  /** A scheduling point of a task while no other could run. */
  alone?(kind: PointKind, task: Task): void;
  /** A task is about to run, or has become runnable. */
  turn?(task: Task): void;
  /** The instructions that a task may execute up to its next point; 0: it is at one, of the kind `access`. */
  before?(task: Task): number;
}

/**
 * The reason for which `run` returned. `ended`: no process is left, or the first one has ended and those who
 * outlive it have had their time, or sleep longer. `limit`: the given time is used up, or
 * the deadline has come. `idle`: every task sleeps, and one of them waits for the host; `until` is the next
 * deadline, if any: the machine delivers input, or lets time pass by `advance(until)`. `stuck`: every task
 * sleeps and nothing can wake one.
 */
export type SchedulerResult =
  | { readonly reason: "ended" | "limit" | "stuck" }
  | { readonly reason: "idle"; readonly until: number | undefined };

/** How long a processor worked, in nanoseconds. */
export interface ProcessorTimes {
  readonly user: number;
  readonly system: number;
}
/**
 * A moment of a run: instructions since boot, and transitions of the kernel since the last of them. All
 * tasks run on one processor, so moments are ordered.
 */
export interface Moment {
  readonly instructions: number;
  readonly steps: number;
}

/** Calls handlers that may be given up at a read of user memory (entry/split-reads.ts). */
export interface CallReads {
  /** The handler of a call that begins, or goes on after it has given way. */
  call(task: Task, handler: () => Result): Result;
}

/** The gate: the entry of every call. syscall/declaration.ts declares its table. */
export interface CallGate {
  /** Serves the running task's call at the door of `why`. */
  enter(task: Task, why: Exit): void;
}

/** The scheduler of one kernel. */
export interface Scheduling {
  readonly gate: CallGate;
  current: Task | undefined;
  chooser: Chooser | undefined;
  /** The running task gives way at the next point. */
  reschedule: boolean;
  readonly isInCall: boolean;
  /** Transitions since the last instruction. */
  readonly steps: number;
  /**
   * `run` returns at the first transition that reaches this moment, before all that follows it. It also
   * returns there after `endRun`. Undefined: `endRun` lets signals of the task be delivered first.
   */
  pauseAt: Moment | undefined;
  /** With `pauseAt`: `run` also returns when this task begins a slice, and this is 0 then. 0: none. */
  pauseFor: number;
  /**
   * After `run` has returned `limit` with `pauseAt` set: true if moment and time say how far the kernel has
   * come. False: the task that is next, or timers of the same time, have been chosen or fired.
   */
  readonly isAtMoment: boolean;
  /** Between two runs: the first process has ended, and those who outlive it have no time left. */
  readonly isOver: boolean;
  /** Virtual time, also in the middle of a run of the processor. */
  readonly time: number;
  /** Virtual nanoseconds that have passed by a choice of the chooser. */
  readonly passed: number;
  attach(processor: Processor): void;
  /** The chooser decides from now on, with slices of that length. */
  follow(chooser: Chooser, slice?: number): void;
  wake(task: Task): void;
  start(task: Task): void;
  yield(): void;
  /** Gives a new task its processor. */
  place(task: Task): void;
  /** A task's set of processors has changed. */
  settle(task: Task): void;
  /** The times of a processor; undefined: it is the only one. */
  processorTimes(cpu: number): ProcessorTimes | undefined;
  /** A priority or policy has changed. */
  rankChanged(): void;
  /** The running task's user time before its next instruction, given the instructions retired so far. */
  userTime(retired: number): number;
  /** True: another task runs now; the caller repeats this point later. */
  givesWay(task: Task, kind: PointKind, read?: number): boolean;
  /** The chooser's. */
  readonly splitReads: CallReads | undefined;
  sleep(task: Task, wait: Wait): void;
  /** The task does not run any more. */
  forget(task: Task): void;
  stop(task: Task): void;
  /** True: `hold` keeps the task from running. */
  isHeld(task: Task): boolean;
  /**
   * A debugger outside of the machine stops a task: it does not run until `release`, or until its process
   * ends. Call it between two runs.
   */
  hold(task: Task): void;
  release(task: Task): void;
  run(until: number): SchedulerResult;
  /** `run` returns after the call that is served, as at the kernel's deadline: no guest can see it. */
  endRun(): void;
  switchTo(task: Task): void;
  loadTables(task: Task): void;
  reloadSegments(task: Task, changed?: (selector: number) => boolean): void;
}

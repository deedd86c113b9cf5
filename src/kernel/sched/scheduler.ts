// The scheduler: round-robin over runnable tasks, with a slice of guest instructions each. The same program
// with the same inputs and the same seed gets the same schedule, instruction for instruction. Time is
// virtual: one nanosecond an instruction, a fixed cost a call.

import { type Exit, exit } from "../../cpu/machine/exit.ts";
import { cost } from "../base/cost.ts";
import { exitWork } from "../base/pending-work.ts";
import { DOOR_LENGTH, type Processor } from "../base/processor.ts";
import type { Wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { CallReads, Chooser, Moment, PointKind, ProcessorTimes, SchedulerResult, Scheduling } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";
import { landing } from "../entry/doors.ts";
import { exceptionToSignal } from "../entry/exception.ts";
import { Gate } from "../entry/gate.ts";
import { leaveKernel } from "../entry/leave.ts";
import { codeFilesOf } from "../exec/code-files.ts";
import { observe } from "../observer.ts";
import { isFifo } from "../task/sched-policy.ts";
import { ContextSwitch } from "./context-switch.ts";
import { RunQueue } from "./run-queue.ts";
import { Sleepers } from "./sleepers.ts";

/**
 * The time that a task may run before the next one: a millisecond of virtual time. Linux's is three (sysctl
 * sched_base_slice_ns).
 */
const SLICE = 1_000_000;
/** The greatest number of instructions in one run of the processor. */
const LONGEST = 2 ** 30;
/**
 * The greatest virtual time between two checks of the host's clock. A check costs as much as a short call,
 * and this is the cost of 64 calls.
 */
const LOOK_AFTER = 64 * cost.call;
/** Milliseconds of the host between two checks after which the next one comes sooner. */
const LONG = 4;
const CALL_COST = cost.call;

/** Selects the task that runs, and runs it for a slice. */
export class Scheduler implements Scheduling {
  readonly kernel: Kernel;
  readonly gate: Gate;
  private readonly _context: ContextSwitch;
  private readonly _queue = new RunQueue();
  private readonly _sleepers: Sleepers;
  /** The length of slices in instructions. The explorer of schedules changes it. */
  slice = SLICE;
  /** Set by sched_yield(2) and by code that ends the slice early. */
  reschedule = false;
  /** The running task has called sched_yield(2). */
  private _yields = false;
  /** Tasks that gave way at a door, and where: they execute it again, unless a signal comes first. */
  private readonly _atDoor = new Map<Task, number>();
  /** Tasks that a debugger has stopped: runnable ones among them are not in the queue. */
  private readonly _held = new Set<Task>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this._context = new ContextSwitch(kernel);
    this._sleepers = new Sleepers(kernel);
    this.gate = new Gate(kernel);
  }
  /** Makes a processor call the scheduler from compiled code. */
  attach(processor: Processor): void {
    processor.serve = (why) => this._serve(why);
    processor.landing = (why) => this.current && landing(this.current, why);
    processor.codeFiles = () => (this.current ? codeFilesOf(this.current.mem) : []);
  }

  /** The task whose registers are in cpu.state. */
  get current(): Task | undefined {
    return this._context.current;
  }
  set current(task: Task | undefined) {
    this._context.current = task;
  }
  /** Decides at scheduling points, for the exploration and the replay of schedules. */
  get chooser(): Chooser | undefined {
    return this._queue.chooser;
  }
  set chooser(chooser: Chooser | undefined) {
    this._queue.chooser = chooser;
  }

  /** Lets a chooser decide, with slices of this number of instructions. */
  follow(chooser: Chooser, slice = SLICE): void {
    this.chooser = chooser;
    this.slice = slice;
    this.splitReads = chooser.splitReads?.(this.kernel);
    observe(this.kernel, this.kernel.observer);
  }
  splitReads: CallReads | undefined = undefined;

  /** Make a task runnable: a new one, or one that slept. */
  wake(task: Task): void {
    if (task.state !== "sleeping") return;
    this._sleepers.end(task);
    this.start(task);
  }
  start(task: Task): void {
    task.state = "runnable";
    if (this._held.has(task)) return;
    this._queue.push(task);
    this.chooser?.turn?.(task);
    if (this._queue.precedes(task, this.current)) this.reschedule = true;
  }
  /** sched_yield(2): the running task goes behind the others of its rank. */
  yield(): void {
    this.reschedule = this._yields = true;
  }
  /** A task's policy or priority has changed. From the first call on the scheduler compares ranks. */
  rankChanged(): void {
    this._queue.rankChanged();
    this.reschedule = true;
  }
  /** A scheduling point of the running task. True: it gives way, and is to come here again when it runs. */
  givesWay(task: Task, kind: PointKind, read?: number): boolean {
    return this._queue.givesWay(task, kind, read);
  }

  sleep(task: Task, wait: Wait): void {
    this._sleepers.begin(task, wait);
  }

  /** A task is gone for good, wherever it was. */
  forget(task: Task): void {
    this._sleepers.forget(task);
    this._atDoor.delete(task);
    this._held.delete(task);
    task.state = "dead";
    this._queue.remove(task);
    if (this.current === task) this.current = undefined;
  }

  /**
   * Job control: not to run until SIGCONT. A call that waits is served again then, and waits on if it must.
   */
  stop(task: Task): void {
    if (task.state === "sleeping") this._sleepers.end(task);
    this._queue.remove(task);
    task.state = "stopped";
  }

  isHeld(task: Task): boolean {
    return this._held.has(task);
  }
  hold(task: Task): void {
    if (this._held.has(task) || task.process.exiting !== undefined) return;
    this._held.add(task);
    this._queue.remove(task);
    if (this._cut === task) this._cut = undefined;
  }
  release(task: Task): void {
    if (this._held.delete(task) && task.state === "runnable") this.start(task);
  }

  run(until: number): SchedulerResult {
    const { kernel } = this;
    this._isLate = false;
    if (kernel.now >= kernel.endsAt) return { reason: "ended" };
    let hasFired = this._firedAt === kernel.now;
    this._firedAt = -1;
    const cut = this._queue.takeCut(this._cut);
    this._cut = undefined;
    if (cut) this._runSlice(cut, until, true);
    for (;;) {
      if (kernel.now >= kernel.endsAt) return { reason: "ended" };
      // Of a task whose slice was cut: it goes on there before anything else happens.
      if (this._cut) return { reason: "limit" };
      if (!hasFired && !this._fireTimers()) return { reason: "limit" };
      hasFired = false;
      if (kernel.programs === 0) return { reason: "ended" };
      if (kernel.now >= until || this._late()) {
        this._firedAt = kernel.now;
        return { reason: "limit" };
      }
      const task = this._queue.take();
      if (task) {
        this._runSlice(task, until);
        continue;
      }
      const idle = this._idle();
      if (idle) return idle;
    }
  }

  get isOver(): boolean {
    const { now, endsAt, timers } = this.kernel;
    if (endsAt === Infinity || now >= endsAt) return endsAt !== Infinity;
    // Those who outlive the first process sleep longer than they have. A debugger may release what it holds.
    return this._queue.length === 0 && timers.next >= endsAt && this._held.size === 0;
  }

  /** Fires the timers that are due. False: the deadline came between two of them. */
  private _fireTimers(): boolean {
    const { kernel } = this;
    while (!kernel.timers.run(kernel)) if (this._look()) return false;
    return true;
  }

  /**
   * All tasks sleep: jumps to the next deadline, even beyond the limit of `run` (nothing can happen before
   * it), unless the outside world may be quicker or a user watches the clock.
   */
  private _idle(): SchedulerResult | undefined {
    const { kernel } = this;
    const next = kernel.timers.next;
    if (this.isOver) return { reason: "ended" };
    const waits = (task: Task): boolean => task.waiting?.on.some((q) => q.external) ?? false;
    if (kernel.idlesInRealTime || [...kernel.tasks.values()].some(waits))
      return { reason: "idle", until: next === Infinity ? undefined : next };
    if (next === Infinity) return { reason: "stuck" };
    if (this._queue.chosen) this.passed += next - kernel.now;
    kernel.skip(next);
    return undefined;
  }

  /** `run` returns after the call that is served, as at the kernel's deadline: no guest can see it. */
  endRun(): void {
    this._isLate = true;
    this.kernel.deadline.until = 0;
  }
  /** Put a task's registers, address space and descriptor tables into the processor. */
  switchTo(task: Task): void {
    this._context.switchTo(task);
  }
  /** Call this after each change of the running task's address space, TLS entries, LDT or right to RDTSC. */
  loadTables(task: Task): void {
    this._context.loadTables(task);
  }
  /**
   * Descriptors have changed under segment registers that may hold them: load those again. A selector that no
   * longer loads becomes null.
   */
  reloadSegments(task: Task, changed?: (selector: number) => boolean): void {
    this._context.reloadSegments(task, changed);
  }

  /** The processor of a new task. */
  place(task: Task): void {
    this._context.place(task);
  }
  /** A task's set of processors has changed: it runs on one of them. */
  settle(task: Task): void {
    this._context.settle(task);
  }
  /** The times of a processor; undefined: it is the only one. */
  processorTimes(cpu: number): ProcessorTimes | undefined {
    return this._context.placement?.times(cpu);
  }

  /** `goesOn`: the slice was cut. */
  private _runSlice(task: Task, until: number, goesOn = false): void {
    const { kernel, gate } = this;
    const { chooser } = this._queue;
    const cpu = kernel.processor;
    this.switchTo(task);
    chooser?.turn?.(task);
    this.reschedule = this._yields = false;
    if (task.pid === this.pauseFor && !goesOn) {
      this.pauseFor = 0;
      this.endRun();
    }
    if (!goesOn) {
      this._momentAt = -1;
      this._slice = Math.max(1, this.slice);
      this._sliceEnd = kernel.now + this._slice;
    }
    this._until = until;
    // A task that is about to end does nothing more.
    if ((task.exitWork & (exitWork.ended | exitWork.exiting)) === 0 && (task.incoming || (task.call && !goesOn))) {
      this.isInCall = true;
      if (task.incoming) gate.admit(task, task.incoming);
      else if (task.call) gate.resume(task, task.call);
      this.isInCall = false;
      this._transition();
      if (chooser && this._returns(task)) this.reschedule = true;
    }
    while (task.state === "runnable" && !this.reschedule) {
      if (this.pauseAt !== undefined && this._isLate) break;
      const call = (task.exitWork & (exitWork.ended | exitWork.exiting)) === 0 ? task.call : undefined;
      if (task.exitWork !== 0 && !call) {
        leaveKernel(task);
        this._transition();
        continue;
      }
      const end = this._end();
      if (kernel.now >= end) break;
      // Also before timers: a timer may set itself again for now, as a chain of requests of io_uring does.
      if (this._late()) break;
      const stop = Math.min(end, kernel.timers.next);
      if (kernel.now >= stop) {
        this._momentAt = -1;
        if (!this._fireTimers()) break;
        continue;
      }
      if (call) {
        this.isInCall = true;
        gate.resume(task, call);
        this.isInCall = false;
        this._transition();
        if (chooser && this._returns(task)) break;
        continue;
      }
      if (task.usage.user >= task.mem.settleAt) task.mem.settle(task.usage.user);
      const before = chooser?.before?.(task) ?? LONGEST;
      if (before === 0 && (this.givesWay(task, "access") || task.state !== "runnable")) break;
      // To the instruction, wherever the host cuts runs: it decides which frames later pages get.
      const unsettled = Math.ceil(task.mem.settleAt - task.usage.user);
      const limit = Math.min(stop - kernel.now, before || LONGEST, unsettled);
      this._counted = cpu.progress.instructions;
      const why = cpu.run(limit);
      const ran = this._count(task);
      if (why === exit.budget) this._lookAt = 0;
      if (why === exit.served) {
        if (this.reschedule) break;
      } else if (why === exit.held) {
        if (this._queue.chosen) break;
      } else if (why >= exit.int80) {
        if (chooser && this._waitsAtDoor(task)) break;
        this._enter(task, why);
        if (this.reschedule || (chooser && this._returns(task))) break;
      } else {
        // A run that the host has cut before its first instruction leaves the task in its call.
        if (ran !== 0 || why === exit.fault) task.origAx = -1;
        if (why === exit.fault) {
          kernel.charge(cost.fault);
          exceptionToSignal(task);
          this._transition();
        }
      }
    }
    if (task.state !== "runnable") return;
    // Guests cannot see how long the caller lets them run.
    if ((kernel.now >= Math.min(until, kernel.endsAt) || this._isLate) && !this.reschedule && !this._queue.chosen) {
      this._cut = task;
      this._queue.unshift(task);
      return;
    }
    if (this.reschedule) this._queue.yielded = task;
    else this._momentAt = -1;
    if (this._queue.length > 0) task.usage.involuntarySwitches++;
    // SCHED_FIFO knows no slices.
    if (isFifo(task) && !this._yields) this._queue.unshift(task);
    else this._queue.push(task);
  }

  /** True while the gate works for a call of the current task. */
  isInCall = false;
  passed = 0;
  /** Instructions of the processor that are in the clock. */
  private _counted = 0;
  /**
   * The clock in the middle of a run. Parts of a run count in `processor.progress` before the clock has
   * them:
   * time from the former alone would step back.
   */
  get time(): number {
    return this.kernel.now + this.kernel.processor.retired - this._counted;
  }
  userTime(retired: number): number {
    return (this.current?.usage.user ?? 0) + retired - this._counted;
  }
  /** Transitions since the last instruction: calls, deliveries of signals, faults and the like. */
  steps = 0;
  pauseAt: Moment | undefined = undefined;
  pauseFor = 0;
  /** The time at which `run` had to end after it had fired the timers. The next one does not fire them. */
  private _firedAt = -1;
  /** The task in the middle of its slice when `run` had to end. */
  private _cut: Task | undefined = undefined;
  /** The time of the last instruction or transition. -1: a slice has begun or ended, or timers fired. */
  private _momentAt = -1;
  get isAtMoment(): boolean {
    return this.kernel.now === this._momentAt;
  }
  /** The running task's slice: its length and its end; and how long it may run at all. */
  private _slice = 0;
  private _sliceEnd = 0;
  private _until = 0;
  /**
   * The instant at which the running task must stop. The exact end of a slice is expensive, so no slice ends
   * while no other task can run.
   */
  private _end(): number {
    const { now, endsAt } = this.kernel;
    if (!this._queue.isIdle) return Math.min(this._until, this._sliceEnd, endsAt);
    if (this._sliceEnd <= now) this._followOn();
    return Math.min(this._until, now + LONGEST, endsAt);
  }
  /** Slices have followed one another: a task that becomes runnable now waits for the end of this one. */
  private _followOn(): void {
    while (this._sliceEnd <= this.kernel.now) this._sliceEnd += this._slice;
  }
  /** Returns the number of instructions since the last count. */
  private _count(task: Task): number {
    const { instructions } = this.kernel.processor.progress;
    const ran = instructions - this._counted;
    this._counted = instructions;
    this.kernel.now += ran;
    if (ran !== 0) {
      this.steps = 0;
      this._momentAt = this.kernel.now;
    }
    task.usage.user += ran;
    if (this._sliceEnd <= this.kernel.now && this._queue.isIdle) this._followOn();
    return ran;
  }
  private _isLate = false;
  private _lookAt = 0;
  /** Virtual time until the next check: less while calls take the host much longer than the guest's clock. */
  private _lookAfter = LOOK_AFTER;
  private _lastLook = 0;
  /** True once the kernel's deadline has passed, by the last check. */
  private _late(): boolean {
    return this.kernel.now < this._lookAt ? this._isLate : this._look();
  }
  private _look(): boolean {
    const { now, deadline } = this.kernel;
    const clock = deadline.clock();
    const isLong = clock - this._lastLook > LONG;
    this._lookAfter = isLong ? Math.max(CALL_COST, this._lookAfter / 4) : Math.min(LOOK_AFTER, this._lookAfter * 2);
    this._lastLook = clock;
    this._lookAt = now + this._lookAfter;
    return (this._isLate = clock >= deadline.until);
  }
  private _enter(task: Task, why: Exit): void {
    this.kernel.syscalls++;
    this.kernel.now += CALL_COST;
    task.usage.system += CALL_COST;
    // No try block here: this is the hot path of calls. An exception leaves the flag set.
    this.isInCall = true;
    this.gate.enter(task, why);
    this.isInCall = false;
    this._transition();
  }
  /** The kernel has done one piece of work for a task. */
  private _transition(): void {
    this.steps++;
    this._momentAt = this.kernel.now;
    if (this.pauseAt !== undefined) this._pause(this.pauseAt);
  }
  private _pause({ instructions, steps }: Moment): void {
    const { progress } = this.kernel.processor;
    if (progress.instructions > instructions || (progress.instructions === instructions && this.steps >= steps)) this.endRun();
  }
  /**
   * A call from compiled code of the running task. Returns the rest of its slice, or 0 if an event is due
   * before it goes on.
   */
  private _serve(why: Exit): number | undefined {
    const task = this.current;
    if (!task || this.chooser) return undefined;
    this._count(task);
    this._enter(task, why);
    if (task.state !== "runnable" || task.exitWork !== 0 || this.reschedule || this.current !== task || task.call) return 0;
    if (this._late()) return 0;
    const { now, timers } = this.kernel;
    let stop = Math.min(timers.next, this._until);
    if (!this._queue.isIdle && this._sliceEnd < stop) stop = this._sliceEnd;
    return stop > now ? stop - now : 0;
  }

  /**
   * The scheduling point before a call. The task is set back to before the instruction, so that an observer
   * sees a task that has not called.
   */
  private _waitsAtDoor(task: Task): boolean {
    const { state } = this.kernel.processor;
    // Each call comes here, and few machines have a task at a door.
    if (this._atDoor.size > 0) {
      const door = this._atDoor.get(task);
      this._atDoor.delete(task);
      if (door === state.rip) return false;
    }
    if (!this.givesWay(task, "call")) return false;
    this._atDoor.set(task, state.rip);
    state.rip -= DOOR_LENGTH;
    return true;
  }
  /** The point after a call. */
  private _returns(task: Task): boolean {
    return task.state === "runnable" && !task.incoming && !task.call && this.givesWay(task, "return");
  }
}

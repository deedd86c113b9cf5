// The scheduler: round-robin over runnable tasks, with a slice of guest instructions each. The same program
// with the same inputs and the same seed gets the same schedule, instruction for instruction. Time is
// virtual: one nanosecond an instruction, a fixed cost a call.
import type { Breakpoint } from "../../cpu/machine/breakpoints.ts";
import { type Exit, exit } from "../../cpu/machine/exit.ts";
import { at, S } from "../../cpu/machine/state.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { cost } from "../base/cost.ts";
import { exitWork } from "../base/pending-work.ts";
import { loadSegment } from "../base/processor.ts";
import { GDT_TLS_MAX, GDT_TLS_MIN, newGdt } from "../base/selectors.ts";
import type { Wait } from "../base/wait.ts";
import { landing } from "../entry/doors.ts";
import { exceptionToSignal } from "../entry/exception.ts";
import { Gate } from "../entry/gate.ts";
import { leaveKernel } from "../entry/leave.ts";
import type { Kernel, RunResult } from "../kernel.ts";
import { isFifo, rank } from "../task/sched-policy.ts";
import type { Task } from "../task/task.ts";
import type { Timer } from "../timer/timers.ts";
import type { Chooser, PointKind } from "./chooser.ts";

/**
 * The time that a task may run before the next one: a millisecond of virtual time. Linux's is three (sysctl
 * sched_base_slice_ns).
 */
const SLICE = 1_000_000;
/** The greatest number of instructions in one run of the processor. */
const LONGEST = 2 ** 30;
/**
 * Virtual time between two checks of the host's clock. A check costs as much as a short call, and this is the
 * cost of 256 calls.
 */
const LOOK_AFTER = 256 * cost.call;
const CALL_COST = cost.call;
/** All doors are two bytes long; prefixes that do nothing there are not counted. */
const DOOR_LENGTH = 2;
const TLS_OFFSET = GDT_TLS_MIN * 8;

const NO_BREAKPOINTS: readonly Breakpoint[] = [];
const NO_LDT = new Uint8Array(0);

/** A selector whose descriptor is the task's own: a TLS entry or one of the LDT. */
const isDescriptorOfUser = (selector: number): boolean =>
  (selector & 4) !== 0 || (selector >> 3 >= GDT_TLS_MIN && selector >> 3 <= GDT_TLS_MAX);

/** Wakes a task at its deadline. One a task, kept while it lives. */
class Deadline implements Timer {
  readonly task: Task;
  constructor(task: Task) {
    this.task = task;
  }
  fire(): void {
    this.task.waited.expired = true;
    this.task.kernel.scheduler.wake(this.task);
  }
}

/** Selects the task that runs, and runs it for a slice. */
export class Scheduler {
  readonly kernel: Kernel;
  readonly gate: Gate;
  /** The task whose registers are in cpu.state. */
  current: Task | undefined = undefined;
  readonly #queue: Task[] = [];
  #ranked = false;
  readonly #deadlines = new Map<Task, Deadline>();
  readonly #gdt = newGdt();
  /** The address space that the processor uses. */
  #space: AddressSpace | undefined = undefined;
  /**
   * The length of a task's next slice, in instructions. The explorer of schedules and tests
   * replace it.
   */
  slice: (task: Task) => number = () => SLICE;
  /** Set by sched_yield(2) and by code that ends the slice early. */
  reschedule = false;
  /** Decides at scheduling points, for the exploration and the replay of schedules. */
  chooser: Chooser | undefined = undefined;
  /** The task that gets the processor instead of the running one. */
  #chosen: Task | undefined = undefined;
  /** The task that has ended its own slice. The scheduler does not ask it at once to continue. */
  #yielded: Task | undefined = undefined;
  /** Tasks that gave way at a door and execute the same door again. */
  readonly #atDoor = new Set<Task>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.gate = new Gate(kernel);
    kernel.processor.serve = (why) => this.#serve(why);
    kernel.processor.landing = (why) => this.current && landing(this.current, why);
  }

  /** Make a task runnable: a new one, or one that slept. */
  wake(task: Task): void {
    if (task.state !== "sleeping") return;
    this.#endSleep(task);
    this.start(task);
  }
  start(task: Task): void {
    task.state = "runnable";
    this.#queue.push(task);
    if (this.#ranked && this.current && rank(task) > rank(this.current)) this.reschedule = true;
  }
  /** A task's policy or priority has changed. From the first call on the scheduler compares ranks. */
  rankChanged(): void {
    this.#ranked = true;
    this.reschedule = true;
  }
  /**
   * The task whose slice was cut: it continues without a question to the chooser, if it is still the first.
   */
  #cutOff(): Task | undefined {
    const cut = this.#cut;
    const [first] = this.#queue;
    if (!cut || cut !== first || (this.#ranked && this.#best() > 0)) return undefined;
    return this.#queue.shift();
  }
  /** The first of the highest rank, unless a chooser is set. */
  #next(): Task | undefined {
    if (this.chooser) return this.#chooseNext(this.chooser);
    if (!this.#ranked) return this.#queue.shift();
    return this.#queue.splice(this.#best(), 1)[0];
  }
  #best(): number {
    let best = 0;
    for (let i = 1; i < this.#queue.length; i++) if (rank(this.#queue[i] as Task) > rank(this.#queue[best] as Task)) best = i;
    return best;
  }
  #chooseNext(chooser: Chooser): Task | undefined {
    const first = this.#queue[this.#best()];
    if (!first) return undefined;
    let task = this.#chosen;
    if (!task) {
      const rivals = this.#rivals(first).filter((other) => other !== this.#yielded);
      task = rivals.length > 0 ? chooser.choose("next", [first, ...rivals]) : first;
    }
    this.#chosen = this.#yielded = undefined;
    this.#queue.splice(this.#queue.indexOf(task), 1);
    return task;
  }
  /** The tasks that could run instead of a task. */
  #rivals(task: Task): Task[] {
    return this.#queue.filter((other) => other !== task && rank(other) === rank(task));
  }
  /** A scheduling point of the running task. True: it gives way, and is to come here again when it runs. */
  givesWay(task: Task, kind: PointKind): boolean {
    if (!this.chooser) return false;
    const rivals = this.#rivals(task);
    if (rivals.length === 0) return false;
    const chosen = this.chooser.choose(kind, [task, ...rivals]);
    if (chosen === task) return false;
    this.#chosen = chosen;
    return true;
  }

  sleep(task: Task, wait: Wait): void {
    task.state = "sleeping";
    task.waiting = wait;
    task.usage.voluntarySwitches++;
    for (const q of wait.on) q.sleepers.add(task);
    if (wait.until === undefined) return;
    const deadline = this.#deadlines.get(task) ?? new Deadline(task);
    this.#deadlines.set(task, deadline);
    this.kernel.timers.set(deadline, wait.until);
  }

  #endSleep(task: Task): void {
    for (const q of task.waiting?.on ?? []) q.sleepers.delete(task);
    const deadline = this.#deadlines.get(task);
    if (deadline) this.kernel.timers.cancel(deadline);
    task.waiting = undefined;
  }

  /** A task is gone for good, wherever it was. */
  forget(task: Task): void {
    if (task.state === "sleeping") this.#endSleep(task);
    this.#deadlines.delete(task);
    this.#atDoor.delete(task);
    if (this.#chosen === task) this.#chosen = undefined;
    task.state = "dead";
    const i = this.#queue.indexOf(task);
    if (i >= 0) this.#queue.splice(i, 1);
    if (this.current === task) this.current = undefined;
  }

  /**
   * Job control: not to run until SIGCONT. A call that waits is served again then, and waits on if it must.
   */
  stop(task: Task): void {
    if (task.state === "sleeping") this.#endSleep(task);
    if (this.#chosen === task) this.#chosen = undefined;
    const i = this.#queue.indexOf(task);
    if (i >= 0) this.#queue.splice(i, 1);
    task.state = "stopped";
  }

  run(until: number): RunResult {
    const { kernel } = this;
    this.#isLate = false;
    for (;;) {
      kernel.timers.run(kernel.now);
      if (kernel.programs === 0) return { reason: "ended" };
      if (kernel.now >= until || this.#late()) return { reason: "limit" };
      const task = this.#cutOff() ?? this.#next();
      if (task) {
        this.#runSlice(task, until);
        continue;
      }
      const idle = this.#idle();
      if (idle) return idle;
    }
  }

  /**
   * All tasks sleep: jumps to the next deadline, even beyond the limit of `run` (nothing can happen before
   * it), unless the outside world may be quicker or a user watches the clock.
   */
  #idle(): RunResult | undefined {
    const { kernel } = this;
    const next = kernel.timers.next;
    const waits = (task: Task): boolean => task.waiting?.on.some((q) => q.external) ?? false;
    if (kernel.idlesInRealTime || [...kernel.tasks.values()].some(waits))
      return { reason: "idle", until: next === Infinity ? undefined : next };
    if (next === Infinity) return { reason: "stuck" };
    kernel.skip(next);
    return undefined;
  }

  /** Put a task's registers, address space and descriptor tables into the processor. */
  switchTo(task: Task): void {
    const { processor } = this.kernel;
    const from = this.current;
    if (from === task) return;
    if (from) {
      from.registers.set(processor.state.u8.subarray(0, at.size));
      if (from.rseq) from.exitWork |= exitWork.rseq;
    }
    processor.state.restore(task.registers);
    this.current = task;
    if (task.staleSegments) this.reloadSegments(task);
    else this.loadTables(task);
    processor.segments.refresh();
  }
  /** Call this after each change of the running task's address space, TLS entries, LDT or right to RDTSC. */
  loadTables(task: Task): void {
    const { processor } = this.kernel;
    if (this.#space !== task.mem) {
      this.#space = task.mem;
      task.mem.activate();
      processor.setAddressSpace(task.mem);
    }
    processor.timeStampDisabled = task.tscDisabled;
    processor.breakpoints = task.debug?.breakpoints ?? NO_BREAKPOINTS;
    this.#gdt.set(task.tls, TLS_OFFSET);
    processor.segments.tables = { gdt: this.#gdt, ldt: task.ldt.table ?? NO_LDT };
  }
  /**
   * Descriptors have changed under segment registers that may hold them: load those again. A selector that no
   * longer loads becomes null.
   */
  reloadSegments(task: Task, changed: (selector: number) => boolean = isDescriptorOfUser): void {
    this.loadTables(task);
    const { processor } = this.kernel;
    for (const s of [S.ds, S.es, S.fs, S.gs]) {
      const selector = processor.state.selector(s);
      if (changed(selector) && !loadSegment(processor, s, selector)) loadSegment(processor, s, 0);
    }
    task.staleSegments = false;
  }

  #runSlice(task: Task, until: number): void {
    const { kernel, gate } = this;
    const cpu = kernel.processor;
    this.switchTo(task);
    this.reschedule = false;
    const goesOn = this.#cut === task && kernel.now < this.#sliceEnd;
    this.#cut = undefined;
    if (!goesOn) {
      this.#slice = Math.max(1, this.slice(task));
      this.#sliceEnd = kernel.now + this.#slice;
    }
    this.#until = until;
    // A task that is about to end does nothing more.
    if ((task.exitWork & (exitWork.ended | exitWork.exiting)) === 0 && (task.incoming || task.call)) {
      this.isInCall = true;
      if (task.incoming) gate.admit(task, task.incoming);
      else if (task.call) gate.resume(task, task.call);
      this.isInCall = false;
      if (this.chooser && this.#returns(task)) this.reschedule = true;
    }
    while (task.state === "runnable" && !this.reschedule) {
      const call = (task.exitWork & (exitWork.ended | exitWork.exiting)) === 0 ? task.call : undefined;
      if (task.exitWork !== 0 && !call) {
        leaveKernel(task);
        continue;
      }
      const end = this.#end();
      const stop = Math.min(end, kernel.timers.next);
      if (kernel.now >= stop) {
        if (kernel.now >= end || this.reschedule) break;
        kernel.timers.run(kernel.now);
        continue;
      }
      if (this.#late()) break;
      if (call) {
        this.isInCall = true;
        gate.resume(task, call);
        this.isInCall = false;
        if (this.chooser && this.#returns(task)) break;
        continue;
      }
      const limit = stop - kernel.now;
      this.#counted = cpu.instructions;
      const why = cpu.run(limit);
      this.#count(task);
      if (why === exit.budget) this.#lookAt = 0;
      if (why === exit.served) {
        if (this.reschedule) break;
      } else if (why >= exit.int80) {
        if (this.chooser && this.#waitsAtDoor(task)) break;
        this.#enter(task, why);
        if (this.reschedule || (this.chooser && this.#returns(task))) break;
      } else {
        task.origAx = -1;
        if (why === exit.fault) {
          kernel.charge(cost.fault);
          exceptionToSignal(task);
        }
      }
    }
    if (task.state !== "runnable") return;
    // Guests cannot see how long the caller lets them run.
    if ((kernel.now >= until || this.#isLate) && kernel.now < this.#sliceEnd && !this.reschedule) {
      this.#cut = task;
      this.#queue.unshift(task);
      return;
    }
    if (this.reschedule) this.#yielded = task;
    if (this.#queue.length > 0) task.usage.involuntarySwitches++;
    // SCHED_FIFO knows no slices.
    if (isFifo(task)) this.#queue.unshift(task);
    else this.#queue.push(task);
  }

  /** True while the gate works for a call of the current task. */
  isInCall = false;
  /** Instructions of the processor that are in the clock. */
  #counted = 0;
  /**
   * The clock in the middle of a run. Parts of a run count in `processor.instructions` before the clock has
   * them:
   * time from the former alone would step back.
   */
  get time(): number {
    return this.kernel.now + this.kernel.processor.retired - this.#counted;
  }
  /** The task in the middle of its slice when `run` had to end. */
  #cut: Task | undefined;
  /** The running task's slice: its length and its end; and how long it may run at all. */
  #slice = 0;
  #sliceEnd = 0;
  #until = 0;
  /**
   * The instant at which the running task must stop. The exact end of a slice is expensive, so no slice ends
   * while no other task can run.
   */
  #end(): number {
    if (!this.#isAlone()) return Math.min(this.#until, this.#sliceEnd);
    this.#followOn();
    return Math.min(this.#until, this.kernel.now + LONGEST);
  }
  /** Slices have followed one another: a task that becomes runnable now waits for the end of this one. */
  #followOn(): void {
    while (this.#sliceEnd <= this.kernel.now) this.#sliceEnd += this.#slice;
  }
  #isAlone(): boolean {
    return this.#queue.length === 0 && !this.chooser;
  }
  #count(task: Task): void {
    const { instructions } = this.kernel.processor;
    const ran = instructions - this.#counted;
    this.#counted = instructions;
    this.kernel.now += ran;
    task.usage.user += ran;
    if (this.#isAlone()) this.#followOn();
  }
  #isLate = false;
  #lookAt = 0;
  /** True once the kernel's deadline has passed, by the last check. */
  #late(): boolean {
    return this.kernel.now < this.#lookAt ? this.#isLate : this.#look();
  }
  #look(): boolean {
    const { now, deadline } = this.kernel;
    this.#lookAt = now + LOOK_AFTER;
    return (this.#isLate = deadline.clock() >= deadline.until);
  }
  #enter(task: Task, why: Exit): void {
    this.kernel.syscalls++;
    this.kernel.now += CALL_COST;
    task.usage.system += CALL_COST;
    // No try block here: this is the hot path of calls. An exception leaves the flag set.
    this.isInCall = true;
    this.gate.enter(task, why);
    this.isInCall = false;
  }
  /**
   * A call from compiled code of the running task. Returns the rest of its slice, or 0 if an event is due
   * before it goes on.
   */
  #serve(why: Exit): number | undefined {
    const task = this.current;
    if (!task || this.chooser) return undefined;
    this.#count(task);
    this.#enter(task, why);
    if (task.state !== "runnable" || task.exitWork !== 0 || this.reschedule || this.current !== task || task.call || this.#late()) return 0;
    const { now, timers } = this.kernel;
    let stop = Math.min(timers.next, this.#until);
    if (!this.#isAlone() && this.#sliceEnd < stop) stop = this.#sliceEnd;
    return stop > now ? stop - now : 0;
  }

  /**
   * The scheduling point before a call. The task is set back to before the instruction, so that an observer
   * sees a task that has not called.
   */
  #waitsAtDoor(task: Task): boolean {
    if (this.#atDoor.delete(task) || !this.givesWay(task, "call")) return false;
    this.#atDoor.add(task);
    this.kernel.processor.state.rip -= DOOR_LENGTH;
    return true;
  }
  /** The point after a call. */
  #returns(task: Task): boolean {
    return task.state === "runnable" && !task.incoming && !task.call && this.givesWay(task, "return");
  }
}

// The common beginning of all schedules of a program. Until the program has a second task no schedule can
// differ. So the beginning runs once, and each schedule goes on from a snapshot of its end, in place:
// compiled code stays. No verdict, schedule or count depends on it (test/explore/prefix.test.ts).
import type { Cpu } from "../../cpu/cpu.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import { Problem } from "../../problem.ts";
import { CLOSED_STRETCH, Machine } from "../machine.ts";
import { timeTo } from "../moment.ts";
import type { Program } from "../options.ts";
import { Follower } from "../schedule.ts";
import { Session, type Started } from "../session.ts";
import { LiveObjects } from "../snapshot/refill.ts";
import { type SavedState, saveState, takeBack } from "../snapshot/snapshot.ts";
import { ObservedRun } from "./observer.ts";
import type { PropertyChecker } from "./property.ts";
import type { Steps } from "./run/notes.ts";
import type { RunOptions } from "./run/points.ts";
import { Notes } from "./strategy.ts";
import type { SearchOptions } from "./trials.ts";

/** Finds the end of the beginning, in a run from the start. */
export class EndOfPrefix implements Observer {
  readonly checksCalls = false;
  private readonly _kernel: Kernel;
  private readonly _checker: PropertyChecker;
  /**
   * The instructions before the call that makes the second task, writes output or passes a filter. "none":
   * the beginning violates a property, and each run must show it.
   */
  instructions: number | "none" | undefined = undefined;

  constructor(kernel: Kernel, checker: PropertyChecker) {
    this._kernel = kernel;
    this._checker = checker;
  }
  /** Output and decisions of filters are collected from the start, so the beginning has none. */
  note(): void {
    this.instructions ??= this._checker.isViolated ? "none" : this._kernel.processor.instructions - 1;
  }
  started(_: Task, parent: Task | undefined): void {
    if (parent && parent.process !== this._kernel.init) this.note();
  }
  decided(): void {
    this.note();
  }
}

/** What a strategy and its watch have seen in the beginning. */
interface Seen {
  readonly key: string;
  readonly run: ObservedRun;
  readonly notes: Notes;
  readonly task: Task;
}

/** A state to which the machine goes back, with the objects that it has there. */
class Moment {
  readonly state: SavedState;
  readonly objects: LiveObjects;
  constructor(state: SavedState) {
    this.state = state;
    this.objects = new LiveObjects(state.graph);
  }
}

/** The beginning, saved. */
export class SharedPrefix {
  readonly machine: Machine;
  private readonly _slice: number | undefined;
  private readonly _instructions: number;
  private readonly _start: Moment;
  private readonly _end: Moment;
  /** Virtual nanoseconds to the next stop of `Machine.runClosed`. */
  private readonly _rest: number;
  private _seen: Seen | undefined = undefined;

  private constructor(machine: Machine, session: Session, instructions: number, slice: number | undefined) {
    this.machine = machine;
    this._slice = slice;
    this._instructions = instructions;
    this._start = new Moment(saveState(machine.kernel, session, undefined));
    machine.follow(() => new Follower([]), slice);
    this._rest = this._run(session);
    machine.kernel.scheduler.chooser = undefined;
    this._end = new Moment(saveState(machine.kernel, session, this._start.state));
  }
  /** Undefined: the machine has parts of which there is no snapshot. */
  static of(program: Program, options: SearchOptions, instructions: number): SharedPrefix | undefined {
    const machine = new Machine(options);
    try {
      const session = new Session(machine.kernel, program, options, undefined, undefined, rethrow);
      return new SharedPrefix(machine, session, instructions, options.slice);
    } catch (error) {
      if (error instanceof Problem && error.kind === "no-snapshot") return undefined;
      throw error;
    }
  }

  /** Runs the beginning. Returns the time to the next stop. */
  private _run(session: Session): number {
    const { kernel } = this.machine;
    const { processor } = kernel;
    const moment = { instructions: this._instructions, steps: 0 };
    let stop = kernel.now + CLOSED_STRETCH;
    while (processor.instructions < this._instructions) {
      const { reason } = session.step(Math.min(timeTo(moment, kernel), stop) - kernel.now);
      if (reason !== "limit") throw new Error("a program has ended in the common beginning of its schedules");
      if (kernel.now >= stop) stop = kernel.now + CLOSED_STRETCH;
    }
    return stop - kernel.now;
  }
  private _back({ state, objects }: Moment): Started {
    const { machine } = this;
    (machine.kernel.processor as Cpu).accessWatch = undefined;
    const { kernel, started } = takeBack(state, machine.kernel, {}, objects);
    machine.kernel = kernel;
    return started as Started;
  }

  /** Takes the machine to the end of the beginning. */
  back(): { readonly started: Started; readonly rest: number } {
    return { started: this._back(this._end), rest: this._rest };
  }
  /**
   * Tells an observed run and its strategy what they would have seen in the beginning. It runs again when
   * other words are known to be shared: their accesses are seen.
   */
  seen(options: RunOptions, steps: Steps): (run: ObservedRun) => void {
    const { words, at, memory } = options;
    const key = [words.pages, words.words, words.isAssumed, at, memory, steps].join();
    if (this._seen?.key !== key) {
      const { process } = this._back(this._start);
      const { machine } = this;
      const notes = new Notes();
      const run = machine.follow((kernel, cpu) => new ObservedRun(kernel, cpu, notes, options, steps), this._slice);
      const { kernel } = machine;
      this._run({ step: (nanoseconds) => kernel.run(nanoseconds) } as Session);
      this._seen = { key, run, notes, task: process.leader };
    }
    const { run: before, notes, task } = this._seen;
    return (run) => run.goOn(before, notes, task);
  }
}

const rethrow = (reason: unknown): void => {
  throw reason;
};

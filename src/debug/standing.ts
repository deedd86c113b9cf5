// Where a debugged run stands still: the threads, the last stop, and the interrupt from outside.
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import type { SigInfo } from "../kernel/signal/state/info.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import { WayGivenUp } from "../machine/timeline/given-up.ts";
import type { Timeline } from "../machine/timeline/timeline.ts";
import { Problem } from "../problem.ts";
import { Inside } from "./inside.ts";
import { type Noticed, Notices } from "./notices.ts";
import { programCounter } from "./registers.ts";
import type { Stop, Wanted, WhyStopped } from "./stop.ts";

/** Milliseconds of the host that a way to a moment may take on, once the owner has given it up. */
const PATIENCE = 200;

/** A timeline at rest. Processes and threads are named by ids: after a step back they are other objects. */
export class Standing {
  readonly timeline: Timeline;
  readonly notes: Notices;
  /** The last stop, at the moment at which it was. */
  stop: Stop | undefined = undefined;
  /** Signals before which threads stand, by thread. */
  readonly signals = new Map<number, SigInfo>();
  /** Each thread stops alone, and the others run on: gdb's non-stop mode. */
  isEachAlone = false;
  isInterrupted = false;
  /** Where the program stands if the owner gives up what it does now. */
  base: Moment = { instructions: 0, steps: 0 };
  private _isGoing = false;
  /** The host's time at which the owner has given that up. */
  private _givenUpAt: number | undefined = undefined;
  readonly inside: Inside = new Inside(this);
  /** Ends a wait for input. */
  wake: (() => void) | undefined = undefined;
  private _moment: Moment = { instructions: 0, steps: 0 };

  constructor(timeline: Timeline, wanted: Wanted) {
    this.timeline = timeline;
    this.notes = new Notices(timeline, wanted);
    timeline.givesUp = () => this._givenUpAt !== undefined && this.kernel.deadline.clock() - this._givenUpAt > PATIENCE;
  }
  get kernel(): Kernel {
    return this.timeline.kernel;
  }
  /** A thread that is not dead. */
  task(tid: number): Task | undefined {
    const task = this.kernel.tasks.get(tid);
    return task && task.process !== this.kernel.init ? task : undefined;
  }
  /** The threads that gdb sees. */
  get threads(): readonly Task[] {
    return [...this.kernel.tasks.values()].filter((task) => this.notes.isSeen(task) && task.state !== "dead");
  }
  /** The thread that runs, or the first one of the first program. */
  get current(): Task | undefined {
    const { current } = this.kernel.scheduler;
    const { threads } = this;
    return current && threads.includes(current) ? current : threads[0];
  }
  /** From outside: the program stops soon. A way to the moment of a stop goes on to its end. */
  interrupt(): void {
    this.isInterrupted = true;
    this.timeline.interrupt();
    this.wake?.();
  }
  /** From outside: the program stops soon, and a long way to a moment has no end. */
  giveUp(): void {
    if (this._isGoing) this._givenUpAt ??= this.kernel.deadline.clock();
    this.interrupt();
  }
  /**
   * Runs or goes somewhere, until there is a stop. The owner may give that up at any time: the program stands
   * at `base` then, which is where it began if `work` has named no other moment. After a Problem, which goes
   * on to the caller, it stands where it began.
   */
  async going(work: () => Promise<Stop>): Promise<Stop> {
    const { timeline, notes } = this;
    const { place } = timeline;
    const from = place.moment;
    const tid = this.current?.pid;
    const [left, granted, signals] = [[...notes.left], [...notes.granted], [...this.signals]];
    const restore = (): void => {
      this.forget();
      for (const [key, value] of left) notes.left.set(key, value);
      for (const [key, value] of granted) notes.granted.set(key, value);
      for (const [key, value] of signals) this.signals.set(key, value);
    };
    timeline.keepIfFar();
    this.base = from;
    this._isGoing = true;
    try {
      return await work();
    } catch (error) {
      this._isGoing = false;
      this._givenUpAt = undefined;
      if (error instanceof Problem) {
        // It may have come in the midst of a call: the way back is the restore of a snapshot.
        await notes.quietly(() => timeline.returnTo(place));
        notes.noted.length = 0;
        restore();
      }
      if (!(error instanceof WayGivenUp)) throw error;
      await notes.quietly(() => timeline.approach(this.base));
      if (this.base === from) restore();
      else this.forget();
      return this.here({ kind: "interrupt" }, tid);
    } finally {
      this._isGoing = this.isInterrupted = false;
      this._givenUpAt = undefined;
    }
  }
  /** The run has stopped here. */
  stopped({ tid, pid, why, info }: Pick<Noticed, "tid" | "pid" | "why" | "info">): Stop {
    const { notes } = this;
    notes.mode = "quiet";
    notes.noted.length = 0;
    this._moment = this.timeline.moment;
    const task = this.task(tid);
    // After an interrupt the next instruction may be a breakpoint that has not been met.
    if (task && why.kind !== "interrupt") {
      const isBefore = why.kind !== "syscall" || why.way === "entry";
      notes.left.set(tid, { user: task.usage.user, ip: programCounter(task), kind: isBefore ? why.kind : "step" });
    }
    if (why.kind === "signal" && info) this.signals.set(tid, info);
    return (this.stop = { pid, tid, why });
  }
  /** It has stopped in a thread, or in the current one. */
  here(why: WhyStopped, tid?: number): Stop {
    const task = (tid === undefined ? undefined : this.task(tid)) ?? this.current;
    return this.stopped({ tid: task?.pid ?? 0, pid: task?.process.pid ?? 0, why });
  }
  /** The run has gone elsewhere: what was known about threads is of another moment. */
  forget(): void {
    this.notes.left.clear();
    this.notes.commands.forget();
    this.notes.granted.clear();
    this.signals.clear();
  }
  /** Goes to the first moment at which this thread, or one that gdb sees, exists. */
  async goToFirst(tid?: number): Promise<void> {
    const { timeline, notes } = this;
    const exists = (): boolean => (tid === undefined ? this.threads.length > 0 : this.task(tid) !== undefined);
    await timeline.goToStart();
    if (exists()) return;
    let last = timeline.entries[0];
    for (const entry of timeline.entries) {
      timeline.goToEntry(entry);
      if (exists()) break;
      last = entry;
    }
    if (last) timeline.goToEntry(last);
    notes.awaitsTask = true;
    try {
      while (!exists() && (await timeline.pass()) === "stopped");
    } finally {
      notes.awaitsTask = false;
    }
  }
  /** True if nothing has moved since the last stop. */
  get isAtStop(): boolean {
    return compareMoments(this._moment, this.timeline.moment) === 0;
  }
  /** The signal before which a thread stands. */
  signalOf(tid: number): SigInfo | undefined {
    return this.isEachAlone || this.isAtStop ? this.signals.get(tid) : undefined;
  }
  /**
   * Keeps threads from running, and no others. A difference is an event of the timeline, so it opens a branch
   * in the past.
   */
  hold(isHeld: (task: Task) => boolean): void {
    const { scheduler } = this.kernel;
    const tasks = [...this.kernel.tasks.values()].filter(({ process }) => process !== this.kernel.init);
    const changed = tasks
      .map((task) => [task, this.notes.isSeen(task) && task.state !== "dead" && isHeld(task)] as const)
      .filter(([task, held]) => held !== scheduler.isHeld(task) && (!held || task.process.exiting === undefined))
      .map(([{ pid }, held]) => [pid, held] as const);
    if (changed.length === 0) return;
    this.timeline.change(({ kernel }) => {
      for (const [tid, held] of changed) {
        const task = kernel.tasks.get(tid);
        if (task) kernel.scheduler[held ? "hold" : "release"](task);
      }
    });
  }
}

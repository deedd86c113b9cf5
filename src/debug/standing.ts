// Where a debugged run stands still: the threads, the last stop, and the interrupt from outside.
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import type { SigInfo } from "../kernel/signal/state/info.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import type { Timeline } from "../machine/timeline/timeline.ts";
import { Inside } from "./inside.ts";
import { type Noticed, Notices } from "./notices.ts";
import { programCounter } from "./registers.ts";
import type { Stop, Wanted, WhyStopped } from "./stop.ts";

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
  readonly inside: Inside = new Inside(this);
  /** Ends a wait for input. */
  wake: (() => void) | undefined = undefined;
  private _moment: Moment = { instructions: 0, steps: 0 };

  constructor(timeline: Timeline, wanted: Wanted) {
    this.timeline = timeline;
    this.notes = new Notices(timeline, wanted);
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
  /** From outside: the program stops soon, also if it runs backward. */
  interrupt(): void {
    this.isInterrupted = true;
    this.timeline.interrupt();
    this.wake?.();
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
      while (!exists() && (await timeline.run()) === "stopped");
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

// A run that answers questions: it has been executed to its end, and is executed again for each question.
import type { Cpu } from "../../cpu/cpu.ts";
import type { DebugStops } from "../../cpu/machine/debug-stops.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import { compareMoments, type Moment, momentText } from "../../machine/moment.ts";
import type { Hooks } from "../../machine/options.ts";
import { goToLastMoment } from "../../machine/timeline/last-moment.ts";
import { NEVER, type Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import { peek } from "../memory.ts";

/** Output of the first program, or of one that shares its streams, that was written in this transition. */
export interface WrittenValue {
  readonly stream: 1 | 2;
  /** The moment after the transition. */
  readonly after: Moment;
  readonly bytes: Uint8Array;
}
/** Bytes of output that a history remembers. */
const MOST_OUTPUT = 64 << 20;

/** A moment that is known by itself, or as the last one before a transition of the kernel has ended. */
export type When = { readonly at: Moment } | { readonly before: Moment };

/** The run of a program or of a recording. */
export class History {
  readonly timeline: Timeline;
  /** Output in the order of the run. */
  readonly written: WrittenValue[] = [];
  private _outputBytes = 0;
  private _end: Moment | undefined = undefined;
  private _pid = 0;

  /** `begin` makes the timeline with these hooks. */
  constructor(begin: (hooks: Hooks) => Timeline) {
    // No program has run when the hooks are made, so each call of them finds the timeline.
    let timeline: Timeline | undefined;
    const note = (stream: 1 | 2, bytes: Uint8Array): void => {
      this._outputBytes += bytes.length;
      if (!timeline || this._outputBytes > MOST_OUTPUT) return;
      const { processor, scheduler } = timeline.kernel;
      this.written.push({
        stream,
        after: { instructions: processor.progress.instructions, steps: scheduler.steps + 1 },
        bytes: bytes.slice(),
      });
    };
    timeline = begin({ stdout: (bytes) => note(1, bytes), stderr: (bytes) => note(2, bytes) });
    this.timeline = timeline;
  }
  get kernel(): Kernel {
    return this.timeline.kernel;
  }
  /** The process of the program that was started. */
  get pid(): number {
    return this._pid;
  }
  private _isWhole = false;
  /** The last moment that questions are about: before the end of the first program, or a given one. */
  get end(): Moment {
    return this._end as Moment;
  }

  /**
   * Executes the run to its end, or to a moment. `input` waits for standard input; undefined is its end.
   * Throws a Problem if the run has no such moment.
   */
  async finish({
    until,
    input,
  }: {
    until?: Moment | undefined;
    input?: (() => Promise<Uint8Array | undefined>) | undefined;
  } = {}): Promise<void> {
    const { timeline } = this;
    const { process } = timeline.live.session;
    this._pid = process.pid;
    for (;;) {
      const rest = await timeline.run(until ?? NEVER);
      if (rest === "input") {
        const bytes = await input?.();
        timeline.input((live) => (bytes ? live.write(bytes) : live.session.streams.end()));
      } else if (rest !== "stopped" && rest !== "slice" && rest !== "interrupted") break;
    }
    if (until && compareMoments(timeline.moment, until) < 0)
      throw new Problem("bad-moment", `this run has no moment ${momentText(until)}`, {
        help: `its last one is ${momentText(timeline.moment)}`,
      });
    if (!until) await goToLastMoment(timeline, this._pid);
    this._end = timeline.moment;
    this._isWhole = !until;
  }
  /** The moment after all that is asked about: the deaths of processes come after `end`. */
  get beyond(): Moment {
    return this._isWhole ? NEVER : { ...this.end, steps: this.end.steps + 1 };
  }
  /** The status word of the first program, or undefined: it has not ended. */
  get isEnded(): boolean {
    return this.timeline.hasEnded;
  }

  private _arm(stops: DebugStops | undefined): void {
    (this.kernel.processor as Cpu).debugStops = stops;
  }
  /** Executes a part of the run again, and lets an observer and stops see it. The stops must not stop it. */
  async sweep(
    observer: Observer,
    to: Moment,
    { stops, from, begin }: { stops?: DebugStops; from?: Moment; begin?: () => void } = {},
  ): Promise<void> {
    const { timeline } = this;
    let isOn = false;
    // The session has all observers until the next restore, so those of old sweeps must be silent.
    timeline.observer = Object.fromEntries(
      Object.entries(observer).map(([name, see]) => [
        name,
        (...args: unknown[]) => (isOn ? (see as (...a: unknown[]) => unknown)(...args) : undefined),
      ]),
    ) as Observer;
    try {
      if (from) await timeline.approach(from);
      else await timeline.goToStart();
      isOn = true;
      this._arm(stops);
      begin?.();
      while (compareMoments(timeline.moment, to) < 0) {
        const rest = await timeline.run(to);
        if (rest !== "stopped" && rest !== "slice" && rest !== "interrupted") break;
      }
    } finally {
      isOn = false;
      this._arm(undefined);
      timeline.observer = undefined;
    }
  }

  /** Goes to a moment, or to the last one before the end of a transition, and looks. */
  async visit<T>(when: When, look: () => T): Promise<{ readonly moment: Moment; readonly seen: T }> {
    const { timeline } = this;
    if ("at" in when) {
      await timeline.goTo(when.at);
      return { moment: when.at, seen: look() };
    }
    const { before } = when;
    await timeline.approach({ instructions: Math.max(0, before.instructions - 1), steps: 0 });
    if (compareMoments(timeline.moment, before) >= 0) await timeline.back();
    for (;;) {
      const { moment } = timeline;
      const seen = look();
      // Other transitions may lie between: of tasks that sleep in calls, and signals.
      const rest = await timeline.step();
      if (compareMoments(timeline.moment, before) >= 0 || (rest !== "moment" && rest !== "stopped")) return { moment, seen };
    }
  }
  /** The moment of now, as an observer sees it in the middle of a transition: the one after it. */
  after(): Moment {
    const { processor, scheduler } = this.kernel;
    return { instructions: processor.progress.instructions, steps: scheduler.steps + 1 };
  }
  /**
   * The moment before an instruction that the processor is about to execute. `instructions`: those
   * before.
   */
  momentAt(instructions: number): Moment {
    const { now, processor, scheduler } = this.kernel;
    const counted = now + processor.retired - scheduler.time;
    return { instructions, steps: instructions > counted ? 0 : scheduler.steps };
  }
  task(tid: number): Task | undefined {
    return this.kernel.tasks.get(tid);
  }
  /** A task of a process. */
  taskOf(pid: number): Task | undefined {
    return this.kernel.processes.get(pid)?.threads[0];
  }
  /** Bytes of a process's memory. Undefined: one of them cannot be read. */
  bytes(pid: number, address: number, length: number): Uint8Array | undefined {
    const mem = this.taskOf(pid)?.mem;
    const bytes = new Uint8Array(length);
    return mem && peek(mem, address, bytes) === length ? bytes : undefined;
  }
}

// A debugged run that goes forward: to the next stop, or by steps of a thread.
import type { Task } from "../kernel/core/task.ts";
import { SIG } from "../kernel/signal/state/set.ts";
import { compareMoments } from "../machine/moment.ts";
import { WayGivenUp } from "../machine/timeline/given-up.ts";
import { goToLastMoment } from "../machine/timeline/last-moment.ts";
import { NEVER, type Rest, type Timeline } from "../machine/timeline/timeline.ts";
import { type CodeRange, isEqual, type Noticed, type Notices } from "./notices.ts";
import { programCounter } from "./registers.ts";
import type { Standing } from "./standing.ts";
import type { Stop } from "./stop.ts";

/** Instructions that a step over a range executes one by one, before the range runs at full speed. */
const MOST_SINGLE = 1000;
/** Runs of one debugger. */
export class Forward {
  private readonly _standing: Standing;
  private readonly _timeline: Timeline;
  private readonly _notes: Notices;
  /** True: the end of the first program is the end of history, not an exit. */
  keepsEnd = false;
  /** Waits for input of the program; undefined is its end. Absent: the input has ended. */
  input: (() => Promise<Uint8Array | undefined>) | undefined = undefined;

  constructor(standing: Standing) {
    this._standing = standing;
    this._timeline = standing.timeline;
    this._notes = standing.notes;
  }
  /** Runs on. */
  async continue(): Promise<Stop> {
    const { _standing: standing, _timeline: timeline } = this;
    this._notes.begin("forward");
    for (;;) {
      if (standing.isInterrupted) return standing.here({ kind: "interrupt" });
      const stop = await this._after(await timeline.run(NEVER));
      if (stop) return stop;
    }
  }
  /**
   * Executes an instruction of a thread, and those of others that come first. `within`: until it leaves, or
   * until many were executed if each thread stops alone.
   */
  async step(tid: number, within?: CodeRange): Promise<Stop> {
    const { _standing: standing, _notes: notes } = this;
    notes.begin("forward", true);
    for (let single = 0; ; single++) {
      if (within && single >= MOST_SINGLE) {
        if (standing.isEachAlone) return standing.here({ kind: "step" }, tid);
        notes.ranges = new Map([[tid, within]]);
        try {
          const stop = await this._after(await this._timeline.run(NEVER));
          if (stop) return stop;
        } finally {
          notes.ranges = new Map();
        }
        continue;
      }
      const before = standing.task(tid)?.usage.user;
      if (before === undefined) return this.continue();
      for (let isDone = false; !isDone; ) {
        const { scheduler } = standing.kernel;
        const task = standing.task(tid);
        let rest: Rest;
        if (!task || (scheduler.current === task && task.state === "runnable")) rest = await this._timeline.step();
        else rest = await this._timeline.run(NEVER, tid);
        const stop = await this._after(rest);
        if (stop) return stop;
        const now = standing.task(tid);
        isDone = now !== undefined && now.usage.user > before && now.state === "runnable" && !now.call && !now.incoming;
      }
      const task = standing.task(tid) as Task;
      const pc = programCounter(task);
      if (!within || pc < within[0] || pc >= within[1]) return standing.here({ kind: "step" }, tid);
      if (standing.isInterrupted) return standing.here({ kind: "interrupt" }, tid);
      // A breakpoint in the range stops the program before its instruction.
      const how = notes.commands.stopAt(task, pc);
      if (how) return standing.here({ kind: "breakpoint", how }, tid);
    }
  }
  private async _after(rest: Rest): Promise<Stop | undefined> {
    return (await this._settled()) ?? (await this._rested(rest));
  }
  /** The stop of the notes, at its moment. Undefined: none of them is one. */
  private async _settled(): Promise<Stop | undefined> {
    const { _standing: standing, _timeline: timeline } = this;
    for (const note of this._notes.noted.splice(0)) {
      const { pid, why } = note;
      // What lies before the stop is done, also if the owner gives up the way back to it.
      const entry = timeline.entryBefore(note.moment);
      if (entry && compareMoments(entry.moment, standing.base) > 0) standing.base = entry.moment;
      if (note.watch) {
        const stop = await this._overWatch(note, note.watch);
        if (stop) return stop;
      } else if (note.isBefore) {
        await this._notes.quietly(() => timeline.back());
        return standing.stopped(note);
      } else if (why.kind === "thread-created" && this._notes.holdsNew) {
        standing.hold((task) => standing.kernel.scheduler.isHeld(task) || task.pid === note.tid);
        if (this._notes.wanted.events.threads) return standing.stopped(note);
      } else if (why.kind !== "ended") return standing.stopped(note);
      else {
        const process = standing.kernel.processes.get(pid);
        if (pid === this._notes.main && this.keepsEnd) return this.lastMoment();
        if (!process || process.ended !== undefined || process.threads.length === 0)
          return standing.stopped({ ...note, why: { ...why, status: process?.ended ?? why.status } });
      }
    }
    return undefined;
  }
  /** Executes the instruction that meets a watchpoint. */
  private async _overWatch(note: Noticed, { watch, bytes, repeats }: NonNullable<Noticed["watch"]>): Promise<Stop | undefined> {
    const { _timeline: timeline, _notes: notes } = this;
    const { moment } = note;
    return notes.quietly(async () => {
      if (repeats) {
        await timeline.goTo({ instructions: moment.instructions, steps: 0 }).catch(() => undefined);
        await timeline.goTo(moment);
      }
      // The next iteration that writes. A read is met by the whole instruction.
      let last = bytes;
      if (repeats && watch.on === "write") {
        const { inside } = this._standing;
        const { iterations } = inside;
        const isIt = (n: number): boolean => {
          if (n > iterations) return !isEqual(last, notes.bytesOf(watch));
          last = notes.bytesOf(watch);
          return false;
        };
        if ((await inside.enter(note.tid, Infinity, isIt)) !== undefined) return this._standing.stopped(note);
      }
      const { instructions } = timeline.moment;
      while (timeline.moment.instructions === instructions) {
        const rest = await timeline.step(true);
        if (rest !== "moment" && rest !== "stopped") break;
        // It has faulted.
        if (timeline.moment.instructions === instructions) return undefined;
      }
      if (watch.on === "write" && isEqual(last, notes.bytesOf(watch))) return undefined;
      return this._standing.stopped(note);
    });
  }
  private async _rested(rest: Rest): Promise<Stop | undefined> {
    const { _standing: standing } = this;
    if (rest === "ended") {
      if (this.keepsEnd) return this.lastMoment();
      const { pid, ended } = this._timeline.live.session.process;
      const [left] = standing.threads;
      // The first program's end is that of the machine: gdb knows another one.
      if (left && this._notes.detached.has(pid))
        return standing.stopped({ tid: left.pid, pid: left.process.pid, why: { kind: "ended", status: SIG.SIGKILL } });
      return standing.stopped({ tid: pid, pid, why: { kind: "ended", status: ended ?? 0 } });
    }
    if (rest === "input" || rest === "stuck") await this._await(rest);
    return rest === "interrupted" || standing.isInterrupted ? standing.here({ kind: "interrupt" }) : undefined;
  }
  /** All tasks sleep: waits for input, or for an interrupt. */
  private async _await(rest: "input" | "stuck"): Promise<void> {
    const { _standing: standing, _timeline: timeline, input } = this;
    if (standing.isInterrupted) return;
    const woken = new Promise<void>((done) => (standing.wake = done));
    const arrived =
      rest === "input" && input
        ? input().then((bytes) => {
            if (standing.isInterrupted) return;
            timeline.input(({ session: { streams } }) => (bytes ? streams.receive(bytes) : streams.end()));
          })
        : rest === "input"
          ? Promise.resolve(timeline.input(({ session: { streams } }) => streams.end()))
          : new Promise<never>(() => {});
    await Promise.race([woken, arrived]);
    standing.wake = undefined;
  }
  /** The signal before whose delivery the run stands. */
  async signalAhead(): Promise<Noticed | undefined> {
    const { _timeline: timeline, _notes: notes } = this;
    const { moment } = timeline;
    // The way back is the restore of a snapshot.
    timeline.keep();
    notes.begin("collect");
    await timeline.step(true);
    notes.mode = "quiet";
    const found = notes.noted.splice(0).find(({ why, isBefore }) => why.kind === "signal" && isBefore);
    await timeline.approach(moment);
    return found;
  }
  /** Goes to the last moment before the first program began to end. */
  async lastMoment(): Promise<Stop> {
    const { _standing: standing, _timeline: timeline } = this;
    const pid = this._notes.main;
    return this._notes.quietly(async () => {
      await goToLastMoment(timeline, pid, this._notes.followedFrom);
      const task = standing.kernel.processes.get(pid)?.threads[0];
      return standing.stopped({ tid: task?.pid ?? pid, pid, why: { kind: "history", end: "end" } });
    });
  }
  /** Runs to the end of the program, and stops at its last moment. */
  async goToEnd(): Promise<Stop> {
    return this._notes.quietly(async () => {
      // By the nearest snapshot, as far as the run is known.
      await this._timeline.approach(this._timeline.reached);
      for (;;) {
        const rest = await this._timeline.pass();
        if (rest === "ended") return this.lastMoment();
        if (await this._rested(rest)) throw new WayGivenUp();
      }
    });
  }
  /** Runs to the end of the program without a stop. Commands of breakpoints that persist are executed. */
  async finish(): Promise<void> {
    const { _notes: notes } = this;
    for (const pid of notes.points.pids) notes.points.forget(pid);
    notes.ranges = new Map();
    notes.isReleased = true;
    notes.arm();
    await notes.quietly(async () => {
      for (;;) {
        const rest = await this._timeline.run(NEVER);
        if (rest === "ended" || rest === "stuck") return;
        if (rest === "input") await this._await(rest);
      }
    });
  }
}

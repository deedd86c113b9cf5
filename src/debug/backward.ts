// A debugged run that goes backward: to the last stop before now, or by steps of a thread.
import { compareMoments, type Moment } from "../machine/moment.ts";
import type { Timeline } from "../machine/timeline/timeline.ts";
import { isEqual, type Noticed, type Notices } from "./notices.ts";
import { programCounter } from "./registers.ts";
import type { Standing } from "./standing.ts";
import type { Stop, Watch } from "./stop.ts";

/** Of a stretch with more notes its end is looked at first: so many instructions, then more at a time. */
const MANY_NOTES = 1024;
const LEAST_PART = 4096;
const GROWTH = 16;

/** Runs backward of one debugger. */
export class Backward {
  private readonly _standing: Standing;
  private readonly _timeline: Timeline;
  private readonly _notes: Notices;

  constructor(standing: Standing) {
    this._standing = standing;
    this._timeline = standing.timeline;
    this._notes = standing.notes;
  }
  /** Undoes the last instruction of a thread, and all that others have done since. */
  async stepBack(tid: number, within?: readonly [from: number, to: number]): Promise<Stop> {
    this._standing.forget();
    this._notes.arm(true);
    return this._notes.quietly(async () => {
      for (;;) {
        const values = this._notes.points.watches
          .filter(({ on }) => on !== "read")
          .map((watch) => [watch, this._notes.bytesOf(watch)] as const);
        const here = this._timeline.moment;
        if (!(await this._undo(tid))) {
          if (this._standing.threads.length === 0) await this._standing.goToFirst();
          return this._standing.here({ kind: "history", end: "begin" }, tid);
        }
        const between = await this._between(tid, here);
        if (between) return between;
        for (const [watch, bytes] of values)
          if (!isEqual(bytes, this._notes.bytesOf(watch)))
            return this._standing.here({ kind: "watch", on: watch.on, address: watch.address }, tid);
        const task = this._standing.task(tid);
        const pc = task ? programCounter(task) : 0;
        if (!within || pc < within[0] || pc >= within[1]) return this._standing.here({ kind: "step" }, tid);
        if (this._standing.isInterrupted) return this._standing.here({ kind: "interrupt" }, tid);
      }
    });
  }
  /** The last stop from now up to a moment that is one of another thread, or a signal of this one. */
  private async _between(tid: number, upper: Moment): Promise<Stop | undefined> {
    const { _timeline: timeline } = this;
    const { moment } = timeline;
    // One instruction, and the kernel has done nothing.
    if (upper.instructions === moment.instructions + 1 && upper.steps === 0) return undefined;
    const isWanted = (note: Noticed): boolean => note.tid !== tid || note.why.kind === "signal";
    let found: Noticed | undefined;
    for (let end = upper; !found && compareMoments(end, moment) > 0; ) {
      const entry = timeline.entryBefore(end);
      const isLate = entry !== undefined && compareMoments(entry.moment, moment) > 0;
      found = await this._lastIn(() => (isLate ? timeline.goToEntry(entry) : timeline.goTo(moment)), end, isWanted);
      end = isLate ? entry.moment : moment;
    }
    await timeline.goTo(found?.moment ?? moment);
    if (found?.isBefore) await timeline.back();
    return found && this._standing.stopped(found);
  }
  /** False: the thread has executed nothing. */
  private async _undo(tid: number): Promise<boolean> {
    const { _timeline: timeline } = this;
    const wanted = this._standing.task(tid)?.usage.user ?? 0;
    if (wanted === 0) {
      await this._standing.goToFirst(tid);
      return false;
    }
    const isBefore = (): boolean => {
      const task = this._standing.task(tid);
      return task === undefined || task.usage.user < wanted;
    };
    for (let n = 0; n < 8; n++) {
      if (!(await timeline.back())) return false;
      if (isBefore()) return this._standing.task(tid) !== undefined;
    }
    // Others have run meanwhile: the last slice of the thread is found in the last interval in which it ran.
    const here = timeline.moment;
    let upper = here;
    while (!isBefore()) {
      const entry = timeline.entryBefore(upper);
      if (!entry) return false;
      timeline.goToEntry(entry);
      upper = entry.moment;
    }
    let last = timeline.moment;
    for (;;) {
      const rest = await timeline.pass(here, tid);
      if (rest !== "slice" || !isBefore() || compareMoments(timeline.moment, here) >= 0) break;
      last = timeline.moment;
    }
    await timeline.goTo(last);
    const left = wanted - 1 - (this._standing.task(tid)?.usage.user ?? wanted);
    if (left > 0) await timeline.pass({ instructions: last.instructions + left, steps: 0 });
    while (isBefore()) await timeline.step(true);
    while (!isBefore()) if (!(await timeline.back())) return false;
    return this._standing.task(tid) !== undefined;
  }
  /** Runs backward to the last stop before now. */
  async continueBack(): Promise<Stop> {
    const { _timeline: timeline } = this;
    const tid = this._standing.current?.pid;
    this._standing.forget();
    this._notes.begin("collect");
    let upper = timeline.moment;
    try {
      for (;;) {
        const entry = timeline.entryBefore(upper);
        if (!entry) {
          this._notes.mode = "quiet";
          await this._standing.goToFirst();
          return this._standing.here({ kind: "history", end: "begin" }, tid);
        }
        // No process of gdb is so old: its history begins after this snapshot.
        let isAlone = false;
        const begin = (): void => {
          timeline.goToEntry(entry);
          isAlone = this._standing.threads.length === 0;
        };
        const found = await this._lastIn(begin, upper);
        if (found) {
          this._notes.mode = "quiet";
          this._notes.disarm();
          await timeline.goTo(found.moment);
          if (found.isBefore) await timeline.back();
          return this._standing.stopped(found);
        }
        upper = isAlone ? timeline.start : entry.moment;
        // There is no stop between here and there.
        if (!isAlone) this._standing.base = upper;
      }
    } finally {
      this._notes.mode = "quiet";
    }
  }
  /** The last stop from a snapshot up to a moment. `begin` goes to the snapshot. */
  private async _lastIn(
    begin: () => unknown,
    upper: Moment,
    isWanted: (note: Noticed) => boolean = () => true,
  ): Promise<Noticed | undefined> {
    const whole = await this._part(begin, 0, upper, MANY_NOTES);
    if (whole.isWhole) return this._last(whole.notes, isWanted);
    let [end, length, most] = [upper, LEAST_PART, MANY_NOTES];
    for (;;) {
      const { isWhole, notes, first } = await this._part(begin, end.instructions - length, end, length > LEAST_PART ? most : Infinity);
      if (!isWhole) {
        // Many of them may be unwanted, so they must not be looked at by as few at a time.
        most *= GROWTH;
        length /= GROWTH;
        continue;
      }
      const found = this._last(notes, isWanted);
      if (found || !first) return found;
      if (compareMoments(first, end) < 0) end = first;
      length *= GROWTH;
    }
  }
  /**
   * The notes of a stretch from a moment with so many instructions up to another one. `first`: the moment at
   * which it began, undefined for that of the snapshot. Not whole: there are `most` of them, and the rest is
   * not looked at.
   */
  private async _part(
    begin: () => unknown,
    from: number,
    upper: Moment,
    most: number,
  ): Promise<{ readonly isWhole: boolean; readonly notes: readonly Noticed[]; readonly first: Moment | undefined }> {
    const { _notes: notices, _timeline: timeline } = this;
    notices.mode = "quiet";
    // Each change of breakpoints drops compiled code.
    if (from > 0) notices.disarm();
    await begin();
    const isInside = from > timeline.moment.instructions;
    if (isInside) await timeline.pass({ instructions: from, steps: 0 });
    const first = isInside ? timeline.moment : undefined;
    notices.begin("collect");
    notices.most = most;
    let isWhole = true;
    try {
      while (isWhole && (await timeline.pass(upper)) === "stopped") isWhole = notices.noted.length < most;
    } finally {
      notices.mode = "quiet";
      notices.most = Infinity;
    }
    const notes = notices.noted.splice(0).filter(({ moment, isBefore }) => (compareMoments(moment, upper) || (isBefore ? -1 : 0)) < 0);
    return { isWhole, notes, first };
  }
  /** The last note that is a stop, at the end of their stretch. A write of the same bytes is none. */
  private _last(notes: readonly Noticed[], isWanted: (note: Noticed) => boolean): Noticed | undefined {
    const after = new Map<Watch, Uint8Array>();
    for (let i = notes.length - 1; i >= 0; i--) {
      const note = notes[i] as Noticed;
      if (note.why.kind === "ended" || !isWanted(note)) continue;
      if (!note.watch) return note;
      const { watch, bytes } = note.watch;
      const now = after.get(watch) ?? this._notes.bytesOf(watch);
      if (watch.on !== "write" || !isEqual(now, bytes)) return note;
      after.set(watch, bytes);
    }
    return undefined;
  }
}

// A run with its past: snapshots by host time spent, and execution again from the nearest one. Runs are
// deterministic, so each moment is the one that was. Input and changes of the owner are events at moments;
// they are delivered again.
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Observer } from "../../kernel/observer.ts";
import { Problem } from "../../problem.ts";
import type { Machine } from "../machine.ts";
import { compareMoments, type Moment, momentOf, momentText, NEVER, timeTo } from "../moment.ts";
import type { Program } from "../options.ts";
import { Live, type LiveOptions } from "../snapshot/live.ts";
import { WayGivenUp } from "./given-up.ts";
import { Ring, type RingEntry } from "./ring.ts";

export { NEVER };

/** What the owner did to the machine at a moment: input, or a change that made a branch. */
export interface Event {
  readonly moment: Moment;
  /** Virtual time: all tasks may have slept since the moment came. */
  readonly now: number;
  deliver(live: Live): void;
}
/** Options of a timeline. */
export interface TimelineOptions {
  /** Bytes of the host's memory for snapshots, about. Default 512 MiB. */
  readonly memory?: number;
  /** Milliseconds of host time between two snapshots. Default 50; Infinity: the run only goes forward. */
  readonly every?: number;
}
/**
 * Why a run on a timeline rests: the moment has come; the task begins a slice; `stop` was called; the program
 * has ended; it waits for input; it waits for ever; `interrupt` was called.
 */
export type Rest = "moment" | "slice" | "stopped" | "ended" | "input" | "stuck" | "interrupted";

const START: Moment = { instructions: 0, steps: 0 };

/** Milliseconds of host time between two looks at the outside world. */
const STRETCH = 30;
/** Snapshots cost at most this part of the time. */
const SHARE = 0.1;
/** Milliseconds of the host that a way back may take. */
const SHORT = 100;
/** Instructions before a step back at which a snapshot is kept: the next steps back are short. */
const NEAR = 1000;
/** Milliseconds between two looks at the outside world, at most, while all tasks sleep in real time. */
const SLEEP = 5;
/** Milliseconds of real time that sleeps make good, at most, if it has passed without them. */
const LATE = 100;

/** True if a task waits for the outside world. */
const waitsOutside = ({ tasks }: Kernel): boolean => [...tasks.values()].some(({ waiting }) => waiting?.on.some((q) => q.external));

/** All timelines of one program: the original and its branches, each with its events and snapshots. */
interface Branch {
  readonly ring: Ring;
  readonly events: Event[];
  /** Where it left its parent. */
  readonly from: Moment;
  readonly parent: number;
  /** The furthest moment so far. */
  reached: Moment;
  work: number;
  /** Bytes of standard output and error that the owner has got. */
  readonly seen: [number, number];
}

/** A branch, one of its moments, and the number of branches that there were. */
export interface TimelinePlace {
  readonly branch: number;
  readonly moment: Moment;
  readonly branches: number;
}

/**
 * A program's run that goes forward and backward.
 *
 * @example
 * const timeline = new Timeline(machine, "/bin/true", { stdin: "" });
 * await timeline.run(NEVER);                       // "ended"
 * await timeline.goTo({ instructions: 1000, steps: 0 });
 * await timeline.back();                           // { instructions: 999, steps: 0 }
 */
export class Timeline {
  readonly live: Live;
  private readonly _every: number;
  private readonly _memory: number;
  private readonly _branches: Branch[] = [];
  private _branch: Branch;
  private _delivered = 0;
  private _work = 0;
  private _snapshotAt = 0;
  private _cost = 0;
  private _written: [number, number] = [0, 0];
  private _looked = 0;
  private _isStopped = false;
  private _isInterrupted = false;
  /**
   * The last moment of the recording that runs again: it stays as it was recorded, and each change opens a
   * branch. Undefined: the run is none of a recording.
   */
  recordedEnd: Moment | undefined = undefined;
  /** All tasks sleep in real time, as natively, while the owner looks on. No guest can see it. */
  isPaced = false;
  private readonly _idles: boolean;
  /** Of sleeps in real time: the clock at virtual time 0. */
  private _pace: number | undefined = undefined;
  /** Ends such a sleep for a look at the outside world. */
  private _wake: (() => void) | undefined = undefined;
  private _observer: Observer | undefined = undefined;
  /** Called after the machine has been taken back: its kernel is another object. */
  onRestored: () => void = () => {};
  /** Asked between the pieces of a run: true interrupts it, and a way to a moment ends by a `WayGivenUp`. */
  givesUp: () => boolean = () => false;
  /** Called before each piece of the run, of at most 30 ms: lets the outside world act. */
  turn: () => Promise<void> = () => new Promise((done) => setTimeout(done, 0));

  constructor(machine: Machine, program: Program, options: LiveOptions = {}, { memory = 2 ** 29, every = 50 }: TimelineOptions = {}) {
    this._every = every;
    this._memory = memory;
    const { hooks = {} } = options;
    const once =
      (stream: 0 | 1, hook: ((bytes: Uint8Array) => void) | undefined) =>
      (bytes: Uint8Array): void => {
        const from = this._written[stream];
        this._written[stream] = from + bytes.length;
        const { seen } = this._branch;
        const shown = seen[stream];
        if (this._written[stream] <= shown) return;
        // Output that the owner could not take comes again, when the run does.
        hook?.(bytes.subarray(Math.max(0, shown - from)));
        seen[stream] = this._written[stream];
      };
    const watched = { ...hooks, stdout: once(0, hooks.stdout), stderr: once(1, hooks.stderr) };
    this._idles = machine.kernel.idlesInRealTime;
    this.live = new Live(machine, program, { ...options, hooks: watched });
    this._options = { ...options, hooks: watched };
    this._branch = { ring: new Ring(memory), events: [], from: START, parent: -1, reached: this.moment, work: 0, seen: [0, 0] };
    this._branches.push(this._branch);
    if (every !== Number.POSITIVE_INFINITY) this._save();
  }
  private readonly _options: LiveOptions;

  get kernel(): Kernel {
    return this.live.kernel;
  }
  /** The moment of now. */
  get moment(): Moment {
    return momentOf(this.kernel);
  }
  /** The first moment. */
  get start(): Moment {
    return (this._branch.ring.entries[0] as RingEntry).moment;
  }
  /** The furthest moment that this branch has reached. */
  get reached(): Moment {
    return this._branch.reached;
  }
  /** True at the furthest moment: what comes next is new. */
  get isAtEnd(): boolean {
    return compareMoments(this.moment, this._branch.reached) >= 0;
  }
  /** True if a change opens a branch: the run is known from here on. */
  get isPast(): boolean {
    return !this.isAtEnd || this._isAsRecorded;
  }
  get isRecorded(): boolean {
    return this.recordedEnd !== undefined;
  }
  private get _isAsRecorded(): boolean {
    return this.isRecorded && this._branch.parent < 0;
  }
  /** True if the run is over. */
  get hasEnded(): boolean {
    return this.live.session.ended;
  }
  /** The snapshots of this branch. */
  get entries(): readonly RingEntry[] {
    return this._branch.ring.entries;
  }
  /** The branches: where each left its parent, and its furthest moment. */
  get branches(): readonly { readonly from: Moment; readonly parent: number; readonly reached: Moment; readonly isCurrent: boolean }[] {
    return this._branches.map((branch) => ({ ...branch, isCurrent: branch === this._branch }));
  }
  /** Sees all that happens, also when it happens again. */
  set observer(observer: Observer | undefined) {
    this._observer = observer;
    this._attach();
  }
  private _attach(): void {
    this.kernel.scheduler.pauseAt = NEVER;
    if (this._observer) this.live.session.observe(this._observer);
  }

  /** For an observer or a hook of the processor: the run rests at the next moment at which it can. */
  stop(): void {
    this._isStopped = true;
    this.kernel.scheduler.endRun();
  }
  /** From outside: the run rests soon. */
  interrupt(): void {
    this._isInterrupted = true;
    this.kernel.deadline.until = 0;
    this._wake?.();
  }
  /** Lets real time pass, until a sleep of all tasks is over or the owner interrupts the run. */
  private async _sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((done) => {
      const timer = setTimeout(done, Math.min(SLEEP, milliseconds));
      this._wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this._wake = undefined;
  }

  /**
   * Runs on to a moment, and rests at the first one that is not before it, or earlier. `tid`: it also rests
   * when this task begins a slice.
   */
  async run(target: Moment = NEVER, tid = 0): Promise<Rest> {
    const { live } = this;
    this._isStopped = this._isInterrupted = false;
    this.kernel.scheduler.pauseAt = NEVER;
    for (;;) {
      this._deliver();
      if (compareMoments(this.moment, target) >= 0) return "moment";
      const { kernel } = this;
      const { deadline, scheduler } = kernel;
      const event = this._branch.events[this._delivered];
      const isNow = event !== undefined && compareMoments(event.moment, this.moment) === 0;
      const next = event && compareMoments(event.moment, target) < 0 ? event.moment : target;
      const before = deadline.clock();
      if (before - this._looked > STRETCH) {
        await this.turn();
        this._looked = deadline.clock();
      }
      if (this._isInterrupted || this.givesUp()) return "interrupted";
      // Not past the next snapshot, which would come late.
      deadline.until = deadline.clock() + Math.max(1, Math.min(STRETCH, this._snapshotIn));
      scheduler.pauseAt = next;
      scheduler.pauseFor = tid;
      kernel.idlesInRealTime = this._idles || this.isPaced;
      let early = 0;
      const mayPass = (until: number): boolean => (early = this._earliness(until)) <= 0;
      const was = this.moment;
      const reason = live.step(isNow ? event.now - kernel.now : next === NEVER ? Infinity : timeTo(next, kernel) - kernel.now, mayPass);
      this._work += deadline.clock() - before;
      scheduler.pauseAt = NEVER;
      const isSlice = tid !== 0 && scheduler.pauseFor === 0;
      scheduler.pauseFor = 0;
      this._advanced();
      // Elsewhere timers may have fired since, or time has passed: a straight run rests before them.
      if (compareMoments(this.moment, was) > 0 && this._snapshotIn <= 0 && scheduler.isAtMoment) this._save();
      if (this._isStopped) {
        this._deliver();
        return "stopped";
      }
      if (isSlice) return "slice";
      if (reason === "ended") return "ended";
      if (early > 0) await this._sleep(early);
      if (reason === "idle" && !isNow) return this._idles || waitsOutside(kernel) ? "input" : "stuck";
      if (reason === "stuck") return "stuck";
    }
  }
  /**
   * All tasks sleep until then: the milliseconds of real time that have to pass before. Real time that was
   * not slept counts: a loop of short sleeps takes as long as natively, and so does a program that a debugger
   * stops again and again.
   */
  private _earliness(until: number): number {
    // What has happened already happens again at once.
    if (!this.isPaced || !this.isAtEnd) return 0;
    const { now, deadline } = this.kernel;
    const clock = deadline.clock();
    const begun = this._pace ?? clock - now / 1e6;
    // Computing may be faster or slower than real time.
    const late = Math.max(Math.min(clock - begun - until / 1e6, LATE), (now - until) / 1e6);
    this._pace = clock - until / 1e6 - late;
    return -late;
  }
  /** Runs on as `run` does. An interrupt does not end it, unless the owner gives it up. */
  async pass(target: Moment = NEVER, tid = 0): Promise<Exclude<Rest, "interrupted">> {
    for (;;) {
      if (this.givesUp()) throw new WayGivenUp();
      const rest = await this.run(target, tid);
      if (rest !== "interrupted") return rest;
    }
  }
  /** Rests at the next moment. `insists`: also if the owner interrupts it. */
  async step(insists = false): Promise<Rest> {
    const { instructions, steps } = this.moment;
    return this[insists ? "pass" : "run"]({ instructions, steps: steps + 1 });
  }
  private _advanced(): void {
    if (!this.isAtEnd) return;
    this._branch.reached = this.moment;
    this._branch.work = Math.max(this._branch.work, this._work);
  }
  private _deliver(): void {
    for (;;) {
      const event = this._branch.events[this._delivered];
      if (!event || compareMoments(event.moment, this.moment) > 0 || event.now > this.kernel.now) return;
      this._delivered++;
      event.deliver(this.live);
    }
  }
  /** Milliseconds of work until the next snapshot is due. */
  private get _snapshotIn(): number {
    return Math.max(this._every, this._cost / SHARE) - (this._work - this._snapshotAt);
  }
  private _save(): void {
    const { clock } = this.kernel.deadline;
    const before = clock();
    this._snapshotAt = this._work;
    const state = this._state();
    if (!state) return;
    const entry: RingEntry = {
      moment: this.moment,
      events: this._delivered,
      work: this._work,
      state,
      written: [...this._written],
    };
    this._branch.ring.add(entry);
    this._cost = clock() - before;
  }
  /** The state of now. Undefined: it holds an object that no snapshot can hold; a later moment serves. */
  private _state(): RingEntry["state"] | undefined {
    try {
      return this.live.save();
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.kind !== "no-snapshot" || this._branch.ring.entries.length === 0) throw problem;
      return undefined;
    }
  }
  private _restore(entry: RingEntry): void {
    this.kernel.scheduler.pauseAt = undefined;
    // Before the streams of the new session begin.
    this._written = [...entry.written];
    // The input that was not read is in the state, and so are the program's arguments.
    const { stdin: _, args: _args, env: _env, ...options } = this._options;
    this.live.restore(entry.state, options);
    this._delivered = entry.events;
    this._work = entry.work;
    this._snapshotAt = entry.work;
    this._attach();
    this.onRestored();
    this._deliver();
  }

  /**
   * Goes to a moment of this branch, forward or backward. Throws a Problem if the run has no such moment, and
   * stays where it was. Of a way that was given up the run stands at a moment between: `WayGivenUp`.
   */
  async goTo(target: Moment): Promise<void> {
    const here = this.moment;
    await this.approach(target);
    if (compareMoments(this.moment, target) === 0) return;
    const reached = this.moment;
    await this.approach(here);
    throw new Problem("bad-moment", `this run has no moment ${momentText(target)}`, {
      help: compareMoments(reached, target) > 0 ? `the next one is ${momentText(reached)}` : `its last one is ${momentText(reached)}`,
    });
  }
  /**
   * Goes to the first moment that is not before `target`, or to the last one of the run. An interrupt alone
   * does not end it: the caller knows no moment on the way.
   */
  async approach(target: Moment): Promise<void> {
    const here = this.moment;
    const order = compareMoments(here, target);
    if (order === 0) return;
    const entry = this._branch.ring.at(target) ?? (this._branch.ring.entries[0] as RingEntry);
    if (order > 0 || compareMoments(entry.moment, here) > 0) this._restore(entry);
    while ((await this.pass(target)) === "stopped");
  }
  /**
   * Goes back to the moment before this one, one instruction or transition earlier. Undefined: there is none,
   * this is the first one.
   */
  async back(): Promise<Moment | undefined> {
    const here = this.moment;
    const { start } = this;
    if (compareMoments(here, start) <= 0) return undefined;
    for (let distance = 1; ; distance = distance * 8 + 64) {
      const instructions = Math.max(start.instructions, here.instructions - distance);
      await this._near(instructions, here);
      let before = this.moment;
      if (compareMoments(before, here) >= 0) {
        if (instructions <= start.instructions) this._restore(this._branch.ring.entries[0] as RingEntry);
        else continue;
        before = this.moment;
      }
      for (;;) {
        const last = this.moment;
        const rest = await this.step(true);
        if (compareMoments(this.moment, here) >= 0 || (rest !== "moment" && rest !== "stopped")) {
          await this.approach(last);
          return last;
        }
      }
    }
  }
  /** Goes to the first moment with so many instructions, and keeps a snapshot some instructions earlier. */
  private async _near(instructions: number, here: Moment): Promise<void> {
    const early = { instructions: Math.max(0, instructions - NEAR), steps: 0 };
    const { ring } = this._branch;
    const known = ring.at({ instructions, steps: 0 });
    if (known && known.moment.instructions < instructions - 2 * NEAR && compareMoments(early, here) < 0) {
      await this.approach(early);
      this._save();
    }
    await this.approach({ instructions, steps: 0 });
  }
  /** Goes to the first moment. */
  async goToStart(): Promise<void> {
    this._restore(this._branch.ring.entries[0] as RingEntry);
  }
  /** Keeps a snapshot of now. */
  keep(): void {
    this._save();
  }
  /** Keeps a snapshot of now if a way back to here would be long without it. */
  keepIfFar(): void {
    const { work } = this._branch.ring.at(this.moment) ?? { work: 0 };
    if (this._work - work > Math.max(SHORT, this._every, this._cost / SHARE) && this.kernel.scheduler.isAtMoment) this._save();
  }
  /** True if a snapshot can be restored that lies before the moment, after another one. */
  entryBefore(moment: Moment): RingEntry | undefined {
    const found = this._branch.ring.at(moment);
    if (!found || compareMoments(found.moment, moment) < 0) return found;
    const { entries } = this._branch.ring;
    return entries[entries.indexOf(found) - 1];
  }
  /** Input and changes that this branch has after now. */
  get pending(): readonly Event[] {
    return this._branch.events.slice(this._delivered);
  }
  /** Goes to a snapshot of this branch. */
  goToEntry(entry: RingEntry): void {
    this._restore(entry);
  }

  /** Changes the machine now. In the past this opens a branch: the run as it was stays. */
  change(deliver: (live: Live) => void): void {
    if (this.isPast) this._open();
    this._add(deliver);
  }
  /** Input at the furthest moment, for which the run has waited. In the past it opens a branch. */
  input(deliver: (live: Live) => void): void {
    if (!this.isAtEnd) this._open();
    this._add(deliver);
  }
  /** An event is delivered again whenever the run comes here. */
  private _add(deliver: (live: Live) => void): void {
    const { moment, kernel } = this;
    this._branch.events.push({ moment, now: kernel.now, deliver });
    this._delivered = this._branch.events.length;
    deliver(this.live);
  }
  /** Before the run: input that comes at these moments, in their order. */
  expect(events: readonly Event[]): void {
    this._branch.events.push(...events);
  }
  private _open(): void {
    const { moment, _branch: old } = this;
    const branch: Branch = {
      ring: new Ring(this._memory, old.ring.until(moment)),
      events: old.events.slice(0, this._delivered),
      from: moment,
      parent: this._branches.indexOf(old),
      reached: moment,
      work: this._work,
      seen: [...this._written],
    };
    this._branches.push(branch);
    this._branch = branch;
    this._save();
  }
  /**
   * Forgets all before now: history begins here, and there are no other branches. What is known of later
   * moments stays. Throws a Problem if no snapshot can hold the machine of now.
   */
  forgetPast(): void {
    const { moment, _branch: branch, _delivered: before } = this;
    const now: RingEntry = { moment, events: 0, work: this._work, state: this.live.save(), written: [...this._written] };
    const later = branch.ring.entries
      .filter((entry) => compareMoments(entry.moment, moment) > 0)
      .map((entry) => ({ ...entry, events: entry.events - before }));
    const ring = new Ring(this._memory, [now, ...later]);
    this._branch = { ...branch, ring, events: branch.events.slice(before), from: moment, parent: -1 };
    this._branches.splice(0, this._branches.length, this._branch);
    this._delivered = 0;
  }
  /** Where the run stands, for `returnTo`. */
  get place(): TimelinePlace {
    return { branch: this._branches.indexOf(this._branch), moment: this.moment, branches: this._branches.length };
  }
  /** Goes to a place where the run has stood, and forgets the branches that were opened since. */
  async returnTo({ branch, moment, branches }: TimelinePlace): Promise<void> {
    await this.select(branch, moment);
    this._branches.length = branches;
  }
  /**
   * Goes to another branch. Default: to the moment where it began. A way that was given up is back on the old
   * one.
   */
  async select(number: number, to?: Moment): Promise<void> {
    const branch = this._branches[number];
    if (!branch) throw new Problem("bad-moment", `there is no branch ${number}`, { help: `there are 0 to ${this._branches.length - 1}` });
    const { moment, _branch: old } = this;
    this._branch = branch;
    this._restore(branch.ring.entries[0] as RingEntry);
    try {
      await this.approach(to ?? (number === 0 ? branch.reached : branch.from));
    } catch (error) {
      this._branch = old;
      this._restore(old.ring.at(moment) ?? (old.ring.entries[0] as RingEntry));
      throw error;
    }
  }
}

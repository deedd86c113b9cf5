// Runs of one program under one schedule after another: in one memory, with one limit of virtual time, each
// judged by the properties.
import { observe } from "../../kernel/observer.ts";
import type { BootOptions } from "../boot.ts";
import { TsoFollower } from "../late-stores.ts";
import { lazyObservers } from "../lazy.ts";
import { CLOSED_STRETCH, type ClosedRun, Machine } from "../machine.ts";
import type { Program } from "../options.ts";
import type { Run } from "../run.ts";
import { type Delay, type Departure, Follower, scheduleText } from "../schedule.ts";
import { withBootTime } from "../world.ts";
import { DataRaces } from "./data-races.ts";
import { ObservedRun } from "./observer.ts";
import type { ExploreOptions } from "./options.ts";
import { EndOfPrefix, SharedPrefix } from "./prefix.ts";
import { PropertyChecker } from "./property.ts";
import type { Steps } from "./run/notes.ts";
import type { PointsAt, RunOptions } from "./run/points.ts";
import { SharedWords } from "./shared-words.ts";
import { steadyTree } from "./steady-tree.ts";
import type { Strategy } from "./strategy.ts";
import type { Found } from "./systematic.ts";

/** Options as the command line gives them. */
export type SearchOptions = Omit<ExploreOptions, "code"> &
  BootOptions & {
    readonly tried?: ((schedules: number) => void) | undefined;
    /** Each schedule boots: to compare. */
    readonly boots?: boolean;
  };

const SECONDS = 60;
/** Virtual nanoseconds: of the first schedule, and of the others beside ten times its own. */
const FIRST_LIMIT = 60e9;
/** Of a first schedule that is drawn: tasks that spin can keep others waiting in it. */
const DRAWN_LIMIT = 2e9;
const EXTRA = 10e6;
/**
 * Times the limit for a schedule that does not end: tasks that spin can keep others waiting for long by
 * chance.
 */
const PATIENCE = 10;

/** All runs of one exploration. */
export class Trials {
  readonly program: Program;
  readonly options: SearchOptions;
  /** What the runs so far have shown. */
  readonly words = new SharedWords();
  /** Set if data races are looked for. */
  readonly races: DataRaces | undefined;
  private readonly _until: number;
  private _memory: WebAssembly.Memory | undefined = undefined;
  /** Virtual nanoseconds that a run may take; undefined before one has ended. */
  private _limit: number | undefined = undefined;
  private _firstLimit = FIRST_LIMIT;
  /** The last run was stopped as the search's time was over: it is not judged. */
  private _isLate = false;
  schedules = 0;
  private _prefix: SharedPrefix | undefined = undefined;
  /** The instructions of the common beginning; undefined before the first run. */
  private _prefixAt: number | "none" | undefined = undefined;

  constructor(program: Program, options: SearchOptions) {
    this.program = program;
    // Each schedule boots at the same time: another one could be another run.
    const { root } = options;
    this.options = {
      ...withBootTime(options),
      ...(root ? { root: steadyTree(root) } : {}),
    };
    const { races = false } = options;
    this.races = races === false ? undefined : new DataRaces(races === true ? undefined : races.ignore);
    this._until = performance.now() + (options.seconds ?? SECONDS) * 1000;
  }
  get exhausted(): boolean {
    return performance.now() > this._until || this.schedules >= (this.options.schedules ?? Infinity);
  }
  /** Tells whether a part of the limits is used up, from now on. */
  part(share: number): () => boolean {
    const until = performance.now() + (this._until - performance.now()) * share;
    const most = this.schedules + ((this.options.schedules ?? Infinity) - this.schedules) * share;
    return () => performance.now() > until || this.schedules >= most;
  }
  /** True if the schedule alone repeats a violation, also if it has ten times as long. */
  repeats({ what, departures, delays = [] }: Found): boolean {
    const [limit, schedules] = [this._limit, this.schedules];
    this._limit = this._most * PATIENCE;
    const { violated } = this.follow(departures, delays.length > 0 ? delays : undefined);
    this._limit = limit;
    this.schedules = schedules;
    return violated === what;
  }
  /** A run under a schedule: its violation, and the tasks that could run at each counted point. */
  follow(
    departures: readonly Departure[],
    delays?: readonly Delay[],
  ): { readonly violated: string | undefined; readonly points: Follower["points"] } {
    const { violated, chooser } = this._run((kernel, cpu) =>
      delays ? new TsoFollower(departures, { delays, kernel, cpu }) : new Follower(departures),
    );
    chooser.check();
    return { violated, points: chooser.points };
  }
  /** A run under a strategy. */
  observe(
    strategy: Strategy,
    at: PointsAt,
    steps: Steps = "none",
  ): { readonly violated: string | undefined; readonly observed: ObservedRun; readonly run: Run; readonly end: ClosedRun["end"] } {
    const options: RunOptions = {
      at,
      words: this.words,
      memory: this.options.memoryModel ?? "sc",
      syncs: this.races?.syncs,
      splitReads: this.options.splitReads === true,
      atomic: this.options.atomic,
    };
    const tell = this._begun()?.seen(options, steps);
    const { violated, chooser, run, end } = this._run((kernel, cpu) => {
      const observed = new ObservedRun(kernel, cpu, strategy, options, steps);
      tell?.(observed);
      return observed;
    });
    return { violated, observed: chooser, run, end };
  }
  /** The same, and the runs do not count. */
  again<T>(run: () => T): T {
    const { schedules } = this;
    const result = run();
    this.schedules = schedules;
    return result;
  }
  /** Follows a schedule for stacks on its way. */
  stacks<T extends Follower>(make: () => T): T {
    const { chooser } = this._closed(make, new PropertyChecker(this.options));
    return chooser;
  }
  private get _most(): number {
    return this._limit ?? this._firstLimit;
  }
  /**
   * A drawn schedule as the first one. One that does not end soon is not judged: then the default schedule
   * gives the limit.
   */
  first<T>(run: () => T): T {
    this._firstLimit = DRAWN_LIMIT;
    const result = run();
    this._firstLimit = FIRST_LIMIT;
    return result;
  }
  /** True once a schedule has ended: its time limits the others. */
  get knowsLimit(): boolean {
    return this._limit !== undefined;
  }
  private _run<T extends Follower | ObservedRun>(make: (...args: Parameters<Parameters<Machine["follow"]>[0]>) => T) {
    const checker = new PropertyChecker(this.options);
    this._isLate = false;
    const { closed, chooser } = this._closed(make, checker);
    this.options.tried?.(this.schedules + 1);
    this.schedules++;
    const isUnjudged = this._isLate || (this._limit === undefined && this._firstLimit === DRAWN_LIMIT);
    const isCut = isUnjudged && closed.end === "limit" && !checker.isViolated;
    if (!isCut) this._limit ??= closed.run.stats.nanoseconds * 10 + EXTRA;
    // A schedule alone would repeat the loops up to the limit.
    const end = chooser instanceof ObservedRun && chooser.proof?.awaits.isLivelock && closed.end === "stuck" ? "limit" : closed.end;
    return { violated: isCut ? undefined : checker.judge({ ...closed, end }), chooser, ...closed };
  }
  private _closed<T extends Follower | ObservedRun>(
    make: (...args: Parameters<Parameters<Machine["follow"]>[0]>) => T,
    checker: PropertyChecker,
  ): { readonly closed: ClosedRun; readonly chooser: T } {
    const { options } = this;
    const prefix = this._begun();
    if (prefix) {
      const { started, rest } = prefix.back();
      const { machine } = prefix;
      observe(machine.kernel, checker);
      const chooser = machine.follow(make, options.slice);
      const calls = chooser instanceof ObservedRun ? chooser.calls : undefined;
      if (calls) observe(machine.kernel, lazyObservers().all([checker, calls]));
      return { chooser, closed: machine.runClosed(started, options, this._most, rest, this._isOver(chooser)) };
    }
    const machine = new Machine(options, this._memory);
    const { kernel } = machine;
    const end = this._prefixAt === undefined && !options.boots ? new EndOfPrefix(kernel, checker) : undefined;
    const chooser = machine.follow(make, options.slice);
    const calls = chooser instanceof ObservedRun ? chooser.calls : undefined;
    const observers = [checker, end, calls].filter((one) => one !== undefined);
    observe(kernel, observers.length > 1 ? lazyObservers().all(observers) : checker);
    const noted = end && { hooks: { stdout: () => end.note(), stderr: () => end.note() } };
    const closed = machine.runClosed(this.program, { ...options, ...noted }, this._most, CLOSED_STRETCH, this._isOver(chooser));
    this._memory = machine.giveUp();
    if (end) this._prefixAt = end.instructions ?? "none";
    return { chooser, closed };
  }
  /** Tells that the search's time is over. A schedule that repeats a failure has as long as it needs. */
  private _isOver(chooser: Follower | ObservedRun): () => boolean {
    return () => (this._isLate = chooser instanceof ObservedRun && performance.now() > this._until);
  }
  /** The common beginning, once it is known where it ends. */
  private _begun(): SharedPrefix | undefined {
    const at = this._prefixAt;
    if (typeof at === "number" && !this._prefix) {
      this._prefix = SharedPrefix.of(this.program, this.options, at);
      if (!this._prefix) this._prefixAt = "none";
    }
    return this._prefix;
  }
  text(departures: readonly Departure[], delays: readonly Delay[] = []): string {
    const { slice } = this.options;
    return scheduleText({ departures, delays, ...(slice === undefined ? {} : { slice }) });
  }
  /** The same run with a trace of all tasks. */
  traced(schedule: string): Run {
    const options = { ...this.options, schedule, trace: { follow: true } };
    return new Machine(options).runClosed(this.program, options, this._most).run;
  }
}

/** Lets the event loop of the host continue. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Milliseconds between two pauses of a search by many short runs. */
const EVERY = 100;

/** The same, if the last pause was long ago. */
export class Pauses {
  private _next = 0;
  async pause(): Promise<void> {
    if (performance.now() < this._next) return;
    await pause();
    this._next = performance.now() + EVERY;
  }
}

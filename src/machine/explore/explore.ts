// Search for races: a program runs under one schedule after another until a property is violated. Schedules
// are ordered by the number of departures from the default one (round-robin): none, then every single
// departure, then every two. Musuvathi and Qadeer, "Iterative context bounding for systematic testing of
// multithreaded programs", PLDI 2007; counting every departure and not preemptions alone is Emmi, Qadeer and
// Rakamarić, "Delay-bounded scheduling", POPL 2011.
import type { BootOptions } from "../boot.ts";
import { Machine } from "../machine.ts";
import type { Program } from "../options.ts";
import type { Run } from "../run.ts";
import { type Departure, Follower, parseSchedule, scheduleText } from "../schedule.ts";
import { inShard } from "../shard.ts";
import type { Exploration, ExploreOptions, Violation } from "./options.ts";
import { PropertyChecker } from "./property.ts";

/** Options as the command line gives them. */
export type SearchOptions = Omit<ExploreOptions, "code"> & BootOptions & { readonly tried?: ((schedules: number) => void) | undefined };

const DEPARTURES = 2;
const SECONDS = 60;
/** Virtual nanoseconds: of the default schedule, and of the others beside ten times its own. */
const FIRST_LIMIT = 60e9;
const EXTRA = 10e6;

class Search {
  readonly program: Program;
  readonly options: SearchOptions;
  private readonly _until: number;
  private _memory: WebAssembly.Memory | undefined = undefined;
  /** Virtual nanoseconds that a run may take. */
  private _limit = FIRST_LIMIT;
  schedules = 0;

  constructor(program: Program, options: SearchOptions) {
    this.program = program;
    this.options = options;
    this._until = performance.now() + (options.seconds ?? SECONDS) * 1000;
  }

  /** One run: its violation, and the tasks that could run at each point. */
  run(departures: readonly Departure[]): { readonly violated: string | undefined; readonly points: Follower["points"] } {
    const checker = new PropertyChecker(this.options);
    const follower = new Follower(departures);
    const machine = new Machine(this.options, this._memory);
    machine.kernel.observer = checker;
    machine.follow(follower, this.options.slice);
    const closed = machine.runClosed(this.program, this.options, this._limit);
    this._memory = machine.giveUp();
    follower.check();
    this.options.tried?.(this.schedules + 1);
    if (this.schedules++ === 0) this._limit = closed.run.stats.nanoseconds * 10 + EXTRA;
    return { violated: checker.judge(closed), points: follower.points };
  }
  get exhausted(): boolean {
    return performance.now() > this._until || this.schedules >= (this.options.schedules ?? Infinity);
  }

  /**
   * All schedules that begin with these departures and have so many more, up to the first violation.
   * Schedules with fewer departures were judged on earlier levels. They run again for their list of choices,
   * which is cheap compared with the schedules below them.
   */
  async search(departures: readonly Departure[], more: number): Promise<Omit<Violation, "run"> | "exhausted" | undefined> {
    if (this.exhausted) return "exhausted";
    const { violated, points } = this.run(departures);
    if (violated !== undefined) return { what: violated, schedule: this.text(departures) };
    // The event loop of the host continues.
    if (more === 0) return void (await new Promise((resolve) => setTimeout(resolve, 0)));
    const { shard } = this.options;
    let item = 0;
    for (let point = (departures.at(-1)?.point ?? -1) + 1; point < points.length; point++) {
      for (const task of points[point] as readonly number[]) {
        if (shard && departures.length === 0 && !inShard(shard, item++)) continue;
        const found = await this.search([...departures, { point, task }], more - 1);
        if (found) return found;
      }
    }
    return undefined;
  }
  text(departures: readonly Departure[]): string {
    const { slice } = this.options;
    return scheduleText({ departures, ...(slice === undefined ? {} : { slice }) });
  }
  /** The same run with a trace of all tasks. */
  traced(schedule: string): Run {
    const options = { ...this.options, schedule, trace: { follow: true } };
    return new Machine(options).runClosed(this.program, options, this._limit).run;
  }
}

/** Look for a schedule that violates one of the properties. */
export const explore = async (program: Program, options: SearchOptions = {}): Promise<Exploration> => {
  const begun = performance.now();
  const bound = options.departures ?? DEPARTURES;
  const search = new Search(program, options);
  let complete = -1;
  let found: Awaited<ReturnType<Search["search"]>>;
  for (; complete < bound; complete++) {
    found = await search.search([], complete + 1);
    if (found) break;
  }
  const milliseconds = performance.now() - begun;
  const violation = typeof found === "object" ? { ...found, run: search.traced(found.schedule) } : undefined;
  return { violation, schedules: search.schedules, complete, bound, milliseconds };
};

/** Runs one schedule again and reports a violation, if there is one. */
export const replay = (program: Program, { schedule, ...options }: SearchOptions & { readonly schedule: string }): string | undefined => {
  const { departures, slice } = parseSchedule(schedule);
  return new Search(program, { ...options, ...(slice === undefined ? {} : { slice }) }).run(departures).violated;
};

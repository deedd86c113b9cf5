// A schedule: the scheduling points at which a run departs from the default order, with the task that runs
// instead. The same program with the same options and schedule gives the same run. As text:
// `POINT:TASK,…[/SLICE]`, such as `17:4,23:3`, or `default`. TASK is a thread id. SLICE is the length of a
// time slice in instructions. POINT is a number (points with a choice, counted from 0), or a place:
// `3@1200` is before task 3's instruction 1200. A letter names another kind of point there: `3@1200c`
// (letters below; `t`: no other task could run, but time could pass until a deadline). `3@1200m2` is before
// the second read of user memory by its call. `3@1200>4@800` is not
// about a task: task 3's store at instruction 1200 stays in its store buffer, and leaves at the point 4@800,
// or with `3@1200>f` at the task's next fence.
import type { Kernel } from "../kernel/core/kernel.ts";
import type { CallReads, Chooser, PointKind } from "../kernel/core/scheduling.ts";
import type { Task } from "../kernel/core/task.ts";
import { SplitReads } from "../kernel/entry/split-reads.ts";
import { Problem } from "../problem.ts";

/** A scheduling point at which another task than the default one runs. */
export interface Departure {
  /** Its number, or its place. */
  readonly point: number | string;
  readonly task: number;
}
/** A store that other tasks see late (store-buffers.ts). */
export interface Delay {
  /** The place of the store. */
  readonly store: string;
  /** The point at which it leaves the buffer, or `f`: at a fence. */
  readonly until: string;
}
/** All departures of a run, in order, late stores, and the length of a slice. */
export interface Schedule {
  readonly departures: readonly Departure[];
  readonly delays?: readonly Delay[];
  /** Instructions. Absent: the scheduler's default, a million. */
  readonly slice?: number;
}

const DEFAULT = "default";

/** A schedule as text. `parseSchedule` reads it. */
export const scheduleText = ({ departures, delays = [], slice }: Schedule): string => {
  const list = [...departures.map(({ point, task }) => `${point}:${task}`), ...delays.map(({ store, until }) => `${store}>${until}`)];
  return (list.join(",") || DEFAULT) + (slice === undefined ? "" : `/${slice}`);
};

const malformed = (text: string): Problem =>
  new Problem("bad-schedule", `"${text}" is no schedule`, { help: "a schedule is such as 17:4,23:3, as trapgate explore prints it" });

/** The text of a place. */
const PLACE = String.raw`\d{1,9}@\d{1,15}(?:(?:[ckrn]t?|t|m\d{1,9}t?)(?:\.\d{1,9})?)?`;
const DEPARTURE = new RegExp(String.raw`^(?:(\d{1,9})|(${PLACE})):(\d{1,9})$`);
const DELAY = new RegExp(String.raw`^(\d{1,9}@\d{1,15})>(f|${PLACE})$`);

const parseDeparture = (one: string, text: string): Departure => {
  const match = DEPARTURE.exec(one);
  if (!match) throw malformed(text);
  const [, number, place, task] = match;
  return { point: number === undefined ? (place as string) : Number(number), task: Number(task) };
};

const parseDelay = (one: string, text: string): Delay => {
  const match = DELAY.exec(one);
  if (!match) throw malformed(text);
  return { store: match[1] as string, until: match[2] as string };
};

/** Reads the text of a schedule. Throws a Problem if it is malformed. */
export const parseSchedule = (text: string): Schedule => {
  const match = /^(default|[\d:,@.ckrnmtf>]+)(?:\/([1-9]\d{0,8}))?$/.exec(text.trim());
  if (!match) throw malformed(text);
  const [, list = DEFAULT, slice] = match;
  const parts = list === DEFAULT ? [] : list.split(",");
  const departures = parts.filter((one) => !one.includes(">")).map((one) => parseDeparture(one, text));
  const delays = parts.filter((one) => one.includes(">")).map((one) => parseDelay(one, text));
  const numbers = departures.map(({ point }) => point).filter((point) => typeof point === "number");
  if (numbers.some((point, i) => i > 0 && point <= (numbers[i - 1] as number))) throw malformed(text);
  return {
    departures,
    ...(delays.length === 0 ? {} : { delays }),
    ...(slice === undefined ? {} : { slice: Number(slice) }),
  };
};

const where: Readonly<Record<PointKind, (task: number) => string>> = {
  call: (task) => `task ${task}, which is about to make a call`,
  checked: (task) => `task ${task}, whose call has been checked and is about to run`,
  return: (task) => `task ${task}, whose call has returned`,
  next: (task) => `task ${task}, whose turn it would be`,
  access: (task) => `task ${task}, which is about to access memory`,
  read: (task) => `task ${task}, whose call is about to read more of its arguments`,
};

/** The letters of places. */
const letters: Readonly<Record<PointKind, string>> = { access: "", call: "c", checked: "k", return: "r", next: "n", read: "m" };

/** The one alternative to a task is that time passes. */
const isOfTime = (candidates: readonly Task[]): boolean => candidates.length === 2 && candidates[1]?.state === "sleeping";

/** Names the points of one run by place, so that a name depends on no other task's points. */
export class PointPlaces {
  /** The task that has run last. */
  last: Task | undefined = undefined;
  private readonly _asked = new Map<string, number>();

  /**
   * The place of a point. `user`: the task's instructions so far. If no task runs, the place is that of the
   * last one. A name does not depend on whether time could pass. `read`: the number of a call's read.
   */
  of(
    kind: PointKind,
    candidates: readonly Task[],
    { user, read = "" }: { user?: number | undefined; read?: number | undefined | "" } = {},
  ): string {
    const current = candidates[0] as Task;
    const task = kind === "next" ? (this.last ?? current) : current;
    const time = isOfTime(candidates) ? "t" : "";
    const place = `${task.pid}@${user ?? task.usage.user}${letters[kind]}${read}${time}`;
    if (kind === "access" || kind === "read") return place;
    const times = this._asked.get(place) ?? 0;
    this._asked.set(place, times + 1);
    return times === 0 ? place : `${place}.${times}`;
  }
}

/** The instruction of a task before which a departure is; undefined for other kinds of points. */
export const stopOf = (point: number | string, task: Task): number | undefined => {
  const [pid, count = ""] = String(point).split("@");
  return Number(pid) === task.pid && /^\d+t?$/.test(count) ? Number.parseInt(count, 10) : undefined;
};

/**
 * Early deadlines of a task in one run: tasks that poll with timeouts must not keep the others from running.
 */
const MOST_EARLY = 5;
/**
 * The deadlines that come early. As on a processor, each of the other tasks may be so slow that a deadline
 * comes before its next step.
 */
export class EarlyDeadlines {
  private readonly _early = new Map<number, number>();
  mayCome({ pid }: Task): boolean {
    return (this._early.get(pid) ?? 0) < MOST_EARLY;
  }
  chosen({ pid, state }: Task): void {
    if (state === "sleeping") this._early.set(pid, (this._early.get(pid) ?? 0) + 1);
  }
}

/** Makes a run follow a schedule, and records the choices at each point. */
export class Follower implements Chooser {
  private readonly _departures: readonly Departure[];
  private _taken = 0;
  protected readonly places = new PointPlaces();
  private readonly _early = new EarlyDeadlines();
  /** At each counted point, thread ids of the tasks that could run instead of the default one. */
  readonly points: (readonly number[])[] = [];
  /** Called with a sentence for each departure. */
  onDeparture: ((what: string) => void) | undefined = undefined;

  constructor(departures: readonly Departure[]) {
    this._departures = departures;
  }

  /** Departures by number have been made without regard to time. */
  letsTimePass(task: Task): boolean {
    return typeof this._departures[0]?.point === "string" && this._early.mayCome(task);
  }
  splitReads(kernel: Kernel): CallReads | undefined {
    return this._departures.some(({ point }) => /@\d+m/.test(String(point))) ? new SplitReads(kernel) : undefined;
  }
  choose(kind: PointKind, candidates: readonly Task[], read?: number): Task {
    const [usual, ...others] = candidates as readonly [Task, ...Task[]];
    const place = this.places.of(kind, candidates, { read });
    const point = kind === "access" || kind === "read" ? place : this.points.push(others.map((task) => task.pid)) - 1;
    this.reached(place);
    const departure = this._departures[this._taken];
    if (departure?.point !== point && departure?.point !== place) return usual;
    this._taken++;
    const task = others.find((other) => other.pid === departure.task);
    if (!task) throw this._unfit(`at point ${departure.point} there is no task ${departure.task} that could run instead`);
    this._early.chosen(task);
    const runs = task.state === "sleeping" ? "'s time has come: it runs" : " runs";
    this.onDeparture?.(`task ${task.pid}${runs} before ${where[kind](usual.pid)}`);
    return task;
  }

  /** A point is reached. */
  protected reached(_place: string): void {}
  before(task: Task): number {
    this.places.last = task;
    const departure = this._departures[this._taken];
    const stop = departure && stopOf(departure.point, task);
    if (stop === undefined) return Infinity;
    return stop >= task.usage.user ? stop - task.usage.user : Infinity;
  }
  /** After the run: throws a Problem if a point of the schedule was not reached. */
  check(): void {
    const left = this._departures[this._taken];
    if (left) throw this._unfit(`the run has no point ${left.point}`);
  }
  private _unfit(why: string): Problem {
    return new Problem("bad-schedule", `the schedule is not one of this program with these options: ${why}`);
  }
}

// A schedule: the scheduling points at which a run departs from the default order, with the task that runs
// instead. The same program with the same options and schedule gives the same run. As text:
// `POINT:TASK,…[/SLICE]`, such as `17:4,23:3`, or `default`. Points with a choice are counted from 0. TASK is
// a thread id. SLICE is the length of a time slice in instructions.
import type { Chooser, PointKind } from "../kernel/base/scheduling.ts";
import type { Task } from "../kernel/task/task.ts";
import { Problem } from "../problem.ts";

/** A scheduling point at which another task than the default one runs. */
export interface Departure {
  readonly point: number;
  readonly task: number;
}
/** All departures of a run, in order, and the length of a slice. */
export interface Schedule {
  readonly departures: readonly Departure[];
  /** Instructions. Absent: the scheduler's default, a million. */
  readonly slice?: number;
}

const DEFAULT = "default";

/** A schedule as text. `parseSchedule` reads it. */
export const scheduleText = ({ departures, slice }: Schedule): string =>
  (departures.map(({ point, task }) => `${point}:${task}`).join(",") || DEFAULT) + (slice === undefined ? "" : `/${slice}`);

const malformed = (text: string): Problem =>
  new Problem("bad-schedule", `"${text}" is no schedule`, { help: "a schedule is such as 17:4,23:3, as trapgate explore prints it" });

/** Reads the text of a schedule. Throws a Problem if it is malformed. */
export const parseSchedule = (text: string): Schedule => {
  const match = /^(default|\d{1,9}:\d{1,9}(?:,\d{1,9}:\d{1,9})*)(?:\/([1-9]\d{0,8}))?$/.exec(text.trim());
  if (!match) throw malformed(text);
  const [, list = DEFAULT, slice] = match;
  const departures = list === DEFAULT ? [] : list.split(",").map((one) => one.split(":").map(Number) as [number, number]);
  if (departures.some(([point], i) => i > 0 && point <= (departures[i - 1] as [number, number])[0])) throw malformed(text);
  return {
    departures: departures.map(([point, task]) => ({ point, task })),
    ...(slice === undefined ? {} : { slice: Number(slice) }),
  };
};

const where: Readonly<Record<PointKind, (task: number) => string>> = {
  call: (task) => `task ${task}, which is about to make a call`,
  checked: (task) => `task ${task}, whose call has been checked and is about to run`,
  return: (task) => `task ${task}, whose call has returned`,
  next: (task) => `task ${task}, whose turn it would be`,
};

/** Makes a run follow a schedule, and records the choices at each point. */
export class Follower implements Chooser {
  private readonly _departures: readonly Departure[];
  private _taken = 0;
  /** At each point, thread ids of the tasks that could run instead of the default one. */
  readonly points: (readonly number[])[] = [];
  /** Called with a sentence for each departure. */
  onDeparture: ((what: string) => void) | undefined = undefined;

  constructor(departures: readonly Departure[]) {
    this._departures = departures;
  }

  choose(kind: PointKind, candidates: readonly Task[]): Task {
    const [usual, ...others] = candidates as readonly [Task, ...Task[]];
    const point = this.points.push(others.map((task) => task.pid)) - 1;
    const departure = this._departures[this._taken];
    if (departure?.point !== point) return usual;
    this._taken++;
    const task = others.find((other) => other.pid === departure.task);
    if (!task) throw this._unfit(`at point ${point} there is no task ${departure.task} that could run instead`);
    this.onDeparture?.(`task ${task.pid} runs before ${where[kind](usual.pid)}`);
    return task;
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

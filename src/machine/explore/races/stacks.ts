// The stacks of accesses: their schedule runs again, and stops at their instructions.
import type { Task } from "../../../kernel/core/task.ts";
import { type Departure, Follower } from "../../schedule.ts";
import { backtrace } from "../../stack/backtrace.ts";
import type { Frame } from "../../stack/frame.ts";
import { dataFile, dataName } from "../../stack/names.ts";

/** A place of a run, and the address that is accessed there. */
export interface WantedPlace {
  readonly pid: number;
  readonly user: number;
  readonly address: number;
}
interface Noted {
  readonly frames: readonly Frame[];
  readonly variable: string;
  /** The file that the variable is of. */
  readonly file: string | undefined;
}
const key = ({ pid, user }: Pick<WantedPlace, "pid" | "user">): string => `${pid}@${user}`;

/** Follows a schedule and notes stacks. */
export class StackFollower extends Follower {
  private readonly _wanted = new Map<number, WantedPlace[]>();
  private readonly _noted = new Map<string, Noted>();

  constructor(departures: readonly Departure[], wanted: readonly WantedPlace[]) {
    super(departures);
    for (const place of wanted) this._wanted.set(place.pid, [...(this._wanted.get(place.pid) ?? []), place]);
  }
  override before(task: Task): number {
    let next = super.before(task);
    const { user } = task.usage;
    for (const place of this._wanted.get(task.pid) ?? []) {
      if (place.user > user) next = Math.min(next, place.user - user);
      else if (place.user === user && !this._noted.has(key(place)))
        this._noted.set(key(place), {
          frames: backtrace(task, true, true),
          variable: dataName(task, place.address),
          file: dataFile(task, place.address),
        });
    }
    return next;
  }
  at(place: Pick<WantedPlace, "pid" | "user">): Noted | undefined {
    return this._noted.get(key(place));
  }
}

// A schedule by places as a strategy: departures and late stores, as far as they fit.
import type { Delay, Departure } from "../schedule.ts";
import type { Candidate, Strategy } from "./strategy.ts";

/** A departure, or a store that leaves late. */
export type Move = Departure | Delay;
const departuresOf = (moves: readonly Move[]): Departure[] => moves.filter((move) => "point" in move);
const delaysOf = (moves: readonly Move[]): Delay[] => moves.filter((move) => "store" in move);

/** Departures and late stores by place, as far as they fit. */
export class ScheduleScript implements Strategy {
  private readonly _tasks: ReadonlyMap<string, number>;
  private readonly _delays: ReadonlyMap<string, string>;
  constructor(moves: readonly Move[]) {
    this._tasks = new Map(departuresOf(moves).map(({ point, task }) => [String(point), task]));
    this._delays = new Map(delaysOf(moves).map(({ store, until }) => [store, until]));
  }
  begin(): void {}
  choose(candidates: readonly Candidate[], place: string): number {
    // Stores leave at once unless they are late ones.
    const leaving = candidates.findIndex(({ store }) => store !== undefined && (this._delays.get(store) ?? place) === place);
    if (leaving >= 0) return leaving;
    const pid = this._tasks.get(place);
    return Math.max(
      0,
      candidates.findIndex((candidate) => candidate.pid === pid),
    );
  }
  executed(): void {}
  starves(): void {}
}

/** The same, with a list of the other departures that its run could make. */
export class Alternatives extends ScheduleScript {
  readonly departures: Departure[] = [];
  override choose(candidates: readonly Candidate[], place: string): number {
    const chosen = super.choose(candidates, place);
    candidates.forEach(({ pid, store }, i) => {
      if (i > 0 && i !== chosen && store === undefined) this.departures.push({ point: place, task: pid });
    });
    return chosen;
  }
}

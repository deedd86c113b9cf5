// The data races of an exploration: each that a run shows is looked for once more under the same schedule,
// since a run may meet a word before it is known to be used atomically; then the stacks are taken.
import type { Departure } from "../schedule.ts";
import type { RacingPair } from "./directed.ts";
import type { ObservedRun } from "./observer.ts";
import { type Race, type RacingAccess, SyncBytes } from "./races/detector.ts";
import { concernsProgram, type DataRace, ignoredRaces, type RaceAccess, racePlaces } from "./races/report.ts";
import { StackFollower } from "./races/stacks.ts";
import type { PointsAt } from "./run/points.ts";
import { ScheduleScript } from "./script.ts";
import type { Trials } from "./trials.ts";

/** Runs for one schedule until nothing new is learnt of it. */
const MOST_RUNS = 5;
/** Races whose stacks are taken, for one exploration. */
const MOST_RACES = 1000;

const kindOf = ({ writes, isAtomic }: RacingAccess): RaceAccess["kind"] => `${isAtomic ? "atomic " : ""}${writes ? "write" : "read"}`;

/** All races so far. */
export class DataRaces {
  readonly syncs = new SyncBytes();
  readonly found: DataRace[] = [];
  /** Races that files name as benign. */
  ignored = 0;
  private readonly _isIgnored: (race: DataRace) => boolean;
  /** By instructions and by lines. */
  private readonly _seen = new Set<string>();
  private readonly _places = new Set<string>();
  /** Reported races whose other order no schedule was directed to yet. */
  readonly pairs: RacingPair[] = [];

  constructor(ignore: string | undefined) {
    this._isIgnored = ignore === undefined ? () => false : ignoredRaces(ignore);
  }

  /** Takes up the races of a run. */
  collect(trials: Trials, at: PointsAt, run: ObservedRun): void {
    if (!this._news(run.races()).length) return;
    const { departures } = run;
    let confirmed: ReadonlyMap<string, Race> = new Map();
    const learnt = (): string => [this.syncs.known, trials.words.words, trials.words.pages].join();
    for (let n = 0, before = ""; n < MOST_RUNS && before !== learnt(); n++) {
      before = learnt();
      confirmed = trials.again(() => trials.observe(new ScheduleScript(departures), at).observed.races());
    }
    const news = this._news(confirmed);
    if (news.length === 0) return;
    for (const [key] of news) this._seen.add(key);
    this._report(
      trials,
      departures,
      news.map(([, race]) => race),
    );
  }
  private _news(races: ReadonlyMap<string, Race>): [string, Race][] {
    return this._seen.size < MOST_RACES ? [...races].filter(([key]) => !this._seen.has(key)) : [];
  }
  private _report(trials: Trials, departures: readonly Departure[], races: readonly Race[]): void {
    const places = races.flatMap(({ address, accesses }) => accesses.map(({ pid, user }) => ({ pid, user, address })));
    const stacks = trials.stacks(() => new StackFollower(departures, places));
    const schedule = trials.text(departures);
    for (const { bytes, accesses } of races) {
      const [a, b] = accesses.map((one): RaceAccess => {
        const { pid, user } = one;
        return { task: pid, kind: kindOf(one), place: `${pid}@${user}`, frames: stacks.at(one)?.frames ?? [] };
      }) as [RaceAccess, RaceAccess];
      const race = { variable: stacks.at(accesses[1])?.variable ?? "", bytes, accesses: [a, b], schedule } as const;
      if (!concernsProgram(race.accesses, stacks.at(accesses[1])?.file) || this._places.has(racePlaces(race))) continue;
      this._places.add(racePlaces(race));
      if (this._isIgnored(race)) this.ignored++;
      else {
        this.found.push(race);
        this.pairs.push({ first: accesses[0].ip, second: accesses[1].ip });
      }
    }
  }
}

// The observers of one kernel as one observer: each gets each event, in the order in which they came.
import type { Observer } from "../../kernel/observer.ts";

type Event = keyof Observer;
type Arguments<K extends Event> = Parameters<Extract<Observer[K], (...told: never[]) => unknown>>;

/** A list of observers. */
class Observers implements Required<Observer> {
  private readonly _list: readonly Observer[];
  /** True if one of them needs calls at their doors. Without one a call takes the short way. */
  readonly checksCalls: boolean;

  constructor(list: readonly Observer[]) {
    this._list = [...list];
    this.checksCalls = list.some((observer) => observer.checksCalls !== false);
  }
  private _tell<K extends Event>(name: K, tell: (observer: Pick<Required<Observer>, K>) => void): void {
    for (const observer of this._list) if (observer[name]) tell(observer as Pick<Required<Observer>, K>);
  }
  /** The last injection counts. */
  enter(...told: Arguments<"enter">): ReturnType<Required<Observer>["enter"]> {
    let injected: ReturnType<Required<Observer>["enter"]>;
    this._tell("enter", (o) => {
      injected = o.enter(...told) ?? injected;
    });
    return injected;
  }
  evaluated(...told: Arguments<"evaluated">): void {
    this._tell("evaluated", (o) => o.evaluated(...told));
  }
  runs(...told: Arguments<"runs">): void {
    this._tell("runs", (o) => o.runs(...told));
  }
  leave(...told: Arguments<"leave">): void {
    this._tell("leave", (o) => o.leave(...told));
  }
  filtered(...told: Arguments<"filtered">): void {
    this._tell("filtered", (o) => o.filtered(...told));
  }
  decided(...told: Arguments<"decided">): void {
    this._tell("decided", (o) => o.decided(...told));
  }
  attached(...told: Arguments<"attached">): void {
    this._tell("attached", (o) => o.attached(...told));
  }
  signal(...told: Arguments<"signal">): void {
    this._tell("signal", (o) => o.signal(...told));
  }
  ignored(...told: Arguments<"ignored">): void {
    this._tell("ignored", (o) => o.ignored(...told));
  }
  crashed(...told: Arguments<"crashed">): void {
    this._tell("crashed", (o) => o.crashed(...told));
  }
  stopped(...told: Arguments<"stopped">): void {
    this._tell("stopped", (o) => o.stopped(...told));
  }
  ended(...told: Arguments<"ended">): void {
    this._tell("ended", (o) => o.ended(...told));
  }
  started(...told: Arguments<"started">): void {
    this._tell("started", (o) => o.started(...told));
  }
  executed(...told: Arguments<"executed">): void {
    this._tell("executed", (o) => o.executed(...told));
  }
  logged(...told: Arguments<"logged">): void {
    this._tell("logged", (o) => o.logged(...told));
  }
}

/** Several observers as one. */
export const all = (list: readonly Observer[]): Observer => new Observers(list);

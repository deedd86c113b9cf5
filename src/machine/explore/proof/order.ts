// The order of a run's events: which happen before which, by vector clocks, and the races among them: pairs
// that another order could change. For the search (dpor.ts).
import { type DporEvent, dependent } from "./events.ts";
import { type PlacedAccess, reportHidden, resolve } from "./hidden.ts";

/** The state before an event. */
export interface Choice {
  readonly enabled: readonly number[];
  /** Tasks that wait there before reads that lead nowhere. */
  readonly idle: readonly number[];
  readonly sleep: ReadonlyMap<number, DporEvent>;
  readonly backtrack: Set<number>;
  /** Undefined: the task only waits there for the end of another. */
  readonly done: Map<number, DporEvent | undefined>;
  event: DporEvent;
  /** No other task could go on without a wait. */
  isLast: boolean;
  /** The event read what leads nowhere (fruitless.ts), and no other task could go on. */
  isFruitless: boolean;
}

/** Indices of the last event of each task that happens before a moment. */
type Clock = Map<number, number>;
const includes = (clock: Clock, events: readonly Choice[], i: number): boolean => (clock.get((events[i] as Choice).event.pid) ?? -1) >= i;
const joinInto = (clock: Clock, other: Clock): void => {
  for (const [pid, i] of other) if ((clock.get(pid) ?? -1) < i) clock.set(pid, i);
};

/** The events of one run, of which the first ones are those of the run before. */
export class Order {
  readonly nodes: Choice[] = [];
  /** What happens before each event: of those that the next run repeats they are known. */
  private readonly _clocks: Clock[] = [];

  /**
   * Looks at a run's accesses without events, behind `races`. Returns the gap that they make in the proof.
   */
  hidden(accesses: readonly PlacedAccess[]): string | undefined {
    let gap: string | undefined;
    const clock = (pid: number, own: number): Clock => this._clocks[own < 0 ? this._begun(pid) : own] ?? new Map();
    reportHidden(accesses, { events: this.nodes.map(({ event }) => event), clock }, (a, b) => {
      const found = resolve(a, b);
      gap ??= found;
    });
    return gap;
  }
  /** The event that has made a task. */
  private _begun(pid: number): number {
    return this.nodes.findIndex(({ enabled }) => enabled.includes(pid)) - 1;
  }
  /** Only the first events are those of the next run; of so many the clocks stay. */
  keep(nodes: number, clocks: number): void {
    this.nodes.length = nodes;
    this._clocks.length = Math.min(this._clocks.length, clocks);
  }
  /** The races of the events that this run has not repeated: pairs that another order could change. */
  races(): readonly (readonly [number, number])[] {
    const { nodes, _clocks: clocks } = this;
    const races: [number, number][] = [];
    const last = new Map<number, number>();
    for (let j = 0; j < nodes.length; j++) {
      const { event } = nodes[j] as Choice;
      const { pid } = event;
      const before = last.get(pid);
      last.set(pid, j);
      if (j < clocks.length) continue;
      const clock = this._ownClock(j, before);
      const holder = event.takes ? this._holderBefore(j, event) : undefined;
      if (holder !== undefined && !includes(clock, nodes, holder)) races.push([holder, j]);
      const enabler = this._enablerOf(j, before);
      const hasIdled = enabler !== undefined && nodes.some(({ idle }, k) => k > (before ?? -1) && k <= j && idle.includes(pid));
      // A read that waited to lead somewhere could have come before each of the writes that it waited for.
      const raced = hasIdled ? new Map(clock) : clock;
      if (enabler !== undefined) joinInto(clock, clocks[enabler] as Clock);
      for (let i = j - 1; i >= 0; i--) {
        const { event: other, enabled, idle } = nodes[i] as Choice;
        if (other.pid === pid || !dependent(other, event)) continue;
        if (includes(raced, nodes, i)) {
          // The task waited for a value, and in this state it could have read another one.
          const isOther = enabler !== undefined && !hasIdled && i > (before ?? -1) && enabled.includes(pid);
          if (isOther && !event.takes && !event.joins) races.push([i, j]);
          continue;
        }
        if (hasIdled) joinInto(clock, clocks[i] as Clock);
        if (idle.includes(pid) && i > (before ?? -1) && this._isDirect(i, j)) continue;
        // The end of a thread enables the joiner: there is no other order.
        if (!other.joins && !event.joins) races.push([i, j]);
        joinInto(raced, clocks[i] as Clock);
      }
      clock.set(pid, j);
      clocks.push(clock);
    }
    return races;
  }
  /** Between events i and j, nothing that is independent of event i concerns event j. */
  private _isDirect(i: number, j: number): boolean {
    const { event } = this.nodes[j] as Choice;
    return this.nodes.slice(i + 1, j).every(({ event: other }, n) => {
      const isAfter = includes(this._clocks[i + 1 + n] as Clock, this.nodes, i);
      return isAfter || other.pid === event.pid || !dependent(other, event);
    });
  }
  /** What happens before event j by its task alone: its event `before`, or the task's beginning. */
  private _ownClock(j: number, before: number | undefined): Clock {
    const { pid } = (this.nodes[j] as Choice).event;
    const begun = before ?? this._begun(pid);
    return new Map(begun >= 0 && begun < j ? this._clocks[begun] : []);
  }
  /**
   * The event of another task that has taken the mutex which event j takes, before its last release. Between
   * the two no other order of j is possible, so the race is that of j with the taking (JACM 2017, 7.2).
   */
  private _holderBefore(j: number, { pid, space, address, bytes }: DporEvent): number | undefined {
    const takes = (one: DporEvent): boolean =>
      (one.wasFree && one.space === space && one.address < address + bytes && address < one.address + one.bytes) || one.more.some(takes);
    for (let i = j - 1; i >= 0; i--) {
      const { event } = this.nodes[i] as Choice;
      if (takes(event)) return event.pid === pid ? undefined : i;
    }
    return undefined;
  }
  /** The event that has made the task of event j runnable, since its event `before`. */
  private _enablerOf(j: number, before = -1): number | undefined {
    const { pid } = (this.nodes[j] as Choice).event;
    for (let k = j; k > before; k--) {
      const { enabled, event } = this.nodes[k] as Choice;
      // A single task that runs was not asked about: others may have been runnable.
      if (!enabled.includes(pid) && event.pid !== pid) return k;
    }
    return undefined;
  }
  /**
   * The tasks that can be first, of the events that do not happen after event i, and then event j: no other
   * of these events happens before the task's first one.
   */
  initials(i: number, j: number): number[] {
    const { nodes, _clocks: clocks } = this;
    const begun = new Map<number, number>();
    const initials: number[] = [];
    for (let k = i + 1; k <= j; k++) {
      const clock = clocks[k] as Clock;
      const { event, isFruitless } = nodes[k] as Choice;
      if (k < j && (includes(clock, nodes, i) || isFruitless)) continue;
      const { pid } = event;
      if (begun.has(pid)) continue;
      let isFirst = true;
      for (const [other, from] of begun) if ((clock.get(other) ?? -1) >= from) isFirst = false;
      if (isFirst) initials.push(pid);
      begun.set(pid, k);
    }
    return initials;
  }
  /** The trace as text: the order of each two accesses that depend on each other. */
  trace(): string {
    const count = new Map<number, number>();
    const accesses = this.nodes.flatMap(({ event }) => {
      const n = (count.get(event.pid) ?? 0) + 1;
      count.set(event.pid, n);
      return event.call === undefined && !event.joins ? [{ event, name: `${event.pid}.${n}` }] : [];
    });
    const pairs = accesses.flatMap((a, i) =>
      accesses.slice(i + 1).flatMap((b) => (a.event.pid !== b.event.pid && dependent(a.event, b.event) ? [`${a.name}<${b.name}`] : [])),
    );
    return pairs.sort().join(" ");
  }
  /**
   * The event that has taken the mutex for which a task still waits at the end of the run, if the task could
   * have come before it; then `reverse` is called, while the task's event is the last one.
   */
  waited(pid: number, last: DporEvent, reverse: (i: number, j: number) => void): void {
    const { nodes, _clocks: clocks } = this;
    const j = nodes.length;
    const rest = { idle: [], sleep: new Map(), backtrack: new Set<number>(), done: new Map(), isLast: true, isFruitless: false };
    nodes.push({ enabled: [pid], event: last, ...rest });
    const before = nodes.findLastIndex((node, n) => n < j && node.event.pid === pid);
    const clock = this._ownClock(j, before < 0 ? undefined : before);
    const holder = this._holderBefore(j, last);
    const isRace = holder !== undefined && !includes(clock, nodes, holder);
    clock.set(pid, j);
    clocks.push(clock);
    if (isRace) reverse(holder, j);
    nodes.length = clocks.length = j;
  }
}

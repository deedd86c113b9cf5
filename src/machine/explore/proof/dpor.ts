// Dynamic partial order reduction. Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order
// Reduction", POPL 2014, algorithm 1 (source sets and sleep sets). Schedules that differ only in the order of
// independent events are one Mazurkiewicz trace, and each trace is run. Where all have run without a
// violation, none of the program's schedules has one.
import type { Candidate, PendingEvent, Strategy } from "../strategy.ts";
import { type DporEvent, dependent, ENDS, noted, stillAsleep, YIELDS } from "./events.ts";

/** The state before an event. */
interface Node {
  readonly enabled: readonly number[];
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
const includes = (clock: Clock, events: readonly Node[], i: number): boolean => (clock.get((events[i] as Node).event.pid) ?? -1) >= i;
const joinInto = (clock: Clock, other: Clock): void => {
  for (const [pid, i] of other) if ((clock.get(pid) ?? -1) < i) clock.set(pid, i);
};

/** The search. One object serves one exploration of one program. */
export class Dpor implements Strategy {
  readonly seesAll = true;
  /** All interleavings instead of one for each trace: to check the reduction. */
  private readonly _all: boolean;
  private _nodes: Node[] = [];
  /** What happens before each event: of those that the next run repeats they are known. */
  private readonly _clocks: Clock[] = [];
  /** Nodes that a run repeats. */
  private _prefix = 0;
  private _at = 0;
  private _enabled: readonly number[] = [];
  private _sleep: ReadonlyMap<number, DporEvent> = new Map();
  /** The last event, after which the sleeping tasks are not known yet: it may be a section that goes on. */
  private _last: Node | undefined;
  /** Tasks that have used their slices since the last event of another one. */
  private readonly _tired = new Set<number>();
  /** Others would have gone on without an end when the process ended. */
  isCut = false;
  private _spaces = new Map<object, number>();
  private _starving = 0;
  /** Tasks that wait for mutexes at the last choice. */
  private _waiting: readonly Candidate[] = [];
  /** All enabled tasks sleep: another run has had this trace. */
  private _isBlocked = false;
  /** The event of the run after which its task goes nowhere, while others could go on; -1: none. */
  private _fruitlessAt = -1;
  private _isLast = false;
  /** A run did not repeat its beginning. */
  isUnsteady = false;
  /** Complete runs, one a trace; and runs that sleep sets have cut. */
  traces = 0;
  blocked = 0;
  /** The traces of a search of all interleavings. */
  readonly seen = new Set<string>();

  constructor(all = false) {
    this._all = all;
  }
  begin(): void {
    this._at = 0;
    this._enabled = [];
    this._sleep = new Map();
    this._spaces = new Map();
    this._starving = 0;
    this._last = undefined;
    this._waiting = [];
    this._tired.clear();
    this._fruitlessAt = -1;
    this._isBlocked = this.isUnsteady = this.isCut = false;
  }
  /** From the start: the runs have shown more shared words. */
  restart(): void {
    this._nodes = [];
    this._clocks.length = 0;
    this._prefix = this.traces = this.blocked = 0;
    this.seen.clear();
  }

  choose(candidates: readonly Candidate[]): number {
    this._fallAsleep();
    const awake = candidates.filter(({ waits, spins, idles, event }) => !waits && !spins && !idles && event?.call !== ENDS);
    const idle = candidates.filter(({ waits, spins, idles }) => idles && !waits && !spins);
    const ends = candidates.filter(({ event, spins }) => event?.call === ENDS && !spins);
    const isOver = ends.length + idle.length > 0 && awake.every(({ pid }) => this._tired.has(pid));
    if (isOver && awake.length > 0) this.isCut = true;
    const joiners = candidates.filter(({ spins }) => !spins);
    const lists = isOver ? [idle, ends] : [awake, joiners, candidates.slice(0, 1)];
    const free = lists.find(({ length }) => length > 0) ?? [];
    this._enabled = free.map(({ pid }) => pid);
    this._isLast = isOver || awake.length === 0;
    this._waiting = candidates.filter(({ waits, event }) => waits && event?.takes);
    const index = (pid: number | undefined): number => candidates.findIndex((one) => one.pid === pid);
    if (this._at < this._prefix && !this._isBlocked) {
      const wanted = index((this._nodes[this._at] as Node).event.pid);
      if (wanted < 0) this.isUnsteady = true;
      // A look at a thread that lives changes nothing: other tasks go first.
      const { waits = false, spins = false, idles = false } = candidates[wanted] ?? {};
      if (awake.length === 0 || !(waits || spins || idles)) return Math.max(0, wanted);
      this._isBlocked = true;
      return index(awake[0]?.pid);
    }
    const open = free.filter(({ pid }) => !this._sleep.has(pid));
    if (open.length === 0) this._isBlocked = true;
    const list = open.length > 0 ? open : free;
    return index((list.find(({ pid }) => pid !== this._starving) ?? list[0])?.pid);
  }
  executed(pid: number, event: PendingEvent): void {
    if (this._isBlocked || this.isUnsteady) return;
    this._fallAsleep();
    for (const one of this._tired) if (one !== pid) this._tired.delete(one);
    const own = this._noted(pid, event);
    const enabled = this._enabled.includes(pid) ? this._enabled : [pid];
    const n = this._at++;
    if (n < this._prefix) {
      const node = this._nodes[n] as Node;
      if (node.event.pid !== pid) this.isUnsteady = true;
      node.event = own;
      node.isLast = this._isLast;
      node.isFruitless = false;
    } else {
      // No end of the process is behind another one, so each is tried here.
      const backtrack = new Set(this._all || event.call === ENDS ? enabled : [pid]);
      const { _isLast: isLast, _sleep: sleep } = this;
      this._nodes.push({ enabled, sleep, backtrack, done: new Map(), event: own, isLast, isFruitless: false });
    }
    this._isLast = false;
    this._last = this._nodes[n];
    this._enabled = [];
    if (pid !== this._starving) this._starving = 0;
  }
  also(pid: number, event: PendingEvent): void {
    if (this._isBlocked || this.isUnsteady || this._last?.event.pid !== pid) return;
    this._last.event.more.push(this._noted(pid, event));
  }
  /** The values that the task has read last lead nowhere. */
  fruitless(pid: number): void {
    if (this._isBlocked || this.isUnsteady || this._all) return;
    const n = this._nodes.findLastIndex(({ event }, i) => i < this._at && event.pid === pid && event.call !== YIELDS);
    const node = this._nodes[n];
    if (!node) return;
    if (node.isLast || node.enabled.every((one) => one === pid)) node.isFruitless = true;
    else {
      this._fruitlessAt = n;
      this._isBlocked = true;
    }
  }
  private _noted(pid: number, event: PendingEvent): DporEvent {
    let space = this._spaces.get(event.space);
    if (space === undefined) this._spaces.set(event.space, (space = this._spaces.size));
    return noted(pid, space, event);
  }
  private _fallAsleep(): void {
    if (!this._last) return;
    const { sleep, done, event } = this._last;
    this._sleep = this._all ? new Map() : stillAsleep([...sleep, ...done], event);
    this._last = undefined;
  }
  starves(pid: number, isSlice: boolean): void {
    this._starving = pid;
    if (isSlice) this._tired.add(pid);
  }

  /** The races of the events that this run has not repeated: pairs that another order could change. */
  private _races(): readonly (readonly [number, number])[] {
    const [nodes, clocks] = [this._nodes, this._clocks];
    const races: [number, number][] = [];
    const last = new Map<number, number>();
    for (let j = 0; j < nodes.length; j++) {
      const { event } = nodes[j] as Node;
      const { pid } = event;
      const before = last.get(pid);
      last.set(pid, j);
      if (j < clocks.length) continue;
      const clock = this._ownClock(j, before);
      const holder = event.takes ? this._holderBefore(j, event) : undefined;
      if (holder !== undefined && !includes(clock, nodes, holder)) races.push([holder, j]);
      const enabler = this._enablerOf(j, before);
      if (enabler !== undefined) joinInto(clock, clocks[enabler] as Clock);
      for (let i = j - 1; i >= 0; i--) {
        const { event: other, enabled } = nodes[i] as Node;
        if (other.pid === pid || !dependent(other, event)) continue;
        if (includes(clock, nodes, i)) {
          // The task waited for a value, and in this state it could have read another one.
          if (enabler !== undefined && i > (before ?? -1) && !event.takes && !event.joins && enabled.includes(pid)) races.push([i, j]);
          continue;
        }
        // The end of a thread enables the joiner: there is no other order.
        if (!other.joins && !event.joins) races.push([i, j]);
        joinInto(clock, clocks[i] as Clock);
      }
      clock.set(pid, j);
      clocks.push(clock);
    }
    return races;
  }
  /** What happens before event j by its task alone: its event `before`, or the task's beginning. */
  private _ownClock(j: number, before: number | undefined): Clock {
    const { pid } = (this._nodes[j] as Node).event;
    const begun = before ?? this._nodes.findIndex(({ enabled }) => enabled.includes(pid)) - 1;
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
      const { event } = this._nodes[i] as Node;
      if (takes(event)) return event.pid === pid ? undefined : i;
    }
    return undefined;
  }
  /** The event that has made the task of event j runnable, since its event `before`. */
  private _enablerOf(j: number, before = -1): number | undefined {
    const { pid } = (this._nodes[j] as Node).event;
    for (let k = j; k > before; k--) {
      const { enabled, event } = this._nodes[k] as Node;
      // A single task that runs was not asked about: others may have been runnable.
      if (!enabled.includes(pid) && event.pid !== pid) return k;
    }
    return undefined;
  }
  /**
   * Tasks that waited for a mutex up to the end of the run: in another order they take it. Their events are
   * none of the run, so each is only looked at as its last one.
   */
  private _addLast(): void {
    const [nodes, clocks] = [this._nodes, this._clocks];
    const j = nodes.length;
    for (const { pid, event } of this._waiting) {
      if (!event) continue;
      const last = this._noted(pid, event);
      const rest = { sleep: new Map(), backtrack: new Set<number>(), done: new Map(), isLast: true, isFruitless: false };
      nodes.push({ enabled: [pid], event: last, ...rest });
      const before = nodes.findLastIndex((node, n) => n < j && node.event.pid === pid);
      const clock = this._ownClock(j, before < 0 ? undefined : before);
      const holder = this._holderBefore(j, last);
      const isRace = holder !== undefined && !includes(clock, nodes, holder);
      clock.set(pid, j);
      clocks.push(clock);
      if (isRace) this._reverse(holder, j);
      nodes.length = clocks.length = j;
    }
  }
  private _addBacktracks(): void {
    const races = this._races();
    if (this._all) {
      if (!this._isBlocked) this.seen.add(this._trace());
      return;
    }
    for (const [i, j] of races) this._reverse(i, j);
    if (!this._isBlocked) this._addLast();
  }
  /** Lets another run have event j, or one that it needs, before event i. */
  private _reverse(i: number, j: number): void {
    const node = this._nodes[i] as Node;
    const initials = this._initials(i, j);
    const { pid: last } = (this._nodes[j] as Node).event;
    // A run that went nowhere stands for none.
    const isOpen = (pid: number): boolean => !node.done.has(pid) || node.done.get(pid) !== undefined;
    if (initials.some((pid) => node.backtrack.has(pid) && (isOpen(pid) || pid === last))) return;
    const first = initials.find((pid) => node.enabled.includes(pid) && isOpen(pid));
    if (first !== undefined) node.backtrack.add(first);
    else for (const pid of node.enabled) node.backtrack.add(pid);
  }
  /**
   * The tasks that can be first, of the events that do not happen after event i, and then event j: no other
   * of these events happens before the task's first one.
   */
  private _initials(i: number, j: number): number[] {
    const [nodes, clocks] = [this._nodes, this._clocks];
    const begun = new Map<number, number>();
    const initials: number[] = [];
    for (let k = i + 1; k <= j; k++) {
      const clock = clocks[k] as Clock;
      const { event, isFruitless } = nodes[k] as Node;
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
  private _trace(): string {
    const count = new Map<number, number>();
    const accesses = this._nodes.flatMap(({ event }) => {
      const n = (count.get(event.pid) ?? 0) + 1;
      count.set(event.pid, n);
      return event.call === undefined && !event.joins ? [{ event, name: `${event.pid}.${n}` }] : [];
    });
    const pairs = accesses.flatMap((a, i) =>
      accesses.slice(i + 1).flatMap((b) => (a.event.pid !== b.event.pid && dependent(a.event, b.event) ? [`${a.name}<${b.name}`] : [])),
    );
    return pairs.sort().join(" ");
  }
  /** After a run: prepares the next one. False: all traces have run. */
  next(): boolean {
    const isWaiting = this._fruitlessAt < 0 && this._isBlocked && this._at < this._prefix;
    const idle = isWaiting ? this._at : this._fruitlessAt;
    this._nodes.length = idle < 0 ? Math.max(this._at, this._prefix) : idle + 1;
    this._clocks.length = Math.min(this._clocks.length, this._nodes.length);
    if (this._isBlocked) this.blocked++;
    else this.traces++;
    if (!isWaiting) this._addBacktracks();
    if (idle >= 0) this._passOver(idle);
    for (let n = this._nodes.length - 1; n >= 0; n--) {
      const node = this._nodes[n] as Node;
      node.done.set(node.event.pid, n === idle ? undefined : node.event);
      const pid = [...node.backtrack].find((one) => !node.done.has(one) && !node.sleep.has(one));
      if (pid === undefined) continue;
      node.event = { ...node.event, pid };
      this._nodes.length = this._prefix = n + 1;
      this._clocks.length = Math.min(this._clocks.length, n);
      return true;
    }
    return false;
  }
  /** Lets another task run in place of one that goes nowhere. */
  private _passOver(n: number): void {
    const { event, backtrack, done, sleep, enabled } = this._nodes[n] as Node;
    const isOther = (pid: number): boolean => pid !== event.pid && !sleep.has(pid);
    if ([...backtrack].some((pid) => isOther(pid) && (!done.has(pid) || done.get(pid) !== undefined))) return;
    const other = enabled.find((pid) => isOther(pid) && !done.has(pid));
    if (other !== undefined) backtrack.add(other);
  }
}

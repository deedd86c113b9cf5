// Dynamic partial order reduction. Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order
// Reduction", POPL 2014, algorithm 1 (source sets and sleep sets). Schedules that differ only in the order of
// independent events are one Mazurkiewicz trace, and each trace is run. Where all have run without a
// violation, none of the program's schedules has one.
import type { Candidate, PendingEvent, Strategy } from "./strategy.ts";

/** An event of a trace. Spaces are numbered in the order in which a run meets them. */
interface DporEvent {
  readonly pid: number;
  readonly space: number;
  readonly address: number;
  readonly bytes: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** A system call, by its name; undefined: an access to memory. */
  readonly call: string | undefined;
  readonly joins: boolean;
}
/** The state before an event. */
interface Node {
  readonly enabled: readonly number[];
  readonly sleep: ReadonlyMap<number, DporEvent>;
  readonly backtrack: Set<number>;
  /** Undefined: the task only waits there for the end of another. */
  readonly done: Map<number, DporEvent | undefined>;
  event: DporEvent;
}

/** Calls that end the process: no other task goes on. */
const ENDS = /^exit_group$|^execve/;
/** Calls whose only object is a word of memory. */
const ON_WORDS = /^futex|^exit$/;

/** True if the order of two events of different tasks can matter. */
const dependent = (a: DporEvent, b: DporEvent): boolean => {
  if ((a.call !== undefined && ENDS.test(a.call)) || (b.call !== undefined && ENDS.test(b.call))) return true;
  const overlap = a.space === b.space && a.address < b.address + b.bytes && b.address < a.address + a.bytes;
  if (a.call === undefined || b.call === undefined)
    return overlap && (a.writes || b.writes) && (a.reads || a.writes) && (b.reads || b.writes);
  if (ON_WORDS.test(a.call) || ON_WORDS.test(b.call)) return overlap;
  // Other calls: what the kernel does for one may be seen by another.
  return true;
};

/** The tasks that go on to sleep after an event: theirs are independent of it. */
const stillAsleep = (sleep: readonly (readonly [number, DporEvent | undefined])[], after: DporEvent): ReadonlyMap<number, DporEvent> =>
  new Map(sleep.flatMap(([pid, event]) => (event && pid !== after.pid && !dependent(event, after) ? [[pid, event]] : [])));

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
  /** Nodes that a run repeats. */
  private _prefix = 0;
  private _at = 0;
  private _enabled: readonly number[] = [];
  private _sleep: ReadonlyMap<number, DporEvent> = new Map();
  private _spaces = new Map<object, number>();
  private _starving = 0;
  /** All enabled tasks sleep: another run has had this trace. */
  private _isBlocked = false;
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
    this._isBlocked = this.isUnsteady = false;
  }
  /** From the start: the runs have shown more shared words. */
  restart(): void {
    this._nodes = [];
    this._prefix = this.traces = this.blocked = 0;
    this.seen.clear();
  }

  choose(candidates: readonly Candidate[]): number {
    const awake = candidates.filter(({ waits }) => !waits);
    const free = awake.length > 0 ? awake : candidates;
    this._enabled = free.map(({ pid }) => pid);
    const index = (pid: number | undefined): number => candidates.findIndex((one) => one.pid === pid);
    if (this._at < this._prefix) {
      const wanted = index((this._nodes[this._at] as Node).event.pid);
      if (wanted < 0) this.isUnsteady = true;
      // A look at a thread that lives changes nothing: other tasks go first.
      if (awake.length === 0 || !candidates[wanted]?.waits) return Math.max(0, wanted);
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
    let space = this._spaces.get(event.space);
    if (space === undefined) this._spaces.set(event.space, (space = this._spaces.size));
    const { address, bytes, reads, writes, call, joins = false } = event;
    const noted: DporEvent = { pid, space, address, bytes, reads, writes, call, joins };
    const enabled = this._enabled.includes(pid) ? this._enabled : [pid];
    const n = this._at++;
    if (n < this._prefix) {
      const node = this._nodes[n] as Node;
      if (node.event.pid !== pid) this.isUnsteady = true;
      node.event = noted;
    } else {
      const backtrack = new Set(this._all ? enabled : [pid]);
      this._nodes.push({ enabled, sleep: this._sleep, backtrack, done: new Map(), event: noted });
    }
    const { sleep, done } = this._nodes[n] as Node;
    this._sleep = this._all ? new Map() : stillAsleep([...sleep, ...done], noted);
    this._enabled = [];
    if (pid !== this._starving) this._starving = 0;
  }
  starves(pid: number): void {
    this._starving = pid;
  }

  /** The clocks of all events, and the races among them: pairs that another order could change. */
  private _races(): { readonly clocks: readonly Clock[]; readonly races: readonly (readonly [number, number])[] } {
    const nodes = this._nodes;
    const clocks: Clock[] = [];
    const races: [number, number][] = [];
    const last = new Map<number, number>();
    for (let j = 0; j < nodes.length; j++) {
      const { event } = nodes[j] as Node;
      const { pid } = event;
      const clock: Clock = new Map();
      const before = last.get(pid);
      if (before !== undefined) joinInto(clock, clocks[before] as Clock);
      const enabler = this._enablerOf(j, before);
      if (enabler !== undefined) joinInto(clock, clocks[enabler] as Clock);
      for (let i = j - 1; i >= 0; i--) {
        const other = (nodes[i] as Node).event;
        if (other.pid === pid || !dependent(other, event) || includes(clock, nodes, i)) continue;
        // The end of a thread enables the joiner: there is no other order.
        if (!other.joins && !event.joins) races.push([i, j]);
        joinInto(clock, clocks[i] as Clock);
      }
      clock.set(pid, j);
      clocks.push(clock);
      last.set(pid, j);
    }
    return { clocks, races };
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
  private _addBacktracks(): void {
    const nodes = this._nodes;
    const { clocks, races } = this._races();
    if (this._all) {
      if (!this._isBlocked) this.seen.add(this._trace());
      return;
    }
    for (const [i, j] of races) {
      const node = nodes[i] as Node;
      // The events that do not happen after event i, and then event j.
      const v = [];
      for (let k = i + 1; k < j; k++) if (!includes(clocks[k] as Clock, nodes, i)) v.push(k);
      v.push(j);
      const initials = new Set<number>();
      for (const [n, k] of v.entries()) {
        const { pid } = (nodes[k] as Node).event;
        const isFirst = !v.slice(0, n).some((m) => (nodes[m] as Node).event.pid === pid || includes(clocks[k] as Clock, nodes, m));
        if (isFirst) initials.add(pid);
      }
      if ([...initials].some((pid) => node.backtrack.has(pid))) continue;
      const first = [...initials].find((pid) => node.enabled.includes(pid));
      if (first !== undefined) node.backtrack.add(first);
      else for (const pid of node.enabled) node.backtrack.add(pid);
    }
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
    const waited = this._isBlocked && this._at < this._prefix ? this._at : -1;
    this._nodes.length = Math.max(this._at, this._prefix);
    if (this._isBlocked) this.blocked++;
    else this.traces++;
    if (waited < 0) this._addBacktracks();
    for (let n = this._nodes.length - 1; n >= 0; n--) {
      const node = this._nodes[n] as Node;
      node.done.set(node.event.pid, n === waited ? undefined : node.event);
      const pid = [...node.backtrack].find((one) => !node.done.has(one) && !node.sleep.has(one));
      if (pid === undefined) continue;
      node.event = { ...node.event, pid };
      this._nodes.length = this._prefix = n + 1;
      return true;
    }
    return false;
  }
}

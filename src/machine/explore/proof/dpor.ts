// Dynamic partial order reduction. Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order
// Reduction", POPL 2014, algorithm 1 (source sets and sleep sets). Schedules that differ only in the order of
// independent events are one Mazurkiewicz trace, and each trace is run. Where all have run without a
// violation, none of the program's schedules has one.
import type { Candidate, PendingEvent, Strategy } from "../strategy.ts";
import { type DporEvent, ENDS, noted, stillAsleep, YIELDS } from "./events.ts";
import type { HiddenAccess, PlacedAccess } from "./hidden.ts";
import { type Choice, Order } from "./order.ts";

/** The search. One object serves one exploration of one program. */
export class Dpor implements Strategy {
  readonly seesAll = true;
  /** All interleavings instead of one for each trace: to check the reduction. */
  private readonly _all: boolean;
  private readonly _order = new Order();
  private readonly _nodes = this._order.nodes;
  /** Nodes that a run repeats. */
  private _prefix = 0;
  private _at = 0;
  private _enabled: readonly number[] = [];
  private _idle: readonly number[] = [];
  private _sleep: ReadonlyMap<number, DporEvent> = new Map();
  /** The last event, after which the sleeping tasks are not known yet: it may be a section that goes on. */
  private _last: Choice | undefined;
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
  /** The same, but tasks before reads that lead nowhere still execute them: their races count. */
  private _isClosing = false;
  /** The event of the run after which its task goes nowhere, while others could go on; -1: none. */
  private _fruitlessAt = -1;
  private _isLast = false;
  /** Accesses of the run without events, and the last event of each task. */
  private _hidden: PlacedAccess[] = [];
  private readonly _lastOf = new Map<number, number>();
  /** Why the traces since the start do not stand for all schedules. */
  gap: string | undefined = undefined;
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
    this._enabled = this._idle = [];
    this._sleep = new Map();
    this._spaces = new Map();
    this._starving = 0;
    this._last = undefined;
    this._waiting = [];
    this._tired.clear();
    this._hidden = [];
    this._lastOf.clear();
    this._fruitlessAt = -1;
    this._isBlocked = this._isClosing = this.isUnsteady = this.isCut = false;
  }
  /** From the start: the runs have shown more shared words. */
  restart(): void {
    this._order.keep(0, 0);
    this._prefix = this.traces = this.blocked = 0;
    this.gap = undefined;
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
    this._idle = idle.map(({ pid }) => pid);
    this._isLast = isOver || awake.length === 0;
    this._waiting = candidates.filter(({ waits, event }) => waits && event?.takes);
    const index = (pid: number | undefined): number => candidates.findIndex((one) => one.pid === pid);
    if (this._at < this._prefix && !this._isBlocked) {
      const wanted = index((this._nodes[this._at] as Choice).event.pid);
      if (wanted < 0) this.isUnsteady = true;
      // A look at a thread that lives changes nothing: other tasks go first.
      const { waits = false, spins = false, idles = false } = candidates[wanted] ?? {};
      // A read that leads nowhere runs once at each place: its races show where it reads other values.
      const isDone = waits || spins || (idles && this._at < this._prefix - 1);
      if (awake.length === 0 || !isDone) return Math.max(0, wanted);
      this._isBlocked = true;
      return index(awake[0]?.pid);
    }
    const open = free.filter(({ pid }) => !this._sleep.has(pid));
    if (!isOver && (open.length === 0 || this._isClosing)) {
      const reader = this._isBlocked ? undefined : idle.find(({ pid }) => !this._sleep.has(pid));
      if (reader) {
        this._isLast = this._isClosing = true;
        this._enabled = this._idle;
        return index(reader.pid);
      }
      this._isBlocked = true;
    }
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
    this._lastOf.set(pid, n);
    if (n < this._prefix) {
      const node = this._nodes[n] as Choice;
      if (node.event.pid !== pid) this.isUnsteady = true;
      node.event = own;
      node.isLast = this._isLast;
      node.isFruitless = false;
    } else {
      // No end of the process is behind another one, so each is tried here.
      const backtrack = new Set(this._all || event.call === ENDS ? enabled : [pid]);
      const { _isLast: isLast, _sleep: sleep, _idle: idle } = this;
      this._nodes.push({ enabled, idle, sleep, backtrack, done: new Map(), event: own, isLast, isFruitless: false });
    }
    this._isLast = false;
    this._last = this._nodes[n];
    this._enabled = this._idle = [];
    if (pid !== this._starving) this._starving = 0;
  }
  also(pid: number, event: PendingEvent): void {
    if (this._isBlocked || this.isUnsteady || this._last?.event.pid !== pid) return;
    this._last.event.more.push(this._noted(pid, event));
  }
  hidden(pid: number, access: HiddenAccess): void {
    if (this._isBlocked || this.isUnsteady) return;
    const own = (this._lastOf.get(pid) ?? -1) - (access.isPart ? 1 : 0);
    this._hidden.push({ access, pid, space: this._numberOf(access.space), own, at: this._at });
  }
  /** The values that the task has read last lead nowhere. */
  fruitless(pid: number): void {
    if (this._isBlocked || this.isUnsteady || this._all) return;
    const n = this._nodes.findLastIndex(({ event }, i) => i < this._at && event.pid === pid && event.call !== YIELDS);
    const node = this._nodes[n];
    if (!node) return;
    if (node.isLast || node.enabled.every((one) => one === pid || node.sleep.has(one))) {
      node.isFruitless = true;
      if (!node.isLast && node.enabled.length > 1) this._isClosing = true;
    } else {
      this._fruitlessAt = n;
      this._isBlocked = true;
    }
  }
  private _noted(pid: number, event: PendingEvent): DporEvent {
    return noted(pid, this._numberOf(event.space), event);
  }
  private _numberOf(space: object): number {
    let number = this._spaces.get(space);
    if (number === undefined) this._spaces.set(space, (number = this._spaces.size));
    return number;
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

  /**
   * Tasks that waited for a mutex up to the end of the run: in another order they take it. Their events are
   * none of the run, so each is only looked at as its last one.
   */
  private _addLast(): void {
    for (const { pid, event } of this._waiting) if (event) this._order.waited(pid, this._noted(pid, event), (i, j) => this._reverse(i, j));
  }
  private _addBacktracks(): void {
    const races = this._order.races();
    const gap = this._order.hidden(this._hidden);
    this.gap ??= gap;
    if (this._all) {
      if (!this._isBlocked) this.seen.add(this._order.trace());
      return;
    }
    for (const [i, j] of races) this._reverse(i, j);
    if (!this._isBlocked) this._addLast();
  }
  /** Lets another run have event j, or one that it needs, before event i. */
  private _reverse(i: number, j: number): void {
    const node = this._nodes[i] as Choice;
    const initials = this._order.initials(i, j);
    const { pid: last } = (this._nodes[j] as Choice).event;
    // A run that went nowhere stands for none.
    const isOpen = (pid: number): boolean => !node.done.has(pid) || node.done.get(pid) !== undefined;
    if (initials.some((pid) => node.backtrack.has(pid) && (isOpen(pid) || pid === last))) return;
    const first = initials.find((pid) => node.enabled.includes(pid) && isOpen(pid));
    if (first !== undefined) node.backtrack.add(first);
    else for (const pid of node.enabled) node.backtrack.add(pid);
  }
  /** After a run: prepares the next one. False: all traces have run. */
  next(): boolean {
    const isWaiting = this._fruitlessAt < 0 && this._isBlocked && this._at < this._prefix;
    const idle = isWaiting ? this._at : this._fruitlessAt;
    const length = idle < 0 ? Math.max(this._at, this._prefix) : idle + 1;
    this._order.keep(length, length);
    if (this._isBlocked) this.blocked++;
    else this.traces++;
    if (!isWaiting) this._addBacktracks();
    if (idle >= 0) this._passOver(idle);
    for (let n = this._nodes.length - 1; n >= 0; n--) {
      const node = this._nodes[n] as Choice;
      node.done.set(node.event.pid, n === idle ? undefined : node.event);
      const pid = [...node.backtrack].find((one) => !node.done.has(one) && !node.sleep.has(one));
      if (pid === undefined) continue;
      node.event = { ...node.event, pid };
      this._prefix = n + 1;
      this._order.keep(n + 1, n);
      return true;
    }
    return false;
  }
  /** Lets another task run in place of one that goes nowhere. */
  private _passOver(n: number): void {
    const { event, backtrack, done, sleep, enabled } = this._nodes[n] as Choice;
    const isOther = (pid: number): boolean => pid !== event.pid && !sleep.has(pid);
    if ([...backtrack].some((pid) => isOther(pid) && (!done.has(pid) || done.get(pid) !== undefined))) return;
    const other = enabled.find((pid) => isOther(pid) && !done.has(pid));
    if (other !== undefined) backtrack.add(other);
  }
}

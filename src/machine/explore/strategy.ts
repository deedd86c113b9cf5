// Searches by sampling: each schedule of a strategy is drawn at random, from what the schedules before have
// shown. The interface, and the strategies without feedback.
import type { HiddenAccess } from "./proof/hidden.ts";
import type { Random } from "./random.ts";

/** An access or a call that a task is about to make. */
export interface PendingEvent {
  /** The instruction. */
  readonly ip: number;
  /** The accessed bytes: the page's address space and address; no bytes for a call. */
  readonly space: object;
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly reads: boolean;
  /** The name of a call: then `address` is that of the word that it concerns, if there is one. */
  readonly call?: string;
  /** An access by the system's libraries. */
  readonly isLibrary?: boolean;
  /** It reads the id of another thread, which the kernel clears at that thread's end. */
  readonly joins?: boolean;
  /** It writes only if the accumulator has the word's value, which is known once the task has stopped. */
  readonly compares?: boolean;
  /** It takes a mutex of the C library, and waits until it is free (mutexes.ts). Only in a proof. */
  readonly takes?: boolean;
  /** It writes a word that is 0, and so may take a mutex. Only in a proof. */
  readonly wasFree?: boolean;
  /** It opens a section that counts as one event (sections.ts). */
  readonly opens?: boolean;
  /** Of calls, only in a proof: proof/calls.ts. */
  readonly status?: number;
  readonly target?: number;
  readonly isWide?: boolean;
}

/** A task that could run. */
export interface Candidate {
  readonly pid: number;
  /** The event that it stops before, if it is known: a task that has not run yet has none. */
  readonly event: PendingEvent | undefined;
  /** No task, but the oldest buffered store of one (`-pid`) that may leave now: the store's place. */
  readonly store?: string;
  /** It waits for the end of a thread, or for a mutex that is held. Only for strategies that see all. */
  readonly waits?: boolean;
  /** It is in a loop that waits for another task (awaits.ts). Only in a proof. */
  readonly spins?: boolean;
  /** What it would read leads nowhere (fruitless.ts). Only in a proof. */
  readonly idles?: boolean;
}

/** Facts of the schedules so far, for the strategies. */
export interface ObservedFacts {
  /** The most points with a choice in a schedule, and the most tasks. */
  points: number;
  tasks: number;
  /** The most events of each task by shared word: SURW draws one. */
  readonly wordEvents: Map<number, Map<number, number>>;
}

/** Draws schedules. One object serves one search. */
export interface Strategy {
  /** It is told of each event, also while one task alone can run; and calls name the words they concern. */
  readonly seesAll?: boolean;
  /** It is told the state at each choice (run/states.ts). */
  readonly seesStates?: boolean;
  /** A new schedule begins. */
  begin(): void;
  /** The index of the candidate that runs. Candidate 0 is the scheduler's own choice. */
  choose(candidates: readonly Candidate[], place: string, state?: number): number;
  /** A task executes the event that it stopped before. `waiting`: the other tasks at points. */
  executed(pid: number, event: PendingEvent, waiting: Iterable<Candidate>): void;
  /** The same, in the section that the task's last event has opened: no other task could run before it. */
  also?(pid: number, event: PendingEvent): void;
  /** An access to a shared word that is no event. Only in a proof. */
  hidden?(pid: number, access: HiddenAccess): void;
  /** The values that the task has read last lead nowhere. Only in a proof. */
  fruitless?(pid: number): void;
  /** A task has used its slice, or spins: the others must run before it. */
  starves(pid: number, isSlice: boolean): void;
  /** The event was an access that read the value of `source`, an instruction, or wrote. */
  observe?(event: PendingEvent, source: number): void;
  /** The schedule is over, and had these pairs of a write and a read. */
  finish?(readsFrom: ReadonlySet<string>): void;
}

/** Two events whose order matters. */
export const conflicts = (a: PendingEvent, b: PendingEvent): boolean =>
  (a.writes || b.writes) && a.space === b.space && a.address < b.address + b.bytes && b.address < a.address + a.bytes;

/** Notes what a strategy is told while nothing can be chosen, to tell it to others. */
export class Notes implements Strategy {
  private readonly _notes: ((strategy: Strategy, seenIn: (space: object) => object) => void)[] = [];
  begin(): void {}
  choose(): number {
    throw new Error("there is a choice in the common beginning of all schedules");
  }
  executed(pid: number, event: PendingEvent): void {
    this._notes.push((strategy, seenIn) => strategy.executed(pid, { ...event, space: seenIn(event.space) }, []));
  }
  starves(pid: number, isSlice: boolean): void {
    this._notes.push((strategy) => strategy.starves(pid, isSlice));
  }
  observe(event: PendingEvent, source: number): void {
    this._notes.push((strategy, seenIn) => strategy.observe?.({ ...event, space: seenIn(event.space) }, source));
  }
  /** `seenIn`: the address space that stands for one. */
  tell(strategy: Strategy, seenIn: (space: object) => object): void {
    for (const note of this._notes) note(strategy, seenIn);
  }
}

/** Whether a task's stores leave late in a schedule: none, all, or some. */
const LATE = ["none", "all", "some"] as const;

/**
 * Stores that leave late in a schedule, and tasks that wait for them. A store that may leave at each point
 * seldom stays until all other tasks have ended.
 */
class LateStores {
  private readonly _random: Random;
  private readonly _late = new Map<number, (typeof LATE)[number]>();
  private readonly _stores = new Map<string, boolean>();
  constructor(random: Random) {
    this._random = random;
  }
  begin(): void {
    this._late.clear();
    this._stores.clear();
  }
  private _isLate({ pid, store = "" }: Candidate): boolean {
    let late = this._late.get(pid);
    if (late === undefined) this._late.set(pid, (late = LATE[this._random.below(LATE.length)] as (typeof LATE)[number]));
    if (late !== "some") return late === "all";
    let isLate = this._stores.get(store);
    if (isLate === undefined) this._stores.set(store, (isLate = this._random.below(2) === 0));
    return isLate;
  }
  /** True if it is such a store, or a task before a call or atomic access, which would drain one. */
  keeps(candidate: Candidate, candidates: readonly Candidate[]): boolean {
    const { pid, event, store } = candidate;
    if (store !== undefined) return this._isLate(candidate);
    if (!event || (event.bytes > 0 && !(event.reads && event.writes))) return false;
    return candidates.some((other) => other.pid === -pid && this._isLate(other));
  }
}

/** A random walk: at each point every candidate is as likely. */
export class RandomWalk implements Strategy {
  private readonly _random: Random;
  private readonly _late: LateStores;
  constructor(random: Random) {
    this._random = random;
    this._late = new LateStores(random);
  }
  begin(): void {
    this._late.begin();
  }
  choose(candidates: readonly Candidate[]): number {
    const free = candidates.flatMap((candidate, i) => (this._late.keeps(candidate, candidates) ? [] : [i]));
    return free[this._random.below(free.length)] ?? this._random.below(candidates.length);
  }
  executed(): void {}
  starves(): void {}
}

/** The index of the greatest number. */
const greatest = (numbers: readonly number[]): number => numbers.indexOf(Math.max(...numbers));

/**
 * Probabilistic concurrency testing. Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler
 * with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010: random priorities, and depth - 1 random steps
 * at which the running task gets the lowest one. A bug of that depth is found with a probability of at least
 * 1/(n k^(d-1)) a schedule, for n tasks and k steps.
 */
export class Pct implements Strategy {
  private readonly _random: Random;
  private readonly _observed: ObservedFacts;
  private readonly _depth: number;
  private _priorities = new Map<number, number>();
  private _changes = new Map<number, number>();
  private _step = 0;
  private _lowest = 0;
  private readonly _late: LateStores;
  /** Tasks that have used a slice and give way until another one has made an event. */
  private readonly _starving = new Set<number>();

  constructor(random: Random, observed: ObservedFacts, depth: number) {
    this._random = random;
    this._observed = observed;
    this._depth = depth;
    this._late = new LateStores(random);
  }
  begin(): void {
    this._late.begin();
    this._starving.clear();
    this._priorities = new Map();
    this._changes = new Map();
    for (let i = 1; i < this._depth; i++) this._changes.set(this._random.below(Math.max(1, this._observed.points)), i / this._depth);
    this._step = this._lowest = 0;
  }
  private _priority(pid: number): number {
    let priority = this._priorities.get(pid);
    // Above those of change points, which are below 1.
    if (priority === undefined) this._priorities.set(pid, (priority = 1 + this._random.fraction()));
    return priority;
  }
  choose(candidates: readonly Candidate[]): number {
    const best = this._greatest(candidates);
    const change = this._changes.get(this._step++);
    if (change === undefined) return best;
    this._priorities.set(Math.abs((candidates[best] as Candidate).pid), change);
    return this._greatest(candidates);
  }
  /** A task and its stores have one priority; late stores leave after all else. */
  private _greatest(candidates: readonly Candidate[]): number {
    return greatest(
      candidates.map((one) => {
        if (this._starving.has(one.pid)) return this._lowest - 2;
        return this._late.keeps(one, candidates) ? this._lowest - 1 - this._random.fraction() : this._priority(Math.abs(one.pid));
      }),
    );
  }
  executed(pid: number): void {
    if (!this._starving.has(pid)) this._starving.clear();
  }
  starves(pid: number, isSlice: boolean): void {
    // A long computation is no wait: its task goes on before others of lower priority.
    if (isSlice) this._starving.add(pid);
    else this._priorities.set(pid, --this._lowest);
  }
}

/** Below all priorities, with all wishes of constraints (feedback.ts). */
const LAST = -3;

/**
 * Partial order sampling. Yuan, Yang, Gu, "Partial Order Aware Concurrency Sampling", CAV 2018: each event
 * has a random priority, and the greatest runs; then the events that conflict with it get new ones.
 */
export class Pos implements Strategy {
  protected readonly random: Random;
  private _priorities = new Map<number, { readonly event: PendingEvent | undefined; readonly priority: number }>();
  /** Tasks that give way until another one has made an event. */
  private readonly _starving = new Set<number>();
  private readonly _late: LateStores;
  constructor(random: Random) {
    this.random = random;
    this._late = new LateStores(random);
  }
  begin(): void {
    this._priorities = new Map();
    this._late.begin();
    this._starving.clear();
  }
  protected priority(candidate: Candidate, candidates: readonly Candidate[]): number {
    const { pid, event, spins, idles, waits } = candidate;
    if (this._starving.has(pid) || spins || idles || waits) return LAST;
    if (this._late.keeps(candidate, candidates)) return LAST + this.random.fraction();
    const known = this._priorities.get(pid);
    if (known && known.event === event) return known.priority;
    const priority = this.random.fraction();
    this._priorities.set(pid, { event, priority });
    return priority;
  }
  choose(candidates: readonly Candidate[], _place?: string, _state?: number): number {
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    candidates.forEach((candidate, i) => {
      const priority = this.priority(candidate, candidates);
      if (priority > most) [best, most] = [i, priority];
    });
    return best;
  }
  /** All events get new priorities. */
  protected redraw(): void {
    this._priorities.clear();
  }
  executed(pid: number, event: PendingEvent, waiting: Iterable<Candidate>): void {
    this._priorities.delete(pid);
    if (!this._starving.has(pid)) this._starving.clear();
    for (const other of waiting) if (other.pid !== pid && other.event && conflicts(event, other.event)) this._priorities.delete(other.pid);
  }
  starves(pid: number): void {
    this._starving.add(pid);
  }
}

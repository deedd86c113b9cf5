// Greybox search by reads-from pairs. Wolff, Shi, Duck, Mathur, Roychoudhury, "Greybox Fuzzing for
// Concurrency Testing", ASPLOS 2024 (RFF): an abstract schedule is a set of constraints "this read takes
// its value from that write", or does not. It is kept if a run under it has shown a new pair, and changed
// for further runs. Partial order sampling decides where the constraints leave a choice.
import { type Candidate, type PendingEvent, Pos } from "./strategy.ts";

/**
 * A read takes its value from a write, by their instructions; or, if not `wanted`, must not. Write 0: none.
 */
interface Constraint {
  readonly write: number;
  readonly read: number;
  readonly wanted: boolean;
}
/** A kept abstract schedule. */
interface Kept {
  readonly constraints: readonly Constraint[];
  /** The pairs of its run, as one text, and the number of times that it was changed. */
  readonly pairs: string;
  chosen: number;
}
/** A constraint in a run. */
interface Active extends Constraint {
  /** `before`: the write has not run, or another has since. `written`: the read may follow. */
  state: "before" | "written" | "done";
}

const MOST_CONSTRAINTS = 8;
/** Runs in which the priorities are POS's alone: one of so many. */
const PLAIN = 8;

/** Weights of pairs that runs have shown, and of pairs of the system's libraries: locks. */
const SEEN = 0.25;
const LIBRARY = 0.25;
/** A pair in `ObservedRun.readsFrom`. */
const pairName = (write: number, read: number): string => `${write.toString(16)}>${read.toString(16)}`;

/** RFF. */
export class Feedback extends Pos {
  private readonly _kept: Kept[] = [{ constraints: [], pairs: "", chosen: 0 }];
  /** Runs by the pairs that they had. */
  private readonly _frequency = new Map<string, number>();
  private readonly _seen = new Set<string>();
  private readonly _wanted = new Map<string, number>();
  /** By read instruction: writes to its words that were seen, 0 for none; and an address. */
  private readonly _reads = new Map<
    number,
    { readonly address: number; readonly bytes: number; readonly writes: Set<number>; readonly isLibrary: boolean }
  >();
  private readonly _writes = new Map<number, Set<number>>();
  private _current: readonly Constraint[] = [];
  private _active: Active[] = [];

  override begin(): void {
    super.begin();
    this._current = this._draw();
    this._active = this._current.map((constraint) => ({ ...constraint, state: constraint.write === 0 ? "written" : "before" }));
  }

  private _pairOf(read: number, write: number): Constraint {
    return { read, write, wanted: true };
  }
  /**
   * A constraint on a read and one of the writes to its words. Pairs that no run has shown come first, and
   * those that were wanted seldom.
   */
  private _anyConstraint(): Constraint | undefined {
    const pairs: Constraint[] = [];
    const weights: number[] = [];
    for (const [read, { writes, isLibrary }] of this._reads)
      for (const write of writes) {
        const name = pairName(write, read);
        pairs.push(this._pairOf(read, write));
        weights.push(((this._seen.has(name) ? SEEN : 1) * (isLibrary ? LIBRARY : 1)) / (1 + (this._wanted.get(name) ?? 0)));
      }
    const pair = pairs[this._weighted(weights)];
    if (!pair) return undefined;
    const name = pairName(pair.write, pair.read);
    this._wanted.set(name, (this._wanted.get(name) ?? 0) + 1);
    return this._seen.has(name) ? { ...pair, wanted: this.random.below(2) !== 0 } : pair;
  }
  /** An index, as likely as its weight. */
  private _weighted(weights: readonly number[]): number {
    let rest = this.random.fraction() * weights.reduce((a, b) => a + b, 0);
    return Math.max(
      0,
      weights.findIndex((weight) => (rest -= weight) < 0),
    );
  }
  private _draw(): readonly Constraint[] {
    const { random } = this;
    if (this._reads.size === 0 || random.below(PLAIN) === 0) return [];
    // The power schedule: schedules whose pairs were rare are changed more often.
    const weights = this._kept.map(({ pairs, chosen }) => 1 / ((this._frequency.get(pairs) ?? 1) * (1 + chosen / 16)));
    const kept = this._kept[this._weighted(weights)] as Kept;
    kept.chosen++;
    let constraints = [...kept.constraints];
    for (let changes = 1 + random.below(3); changes > 0; changes--) constraints = this._change(constraints);
    return constraints.slice(-MOST_CONSTRAINTS);
  }
  private _change(constraints: readonly Constraint[]): Constraint[] {
    const { random } = this;
    const some = random.below(Math.max(1, constraints.length));
    const old = constraints[some];
    const kind = old ? random.below(4) : 0;
    if (old && kind === 1) return constraints.toSpliced(some, 1);
    if (old && kind === 2) return constraints.with(some, { ...old, wanted: !old.wanted });
    const added = this._anyConstraint();
    if (!added) return [...constraints];
    // Two wishes for one read exclude each other.
    const others = constraints.filter((one, i) => !(one.read === added.read && one.wanted && added.wanted) && !(kind === 3 && i === some));
    return [...others, added];
  }

  private _touches(event: PendingEvent, read: number): boolean {
    const place = this._reads.get(read);
    return place !== undefined && event.address < place.address + place.bytes && place.address < event.address + event.bytes;
  }
  /** Above 0: the constraints want the event now. Below 0: not yet. */
  private _wish({ event }: Candidate): number {
    if (!event || event.bytes === 0) return 0;
    let wish = 0;
    for (const { write, read, wanted, state } of this._active) {
      if (state === "done") continue;
      if (!wanted) {
        if (state === "written" && event.ip === read) wish -= 1;
      } else if (state === "before") {
        if (event.ip === read) wish -= 1;
        else if (event.ip === write) wish += 1;
      } else if (event.ip === read) wish += 1;
      else if (event.writes && this._touches(event, read)) wish -= 1;
    }
    return wish;
  }
  override choose(candidates: readonly Candidate[]): number {
    if (this._active.length === 0) return super.choose(candidates);
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    candidates.forEach((candidate, i) => {
      const wish = this._wish(candidate);
      const priority = this.priority(candidate, candidates) + Math.sign(wish);
      if (priority > most) [best, most] = [i, priority];
    });
    return best;
  }
  override executed(pid: number, event: PendingEvent, waiting: Iterable<Candidate>): void {
    super.executed(pid, event, waiting);
    if (event.bytes === 0) return;
    for (const active of this._active) {
      if (active.state === "done") continue;
      if (event.ip === active.read && event.reads && active.state === "written") active.state = active.wanted ? "done" : active.state;
      if (!event.writes) continue;
      if (event.ip === active.write) active.state = "written";
      else if (this._touches(event, active.read)) active.state = active.write === 0 ? "done" : "before";
    }
  }
  /** An event of the run, with the instruction whose value it reads. */
  observe(event: PendingEvent, source: number): void {
    const words = Math.floor(event.address / 4);
    if (event.writes) {
      const writes = this._writes.get(words);
      if (writes) writes.add(event.ip);
      else this._writes.set(words, new Set([event.ip]));
    }
    if (!event.reads) return;
    const known = this._reads.get(event.ip);
    if (known) {
      known.writes.add(source);
      for (const write of this._writes.get(words) ?? []) known.writes.add(write);
    } else
      this._reads.set(event.ip, {
        address: event.address,
        bytes: event.bytes,
        isLibrary: event.isLibrary === true,
        writes: new Set([0, source, ...(this._writes.get(words) ?? [])]),
      });
  }
  /** The run is over: is its schedule one to keep? */
  finish(readsFrom: ReadonlySet<string>): void {
    const pairs = [...readsFrom].sort().join(" ");
    this._frequency.set(pairs, (this._frequency.get(pairs) ?? 0) + 1);
    const isNew = [...readsFrom].some((pair) => !this._seen.has(pair));
    for (const pair of readsFrom) this._seen.add(pair);
    if (isNew || this._frequency.get(pairs) === 1) this._kept.push({ constraints: this._current, pairs, chosen: 0 });
  }
}

// The axioms of sequential consistency and of x86-TSO, by enumeration: the outcomes of a litmus test that a
// model allows. Alglave, Maranget, Tautschnig, "Herding cats", TOPLAS 2014, section 4 and figure 22; Owens,
// Sarkar, Sewell, "A better x86 memory model: x86-TSO", TPHOLs 2009.

/** A write, a non-temporal write (MOVNTI), a read, MFENCE, SFENCE, or XCHG (a locked read and write). */
export type Op =
  | { readonly kind: "W" | "N"; readonly at: string; readonly value: number }
  | { readonly kind: "S" }
  | { readonly kind: "R"; readonly at: string }
  | { readonly kind: "F" }
  | { readonly kind: "X"; readonly at: string; readonly value: number };
/** The operations of each thread. */
export type Litmus = readonly (readonly Op[])[];
/** A memory model. */
export type Model = "sc" | "tso";

/** An event of a litmus test: an operation, or one of the two of an XCHG. */
export interface Event {
  readonly id: number;
  readonly thread: number;
  readonly kind: "W" | "R" | "F" | "S";
  readonly isNonTemporal: boolean;
  readonly at: string;
  readonly value: number;
  /** The number of an XCHG, whose two events share it. */
  readonly locked: number | undefined;
}
type Pair = readonly [from: number, to: number];

const INIT = -1;

const eventsOf = (litmus: Litmus): Event[] => {
  const events: Event[] = [];
  litmus.forEach((ops, thread) => {
    for (const op of ops) {
      const locked = op.kind === "X" ? events.length : undefined;
      const add = (kind: Event["kind"], at: string, value: number): void =>
        void events.push({ id: events.length, thread, kind, at, value, locked, isNonTemporal: op.kind === "N" });
      if (op.kind === "F" || op.kind === "S") add(op.kind, "", 0);
      if (op.kind === "R" || op.kind === "X") add("R", op.at, 0);
      if (op.kind === "W" || op.kind === "N" || op.kind === "X") add("W", op.at, op.value);
    }
  });
  return events;
};

/** All ways to choose one element of each list. */
const choices = <T>(lists: readonly (readonly T[])[]): T[][] =>
  lists.reduce<T[][]>((done, list) => done.flatMap((some) => list.map((one) => [...some, one])), [[]]);
const permutations = <T>(list: readonly T[]): T[][] =>
  list.length === 0 ? [[]] : list.flatMap((one, i) => permutations(list.toSpliced(i, 1)).map((rest) => [one, ...rest]));

/** An order of numbers below `count` that contains the pairs; undefined if they have a cycle. */
const linear = (count: number, pairs: readonly Pair[]): number[] | undefined => {
  const next = Array.from({ length: count }, () => [] as number[]);
  for (const [from, to] of pairs) next[from]?.push(to);
  const state = new Uint8Array(count);
  const order: number[] = [];
  const visit = (n: number): boolean => {
    if (state[n] !== 0) return state[n] === 2;
    state[n] = 1;
    if (!(next[n] as number[]).every(visit)) return false;
    state[n] = 2;
    order.unshift(n);
    return true;
  };
  return next.every((_, n) => visit(n)) ? order : undefined;
};

/** The locations of a test, in order. */
export const locationsOf = (litmus: Litmus): string[] =>
  [...new Set(litmus.flat().flatMap((op) => (op.kind === "F" || op.kind === "S" ? [] : [op.at])))].sort();

/**
 * The allowed outcomes: values of all reads in program order, then the last values of the locations. Each has
 * an order of the events in memory that shows it.
 */
export const witnesses = (litmus: Litmus, model: Model): Map<string, readonly Event[]> => {
  const events = eventsOf(litmus);
  const reads = events.filter(({ kind }) => kind === "R");
  const places = locationsOf(litmus);
  const writesTo = (at: string): Event[] => events.filter((e) => e.kind === "W" && e.at === at);
  const po = events.flatMap((a) => events.flatMap((b): [Event, Event][] => (a.thread === b.thread && a.id < b.id ? [[a, b]] : [])));
  const ids = (pairs: readonly (readonly [Event, Event])[]): Pair[] => pairs.map(([a, b]) => [a.id, b.id]);
  // Non-temporal writes are ordered by fences alone: SDM Vol. 1 10.4.6.2, Vol. 3A 9.2.2 and 9.2.5.
  const isFree = (a: Event, b: Event): boolean =>
    a.kind === "W" && (b.kind === "R" || (b.kind === "W" && (a.isNonTemporal || b.isNonTemporal) && a.at !== b.at));
  const orders = (f: Event, b: Event): boolean => f.kind === "F" || f.locked !== undefined || (f.kind === "S" && b.kind === "W");
  const isKept = ([a, b]: readonly [Event, Event]): boolean =>
    model === "sc" ||
    !isFree(a, b) ||
    a.locked !== undefined ||
    b.locked !== undefined ||
    events.some((f) => f.thread === a.thread && f.id > a.id && f.id < b.id && orders(f, b));
  // SFENCE itself is ordered with nothing: it orders the writes around it.
  const kept = ids(po.filter((pair) => isKept(pair) && pair.every(({ kind }) => kind !== "S")));
  const sameLocation = ids(po.filter(([a, b]) => a.at === b.at && a.at !== ""));
  const stepOf = (id: number): number => (events[id]?.kind === "W" && events[id]?.locked !== undefined ? id - 1 : id);
  const asSteps = ([from, to]: Pair): Pair => [stepOf(from), stepOf(to)];
  const outcomes = new Map<string, readonly Event[]>();
  for (const order of choices(places.map((at) => permutations(writesTo(at))))) {
    const place = new Map(order.flat().map((event) => [event.id, (order.find((list) => list.includes(event)) as Event[]).indexOf(event)]));
    const co = order.flatMap((list) => list.flatMap((a, i) => list.slice(i + 1).map((b): Pair => [a.id, b.id])));
    for (const sources of choices(reads.map(({ at }) => [INIT, ...writesTo(at).map(({ id }) => id)]))) {
      const rf = reads.flatMap(({ id }, i): Pair[] => (sources[i] === INIT ? [] : [[sources[i] as number, id]]));
      const fr = reads.flatMap((read, i) =>
        (order[places.indexOf(read.at)] as Event[]).flatMap((write): Pair[] =>
          (place.get(write.id) as number) > (sources[i] === INIT ? -1 : (place.get(sources[i] as number) as number))
            ? [[read.id, write.id]]
            : [],
        ),
      );
      // Nothing comes between the read and the write of an XCHG.
      const isAtomic = reads.every((read, i) => {
        if (read.locked === undefined) return true;
        const own = place.get(read.id + 1) as number;
        return own === (sources[i] === INIT ? 0 : (place.get(sources[i] as number) as number) + 1);
      });
      const external = rf.filter(([from, to]) => model === "sc" || events[from]?.thread !== events[to]?.thread);
      if (!isAtomic || !linear(events.length, [...sameLocation, ...rf, ...co, ...fr])) continue;
      // The two events of an XCHG are one step: in the order they stand at the place of the read.
      const shown = linear(
        events.length,
        [...kept, ...external, ...co, ...fr].map(asSteps).filter(([a, b]) => a !== b),
      );
      if (!shown) continue;
      const values = sources.map((source) => (source === INIT ? 0 : (events[source] as Event).value));
      const outcome = [...values, ...order.map((list) => list.at(-1)?.value ?? 0)].join("");
      outcomes.set(
        outcome,
        shown.map((id) => events[id] as Event),
      );
    }
  }
  return outcomes;
};
/** The allowed outcomes. */
export const allowed = (litmus: Litmus, model: Model): Set<string> => new Set(witnesses(litmus, model).keys());

// Accesses to shared memory that are no events of a proof: plain ones of libraries, further ones of one
// instruction, those of repeated string instructions, ids that clone writes. As long as the events order them
// they decide nothing (as synchronisation alone suffices for programs without races: Flanagan and Godefroid,
// POPL 2005). If a run has two of them, or one and an event, without an order, they become events, or the
// proof says that it is none.
import type { Task } from "../../../kernel/core/task.ts";
import type { DporEvent } from "./events.ts";
import { areOrdered, type LibraryFunctions, type LibraryWork, type Orders } from "./library-functions.ts";

/** An access without an event. */
export interface HiddenAccess {
  readonly ip: number;
  readonly space: object;
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  /** It belongs to the last event of its task. */
  readonly isPart: boolean;
  /** The work that it belongs to. Undefined: the function that the program has called was not asked for. */
  readonly orders: Orders | undefined;
  /** Asks for it, from the next run on. */
  ask(): void;
  /** Accesses to these bytes cannot be events: the proof has this gap. */
  readonly isFixed: boolean;
  readonly gap: string;
  /** Makes them events. */
  promote(): void;
}
/** The same in a run of the search: behind event `own` of its task, and before event `at` of the run. */
export interface PlacedAccess {
  readonly access: HiddenAccess;
  readonly pid: number;
  readonly space: number;
  readonly own: number;
  readonly at: number;
}

/** What all runs have shown: instructions whose callers have to be known. */
export class HiddenFacts {
  private readonly _asked = new Set<number>();
  private readonly _functions: LibraryFunctions;
  constructor(functions: LibraryFunctions) {
    this._functions = functions;
  }
  get size(): number {
    return this._asked.size;
  }
  /** The callers are known from the next run on. */
  ask(ip: number): void {
    this._asked.add(ip);
  }
  /** The work that a library's instruction does. */
  workOf(task: Task, ip: number): LibraryWork | undefined {
    return this._asked.has(ip) ? this._functions.workOf(task, ip) : undefined;
  }
}

/** An access to a word, at a moment: an event, or a hidden access behind event `own` of its task. */
interface Use {
  readonly pid: number;
  readonly own: number;
  readonly time: number;
  readonly writes: boolean;
  readonly access: HiddenAccess | undefined;
}
/** The last uses of a word by a task. */
interface LastUses {
  any: Use;
  write: Use | undefined;
}
/** The order of a run's events. */
interface RunOrder {
  readonly events: readonly DporEvent[];
  /** The last event of each task that happens before a moment behind event `own` of a task. */
  clock(pid: number, own: number): ReadonlyMap<number, number>;
}

/** Numbers of words: those of a space come one after the other. */
const SPACE = 2 ** 45;
const FEW = 16;
interface Bytes {
  readonly space: number;
  readonly address: number;
  readonly bytes: number;
}
/** The uses of the words of some bytes, which may be very many: a call that unmaps a stack. */
const usesOf = (uses: ReadonlyMap<number, Use[]>, { space, address, bytes }: Bytes): readonly Use[][] => {
  const first = space * SPACE + Math.floor(address / 4);
  const last = space * SPACE + Math.floor((address + bytes - 1) / 4);
  if (last - first >= FEW) return [...uses].flatMap(([word, list]) => (word >= first && word <= last ? [list] : []));
  return Array.from({ length: last - first + 1 }, (_, n) => uses.get(first + n)).filter((list) => list !== undefined);
};

/** Hands over each hidden access of a run that nothing orders with another use of its word. */
export const reportHidden = (hidden: readonly PlacedAccess[], { events, clock }: RunOrder, report: (a: Use, b: Use) => void): void => {
  if (hidden.length === 0) return;
  const uses = new Map<number, Use[]>();
  for (const { access, pid, space, own, at } of hidden) {
    const use = { pid, own, time: at - 0.5, writes: access.writes, access };
    const first = space * SPACE + Math.floor(access.address / 4);
    const last = space * SPACE + Math.floor((access.address + access.bytes - 1) / 4);
    for (let word = first; word <= last; word++) {
      const known = uses.get(word);
      const before = known?.at(-1);
      const isSame = before?.access?.ip === access.ip && before.writes === use.writes;
      if (before && isSame && before.pid === pid && before.own === own) continue;
      if (known) known.push(use);
      else uses.set(word, [use]);
    }
  }
  const note = (event: DporEvent, i: number, pid: number): void => {
    for (const more of event.more) note(more, i, pid);
    if (event.bytes === 0 || (!event.reads && !event.writes)) return;
    const use = { pid, own: i - 1, time: i, writes: event.writes, access: undefined };
    for (const list of usesOf(uses, event)) list.push(use);
  };
  events.forEach((event, i) => {
    note(event, i, event.pid);
  });
  for (const list of uses.values()) reportWord(list, clock, report);
};
const reportWord = (list: Use[], clock: RunOrder["clock"], report: (a: Use, b: Use) => void): void => {
  const before = new Map<number, LastUses>();
  for (const use of list.sort((a, b) => a.time - b.time)) {
    const { pid, own, writes, access } = use;
    let known: ReadonlyMap<number, number> | undefined;
    for (const [other, { any, write }] of before) {
      const last = writes ? any : write;
      if (other === pid || !last || (!access && !last.access)) continue;
      known ??= clock(pid, access && !access.isPart ? own : own + 1);
      if ((known.get(other) ?? -1) <= last.own) report(last, use);
    }
    const mine = before.get(pid);
    if (mine) {
      mine.any = use;
      if (writes) mine.write = use;
    } else before.set(pid, { any: use, write: writes ? use : undefined });
  }
};

/**
 * Two uses without an order: the callers are asked for, or accesses become events. Returns the gap of the
 * proof if they cannot. An event is never exempt.
 */
export const resolve = (a: Use, b: Use): string | undefined => {
  const hidden = [a.access, b.access].filter((one) => one !== undefined);
  const unknown = hidden.filter(({ orders }) => orders === undefined);
  for (const access of unknown) access.ask();
  if (unknown.length > 0 || areOrdered(hidden.map(({ orders }) => orders))) return undefined;
  const fixed = hidden.filter(({ isFixed }) => isFixed);
  if (fixed.length > 0) return (fixed.find(({ orders }) => orders === "nothing") ?? fixed[0])?.gap;
  for (const access of hidden) access.promote();
  return undefined;
};

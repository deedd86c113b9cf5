// The events of a proof, and which of them depend on each other.
import type { PendingEvent } from "../strategy.ts";
import { ANY, areOwnDependent, isOnHandlers, isOnSignals } from "./calls.ts";

/** An event of a trace. Spaces are numbered in the order in which a run meets them. */
export interface DporEvent {
  readonly pid: number;
  readonly space: number;
  readonly address: number;
  readonly bytes: number;
  readonly reads: boolean;
  readonly writes: boolean;
  /** A system call, by its name; undefined: an access to memory. */
  readonly call: string | undefined;
  readonly joins: boolean;
  /** It takes a mutex of the C library, which it finds free (mutexes.ts). */
  readonly takes: boolean;
  /** It writes a word that was 0. */
  readonly wasFree: boolean;
  /** Of a call (calls.ts). */
  readonly status: number | undefined;
  readonly target: number | undefined;
  readonly isWide: boolean;
  /** Further accesses and calls of a section. */
  readonly more: DporEvent[];
}

/** The event of a task that is noted, in the space of this number. */
export const noted = (pid: number, space: number, event: PendingEvent): DporEvent => {
  const { address, bytes, reads, writes, call, joins = false, takes = false, wasFree = false, status, isWide = false } = event;
  // A thread that sends itself a signal gets it at once: others are not concerned.
  const target = event.target === pid ? undefined : event.target;
  return { pid, space, address, bytes, reads, writes, call, joins, takes, wasFree, status, target, isWide, more: [] };
};

/**
 * Calls that end the process: no other task goes on. What the others do before the end they also do if it
 * comes last, so it comes when no other task can run, and its order matters to other ends alone.
 */
export const ENDS = "exit_group";
/** The same, and another program begins. */
const EXECUTES = /^execve/;
const FUTEX = /^futex/;
/** The end of a thread: it clears an id, and the last one's status is that of the process. */
const LEAVES = "exit";
/** Calls whose results do not depend on which other threads live. */
const KNOWS_NO_THREADS = /^(futex.*|clone3?|write|writev|pipe2?|nanosleep|clock_nanosleep)$/;
/** It only gives way, and the order of tasks is the search's. */
export const YIELDS = "sched_yield";

const executes = ({ call }: DporEvent): boolean => call !== undefined && EXECUTES.test(call);

/** True if the order of two events of different tasks can matter. */
export const dependent = (a: DporEvent, b: DporEvent): boolean =>
  areDependent(a, b) || a.more.some((one) => dependent(one, b)) || b.more.some((one) => areDependent(a, one));
const areDependent = (a: DporEvent, b: DporEvent): boolean => {
  if (executes(a) || executes(b)) return true;
  if (a.call === YIELDS || b.call === YIELDS) return false;
  if (a.call === ENDS || b.call === ENDS) return a.call === b.call;
  if (a.isWide || b.isWide || signals(a, b) || signals(b, a)) return true;
  const overlap = a.space === b.space && a.address < b.address + b.bytes && b.address < a.address + a.bytes;
  if (a.call === undefined || b.call === undefined)
    return overlap && (a.writes || b.writes) && (a.reads || a.writes) && (b.reads || b.writes);
  // How a task takes signals matters to those that send one.
  if (isOnSignals(a.call) || isOnSignals(b.call)) return isOnHandlers(a.call) && isOnHandlers(b.call);
  // The memory that they touch is theirs (`more`).
  const areOwn = areOwnDependent(a.call, b.call);
  if (areOwn !== undefined) return areOwn;
  if (FUTEX.test(a.call) || FUTEX.test(b.call)) return overlap;
  if (a.call === LEAVES && b.call === LEAVES) return overlap || a.status !== b.status;
  if (a.call === LEAVES || b.call === LEAVES) return overlap || !KNOWS_NO_THREADS.test(a.call === LEAVES ? b.call : a.call);
  // Other calls: what the kernel does for one may be seen by another.
  return true;
};
/**
 * A signal comes between two events of the task that gets it, and ends its wait; and what a call that waits
 * for signals sees depends on it.
 */
const signals = ({ target }: DporEvent, { pid, call }: DporEvent): boolean =>
  target !== undefined && (call !== undefined || target === ANY || target === pid);

/** The tasks that go on to sleep after an event: theirs are independent of it. */
export const stillAsleep = (
  sleep: readonly (readonly [number, DporEvent | undefined])[],
  after: DporEvent,
): ReadonlyMap<number, DporEvent> =>
  new Map(sleep.flatMap(([pid, event]) => (event && pid !== after.pid && !dependent(event, after) ? [[pid, event]] : [])));

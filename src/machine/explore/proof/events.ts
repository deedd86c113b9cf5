// The events of a proof, and which of them depend on each other.
import type { PendingEvent } from "../strategy.ts";

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
  /** Further accesses and calls of a section. */
  readonly more: DporEvent[];
}

/** The event of a task that is noted, in the space of this number. */
export const noted = (pid: number, space: number, event: PendingEvent): DporEvent => {
  const { address, bytes, reads, writes, call, joins = false, takes = false, wasFree = false } = event;
  return { pid, space, address, bytes, reads, writes, call, joins, takes, wasFree, more: [] };
};

/**
 * Calls that end the process: no other task goes on. What the others do before the end they also do if it
 * comes last, so it comes when no other task can run, and its order matters to other ends alone.
 */
export const ENDS = "exit_group";
/** The same, and another program begins. */
const EXECUTES = /^execve/;
/** Calls whose only object is a word of memory. */
const ON_WORDS = /^futex|^exit$/;
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
  const overlap = a.space === b.space && a.address < b.address + b.bytes && b.address < a.address + a.bytes;
  if (a.call === undefined || b.call === undefined)
    return overlap && (a.writes || b.writes) && (a.reads || a.writes) && (b.reads || b.writes);
  if (ON_WORDS.test(a.call) || ON_WORDS.test(b.call)) return overlap;
  // Other calls: what the kernel does for one may be seen by another.
  return true;
};

/** The tasks that go on to sleep after an event: theirs are independent of it. */
export const stillAsleep = (
  sleep: readonly (readonly [number, DporEvent | undefined])[],
  after: DporEvent,
): ReadonlyMap<number, DporEvent> =>
  new Map(sleep.flatMap(([pid, event]) => (event && pid !== after.pid && !dependent(event, after) ? [[pid, event]] : [])));

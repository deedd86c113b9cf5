// Reads that lead nowhere: a task that reads these values fails an assumption, or comes back to the state in
// which it has read them. Each schedule with such a read has the events of one in which the task has not read
// yet, so a proof goes without it: the task waits before the read until a value is another one, as with the
// assumptions of GenMC (Kokologiannakis and Vafeiadis, "GenMC: A Model Checker for Weak Memory", CAV 2021).
import type { Task } from "../../../kernel/core/task.ts";
import { isOwnCall } from "../../accessing-instructions.ts";
import type { PendingEvent } from "../strategy.ts";

/** Values of words, each by its place. */
interface Read {
  readonly address: number;
  readonly bytes: number;
  readonly value: string;
}
/** Calls whose results follow from the words that they read, or that the program does not use. */
const PLAIN_CALLS = /^(futex|clone3?|exit|sched_yield|(rt_)?sig(procmask|action))$/;
/** It changes nothing that another task sees. */
const YIELDS = "sched_yield";
/** A call of which a task's state has no more than what it returns and writes to the task's memory. */
interface OwnCall {
  readonly call: string;
  /** The history before it. */
  readonly before: number;
  readonly written: { readonly address: number; readonly bytes: number }[];
}
/** Of a task whose call had a result that is not known here. */
const UNKNOWN = -1;

const valueOf = ({ mem }: Task, address: number, bytes: number): string => mem.read(address, bytes)?.join() ?? "";

/**
 * What all runs have shown. A task's state follows from what it has read so far: its history, which has a
 * number. Equal numbers are equal histories.
 */
export class FruitlessFacts {
  private readonly _histories = new Map<string, number>();
  private readonly _reads = new Map<string, (readonly Read[])[]>();
  private _state = "";
  /** Forgets all when other words count as shared: the histories lack their values. */
  begin(state: string): void {
    if (this._state === state) return;
    this._state = state;
    this._histories.clear();
    this._reads.clear();
  }
  after(history: number, what: string): number {
    if (history === UNKNOWN) return UNKNOWN;
    const key = `${history}:${what}`;
    let number = this._histories.get(key);
    if (number === undefined) this._histories.set(key, (number = this._histories.size + 1));
    return number;
  }
  /** `state`: what is known of shared words now. */
  note(history: number, ip: number, reads: readonly Read[], state: string): void {
    const key = `${history}:${ip}`;
    if (state !== this._state) return;
    const known = this._reads.get(key);
    if (known) known.push(reads);
    else this._reads.set(key, [reads]);
  }
  /** A task with this history reads at the instruction what leads nowhere. */
  has(task: Task, history: number, ip: number): boolean {
    const known = this._reads.get(`${history}:${ip}`);
    return known?.some((reads) => reads.every(({ address, bytes, value }) => valueOf(task, address, bytes) === value)) === true;
  }
}

/** The last event of a task. */
interface Last {
  readonly ip: number;
  /** The history before it. */
  readonly before: number;
  readonly reads: Read[];
  /** It may have changed memory. */
  writes: boolean;
}
/** An atomic update, before which its word had this value. */
interface Update extends Read {
  /** The number of the event in the run. */
  readonly event: number;
}

/** The histories of the tasks of one run. */
export class FruitlessReads {
  private readonly _facts: FruitlessFacts;
  private readonly _state: () => string;
  private readonly _histories = new Map<number, number>();
  private readonly _last = new Map<number, Last>();
  /** Calls that have not returned. */
  private readonly _calls = new Map<number, OwnCall>();
  private _events = 0;
  private readonly _updates = new Map<number, Update>();
  /** Reads of each task since it has changed memory. */
  private readonly _quiet = new Map<number, number>();

  constructor(facts: FruitlessFacts, state: () => string) {
    this._facts = facts;
    this._state = state;
    facts.begin(state());
  }
  private _history(pid: number): number {
    return this._histories.get(pid) ?? 0;
  }
  private _add(pid: number, what: string): void {
    this._histories.set(pid, this._facts.after(this._history(pid), what));
  }
  /** A task is there; its parent runs. */
  born({ pid }: Task, parent: Task | undefined): void {
    if (this._histories.has(pid)) return;
    this._histories.set(pid, parent ? this._facts.after(this._history(parent.pid), "child") : 0);
  }
  /** A handler of a signal runs: what it does without events is not known. */
  interrupted(pid: number): void {
    this._histories.set(pid, UNKNOWN);
    this._last.delete(pid);
    this._calls.delete(pid);
  }
  /** A task executes an event. `isMore`: it belongs to the section that the task has begun. */
  executed(task: Task, { ip, address, bytes, reads, writes, call, opens }: PendingEvent, isMore: boolean): void {
    const { pid } = task;
    this.arrives(task);
    this._events++;
    if (call === undefined && !opens) this._quiet.set(pid, (this._quiet.get(pid) ?? 0) + 1);
    // A handler from before is a result that other threads decide.
    const isPlain = call === undefined || (PLAIN_CALLS.test(call) && (bytes > 0 || !reads));
    const value = isPlain && bytes > 0 && !opens ? valueOf(task, address, bytes) : "";
    if (call !== undefined) {
      if (call !== YIELDS) this._last.delete(pid);
      if (isPlain) this._add(pid, `${call}:${value}`);
      else {
        if (isOwnCall(call)) this._calls.set(pid, { call, before: this._history(pid), written: [] });
        this._histories.set(pid, UNKNOWN);
      }
      return;
    }
    if (writes && reads && !isMore) this._updates.set(pid, { address, bytes, value, event: this._events });
    else if (writes) this._quiet.delete(pid);
    if (!isMore) this._last.set(pid, { ip, before: this._history(pid), reads: [], writes: false });
    const last = this._last.get(pid);
    if (last && writes) last.writes = true;
    if (last && reads) last.reads.push({ address, bytes, value });
    this._add(pid, `${ip}:${address}:${bytes}:${reads ? value : ""}`);
  }
  /** The kernel is about to write memory of a task for its call. */
  written(pid: number, address: number, bytes: number): void {
    this._calls.get(pid)?.written.push({ address, bytes });
  }
  /** A call returns. Other threads decide what brk and getrandom give, so it is a part of the history. */
  returned(task: Task, result: string): void {
    const { pid } = task;
    const made = this._calls.get(pid);
    if (!made) return;
    this._calls.delete(pid);
    const values = made.written.map(({ address, bytes }) => valueOf(task, address, bytes));
    this._histories.set(pid, this._facts.after(made.before, `${made.call}=${result}:${values.join(";")}`));
  }
  /** A task has come to its next event: an update that has left its word as it was has changed nothing. */
  arrives(task: Task): void {
    const update = this._updates.get(task.pid);
    if (!update) return;
    this._updates.delete(task.pid);
    const { address, bytes, value, event } = update;
    if (event !== this._events || valueOf(task, address, bytes) !== value) this._quiet.delete(task.pid);
  }
  /** A task reads a shared word without an event. */
  reads(task: Task, address: number, bytes: number): void {
    this._quiet.set(task.pid, (this._quiet.get(task.pid) ?? 0) + 1);
    this._last.delete(task.pid);
    if (this._history(task.pid) !== UNKNOWN) this._add(task.pid, `${address}:${bytes}:${valueOf(task, address, bytes)}`);
  }
  /**
   * What the task has read last leads nowhere: an assumption fails, or it is in the state before its last so
   * many reads, memory included.
   */
  note({ pid }: Task, back: number | undefined): boolean {
    const last = this._last.get(pid);
    if (!last || last.before === UNKNOWN || last.reads.length === 0) return false;
    // What others could see in between leads somewhere.
    if (back === undefined ? last.writes : (this._quiet.get(pid) ?? 0) < back) return false;
    this._facts.note(last.before, last.ip, last.reads, this._state());
    return true;
  }
  waits(task: Task, event: PendingEvent | undefined): boolean {
    return event !== undefined && event.call === undefined && this._facts.has(task, this._history(task.pid), event.ip);
  }
}

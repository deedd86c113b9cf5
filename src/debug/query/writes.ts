// Writes of a range of a process's memory, by instructions and by the kernel. A write that leaves the bytes
// as they are is one, too, if an instruction makes it; the kernel's are found by the bytes that they change.
import type { DebugStops } from "../../cpu/machine/debug-stops.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import { signalName } from "../../kernel/signal/state/set.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import { callName } from "../../machine/tracing/call-text.ts";
import { peek } from "../memory.ts";
import type { History, When } from "./history.ts";

/** A range of a process's memory. */
export interface WatchedRange {
  readonly pid: number;
  readonly address: number;
  readonly length: number;
}
/** A write of a range. */
export interface Write {
  /** The moment before it. */
  readonly when: When;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** Undefined: an instruction. Else the call or the delivery of a signal in which the kernel wrote. */
  readonly by: string | undefined;
  /** The range's bytes; undefined where no memory was. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

const isEqual = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.every((byte, i) => byte === b[i]));

/** Calls that write the memory of another process. */
const crossing = new Set(["process_vm_writev", "ptrace", "write", "pwrite64"]);

type Draft = { -readonly [K in keyof Write]: Write[K] };

/** Sees the writes of a range in a sweep. */
export class WriteWatch {
  readonly range: WatchedRange;
  readonly writes: Write[] = [];
  private readonly _history: History;
  /** The bytes as they were when they were last looked at. */
  private _last: Uint8Array | undefined;
  private _isKnown = false;
  /** The last write by an instruction: its bytes are looked at when something else happens. */
  private _open: Draft | undefined = undefined;
  /** A signal is being delivered: the kernel may write its frame. */
  private _signal: { readonly task: Task; readonly name: string; readonly after: Moment } | undefined = undefined;
  /** Called when the bytes may have changed, with the write. */
  onSettled: ((write: Write) => void) | undefined = undefined;

  constructor(history: History, range: WatchedRange) {
    this._history = history;
    this.range = range;
  }
  private _bytes(): Uint8Array | undefined {
    const { pid, address, length } = this.range;
    const mem = this._history.taskOf(pid)?.mem;
    if (!mem) return undefined;
    const bytes = new Uint8Array(length);
    return peek(mem, address, bytes) === length ? bytes : undefined;
  }
  /**
   * Looks at the bytes, and ends the write that is open. What a call has changed is the call's, when it
   * returns.
   */
  settle(): void {
    const { _open: open, _signal: signal } = this;
    if (this._isKnown && !open && !signal) return;
    const now = this._bytes();
    this._open = this._signal = undefined;
    if (open) {
      open.after = now;
      this.writes.push(open);
      this.onSettled?.(open);
    } else if (signal && !isEqual(this._last, now)) this._push(signal.task, signal.after, `delivery of ${signal.name}`, now);
    this._last = now;
    this._isKnown = true;
  }
  private _push(task: Task, before: Moment, by: string, after: Uint8Array | undefined): void {
    const write = { when: { before }, by, pid: task.process.pid, tid: task.pid, comm: task.comm, before: this._last, after };
    this._last = after;
    this.writes.push(write);
    this.onSettled?.(write);
  }
  /** An instruction is about to write. */
  private _onData(address: number, bytes: number, instructions: number): void {
    const task = this._history.kernel.scheduler.current;
    const { pid, address: from, length } = this.range;
    if (!task || task.process.pid !== pid || address >= from + length || from >= address + bytes) return;
    const at = this._history.momentAt(instructions);
    const open = this._open;
    // A repeated instruction, or one that another engine begins again.
    if (open && "at" in open.when && compareMoments(open.when.at, at) === 0) return;
    this.settle();
    this._open = { when: { at }, pid, tid: task.pid, comm: task.comm, by: undefined, before: this._bytes(), after: undefined };
  }
  get stops(): DebugStops {
    const { address, length } = this.range;
    return {
      code: new Set(),
      data: [{ bit: 1, address, length, on: "write" }],
      onCode: () => false,
      onData: (where, bytes, how, instructions) => {
        if (how === 1) this._onData(where, bytes, instructions);
        return false;
      },
    };
  }
  get observer(): Observer {
    return {
      enter: () => this.settle(),
      leave: (task, call) => {
        if (this._open) this.settle();
        const isOther = task.process.pid !== this.range.pid && !crossing.has(callName(task, call));
        const now = this._bytes();
        if (isOther || isEqual(this._last, now)) return;
        this._push(task, this._history.after(), callName(task, call), now);
      },
      signal: (task, { signo }) => {
        this.settle();
        this._signal = { task, name: signalName(signo), after: this._history.after() };
      },
      started: (task) => {
        // It has the memory of its parent.
        if (task.process.pid !== this.range.pid || task.process.threads.length > 1) return;
        this._last = this._bytes();
      },
      ended: (task) => {
        if (task.process.pid === this.range.pid) this.settle();
      },
    };
  }
}

/** All writes of a range before a moment, in order. */
export const findWrites = async (history: History, range: WatchedRange, until: Moment = history.end): Promise<readonly Write[]> => {
  const watch = new WriteWatch(history, range);
  await history.sweep(watch.observer, until, { stops: watch.stops, begin: () => watch.settle() });
  watch.settle();
  return watch.writes;
};
/**
 * The last write of a range before a moment: the part of the run after the last snapshot is executed
 * first.
 */
export const lastWrite = async (history: History, range: WatchedRange, until: Moment): Promise<Write | undefined> => {
  for (let upper = until; ; ) {
    const entry = history.timeline.entryBefore(upper);
    if (!entry) return undefined;
    const watch = new WriteWatch(history, range);
    await history.sweep(watch.observer, upper, { stops: watch.stops, from: entry.moment, begin: () => watch.settle() });
    watch.settle();
    const found = watch.writes.at(-1);
    if (found) return found;
    upper = entry.moment;
  }
};

// Events at points of virtual time: a binary heap with the earliest first. Equal times keep the order in
// which they were set, so that two runs are equal.
import { cost, PIECE_BYTES } from "../base/cost.ts";

declare module "../core/kernel.ts" {
  interface KernelMembers {
    readonly timers: Timers;
  }
}

/** Objects with identity and a method, instead of closures, so that a snapshot can name them. */
export interface Timer {
  fire(now: number): void;
}
/**
 * The shortest period of a periodic timer. Shorter periods are counted (overruns, expirations), not waited
 * for.
 */
export const MIN_PERIOD = 10_000;

/** The virtual time of a piece of `run`, and the timers that it fires at most. */
const PIECE = PIECE_BYTES * cost.byte;
const MOST = 1024;

interface Slot {
  at: number;
  readonly order: number;
  readonly timer: Timer;
  /** Index in the heap. */
  index: number;
}

const before = (a: Slot, b: Slot): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** All timers of a machine, in order of their expiry in virtual time. */
export class Timers {
  private readonly _heap: Slot[] = [];
  private readonly _slots = new Map<Timer, Slot>();
  private _order = 0;
  /** The time of a `run` that is not over. */
  private _due: number | undefined = undefined;
  /** The earliest time; Infinity if no timer is set. */
  next = Infinity;

  /** Sets or moves a timer. `at` is absolute monotonic time in nanoseconds, rounded up to a whole one. */
  set(timer: Timer, at: number): void {
    this.cancel(timer);
    const slot = { at: Math.ceil(at), order: this._order++, timer, index: this._heap.length };
    this._slots.set(timer, slot);
    this._heap.push(slot);
    this._up(slot);
    this._settle();
  }

  cancel(timer: Timer): void {
    const slot = this._slots.get(timer);
    if (!slot) return;
    this._remove(slot);
    this._settle();
  }

  /** The time at which `timer` fires, if it is set. */
  at(timer: Timer): number | undefined {
    return this._slots.get(timer)?.at;
  }

  /**
   * Fires timers that are due, in pieces: true if all have fired that were due at the first piece. What they
   * do may take long: requests of io_uring copy.
   */
  run(clock: { readonly now: number }): boolean {
    const due = this._due ?? clock.now;
    const end = clock.now + PIECE;
    for (let fired = 0; this.next <= due; fired++) {
      if (fired === MOST || clock.now > end) {
        this._due = due;
        return false;
      }
      const first = this._heap[0] as Slot;
      this._remove(first);
      this._settle();
      first.timer.fire(due);
    }
    this._due = undefined;
    return true;
  }

  private _settle(): void {
    this.next = this._heap[0]?.at ?? Infinity;
  }

  private _remove(slot: Slot): void {
    this._slots.delete(slot.timer);
    const last = this._heap.pop() as Slot;
    if (last === slot) return;
    this._place(last, slot.index);
    this._up(last);
    this._down(last);
  }

  private _place(slot: Slot, index: number): void {
    this._heap[index] = slot;
    slot.index = index;
  }
  private _up(slot: Slot): void {
    while (slot.index > 0) {
      const { index } = slot;
      const parent = this._heap[(index - 1) >> 1] as Slot;
      if (before(parent, slot)) return;
      this._place(slot, parent.index);
      this._place(parent, index);
    }
  }
  private _down(slot: Slot): void {
    const h = this._heap;
    for (;;) {
      const { index } = slot;
      let least = slot;
      for (const child of [h[2 * index + 1], h[2 * index + 2]]) if (child && before(child, least)) least = child;
      if (least === slot) return;
      this._place(slot, least.index);
      this._place(least, index);
    }
  }
}

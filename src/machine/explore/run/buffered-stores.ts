// The store buffers of one run under x86-TSO, as the observer of the run sees them: stores that tasks are
// about to make, buffered ones that may leave, and the points at which those have left that another task
// could miss.

import type { Task } from "../../../kernel/core/task.ts";
import type { Instruction } from "../../accessing-instructions.ts";
import type { Delay } from "../../schedule.ts";
import { StoreBuffers } from "../../store-buffers.ts";
import type { Candidate, PendingEvent } from "../strategy.ts";

/** In a delay: a store leaves at a fence. */
const FENCE = "f";

interface Store {
  readonly address: number;
  readonly bytes: number;
  readonly place: string;
}

/** The buffers of one run. */
export class BufferedStores {
  private _buffers = new StoreBuffers();
  /** The fence before which a task has stopped. */
  private _fence = "";
  /** Stores that tasks are about to make, and all of them by place. */
  private readonly _stores = new Map<number, Store>();
  private readonly _stored = new Map<string, PendingEvent>();
  /** Stores that were buffered while another task ran, with the points at which they left. */
  private readonly _missed = new Map<string, string>();

  /** Takes over what another run has come to, in a copy of its machine whose task is `current`. */
  goOn(before: BufferedStores, current: Task, here: (event: PendingEvent) => PendingEvent): void {
    this._buffers = before._buffers.copy(current);
    for (const [place, event] of before._stored) this._stored.set(place, here(event));
    for (const [pid, store] of before._stores) this._stores.set(pid, store);
  }
  /** A task runs. */
  turn(task: Task): void {
    for (const store of this._buffers.placesOfOthers(task.pid)) if (!this._missed.has(store)) this._missed.set(store, FENCE);
    this._buffers.switchTo(task);
  }
  /** A task is about to make a store, which begins in `step`. */
  add({ pid }: Task, event: PendingEvent, place: string): void {
    this._stores.set(pid, { address: event.address, bytes: event.bytes, place });
    this._stored.set(place, event);
  }
  /** The instructions up to the next point; with a buffered store 1, so that the next fence is seen. */
  step(task: Task, { isFence, isStoreFence, isNonTemporal }: Instruction): number {
    const { pid } = task;
    const buffers = this._buffers;
    buffers.done(pid);
    const store = this._stores.get(pid);
    this._stores.delete(pid);
    if (!store && buffers.isEmpty(pid)) return Infinity;
    if (isStoreFence) buffers.fence(pid);
    const place = `${pid}@${task.usage.user}`;
    // Stores that may leave in another order: a point before all do.
    if (isFence && this._fence !== place && buffers.isReorderable(pid)) {
      this._fence = place;
      return 0;
    }
    if (isFence) buffers.drain(pid);
    else if (store) buffers.begin(task, store, isNonTemporal);
    return isFence ? Infinity : 1;
  }
  /** All stores leave before the fence at which the task has stopped. */
  drainAt({ pid }: Task, user: number): void {
    if (this._fence === `${pid}@${user}`) this._buffers.drain(pid);
  }
  /** The stores that may leave now, as candidates. */
  candidates(): readonly Candidate[] {
    return Array.from(this._buffers.waiting(), ({ pid, place: store }) => ({ pid: -pid, event: this._stored.get(store), store }));
  }
  /** A candidate leaves at a point. */
  leave({ pid, store = "" }: Candidate, place: string): void {
    if (this._missed.has(store)) this._missed.set(store, place);
    this._buffers.leave(-pid, store);
  }
  /** The stores that another task could have missed, and the points at which they left. */
  get delays(): Delay[] {
    return Array.from(this._missed, ([store, until]) => ({ store, until }));
  }
}

// Numbers of which the lowest free one is given. Linux lib/idr.c, ida_alloc().
import { OrderedMap } from "../../memory/ordered-map.ts";

/** Gives the lowest number from `first` on that is not in use. */
export class LowestIds {
  private readonly _free = new OrderedMap<true>();
  private _next: number;
  constructor(first: number) {
    this._next = first;
  }
  take(): number {
    const lowest = this._free.next(0);
    if (lowest === undefined) return this._next++;
    this._free.delete(lowest);
    return lowest;
  }
  give(id: number): void {
    this._free.set(id, true);
  }
}

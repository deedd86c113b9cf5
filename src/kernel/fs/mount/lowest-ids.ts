// Numbers of which the lowest free one is given. Linux lib/idr.c, ida_alloc().
import { OrderedMap } from "../../../memory/ordered-map.ts";

/** Gives the lowest number from `first` on that is not in use. */
export class LowestIds {
  readonly #free = new OrderedMap<true>();
  #next: number;
  constructor(first: number) {
    this.#next = first;
  }
  take(): number {
    const lowest = this.#free.next(0);
    if (lowest === undefined) return this.#next++;
    this.#free.delete(lowest);
    return lowest;
  }
  give(id: number): void {
    this.#free.set(id, true);
  }
}

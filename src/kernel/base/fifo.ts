// A queue of any length that gives up its first item without moving the others.

/** Items that were taken and still lie in the array, at least, before it is cut. */
const FEW = 64;

export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }
  push(item: T): void {
    this.#items.push(item);
  }
  /** The item at a place, counted from the first one. */
  at(n: number): T | undefined {
    return this.#items[this.#first + n];
  }
  last(): T | undefined {
    return this.length > 0 ? this.#items[this.#items.length - 1] : undefined;
  }
  /** Put another item in place of the first one. */
  replaceFirst(item: T): void {
    this.#items[this.#first] = item;
  }
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first] as T;
    // It is not to be held any longer.
    this.#items[this.#first++] = undefined as T;
    if (this.#first > FEW && 2 * this.#first > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
  /** Take all. */
  takeAll(): T[] {
    const all = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    return all;
  }
  *[Symbol.iterator](): Generator<T> {
    for (let n = this.#first; n < this.#items.length; n++) yield this.#items[n] as T;
  }
}

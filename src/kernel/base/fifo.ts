// A queue of any length. Removing the first item does not move the others.

/** The array is cut only after at least this many items were taken. */
const FEW = 64;

/** First in, first out. */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }
  push(item: T): void {
    this.#items.push(item);
  }
  /** The item at index `n`, counted from the first item. */
  at(n: number): T | undefined {
    return this.#items[this.#first + n];
  }
  last(): T | undefined {
    return this.length > 0 ? this.#items[this.#items.length - 1] : undefined;
  }
  /** Replace the first item. */
  replaceFirst(item: T): void {
    this.#items[this.#first] = item;
  }
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first] as T;
    // The array must not keep the item alive.
    this.#items[this.#first++] = undefined as T;
    if (this.#first > FEW && 2 * this.#first > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
  /** Remove and return all items. */
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

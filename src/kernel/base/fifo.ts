// A queue of any length. Removing the first item does not move the others.

/** The array is cut only after at least this many items were taken. */
const FEW = 64;

/** First in, first out. */
export class Fifo<T> {
  private _items: T[] = [];
  private _first = 0;

  get length(): number {
    return this._items.length - this._first;
  }
  push(item: T): void {
    this._items.push(item);
  }
  /** The item at index `n`, counted from the first item. */
  at(n: number): T | undefined {
    return this._items[this._first + n];
  }
  last(): T | undefined {
    return this.length > 0 ? this._items[this._items.length - 1] : undefined;
  }
  /** Replace the first item. */
  replaceFirst(item: T): void {
    this._items[this._first] = item;
  }
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this._items[this._first] as T;
    // The array must not keep the item alive.
    this._items[this._first++] = undefined as T;
    if (this._first > FEW && 2 * this._first > this._items.length) {
      this._items = this._items.slice(this._first);
      this._first = 0;
    }
    return item;
  }
  /** Remove and return all items. */
  takeAll(): T[] {
    const all = this._items.slice(this._first);
    this._items = [];
    this._first = 0;
    return all;
  }
  *[Symbol.iterator](): Generator<T> {
    for (let n = this._first; n < this._items.length; n++) yield this._items[n] as T;
  }
}

// A map from integers to values that is ordered by key: a B-tree of two levels. Linux has xarrays and maple
// trees for this.

/**
 * The greatest number of keys in a chunk. A move of so many keys costs about as much as the search for the
 * chunk.
 */
const CHUNK_MAX = 128;
/** Up to so many keys a built-in linear search is faster than a binary one. */
const FEW = 16;

interface Chunk<V> {
  readonly keys: number[];
  readonly values: V[];
}

const insert = <V>({ keys, values }: Chunk<V>, slot: number, key: number, value: V): void => {
  if (slot === keys.length) {
    keys.push(key);
    values.push(value);
    return;
  }
  keys.splice(slot, 0, key);
  values.splice(slot, 0, value);
};

/** An ordered map with integer keys. */
export class OrderedMap<V> {
  private _chunks: Chunk<V>[] = [];
  private _size = 0;

  get size(): number {
    return this._size;
  }

  /** The index of the last chunk that begins at or below `key`; 0 if there is none. */
  private _chunk(key: number): number {
    const chunks = this._chunks;
    let low = 0;
    let high = chunks.length;
    if (high < 2) return 0;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (((chunks[middle] as Chunk<V>).keys[0] as number) <= key) low = middle;
      else high = middle;
    }
    return low;
  }
  /** The index of the first key of a chunk that is not below `key`. */
  private _slot({ keys }: Chunk<V>, key: number): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // `get` and `from` are hot in code that V8 has not optimised yet, where each call counts.
  get(key: number): V | undefined {
    const chunks = this._chunks;
    const chunk = chunks[chunks.length < 2 ? 0 : this._chunk(key)];
    if (chunk === undefined) return undefined;
    const { keys } = chunk;
    if (keys.length <= FEW) {
      const slot = keys.indexOf(key);
      return slot < 0 ? undefined : chunk.values[slot];
    }
    const slot = this._slot(chunk, key);
    return keys[slot] === key ? chunk.values[slot] : undefined;
  }
  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  set(key: number, value: V): void {
    const last = this._chunks[this._chunks.length - 1];
    if (last === undefined || key > (last.keys[last.keys.length - 1] as number)) {
      this._size++;
      // Ascending insertions result in full chunks.
      if (last === undefined || last.keys.length === CHUNK_MAX) this._chunks.push({ keys: [key], values: [value] });
      else insert(last, last.keys.length, key, value);
      return;
    }
    const at = this._chunk(key);
    const chunk = this._chunks[at] as Chunk<V>;
    const slot = this._slot(chunk, key);
    if (chunk.keys[slot] === key) {
      chunk.values[slot] = value;
      return;
    }
    this._size++;
    if (chunk.keys.length < CHUNK_MAX) {
      insert(chunk, slot, key, value);
      return;
    }
    const half = slot === CHUNK_MAX ? CHUNK_MAX : CHUNK_MAX >> 1;
    const upper: Chunk<V> = { keys: chunk.keys.splice(half), values: chunk.values.splice(half) };
    this._chunks.splice(at + 1, 0, upper);
    const [into, index] = slot < half || (slot === half && half < CHUNK_MAX) ? [chunk, slot] : [upper, slot - half];
    insert(into, index, key, value);
  }

  delete(key: number): boolean {
    const at = this._chunk(key);
    const chunk = this._chunks[at];
    if (chunk === undefined) return false;
    const slot = this._slot(chunk, key);
    if (chunk.keys[slot] !== key) return false;
    chunk.keys.splice(slot, 1);
    chunk.values.splice(slot, 1);
    if (chunk.keys.length === 0) this._chunks.splice(at, 1);
    this._size--;
    return true;
  }
  clear(): void {
    this._chunks = [];
    this._size = 0;
  }

  /**
   * The lowest key at or above `key`. An iteration continues with the last key plus 1, so the map may change
   * meanwhile.
   */
  next(key: number): number | undefined {
    const at = this._chunk(key);
    const chunk = this._chunks[at];
    if (chunk === undefined) return undefined;
    return chunk.keys[this._slot(chunk, key)] ?? this._chunks[at + 1]?.keys[0];
  }
  /** The key of the last result of `from`. */
  at = 0;
  /** The value of the lowest key at or above `key`. The key is then in `at`. */
  from(key: number): V | undefined {
    const chunks = this._chunks;
    const at = chunks.length < 2 ? 0 : this._chunk(key);
    let chunk = chunks[at];
    if (chunk === undefined) return undefined;
    let slot = this._slot(chunk, key);
    if (slot === chunk.keys.length) {
      chunk = chunks[at + 1];
      if (chunk === undefined) return undefined;
      slot = 0;
    }
    this.at = chunk.keys[slot] as number;
    return chunk.values[slot];
  }
  /** The highest key at or below `key`. */
  previous(key: number): number | undefined {
    const chunk = this._chunks[this._chunk(key)];
    if (chunk === undefined) return undefined;
    const slot = this._slot(chunk, key);
    return chunk.keys[slot] === key ? key : slot > 0 ? chunk.keys[slot - 1] : undefined;
  }

  /**
   * Calls `visit` for each value in the order of the keys. It must not change the map. A generator is slower.
   */
  each(visit: (value: V) => void): void {
    for (const { values } of this._chunks) for (let i = 0; i < values.length; i++) visit(values[i] as V);
  }
  /** The same for the keys from `first` to below `end`. */
  within(first: number, end: number, visit: (key: number, value: V) => void): void {
    const chunks = this._chunks;
    for (let c = this._chunk(first); c < chunks.length; c++) {
      const chunk = chunks[c] as Chunk<V>;
      const { keys, values } = chunk;
      for (let i = this._slot(chunk, first); i < keys.length; i++) {
        const key = keys[i] as number;
        if (key >= end) return;
        visit(key, values[i] as V);
      }
    }
  }
  /** All values in the order of their keys. */
  *values(): Generator<V> {
    for (const { values } of this._chunks) yield* values;
  }
}

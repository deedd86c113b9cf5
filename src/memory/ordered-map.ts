// A map from whole numbers to values that knows the order of its keys: a B-tree of two levels. Linux has xarrays and maple trees for this.

/** Keys that a chunk holds at most: moving them on insertion costs about as much as finding the chunk. */
const MOST = 128;

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

export class OrderedMap<V> {
  #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Index of the last chunk that begins at or below `key`; 0 if there is none. */
  #chunk(key: number): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (((chunks[middle] as Chunk<V>).keys[0] as number) <= key) low = middle;
      else high = middle;
    }
    return low;
  }
  /** Index of the first key of a chunk that is not below `key`. */
  #slot({ keys }: Chunk<V>, key: number): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get(key: number): V | undefined {
    const chunk = this.#chunks[this.#chunk(key)];
    if (chunk === undefined) return undefined;
    const slot = this.#slot(chunk, key);
    return chunk.keys[slot] === key ? chunk.values[slot] : undefined;
  }
  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  set(key: number, value: V): void {
    const at = this.#chunk(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size++;
      return;
    }
    const slot = this.#slot(chunk, key);
    if (chunk.keys[slot] === key) {
      chunk.values[slot] = value;
      return;
    }
    this.#size++;
    if (chunk.keys.length < MOST) {
      insert(chunk, slot, key, value);
      return;
    }
    // Keys that come in order leave full chunks behind.
    const half = slot === MOST ? MOST : MOST >> 1;
    const upper: Chunk<V> = { keys: chunk.keys.splice(half), values: chunk.values.splice(half) };
    this.#chunks.splice(at + 1, 0, upper);
    const [into, place] = slot < half || (slot === half && half < MOST) ? [chunk, slot] : [upper, slot - half];
    insert(into, place, key, value);
  }

  delete(key: number): boolean {
    const at = this.#chunk(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return false;
    const slot = this.#slot(chunk, key);
    if (chunk.keys[slot] !== key) return false;
    chunk.keys.splice(slot, 1);
    chunk.values.splice(slot, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(at, 1);
    this.#size--;
    return true;
  }
  clear(): void {
    this.#chunks = [];
    this.#size = 0;
  }

  /** The lowest key from `key` on. To go on behind a key, ask for the next whole number: the map may have changed meanwhile. */
  next(key: number): number | undefined {
    const at = this.#chunk(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    return chunk.keys[this.#slot(chunk, key)] ?? this.#chunks[at + 1]?.keys[0];
  }
  /** The highest key up to `key`. */
  previous(key: number): number | undefined {
    const chunk = this.#chunks[this.#chunk(key)];
    if (chunk === undefined) return undefined;
    const slot = this.#slot(chunk, key);
    return chunk.keys[slot] === key ? key : slot > 0 ? chunk.keys[slot - 1] : undefined;
  }

  /** Every value, in order of the keys. */
  *values(): Generator<V> {
    for (const { values } of this.#chunks) yield* values;
  }
}

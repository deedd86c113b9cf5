// A map that keeps what was asked for or set last: two generations, of which the older one is dropped when
// the younger one is full. Profiles are such maps, because a guest decides how many blocks it has.

/** Entries of a generation. At least so many are kept, at most twice as many. */
export const generationSize = 1 << 15;

/** A map by numbers of bounded size. */
export class Recent<V> {
  #young = new Map<number, V>();
  #old = new Map<number, V>();

  get(key: number): V | undefined {
    const found = this.#young.get(key);
    if (found !== undefined) return found;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }
  set(key: number, value: V): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size < generationSize) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
  delete(key: number): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}

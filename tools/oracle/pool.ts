// Values that are dear to make, made beforehand: a case takes some, and a few are made anew for each.
import type { Random } from "./random.ts";

export class Pool {
  readonly #random: Random;
  readonly #size: number;
  readonly #count: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #views: readonly DataView[];
  readonly #make: (r: Random, out: DataView) => void;
  #next = 0;

  /** `count` values of `size` bytes, a multiple of 4. */
  constructor(random: Random, count: number, size: number, make: (r: Random, out: DataView) => void) {
    this.#random = random;
    this.#size = size;
    this.#count = count;
    this.#make = make;
    this.#bytes = new Uint8Array(count * size);
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#views = Array.from({ length: count }, (_, n) => new DataView(this.#bytes.buffer, n * size, size));
    this.renew(count);
  }
  renew(count: number): void {
    for (let n = 0; n < count; n++) {
      this.#make(this.#random, this.#views[this.#next] as DataView);
      this.#next = (this.#next + 1) % this.#count;
    }
  }
  /** Copy some value's first `count` words to a word index. */
  words(out: Uint32Array, at: number, count: number): void {
    const from = this.#random.below(this.#count) * (this.#size >> 2);
    for (let n = 0; n < count; n++) out[at + n] = this.#words[from + n] as number;
  }
  /** Copy some value to a byte address. */
  bytes(out: Uint8Array, at: number): void {
    const from = this.#random.below(this.#count) * this.#size;
    for (let n = 0; n < this.#size; n++) out[at + n] = this.#bytes[from + n] as number;
  }
}

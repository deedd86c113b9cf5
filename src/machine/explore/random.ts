// The random numbers of a search: the same from the same seed everywhere. Marsaglia, "Xorshift RNGs", 2003.

/** A stream of random numbers. */
export class Random {
  private _state: number;
  constructor(seed: number) {
    // Nearby seeds must give unlike streams, and the state must not be 0.
    this._state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) | 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }
  /** A 32-bit number. */
  next(): number {
    let x = this._state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this._state = x;
    return x >>> 0;
  }
  /** In [0, 1). */
  fraction(): number {
    return this.next() / 0x1_0000_0000;
  }
  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.fraction() * n);
  }
}

// Seeded randomness, and the values at which arithmetic goes wrong.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** sfc32 (C. Doty-Humphrey, PractRand): small, fast, and good enough to test with. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9;
    this.#c = 0x243f6a88;
    for (let i = 0; i < 12; i++) this.u32();
  }
  u32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
  /** 0 … n-1 */
  below(n: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * n);
  }
  chance(p: number): boolean {
    return this.u32() < p * 0x1_0000_0000;
  }
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < bytes.length; i++, word >>>= 8) {
      if (i % 4 === 0) word = this.u32();
      bytes[i] = word;
    }
  }
  /** The same of so many words at an index. */
  fillWords(words: Uint32Array, at: number, count: number): void {
    for (let i = 0; i < count; i++) words[at + i] = this.u32();
  }
  /**
   * A register's value: anything, an edge of some width, something small, something that was sign-extended.
   */
  word(): bigint {
    switch (this.below(8)) {
      case 0:
        return edges[this.below(edges.length)] as bigint;
      case 1:
        return BigInt.asUintN(64, BigInt(this.below(67) - 33));
      case 2:
        return BigInt.asUintN(64, BigInt(this.u32() | 0));
      case 3:
        return BigInt(this.u32());
      case 4:
        return (edges[this.below(edges.length)] as bigint) ^ BigInt(this.below(256));
      default:
        return this.u64();
    }
  }
}

const edges: readonly bigint[] = [8n, 16n, 32n, 64n].flatMap((w) => {
  const top = 1n << (w - 1n);
  return [0n, 1n, top - 1n, top, top + 1n, 2n * top - 1n, BigInt.asUintN(64, -top), BigInt.asUintN(64, -top - 1n), BigInt.asUintN(64, -1n)];
});

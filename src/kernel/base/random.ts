// The machine's only source of randomness: a seed decides every byte. xoshiro128** 1.1 by D. Blackman and S.
// Vigna, seeded by splitmix32.

/** A generator. Two with the same seed return the same values. */
export class SeededRandom {
  private readonly _s = new Uint32Array(4);

  constructor(seed: number) {
    let x = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e37_79b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
      this._s[i] = z ^ (z >>> 16);
    }
  }

  u32(): number {
    const s = this._s;
    const s1 = s[1] as number;
    const by5 = Math.imul(s1, 5);
    const result = Math.imul((by5 << 7) | (by5 >>> 25), 9) >>> 0;
    s[2] = (s[2] as number) ^ (s[0] as number);
    s[3] = (s[3] as number) ^ s1;
    s[1] = s1 ^ (s[2] as number);
    s[0] = (s[0] as number) ^ (s[3] as number);
    s[2] = (s[2] as number) ^ (s1 << 9);
    s[3] = ((s[3] as number) << 11) | ((s[3] as number) >>> 21);
    return result;
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i += 4) {
      const r = this.u32();
      for (let j = 0; j < 4 && i + j < n; j++) out[i + j] = r >>> (8 * j);
    }
    return out;
  }
}

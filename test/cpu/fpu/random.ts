// Seeded operands that like edges: arithmetic goes wrong at values that random bits never reach.

/** 32 random bits a call. (sfc32, C. Doty-Humphrey.) */
export class Random {
  #a: number;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #n = 1;
  constructor(seed: number) {
    this.#a = seed | 0;
    for (let i = 0; i < 12; i++) this.bits();
  }
  bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#n) | 0;
    this.#n = (this.#n + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }
  below(n: number): number {
    return this.bits() % n;
  }
  chance(oneIn: number): boolean {
    return this.bits() % oneIn === 0;
  }
}

/** A significand without its top bit, as two halves: random, few bits, or a run of ones. */
const fraction = (r: Random): [number, number] => {
  switch (r.below(8)) {
    case 0:
      return [0, 0];
    case 1:
      return [0xffffffff, 0x7fffffff];
    case 2:
      return [0, 1 << r.below(31)];
    case 3:
      return [1 << r.below(32), 0];
    case 4:
      return [0xffffffff << r.below(32), 0x7fffffff];
    case 5:
      return [0, (0x7fffffff << r.below(31)) & 0x7fffffff];
    default:
      return [r.bits(), r.bits() & 0x7fffffff];
  }
};

/**
 * Put an 80-bit operand of any kind at `at`. `near` is an exponent that operands cluster around, so that they
 * interact.
 */
export const putF80 = (view: DataView, at: number, r: Random, near: number): void => {
  const kind = r.below(40);
  let [lo, hi] = fraction(r);
  let exp = near + r.below(9) - 4;
  let integer = 0x80000000;
  if (kind === 0)
    exp = 0; // pseudo-denormal
  else if (kind === 1)
    [exp, integer] = [0, 0]; // denormal or zero
  else if (kind === 2) [lo, hi, exp, integer] = [0, 0, 0, 0];
  else if (kind === 3)
    exp = 0x7fff; // infinity or NaN
  else if (kind === 4) [lo, hi, exp] = [0, 0, 0x7fff];
  else if (kind === 5)
    [exp, integer] = [r.below(4) === 0 ? 0x7fff : 1 + r.below(0x7ffe), 0]; // unsupported
  else if (kind === 6)
    [lo, hi, exp] = [r.bits() & 3, 0x40000000, 0x7fff]; // quiet NaNs close to each other
  else if (kind < 10) exp = 1 + r.below(70);
  else if (kind < 13) exp = 0x7ffe - r.below(70);
  else if (kind < 16) exp = 1 + r.below(0x7ffe);
  else if (kind < 24) exp = near + r.below(160) - 80;
  else if (kind < 26) exp = 0x3fff + r.below(64);
  view.setUint32(at, lo, true);
  view.setUint32(at + 4, (hi | integer) >>> 0, true);
  view.setUint16(at + 8, Math.min(Math.max(exp, 0), 0x7fff) | (r.bits() & 0x8000), true);
};

/** An IEEE operand of 4 or 8 bytes. */
export const putFloat = (view: DataView, at: number, r: Random, bytes: number, near: number): void => {
  const field = bytes === 4 ? 23 : 52;
  const emax = bytes === 4 ? 0xff : 0x7ff;
  let [lo, hi] = fraction(r);
  const kind = r.below(24);
  let exp = Math.min(Math.max(near + r.below(9) - 4, 0), emax);
  if (kind === 0) exp = 0;
  else if (kind === 1) [lo, hi, exp] = [0, 0, 0];
  else if (kind === 2) exp = emax;
  else if (kind === 3) [lo, hi, exp] = [0, 0, emax];
  else if (kind === 4) exp = 1;
  else if (kind === 5) exp = emax - 1;
  else if (kind < 12) exp = r.below(emax + 1);
  const sign = r.bits() >>> 31;
  if (bytes === 4) {
    view.setUint32(at, ((sign << 31) | (exp << field) | ((hi << 1) >>> 9)) >>> 0, true);
  } else {
    view.setUint32(at, lo, true);
    view.setUint32(at + 4, ((sign << 31) | (exp << 20) | ((hi << 1) >>> 12)) >>> 0, true);
  }
};

/** An integer of 2, 4 or 8 bytes: any, small, or at the ends. */
export const putInteger = (view: DataView, at: number, r: Random, bytes: number): void => {
  const kind = r.below(6);
  for (let i = 0; i < bytes; i++) view.setUint8(at + i, r.bits());
  const top = at + bytes - 1;
  if (kind < 2) for (let i = 1; i < bytes; i++) view.setUint8(at + i, kind === 0 ? 0 : 0xff);
  else if (kind === 2) for (let i = 0; i < bytes; i++) view.setUint8(at + i, at + i === top ? 0x80 : 0);
  else if (kind === 3) for (let i = 0; i < bytes; i++) view.setUint8(at + i, at + i === top ? 0x7f : 0xff);
};

/** Ten bytes of packed decimal, valid digits unless now and then. */
export const putBcd = (view: DataView, at: number, r: Random): void => {
  const wild = r.chance(8);
  const digits = r.below(19);
  for (let i = 0; i < 9; i++) {
    const byte = wild ? r.bits() & 0xff : r.below(10) | (r.below(10) << 4);
    view.setUint8(at + i, 2 * i < digits ? byte : 0);
  }
  view.setUint8(at + 9, wild ? r.bits() : r.bits() & 0x80);
};

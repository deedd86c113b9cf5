// Floating-point and vector state for cases: the state at a program's start, or values that show rules of
// rounding, masking and NaNs.
import { type Case, fxAt, type Registers, stateAt } from "./case.ts";
import { Pool } from "./pool.ts";
import type { Random } from "./random.ts";
import { WINDOW } from "./world.ts";

const INITIAL_CONTROL = 0x037f;
const INITIAL_MXCSR = 0x1f80;

/** FNINIT and the MXCSR of a new process. */
export const plainFloats = (s: Registers): void => {
  s.view.setUint16(s.at + stateAt.fxsave + fxAt.control, INITIAL_CONTROL, true);
  s.view.setUint32(s.at + stateAt.fxsave + fxAt.mxcsr, INITIAL_MXCSR, true);
};

interface Format {
  readonly exponent: number;
  readonly fraction: number;
}
const single: Format = { exponent: 8, fraction: 23 };
const double: Format = { exponent: 11, fraction: 52 };

/**
 * A value of an IEEE format: zero, denormal, infinity, quiet and signaling NaN, an exponent near a limit, a
 * short fraction, anything.
 */
const float = (f: Format, r: Random): bigint => {
  const top = (1n << BigInt(f.exponent)) - 1n;
  const bias = top >> 1n;
  const whole = (1n << BigInt(f.fraction)) - 1n;
  const random = r.u64() & whole;
  const some = r.pick([0n, 1n, whole, random, whole ^ (random & 0xffn), random & (whole << BigInt(r.below(f.fraction))) & whole]);
  const exponents = [
    0n,
    0n,
    1n,
    top,
    top,
    top - 1n,
    bias,
    bias + BigInt(r.below(9) - 4),
    bias + BigInt(r.below(70)),
    bias + BigInt(f.fraction),
    r.u64() & top,
    r.u64() & top,
  ];
  return (BigInt(r.below(2)) << BigInt(f.exponent + f.fraction)) | (r.pick(exponents) << BigInt(f.fraction)) | some;
};

/** 16 bytes that are four singles, two doubles, or integers. */
const vector = (r: Random, v: DataView): void => {
  const kind = r.below(3);
  for (let n = 0; n < 2; n++) {
    const half = kind === 0 ? float(single, r) | (float(single, r) << 32n) : kind === 1 ? float(double, r) : r.word();
    v.setBigUint64(n * 8, half, true);
  }
};

/**
 * An 80-bit value, unsupported encodings (pseudo-NaN, unnormal) and pseudo-denormals included. SDM Vol. 1
 * 8.2.2
 */
const extended = (r: Random, v: DataView): void => {
  const fraction =
    r.pick([
      0n,
      1n,
      r.u64(),
      r.u64() & 0xffff_ffff_0000_0000n,
      r.u64() & (-1n << BigInt(r.below(64))),
      0x4000_0000_0000_0000n,
      (1n << 63n) - 1n,
    ]) &
    ((1n << 63n) - 1n);
  const exponent = r.pick([
    0,
    1,
    0x7fff,
    0x7ffe,
    0x3fff,
    0x3fff,
    0x3fff + r.below(9) - 4,
    0x3fff + r.below(70),
    0x3fff - r.below(70),
    0x3fff + r.below(2048) - 1024,
    r.below(0x8000),
  ]);
  const integer = exponent === 0 ? r.chance(0.1) : r.chance(0.97);
  v.setBigUint64(0, fraction | (integer ? 1n << 63n : 0n), true);
  v.setUint16(8, exponent | (r.below(2) << 15), true);
};

export class Floats {
  readonly #vectors: Pool;
  readonly #extended: Pool;

  constructor(r: Random) {
    this.#vectors = new Pool(r, 4096, 16, vector);
    this.#extended = new Pool(r, 2048, 16, extended);
  }

  /**
   * Everything random: all of x87, xmm and ymm, both control words with exceptions mostly masked; floats of
   * every size in memory.
   */
  fill(c: Case, r: Random): void {
    const { view, words } = c.batch;
    const fx = c.before.at + stateAt.fxsave;
    const masks = r.chance(0.85) ? 0x3f : r.below(64);
    view.setUint16(fx + fxAt.control, 0x40 | masks | (r.pick(precisions) << 8) | (r.below(4) << 10), true);
    // Pending exceptions would stop every instruction: flags only where they are masked.
    view.setUint16(fx + fxAt.status, (r.below(8) << 11) | (r.u32() & 0x4700) | (r.chance(0.5) ? r.below(64) & masks : 0), true);
    view.setUint8(fx + fxAt.tag, r.chance(0.7) ? 0xff : r.below(256));
    const mxcsr =
      (r.chance(0.85) ? 0x1f80 : r.below(64) << 7) |
      (r.below(4) << 13) |
      (r.chance(0.1) ? 0x8000 : 0) |
      (r.chance(0.1) ? 0x40 : 0) |
      (r.chance(0.3) ? r.below(64) : 0);
    view.setUint32(fx + fxAt.mxcsr, mxcsr, true);
    this.#vectors.renew(2);
    this.#extended.renew(1);
    for (let n = 0; n < 8; n++) this.#extended.words(words, (fx + fxAt.st + n * 16) >> 2, 3);
    for (let n = 0; n < 16; n++) this.#vectors.words(words, (fx + fxAt.xmm + n * 16) >> 2, 4);
    for (let n = 0; n < 16; n++) this.#vectors.words(words, (c.before.at + stateAt.ymmHigh + n * 16) >> 2, 4);
    const window = c.windowAt;
    for (let at = 0; at < WINDOW.size - 16; at += r.pick(strides))
      if (r.chance(0.8)) (r.chance(0.3) ? this.#extended : this.#vectors).bytes(c.batch.bytes, window + at);
  }
}
const precisions = [0, 2, 3, 3, 3] as const;
const strides = [8, 16, 10] as const;

// Bounds of floating-point values in vector registers. If the sources are zeros or within 2^-127 to 2^129
// (2^-15 to 2^17 in single precision), products and quotients have constant bounds. A sum is zero or at least
// a unit in the last place of the smaller operand. So nothing overflows and nothing is subnormal.

import type { Assured } from "../../isa/ops.ts";

/** The width of a floating-point number in bits. */
export type FloatWidth = 32 | 64;
/**
 * Bounds of a number: its magnitude is from 2^low to 2^high unless it is zero, and it is a multiple of
 * 2^grain.
 */
export interface FloatBounds {
  readonly low: number;
  readonly high: number;
  readonly grain: number;
  readonly zero: boolean;
  /** It may be negative. */
  readonly minus: boolean;
}
/**
 * Precision without the leading bit, and the exponents between which rounding cannot leave the normal
 * numbers.
 */
const formats = {
  64: { fraction: 52, low: -1021, high: 1023 },
  32: { fraction: 23, low: -125, high: 127 },
} as const;
/**
 * The test of a source: adding `plus` makes the upper three bits of the exponent 0 for numbers in the range,
 * and for no others.
 */
export const source = {
  64: { plus: 0x4800_0000_0000_0000n, upper: 0x7000_0000_0000_0000n, fact: { low: -127, high: 129, grain: -179, zero: true, minus: true } },
  32: { plus: 0x4800_0000n, upper: 0x7000_0000n, fact: { low: -15, high: 17, grain: -38, zero: true, minus: true } },
} as const;

/**
 * Bounds of a value: of its lowest lane, and of all lanes. All registers with the value share one object.
 */
export interface SseFacts {
  readonly low: Map<FloatWidth, FloatBounds>;
  readonly all: Map<FloatWidth, FloatBounds>;
}
/** No bounds. */
export const noBounds = (): SseFacts => ({ low: new Map(), all: new Map() });
/** The facts about vector registers at one point. */
export interface SseState {
  readonly tests: ReadonlyMap<string, Test>;
  readonly registers: ReadonlyMap<number, SseFacts>;
  readonly lows: ReadonlyMap<number, LowLane>;
}
/** A copy in which registers with the same value still share one object. */
export const copied = (registers: ReadonlyMap<number, SseFacts>): Map<number, SseFacts> => {
  const copies = new Map<SseFacts, SseFacts>();
  return new Map(
    [...registers].map(([r, facts]) => {
      const copy = copies.get(facts) ?? { low: new Map(facts.low), all: new Map(facts.all) };
      copies.set(facts, copy);
      return [r, copy];
    }),
  );
};

/** Bounds of a value that is one of two. */
export const join = (a: FloatBounds | undefined, b: FloatBounds | undefined): FloatBounds | undefined =>
  a &&
  b && {
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    grain: Math.min(a.grain, b.grain),
    zero: a.zero || b.zero,
    minus: a.minus || b.minus,
  };
/** The bounds of a result; undefined if it may leave the normal numbers. */
export const resultBounds = (
  name: Exclude<Assured, "compare">,
  w: FloatWidth,
  same: boolean,
  a: FloatBounds,
  b: FloatBounds,
): FloatBounds | undefined => {
  const f = formats[w];
  const of = (low: number, high: number, zero: boolean, minus: boolean, grain = low - f.fraction): FloatBounds | undefined =>
    low >= f.low && high <= f.high ? { low, high, grain, zero, minus } : undefined;
  const minus = !same && (a.minus || b.minus);
  switch (name) {
    case "mul":
      return of(a.low + b.low, a.high + b.high, a.zero || b.zero, minus);
    case "div":
      return of(a.low - b.high, a.high - b.low, a.zero, minus);
    case "sqrt":
      return of(Math.floor(a.low / 2), Math.ceil(a.high / 2), a.zero, false);
    default: {
      const grain = Math.min(a.grain, b.grain);
      const apart = name === "add" && !a.minus && !b.minus;
      return of(apart ? Math.min(a.low, b.low) : grain, Math.max(a.high, b.high) + 1, !apart || (a.zero && b.zero), !apart, grain);
    }
  }
};
/** The accumulated test of sources of one format; `lanes`: 1 for the lowest lane. */
export interface Test {
  readonly local: number;
  readonly w: FloatWidth;
  readonly lanes: number;
}
/** The lowest w bits of a register. */
export interface LowLane {
  readonly local: number;
  readonly w: number;
}

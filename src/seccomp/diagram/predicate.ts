// A condition on one number, read back in the fewest words: values, ranges, masks.

import { aFlag, either, listOf, oneOf, shapeOf, takes, unsigned64, wants, wholeNumber } from "../../wants.ts";
import { type Cube, cover, support } from "./cubes.ts";
import { intervals, type NumberField } from "./intervals.ts";
import { type Node, type Nodes, TRUE } from "./nodes.ts";

/** Unsigned values, both ends included. */
export interface Range {
  readonly from: bigint;
  /** Included. */
  readonly to: bigint;
}
/** (x & mask) == value */
export interface Masked {
  readonly mask: bigint;
  readonly value: bigint;
}
/**
 * ranges: x & mask lies in one of them (the mask has no holes; -1n: all bits). masks: one of them holds.
 * nodes: too many of either to be listed; the condition is exact in the diagram only.
 */
export type Predicate = (
  | { readonly kind: "ranges"; readonly mask: bigint; readonly ranges: readonly Range[] }
  | { readonly kind: "masks"; readonly masks: readonly Masked[] }
  | { readonly kind: "nodes"; readonly nodes: number }
) & {
  /** It is the contrary that is described. */
  readonly negated: boolean;
};

const MOST = 24;

const numberOf = (cube: Cube, { level, bits }: NumberField): Masked => {
  let [mask, value] = [0n, 0n];
  for (const [at, bit] of cube) {
    const weight = 1n << BigInt(level + bits - 1 - at);
    mask |= weight;
    if (bit) value |= weight;
  }
  return { mask, value };
};

/**
 * Masks of adjacent bits that hold all of these: the narrowest, and the one that reaches down to bit 0. All
 * bits if they have holes.
 */
const masksOf = (levels: ReadonlySet<number>, field: NumberField): readonly bigint[] => {
  const { mask } = numberOf(new Map([...levels].map((level) => [level, 1] as const)), field);
  const step = mask & -mask;
  if ((mask / step) & (mask / step + 1n)) return [(1n << BigInt(field.bits)) - 1n];
  return step === 1n ? [mask] : [mask, mask | (step - 1n)];
};

const cost = (predicate: Predicate): number => {
  const negation = predicate.negated ? 0.4 : 0;
  if (predicate.kind === "nodes") return 1000 + negation;
  if (predicate.kind === "masks") return negation + predicate.masks.length * 3;
  const masked = predicate.mask === -1n ? 0 : predicate.mask & 1n ? 0.5 : 0.6;
  return negation + masked + predicate.ranges.reduce((sum, { from, to }) => sum + (from === to ? 1 : 1.5), 0);
};

/** The condition, and that these bits, none of which it depends on, are 0. */
const withZeros = (nodes: Nodes, condition: Node, { level, bits }: NumberField, zeros: bigint): Node => {
  let made = condition;
  for (let at = level + bits - 1; at >= level; at--) {
    if ((zeros >> BigInt(level + bits - 1 - at)) & 1n) made = nodes.make(at, made, 0);
  }
  return made;
};

const describeOnce = (nodes: Nodes, condition: Node, field: NumberField, negated: boolean): readonly Predicate[] => {
  const found: Predicate[] = [];
  const all = (1n << BigInt(field.bits)) - 1n;
  for (const mask of masksOf(support(nodes, condition), field)) {
    const step = mask & -mask;
    const above = all & ~mask & ~(step - 1n);
    const list = intervals(nodes, withZeros(nodes, condition, field, above), field, MOST * 2);
    // The bits below a mask make ranges in steps.
    const ranges = list
      ?.filter(({ node }) => node === TRUE)
      .map(({ from, to }) => ({ from: from - (from % step), to: to > mask ? mask : to - (to % step) }));
    if (ranges && ranges.length <= MOST) found.push({ kind: "ranges", mask: mask === all ? -1n : mask, ranges, negated });
  }
  const cubes = cover(nodes, condition, MOST);
  if (cubes) found.push({ kind: "masks", masks: cubes.map((cube) => numberOf(cube, field)), negated });
  return found;
};

/** `condition` depends on the field alone, and is neither true nor false. */
export const describe = (nodes: Nodes, condition: Node, field: NumberField): Predicate => {
  const all = [...describeOnce(nodes, condition, field, false), ...describeOnce(nodes, nodes.not(condition), field, true)];
  const [best] = all.sort((one, other) => cost(one) - cost(other));
  return best ?? { kind: "nodes", nodes: nodes.reachable(condition).length, negated: false };
};

const aMask = wants("a bigint", (value) => typeof value === "bigint");
const ofRanges = shapeOf<Extract<Predicate, { kind: "ranges" }>>("ranges", {
  kind: oneOf(["ranges"]),
  mask: aMask,
  ranges: listOf(shapeOf<Range>("a range", { from: aMask, to: aMask })),
  negated: aFlag,
});
const ofMasks = shapeOf<Extract<Predicate, { kind: "masks" }>>("masks", {
  kind: oneOf(["masks"]),
  masks: listOf(shapeOf<Masked>("a mask", { mask: aMask, value: aMask })),
  negated: aFlag,
});
const ofNodes = shapeOf<Extract<Predicate, { kind: "nodes" }>>("nodes", {
  kind: oneOf(["nodes"]),
  nodes: wholeNumber(0, 2 ** 32),
  negated: aFlag,
});
const aDecidable = either('a predicate of the kind "ranges" or "masks"', ofRanges, ofMasks);
/** A predicate as an argument. */
export const aPredicate = either("a predicate of casesOf(…)", ofRanges, ofMasks, ofNodes);
/**
 * True if the predicate holds for the number. Not for "nodes".
 *
 * @example
 * holds({ kind: "ranges", mask: -1n, ranges: [{ from: 1n, to: 3n }], negated: false }, 2n);   // true
 */
export const holds = takes(
  "holds",
  { predicate: aDecidable, x: unsigned64 },
  (predicate: Exclude<Predicate, { kind: "nodes" }>, x: bigint): boolean => {
    const within =
      predicate.kind === "ranges"
        ? predicate.ranges.some(({ from, to }) => (x & predicate.mask) >= from && (x & predicate.mask) <= to)
        : predicate.masks.some(({ mask, value }) => (x & mask) === value);
    return within !== predicate.negated;
  },
);
export { cost as predicateCost };

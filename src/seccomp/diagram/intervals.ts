// A word, or an argument's two words, cut into the fewest ranges of values on each of which a function is the
// same.
import type { Node, Nodes } from "./nodes.ts";

/** The variables of one number: consecutive levels, the most significant bit first. */
export interface NumberField {
  readonly level: number;
  readonly bits: 32 | 64;
}
/** The level after the last variable of a field. */
export const endOf = ({ level, bits }: NumberField): number => level + bits;

/** Values from `from` to `to`, both included, lead to `node`, which depends on later variables only. */
export interface Interval {
  readonly from: bigint;
  readonly to: bigint;
  readonly node: Node;
}

/**
 * In ascending order, without gaps; undefined if there would be more than `most`. Nothing in `root` depends
 * on earlier variables.
 */
export const intervals = (nodes: Nodes, root: Node, field: NumberField, most: number): readonly Interval[] | undefined => {
  const found: { from: bigint; to: bigint; node: Node }[] = [];
  const end = endOf(field);
  const add = (from: bigint, to: bigint, node: Node): boolean => {
    const last = found.at(-1);
    if (last?.node === node) {
      last.to = to;
      return true;
    }
    found.push({ from, to, node });
    return found.length <= most;
  };
  const go = (node: Node, level: number, from: bigint): boolean => {
    const size = 1n << BigInt(end - level);
    if (nodes.level(node) >= end) return add(from, from + size - 1n, node);
    const here = nodes.level(node) === level;
    return go(here ? nodes.low(node) : node, level + 1, from) && go(here ? nodes.high(node) : node, level + 1, from + (size >> 1n));
  };
  return go(root, field.level, 0n) ? found : undefined;
};

/** The nodes below a field, each with the condition on the field that leads there. */
export const outcomes = (nodes: Nodes, root: Node, field: NumberField): readonly { readonly node: Node; readonly when: Node }[] => {
  const end = endOf(field);
  const below = new Set<Node>();
  const seen = new Set<Node>([root]);
  for (const node of seen) {
    if (nodes.level(node) >= end) below.add(node);
    else seen.add(nodes.low(node)).add(nodes.high(node));
  }
  return [...below].map((node) => ({
    node,
    when: nodes.rebuild(root, (n) => (nodes.level(n) >= end ? (n === node ? 1 : 0) : undefined)),
  }));
};

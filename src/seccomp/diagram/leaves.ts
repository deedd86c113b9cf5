// A list of ranges cut into leaves: a search by halves finds the leaf, and comparisons with single values
// decide in it.
import type { Interval } from "./intervals.ts";
import type { Node } from "./nodes.ts";

/** Neighbouring ranges that all lead to one node, single values excepted. */
export interface Leaf {
  readonly from: bigint;
  readonly usual: Node;
  /** Ranges of one value each. */
  readonly others: readonly Interval[];
}

/** More comparisons in turn would make calls slow. */
const MOST_OTHERS = 3;

/** The leaf with the fewest comparisons; undefined: more than MOST_OTHERS are needed. */
const leafOf = (list: readonly Interval[]): Leaf | undefined => {
  let best: Leaf | undefined;
  for (const usual of new Set(list.map(({ node }) => node))) {
    const others = list.filter(({ node }) => node !== usual);
    if (others.length > MOST_OTHERS || others.some(({ from, to }) => from !== to)) continue;
    if (!best || others.length < best.others.length) best = { from: (list[0] as Interval).from, usual, others };
  }
  return best;
};

/** The leaves with the fewest instructions in all, one between two leaves among them. `cost`: that number. */
export const leavesOf = (list: readonly Interval[]): { readonly leaves: readonly Leaf[]; readonly cost: number } => {
  // For the first n ranges: the least number of instructions, and the last leaf.
  const best: { readonly cost: number; readonly start: number; readonly leaf: Leaf | undefined }[] = [
    { cost: -1, start: 0, leaf: undefined },
  ];
  for (let end = 1; end <= list.length; end++) {
    let found = { cost: Number.POSITIVE_INFINITY, start: 0, leaf: undefined as Leaf | undefined };
    // Two exceptions have a range between them, or are neighbours.
    for (let start = end - 1; start >= Math.max(0, end - 2 * MOST_OTHERS - 1); start--) {
      const leaf = leafOf(list.slice(start, end));
      if (!leaf) continue;
      const cost = (best[start]?.cost ?? 0) + 1 + leaf.others.length;
      if (cost < found.cost) found = { cost, start, leaf };
    }
    best.push(found);
  }
  const leaves: Leaf[] = [];
  for (let end = list.length; end > 0; end = best[end]?.start ?? 0) leaves.push(best[end]?.leaf as Leaf);
  return { leaves: leaves.toReversed(), cost: best.at(-1)?.cost ?? 0 };
};

// A condition as a sum of masks: (x & mask) == value, or another, … none of them superfluous. Minato, "Fast
// Generation of Prime-Irredundant Covers from Binary Decision Diagrams" (1993), after Morreale (1970).
import { FALSE, type Node, type Nodes, TRUE } from "./nodes.ts";

/** The variables at these levels have these values; others are free. */
export type Cube = ReadonlyMap<number, 0 | 1>;

/** Undefined if there would be more than `most`. */
export const cover = (nodes: Nodes, condition: Node, most: number): readonly Cube[] | undefined => {
  let count = 0;
  /** A cover of at least `lower` and at most `upper`, and the covered function; undefined: too large. */
  const go = (lower: Node, upper: Node): { readonly cubes: readonly Cube[]; readonly node: Node } | undefined => {
    if (lower === FALSE) return { cubes: [], node: FALSE };
    if (upper === TRUE) return ++count > most ? undefined : { cubes: [new Map()], node: TRUE };
    const level = Math.min(nodes.level(lower), nodes.level(upper));
    const at = (node: Node, side: "low" | "high"): Node => (nodes.level(node) === level ? nodes[side](node) : node);
    const [l0, l1, u0, u1] = [at(lower, "low"), at(lower, "high"), at(upper, "low"), at(upper, "high")];
    const zero = go(nodes.and(l0, nodes.not(u1)), u0);
    const one = zero && go(nodes.and(l1, nodes.not(u0)), u1);
    if (!zero || !one) return undefined;
    const rest0 = nodes.and(l0, nodes.not(zero.node));
    const rest1 = nodes.and(l1, nodes.not(one.node));
    const both = go(nodes.or(rest0, rest1), nodes.and(u0, u1));
    if (!both) return undefined;
    const fix = (cubes: readonly Cube[], bit: 0 | 1): Cube[] => cubes.map((cube) => new Map([[level, bit] as const, ...cube]));
    const node = nodes.or(nodes.make(level, zero.node, one.node), both.node);
    return { cubes: [...fix(zero.cubes, 0), ...fix(one.cubes, 1), ...both.cubes], node };
  };
  return go(condition, condition)?.cubes;
};

/** The levels that a function depends on. */
export const support = (nodes: Nodes, root: Node): ReadonlySet<number> =>
  new Set(nodes.reachable(root).flatMap((node) => (nodes.isTerminal(node) ? [] : [nodes.level(node)])));

// Equality of two diagrams, and the calls for which they differ.

import { listOf, oneOf, optional, shapeOf, takes, type Want, wants } from "../../wants.ts";
import type { Diagram } from "./diagram.ts";
import { aDiagram } from "./diagram.ts";
import { FALSE, type Node } from "./nodes.ts";
import { aTerminal, isUndecided } from "./undecided.ts";
import { isNodeOf } from "./wants.ts";

/** The effects of two filters on the same calls. One or both may be undecided (see `isUndecided`). */
export interface Pair {
  readonly a: number;
  readonly b: number;
}
/** The result of `compare`. */
export interface Difference {
  /** Both in one store, in effects. */
  readonly a: Diagram;
  readonly b: Diagram;
  /** Terminal 0: the same. Terminal n: as `pairs[n - 1]` says. */
  readonly root: Node;
  readonly pairs: readonly Pair[];
  /**
   * equal: for every call. different: for some call both are decided and differ. undecided: the calls for
   * which both are decided get the same, but there are others.
   */
  readonly verdict: "equal" | "different" | "undecided";
}

/**
 * Compares meanings under the first diagram's rules.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * compare(diagram, diagramOf([stmt(BPF.RET | BPF.K, 0x7fff0000)])).verdict;   // "different"
 */
export const compare = takes("compare", { one: aDiagram, other: aDiagram }, (one: Diagram, other: Diagram): Difference => {
  const a = one.effects();
  const b = other.in(a.nodes).effects();
  const { nodes } = a;
  const pairs: Pair[] = [];
  const numbers = new Map<string, number>();
  const root = nodes.pointwise(a.root, b.root, (x, y) => {
    if (x === y && !isUndecided(x)) return 0;
    const key = `${x} ${y}`;
    let n = numbers.get(key);
    if (n === undefined) {
      n = pairs.push({ a: x, b: y });
      numbers.set(key, n);
    }
    return n;
  });
  const decided = pairs.some((pair) => !isUndecided(pair.a) && !isUndecided(pair.b));
  return { a, b, root, pairs, verdict: root === FALSE ? "equal" : decided ? "different" : "undecided" };
});

const aPair = shapeOf<Pair>("a pair of a difference", { a: aTerminal, b: aTerminal });
/** A difference as an argument. */
export const aDifference: Want = (value, args) =>
  shapeOf<Difference>("a difference: of compare(…)", {
    a: aDiagram,
    b: aDiagram,
    root: wants("a node of the difference", (root) => isNodeOf((value as Difference).a.nodes, root)),
    pairs: listOf(aPair),
    verdict: oneOf(["equal", "different", "undecided"]),
  })(value, args);

/**
 * The calls of one pair, or of all pairs that are decided, as a condition.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * const difference = compare(diagram, diagramOf([stmt(BPF.RET | BPF.K, 0x7fff0000)]));
 * witness(difference.a.nodes, differing(difference))?.nr;   // 39
 */
export const differing = takes(
  "differing",
  { difference: aDifference, pair: optional(aPair) },
  ({ a: { nodes }, root, pairs }: Difference, pair?: Pair): Node =>
    nodes.map(root, (n) => {
      const found = pairs[n - 1];
      if (!found) return 0;
      return (pair ? found === pair : !isUndecided(found.a) && !isUndecided(found.b)) ? 1 : 0;
    }),
);

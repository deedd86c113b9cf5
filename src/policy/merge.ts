// Several policies as one, exactly: the calls that all allow, the calls that any allows, or the kernel's
// result of a stack.

import { aDiagram } from "../seccomp/diagram/diagram.ts";
import { type Diagram, isUndecided, stackDiagrams } from "../seccomp/index.ts";
import { listOf, oneOf, takes } from "../wants.ts";

/** All kinds of `merge`. */
export const mergeKinds = ["union", "intersect", "stack"] as const;
/** The kind of combination in `merge`. */
export type MergeKind = (typeof mergeKinds)[number];

/**
 * intersect: for each call the most restrictive verdict, of equal actions the first policy's. union: the
 * least restrictive one. stack: the filters attached one after the other, so that of equal actions the last
 * one's data counts. The order of actions is the kernel's.
 *
 * @example
 * merge("intersect", [policy.diagram, baseline.diagram]);   // passes the calls that both let pass
 */
export const merge = takes(
  "merge",
  { kind: oneOf(mergeKinds), diagrams: listOf(aDiagram, 1) },
  (kind: MergeKind, diagrams: readonly Diagram[]): Diagram => {
    if (kind === "stack") return stackDiagrams(diagrams);
    const [first, ...rest] = diagrams;
    if (!first) throw new Error("nothing to merge");
    const { nodes, rules } = first;
    const { mask } = rules.returns;
    const rank = (value: number): number => value & mask;
    const better = kind === "union" ? (a: number, b: number) => rank(b) > rank(a) : (a: number, b: number) => rank(b) < rank(a);
    const root = rest.reduce((sofar, diagram) => {
      const other = nodes.adopt(diagram.nodes, diagram.root);
      return nodes.pointwise(sofar, other, (a, b) => (isUndecided(a) ? a : isUndecided(b) || better(a, b) ? b : a));
    }, first.root);
    return first.with(root);
  },
);

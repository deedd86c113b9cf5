// A diagram as the table that people ask for: for each architecture ranges of numbers, for each range a
// function of the arguments.

import { takes } from "../../wants.ts";
import type { Diagram } from "./diagram.ts";
import { intervals } from "./intervals.ts";
import type { Node, Nodes } from "./nodes.ts";
import { aFunctionIn, aNode, someNodes } from "./wants.ts";
import { levelOf } from "./words.ts";

/** Numbers from `from` to `to`, both included, unsigned. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
  /** Depends on the instruction pointer and the arguments only. */
  readonly node: Node;
}
/** The numbers of one architecture value; no `arch`: of all other values. */
export interface ArchRows {
  /** AUDIT_ARCH_* values, both included. */
  readonly from: number;
  readonly to: number;
  /**
   * In ascending order, without gaps; undefined if the numbers are cut into too many ranges, as by a test of
   * their low bits.
   */
  readonly ranges: readonly NumberRange[] | undefined;
  /** The function where arch is one of these. */
  readonly node: Node;
}

const MOST = 1 << 14;

/**
 * Ranges of system call numbers with equal functions, in ascending order. Undefined if there are too many.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * numberRanges(diagram.nodes, diagram.root)?.length;
 */
export const numberRanges = takes(
  "numberRanges",
  { nodes: someNodes, root: aNode() },
  (nodes: Nodes, root: Node): readonly NumberRange[] | undefined =>
    intervals(nodes, root, { level: levelOf("sys_number"), bits: 32 }, MOST)?.map(({ from, to, node }) => ({
      from: Number(from),
      to: Number(to),
      node,
    })),
);

/**
 * Rows of every architecture value that the function distinguishes. Undefined if there are too many.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * for (const row of tableOf(diagram) ?? []) console.log(row);
 */
export const tableOf = takes(
  "tableOf",
  { diagram: aFunctionIn },
  ({ nodes, root }: Pick<Diagram, "nodes" | "root">): readonly ArchRows[] | undefined =>
    intervals(nodes, root, { level: levelOf("arch"), bits: 32 }, MOST)?.map(({ from, to, node }) => ({
      from: Number(from),
      to: Number(to),
      node,
      ranges: numberRanges(nodes, node),
    })),
);

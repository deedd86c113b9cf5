// A condition on arguments as a disjunction of masked comparisons of whole registers, the form that other
// formats can express.

import { takes, wholeNumber } from "../../wants.ts";
import { fieldOf } from "./cases.ts";
import { type Cube, cover } from "./cubes.ts";
import type { Node, Nodes } from "./nodes.ts";
import { aNode, someNodes } from "./wants.ts";

/** (arg[index] & mask) == value */
export interface MaskedArgument {
  readonly index: 0 | 1 | 2 | 3 | 4 | 5;
  readonly mask: bigint;
  readonly value: bigint;
}

const partsOf = (cube: Cube): readonly MaskedArgument[] | undefined => {
  const masks = new Map<MaskedArgument["index"], { mask: bigint; value: bigint }>();
  const indices = [0, 1, 2, 3, 4, 5] as const;
  for (const [level, bit] of cube) {
    const index = indices.findLast((i) => fieldOf(i).level <= level);
    if (index === undefined || level < fieldOf(0).level) return undefined;
    const weight = 1n << BigInt(63 - (level - fieldOf(index).level));
    const part = masks.get(index) ?? { mask: 0n, value: 0n };
    masks.set(index, { mask: part.mask | weight, value: bit ? part.value | weight : part.value });
  }
  return [...masks].sort(([a], [b]) => a - b).map(([index, part]) => ({ index, ...part }));
};

/**
 * Conjunctions of which exactly one holds where the condition does. Undefined if there would be more than
 * `most`, or if the condition depends on the instruction pointer. `condition` depends on arguments alone.
 *
 * @example
 * const { program } = assemble("A = args[0]\nA == 1 ? ok : no\nok: return ALLOW\nno: return ERRNO(1)");
 * const { nodes, root } = diagramOf(program);
 * const allowed = nodes.map(root, (value) => (value === 0x7fff0000 ? TRUE : FALSE));
 * maskedArguments(nodes, allowed, 8);
 */
export const maskedArguments = takes(
  "maskedArguments",
  { nodes: someNodes, condition: aNode(), most: wholeNumber(0, 1e9) },
  (nodes: Nodes, condition: Node, most: number): readonly (readonly MaskedArgument[])[] | undefined => {
    const cubes = cover(nodes, condition, most)?.map(partsOf);
    return cubes?.every((parts) => parts !== undefined) ? (cubes as readonly (readonly MaskedArgument[])[]) : undefined;
  },
);

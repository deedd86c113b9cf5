// A call for which a condition holds: a proof that the evaluator, or a kernel, can check.

import { listOf, shapeOf, takes, wants, word32 } from "../../wants.ts";
import type { SyscallData } from "../data.ts";
import { FALSE, type Node, type Nodes } from "./nodes.ts";
import { aNode, someNodes } from "./wants.ts";
import { levelOf } from "./words.ts";

const numberAt = (bits: ReadonlyMap<number, 0 | 1>, level: number): number => {
  let value = 0;
  for (let i = 0; i < 32; i++) value = value * 2 + (bits.get(level + i) ?? 0);
  return value;
};

/**
 * A call for which the condition holds, with as many zeros as that allows; undefined if it never holds.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * const allowed = diagram.nodes.map(diagram.root, (value) => (value === 0x7fff0000 ? TRUE : FALSE));
 * witness(diagram.nodes, allowed)?.nr;   // 0
 */
export const witness = takes(
  "witness",
  { nodes: someNodes, condition: aNode() },
  (nodes: Nodes, condition: Node): SyscallData | undefined => {
    if (condition === FALSE) return undefined;
    const bits = new Map<number, 0 | 1>();
    for (let node = condition; !nodes.isTerminal(node); ) {
      const low = nodes.low(node) !== FALSE;
      bits.set(nodes.level(node), low ? 0 : 1);
      node = low ? nodes.low(node) : nodes.high(node);
    }
    const args = new Uint32Array(12);
    for (const i of [0, 1, 2, 3, 4, 5] as const) {
      args[2 * i] = numberAt(bits, levelOf(`args[${i}].lo`));
      args[2 * i + 1] = numberAt(bits, levelOf(`args[${i}].hi`));
    }
    return {
      nr: numberAt(bits, levelOf("sys_number")) | 0,
      arch: numberAt(bits, levelOf("arch")),
      ipLo: numberAt(bits, levelOf("instruction_pointer.lo")),
      ipHi: numberAt(bits, levelOf("instruction_pointer.hi")),
      args,
    };
  },
);

const someNumbers = shapeOf("an object { arch, numbers }", {
  arch: word32,
  numbers: wants(
    "numbers of calls",
    (value) =>
      typeof value === "object" && value !== null && Symbol.iterator in value && [...(value as Iterable<unknown>)].every(Number.isInteger),
  ),
});
/**
 * A witness with one of these architectures and one of their numbers, if one exists: readers know those
 * calls.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * const denied = diagram.nodes.map(diagram.root, (value) => (value === 0x7fff0000 ? FALSE : TRUE));
 * knownWitness(diagram.nodes, denied, [{ arch: 0xc000003e, numbers: [39, 110] }])?.nr;   // 39
 */
export const knownWitness = takes(
  "knownWitness",
  { nodes: someNodes, condition: aNode(), preferred: listOf(someNumbers) },
  (
    nodes: Nodes,
    condition: Node,
    preferred: readonly { readonly arch: number; readonly numbers: Iterable<number> }[],
  ): SyscallData | undefined => {
    const fix = (node: Node, level: number, value: number): Node =>
      nodes.restrict(node, (at) => (at >= level && at < level + 32 ? (((value >>> (31 - (at - level))) & 1) as 0 | 1) : undefined));
    for (const { arch, numbers } of preferred) {
      const there = fix(condition, levelOf("arch"), arch);
      if (there === FALSE) continue;
      for (const nr of numbers) {
        const found = witness(nodes, fix(there, levelOf("sys_number"), nr));
        if (found) return { ...found, arch, nr: nr | 0 };
      }
      const found = witness(nodes, there);
      if (found) return { ...found, arch };
    }
    return witness(nodes, condition);
  },
);

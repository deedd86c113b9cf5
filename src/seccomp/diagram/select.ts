// A function that is chosen by a word's value: the result of a chain of comparisons with constants, built at
// once.

import { takes, wants } from "../../wants.ts";
import type { Word } from "../layout.ts";
import { aWord } from "../wants.ts";
import type { Node, Nodes } from "./nodes.ts";
import { aNode, isNodeOf, someNodes } from "./wants.ts";
import { levelOf } from "./words.ts";

const nodesByValue = wants("a Map from values of 32 bits to nodes of this store", (value, [nodes]) => {
  if (!(value instanceof Map)) return false;
  return [...value].every(([key, node]) => Number.isInteger(key) && key >= 0 && key < 2 ** 32 && isNodeOf(nodes, node));
});
/**
 * Functions of later variables by the word's value (unsigned), and the one for all other values.
 *
 * @example
 * const nodes = new Nodes();
 * const deny = nodes.terminal(0x00050001);
 * select(nodes, "sys_number", new Map([[39, deny]]), nodes.terminal(0x7fff0000));
 */
export const select = takes(
  "select",
  { nodes: someNodes, word: aWord, byValue: nodesByValue, otherwise: aNode() },
  (nodes: Nodes, word: Word, byValue: ReadonlyMap<number, Node>, otherwise: Node): Node => {
    const values = [...byValue.keys()].sort((a, b) => a - b);
    const level = levelOf(word);
    const go = (bit: number, from: number, to: number): Node => {
      if (from === to) return otherwise;
      if (bit === 32) return byValue.get(values[from] as number) as Node;
      let middle = from;
      while (middle < to && (((values[middle] as number) >>> (31 - bit)) & 1) === 0) middle++;
      return nodes.make(level + bit, go(bit + 1, from, middle), go(bit + 1, middle, to));
    };
    return go(0, 0, values.length);
  },
);

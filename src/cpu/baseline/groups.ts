// Groups: blocks of one page that branch to each other and share a function.

import type { Records } from "../interp/records.ts";
import { record } from "../machine/layout.ts";
import { type BatchPart, mostBlocks } from "./batch.ts";
import type { Template } from "./template.ts";

/** Bounds of a group. Engines compile a larger function more slowly. */
const most = { blocks: mostBlocks / 2, instructions: 300 } as const;

/**
 * The groups among some blocks, each in the order of addresses. A block without company is in none. Only
 * links count: they stay inside a page, and lead where control has been.
 */
export const groupsOf = (parts: readonly BatchPart[], u32: Uint32Array, records: Records): readonly (readonly BatchPart[])[] => {
  const sorted = parts.map((part) => ({ part, ip: records.ipOf(part.first) })).sort((a, b) => a.ip - b.ip);
  const number = new Map(sorted.map(({ part }, n) => [part.first, n]));
  // Disjoint sets with their sizes.
  const parent = sorted.map((_, n) => n);
  const blocks = sorted.map(() => 1);
  const instructions = sorted.map(({ part }) => part.templates.length);
  const find = (n: number): number => {
    let at = n;
    while (parent[at] !== at) at = parent[at] = parent[parent[at] as number] as number;
    return at;
  };
  const sum = (sizes: number[], a: number, b: number): number => (sizes[a] as number) + (sizes[b] as number);
  const join = (n: number, head: number): void => {
    const there = number.get(head);
    if (there === undefined) return;
    const [a, b] = [find(n), find(there)];
    if (a === b || sum(blocks, a, b) > most.blocks || sum(instructions, a, b) > most.instructions) return;
    parent[b] = a;
    blocks[a] = sum(blocks, a, b);
    instructions[a] = sum(instructions, a, b);
  };
  sorted.forEach(({ part: { first, templates } }, n) => {
    const last = first + (templates.length - 1) * record.size;
    const { taken, after } = templates.at(-1) as Template;
    if (after) join(n, u32[(last + record.imm) >> 2] as number);
    if (taken) join(n, u32[(last + record.link) >> 2] as number);
  });
  const groups = new Map<number, BatchPart[]>();
  sorted.forEach(({ part }, n) => {
    const root = find(n);
    if (blocks[root] === 1) return;
    const group = groups.get(root);
    if (group) group.push(part);
    else groups.set(root, [part]);
  });
  return [...groups.values()];
};

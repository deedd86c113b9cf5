// Trees of the host that can tell what a run has asked of them, and if they would answer the same now.
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";

/** A question by its path, "" for the tree's directory, and the answer as text; "" for no file. */
export type TreeNote = readonly [path: string, attributes: string];

/** A tree that notes what it is asked. */
export interface NotedTree {
  readonly tree: HostTree;
  /** Files and absent names that it has notes of. */
  readonly size: number;
  /** The notes until now. Undefined: they do not vouch for an equal run. */
  notes(): readonly TreeNote[] | undefined;
  /** No more notes are taken. */
  end(): void;
}
/** What a tree of the host can do beside serving a guest. */
export interface TreeMemory {
  /** The directory, for names of starts. */
  readonly place: string;
  /** The same directory for one run. */
  noted(): NotedTree;
  /** Would it answer all questions as it did? */
  answersAs(notes: readonly TreeNote[]): boolean;
}

const known = new WeakMap<HostTree, TreeMemory>();
/** For a tree's own module. */
export const setTreeMemory = <T extends HostTree>(tree: T, memory: TreeMemory): T => {
  known.set(tree, memory);
  return tree;
};
/** Undefined: no start of a run with this tree is kept. */
export const treeMemoryOf = (tree: HostTree | undefined): TreeMemory | undefined => tree && known.get(tree);

// Trees and files of the host that can tell what a run has asked of them, and if they would answer the same
// now.
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";

/** A question by its path, "" for the source itself, and the answer as text; "" for no file. */
export type TreeNote = readonly [path: string, attributes: string];

/** The notes of one run about a tree or a file. */
export interface SourceNotes {
  /** Files and absent names that it has notes of. */
  readonly size: number;
  /** The notes until now. Undefined: they do not vouch for an equal run. */
  notes(): readonly TreeNote[] | undefined;
  /** No more notes are taken. */
  end(): void;
}
/** A tree that notes what it is asked. */
export interface NotedTree extends SourceNotes {
  readonly tree: HostTree;
}
/** What a tree or a file of the host can do beside serving a guest. */
export interface SourceMemory {
  /** Its path, for names of starts. */
  readonly place: string;
  /** The same for one run. */
  noted(): SourceNotes;
  /** Would it answer all questions as it did? */
  answersAs(notes: readonly TreeNote[]): boolean;
}
/** That of a tree. */
export interface TreeMemory extends SourceMemory {
  noted(): NotedTree;
}
/** Would all sources answer as they did? `notes`: of each source, in the same order. */
export const answerAs = (sources: readonly SourceMemory[], notes: readonly (readonly TreeNote[])[]): boolean =>
  sources.every((source, i) => source.answersAs(notes[i] ?? []));

const known = new WeakMap<HostTree, TreeMemory>();
/** For a tree's own module. */
export const setTreeMemory = <T extends HostTree>(tree: T, memory: TreeMemory): T => {
  known.set(tree, memory);
  return tree;
};
/** Undefined: no start of a run with this tree is kept. */
export const treeMemoryOf = (tree: HostTree | undefined): TreeMemory | undefined => tree && known.get(tree);

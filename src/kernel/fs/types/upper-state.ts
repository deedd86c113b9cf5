// The state that the records of an upper layer add up to: files, names and chunks.
import type { WorkBudget } from "../../../budget.ts";
import type { UpperNode, UpperRecord } from "./upper-store.ts";

/** The number of the root directory. */
export const ROOT = 1;
/** Records of a snapshot have about so many parts. */
const PARTS = 256;

/** Bytes of this process for each part of the state. */
const COST = { node: 600, name: 160, chunk: 40 } as const;

/** The sum of the records so far. */
export class UpperState {
  readonly nodes = new Map<number, UpperNode>();
  /** By directory and name; 0 is a removed name. */
  readonly names = new Map<number, Map<string, number>>();
  readonly chunks = new Map<number, Set<number>>();
  private _last = ROOT;

  newId(): number {
    return ++this._last;
  }
  apply({ nodes = [], names = [], chunks = [] }: UpperRecord): void {
    for (const [id, node] of nodes) {
      this.nodes.set(id, node);
      this._last = Math.max(this._last, id);
    }
    for (const [directory, name, id] of names) {
      const all = this.names.get(directory) ?? new Map<string, number>();
      this.names.set(directory, all.set(name, id));
    }
    for (const [id, first, count] of chunks) {
      const all = this.chunks.get(id) ?? new Set<number>();
      this.chunks.set(id, all);
      for (let chunk = first; chunk < first + count; chunk++) all.add(chunk);
    }
  }
  /**
   * Applies a record of an earlier run.
   *
   * @throws {Problem} The state is too large.
   */
  load(record: UpperRecord, budget: WorkBudget): void {
    const { nodes = [], names = [], chunks = [] } = record;
    for (const _ of nodes) budget.spend(COST.node);
    for (const [, name] of names) budget.spend(COST.name + name.length);
    for (const [, , count] of chunks) budget.spend(COST.chunk * count);
    this.apply(record);
  }
  /** Files that the root leads to, with the number of their names. */
  reached(): Map<number, number> {
    const links = new Map<number, number>([[ROOT, 1]]);
    const directories = [ROOT];
    for (let at = directories.pop(); at !== undefined; at = directories.pop())
      for (const id of this.names.get(at)?.values() ?? []) {
        if (id === 0 || !this.nodes.has(id)) continue;
        const before = links.get(id) ?? 0;
        links.set(id, before + 1);
        if (before === 0) directories.push(id);
      }
    return links;
  }
  /** Forgets files without names. */
  tidy(links = this.reached()): void {
    for (const all of [this.nodes, this.names, this.chunks]) for (const id of all.keys()) if (!links.has(id)) all.delete(id);
  }
  /** Records that add up to the same. */
  snapshot(): UpperRecord[] {
    const nodes = [...this.nodes];
    const names = [...this.names].flatMap(([directory, all]) => Array.from(all, ([name, id]) => [directory, name, id] as const));
    const chunks = [...this.chunks].flatMap(([id, all]) => runsOf(all).map(([first, count]) => [id, first, count] as const));
    const parts = <T>(all: readonly T[]): T[][] =>
      Array.from({ length: Math.ceil(all.length / PARTS) }, (_, i) => all.slice(i * PARTS, (i + 1) * PARTS));
    return [
      ...parts(nodes).map((part) => ({ nodes: part })),
      ...parts(names).map((part) => ({ names: part })),
      ...parts(chunks).map((part) => ({ chunks: part })),
    ];
  }
}
/** Runs of consecutive numbers: the first, and how many. */
export const runsOf = (numbers: Iterable<number>): (readonly [first: number, count: number])[] => {
  const runs: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === n) last[1]++;
    else runs.push([n, 1]);
  }
  return runs;
};

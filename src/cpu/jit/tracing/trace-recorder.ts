// Traces: the blocks that control passes between two visits of one address, along all jumps, calls and
// returns. The chapter docs/design/traces.md specifies them.
// An interpreter's loop takes another path for each kind of its instructions. A region that contains all
// paths loses all facts where they merge. But few of the paths make up most of the time. Bala, Duesterwald
// and Banerjia, "Dynamo: A Transparent Dynamic Optimization System", PLDI 2000. Trees of traces with one
// root: Gal et al., "Trace-based Just-in-Time Type Specialization for Dynamic Languages", PLDI 2009.
//
// Compiled code does not record its path. So the interpreter runs sampling windows of the program block by
// block (`Cpu`), and traces are extracted from several windows together.
import { effectsOf } from "../../isa/effects.ts";
import type { BlockGraph, JitBlock } from "../cfg/graph.ts";
import { type BlockReader, readBlock } from "../cfg/grow-graph.ts";

/** An address that control reached, and the number of instructions that ran from there in sequence. */
export interface TraceStep {
  readonly ip: number;
  readonly count: number;
}

/** A block of a tree, and its successors on the traces of the tree. */
export interface TraceNode {
  readonly block: JitBlock;
  /** Executions in the sampling windows. */
  readonly executions: number;
  readonly next: readonly TraceNode[];
  /** The number of times that the root was the next block. */
  readonly closes: number;
}
/** Traces with a common root, merged by common prefixes. */
export interface TraceTree {
  readonly root: TraceNode;
  /** Addresses at which control leaves it, the most frequent ones first. */
  readonly exits: readonly number[];
}

const limits = {
  /** Upper bounds of a trace in instructions and blocks. */
  trace: 800,
  blocks: 240,
  /** Lower bound of the average trace of a tree, in instructions. Regions handle shorter loops well. */
  average: 24,
  /** Lower bound of the occurrences of a trace. */
  repeats: 2,
  /** The cost of one iteration, in instructions. */
  cycle: 20,
  trees: 20,
  /** Lower bound of a tree's share of all instructions. */
  share: 0.005,
  exits: 24,
} as const;

/** True if a call names its target. */
export const isDirect = ({ instructions }: JitBlock): boolean => effectsOf(instructions.at(-1)!.row).branches;

/** A window as blocks that end with control transfers. Undefined where no trace can continue. */
type Path = readonly (JitBlock | undefined)[];

const canContinueAt = (block: JitBlock, ip: number): boolean => {
  const last = block.instructions.at(-1)!;
  switch (block.terminator) {
    case "branchIf":
      return ip === last.target || ip === block.end;
    case "branch":
      return ip === last.target;
    case "fall":
      return ip === block.end;
    case "call":
      return !isDirect(block) || ip === last.target;
    case "jump":
    case "return":
      return true;
    default:
      return false;
  }
};

class PathReader {
  readonly #reader: BlockReader;
  readonly #blocks = new Map<number, JitBlock | undefined>();
  constructor(reader: BlockReader) {
    this.#reader = reader;
  }
  #at(ip: number): JitBlock | undefined {
    if (!this.#blocks.has(ip)) this.#blocks.set(ip, readBlock(this.#reader, ip, new Set(), new Map()));
    return this.#blocks.get(ip);
  }
  /** `inTree`: steps that an existing tree covers. */
  read(steps: readonly TraceStep[], inTree: readonly boolean[]): Path {
    const path: (JitBlock | undefined)[] = [];
    for (let i = 0; i < steps.length; ) {
      const block = this.#at(steps[i]!.ip);
      let remaining = block?.instructions.length ?? 0;
      let next = i;
      while (remaining > 0 && next < steps.length) remaining -= steps[next++]!.count;
      const to = steps[next];
      if (!to) break;
      const continues = block !== undefined && remaining === 0 && !inTree[i] && canContinueAt(block, to.ip);
      path.push(continues ? block : undefined);
      i = continues ? next : i + 1;
    }
    return path;
  }
}

/** Every cycle contains a backward jump, a call, or an indirect jump. It starts after one. */
const mayStartCycle = (before: JitBlock | undefined, block: JitBlock): boolean =>
  before !== undefined && (!["fall", "branch", "branchIf"].includes(before.terminator) || block.ip <= before.ip);

interface Growing extends TraceNode {
  executions: number;
  closes: number;
  readonly next: Growing[];
}
const begin = (block: JitBlock): Growing => ({ block, executions: 0, next: [], closes: 0 });
/** Instructions of a trace that the tree does not contain. */
const instructionsNotIn = (top: Growing, following: readonly JitBlock[]): number => {
  let at: Growing | undefined = top;
  let more = 0;
  for (const block of following) {
    at = at?.next.find((one) => one.block === block);
    if (!at) more += block.instructions.length;
  }
  return more;
};
/** Adds a trace that occurred `times` times. */
const add = (top: Growing, following: readonly JitBlock[], times: number): void => {
  let at = top;
  at.executions += times;
  for (const block of following) {
    let next = at.next.find((one) => one.block === block);
    if (!next) at.next.push((next = begin(block)));
    next.executions += times;
    at = next;
  }
  at.closes += times;
};

/** The part of a path from a block to its next occurrence. */
interface Cycle {
  readonly path: number;
  readonly from: number;
  readonly to: number;
  readonly length: number;
  readonly hash: number;
}
const mix = 0x9e3779b1;
/** The paths of all windows, and the parts of them that are in trees. */
class Paths {
  readonly #paths: readonly Path[];
  /** By path and block: hashes and lengths of all blocks before it. */
  readonly #hashes: Int32Array[];
  readonly #powers: Int32Array;
  readonly #lengths: Int32Array[];
  readonly #barriers: Int32Array[];
  readonly #inTree: Uint8Array[];
  readonly #at = new Map<JitBlock, { readonly path: number; readonly n: number }[]>();
  /** Blocks that are reached by other transfers than falling through. */
  readonly #starts = new Set<JitBlock>();
  readonly instructions: number;
  /** Upper bound of a tree, in instructions. */
  readonly #size: number;
  constructor(paths: readonly Path[], size: number) {
    this.#paths = paths;
    this.#size = size;
    const longest = Math.max(0, ...paths.map((path) => path.length));
    this.#powers = new Int32Array(longest + 1).fill(1);
    for (let n = 1; n <= longest; n++) this.#powers[n] = Math.imul(this.#powers[n - 1]!, mix);
    const numbers = new Map<JitBlock, number>();
    this.#hashes = paths.map((path) => new Int32Array(path.length + 1));
    this.#lengths = paths.map((path) => new Int32Array(path.length + 1));
    this.#barriers = paths.map((path) => new Int32Array(path.length + 1));
    this.#inTree = paths.map((path) => new Uint8Array(path.length));
    paths.forEach((path, w) => {
      path.forEach((block, n) => {
        let number = 0;
        if (block) {
          number = numbers.get(block) ?? numbers.size + 1;
          numbers.set(block, number);
          if (mayStartCycle(path[n - 1], block)) this.#starts.add(block);
          const there = this.#at.get(block);
          if (there) there.push({ path: w, n });
          else this.#at.set(block, [{ path: w, n }]);
        }
        this.#hashes[w]![n + 1] = Math.imul(this.#hashes[w]![n]!, mix) + number;
        this.#lengths[w]![n + 1] = this.#lengths[w]![n]! + (block?.instructions.length ?? 0);
        this.#barriers[w]![n + 1] = this.#barriers[w]![n]! + (block ? 0 : 1);
      });
    });
    this.instructions = this.#lengths.reduce((sum, lengths) => sum + lengths.at(-1)!, 0);
  }
  /** Cycles of a root that are in no tree. */
  *#cycles(root: JitBlock): Iterable<Cycle> {
    const occurrences = this.#at.get(root) ?? [];
    for (let k = 0; k + 1 < occurrences.length; k++) {
      const { path, n: from } = occurrences[k]!;
      const { path: other, n: to } = occurrences[k + 1]!;
      if (path !== other || this.#barriers[path]![to] !== this.#barriers[path]![from]) continue;
      const length = this.#lengths[path]![to]! - this.#lengths[path]![from]!;
      if (length > limits.trace || to - from > limits.blocks || this.#isInTree(path, from, to)) continue;
      const hash = this.#hashes[path]![to]! - Math.imul(this.#hashes[path]![from]!, this.#powers[to - from]!);
      yield { path, from, to, length, hash: hash | 0 };
    }
  }
  #isInTree(path: number, from: number, to: number): boolean {
    for (let n = from; n < to; n++) if (this.#inTree[path]![n] === 1) return true;
    return false;
  }
  /** An estimate of the instructions that a tree with this root would save. */
  #worth(root: JitBlock): { readonly saved: number; readonly instructions: number } {
    const seen = new Map<number, { times: number; length: number }>();
    for (const { hash, length } of this.#cycles(root)) {
      const one = seen.get(hash);
      if (one) one.times++;
      else seen.set(hash, { times: 1, length });
    }
    let cycles = 0;
    let instructions = 0;
    let space = this.#size;
    for (const { times, length } of [...seen.values()].sort((a, b) => b.times * b.length - a.times * a.length)) {
      // Traces share prefixes. As a guess, half of each one is new.
      if (times < limits.repeats || space < length / 2) continue;
      space -= length / 2;
      cycles += times;
      instructions += times * length;
    }
    return { saved: instructions < cycles * limits.average ? 0 : instructions - cycles * limits.cycle, instructions };
  }
  /**
   * The block with the largest gain as a root, if its cycles have a sufficient share of all instructions.
   */
  best(mayBeRoot: (block: JitBlock) => boolean): JitBlock | undefined {
    let best: JitBlock | undefined;
    let most = 0;
    for (const block of this.#starts) {
      if (this.#at.get(block)!.length < 2 * limits.repeats) continue;
      const { saved, instructions } = this.#worth(block);
      if (saved <= most || instructions < this.instructions * limits.share || !mayBeRoot(block)) continue;
      best = block;
      most = saved;
    }
    return best;
  }
  /** The tree of the most valuable cycles of a root. */
  tree(root: JitBlock): TraceTree | undefined {
    const byHash = new Map<number, Cycle[]>();
    for (const cycle of this.#cycles(root)) {
      const there = byHash.get(cycle.hash);
      if (there) there.push(cycle);
      else byHash.set(cycle.hash, [cycle]);
    }
    const top = begin(root);
    let size = root.instructions.length;
    for (const cycles of [...byHash.values()].sort((a, b) => b.length * b[0]!.length - a.length * a[0]!.length)) {
      if (cycles.length < limits.repeats) continue;
      const { path, from, to } = cycles[0]!;
      const following = this.#paths[path]!.slice(from + 1, to) as JitBlock[];
      const more = instructionsNotIn(top, following);
      if (size + more > this.#size) continue;
      size += more;
      add(top, following, cycles.length);
      for (const one of cycles) this.#inTree[one.path]!.fill(1, one.from, one.to);
    }
    return top.executions > 0 ? { root: top, exits: this.#exits(top) } : undefined;
  }
  /** Addresses at which control repeatedly leaves a tree, the most frequent ones first. */
  #exits(top: Growing): number[] {
    const exits = new Map<number, number>();
    for (const { path, n } of this.#at.get(top.block)!) {
      const blocks = this.#paths[path]!;
      let at: Growing | undefined = top;
      for (let k = n + 1; at && k < blocks.length; k++) {
        const block = blocks[k];
        if (!block || (block === top.block && at.closes > 0)) break;
        at = at.next.find((one) => one.block === block);
        if (!at) exits.set(block.ip, (exits.get(block.ip) ?? 0) + 1);
      }
    }
    const frequent = [...exits].filter(([, times]) => times >= limits.repeats).sort(([, a], [, b]) => b - a);
    return frequent.slice(0, limits.exits).map(([ip]) => ip);
  }
}

/** The share of the sampling windows that existing trees cover. */
export interface WindowCoverage {
  /** By window and step: true if the step is in a tree. */
  readonly inside: readonly (readonly boolean[])[];
  /** The share of all instructions that is in trees. */
  readonly share: number;
  /** By root: how often control entered the tree, and how many instructions ran in it. */
  readonly stays: ReadonlyMap<number, { entries: number; instructions: number }>;
}
/** Measures the coverage of existing trees. `trees`: graphs by root. */
export const coverageOf = (windows: readonly (readonly TraceStep[])[], trees: ReadonlyMap<number, BlockGraph>): WindowCoverage => {
  const stays = new Map([...trees.keys()].map((root) => [root, { entries: 0, instructions: 0 }]));
  let all = 0;
  let inTrees = 0;
  const inside = windows.map((steps) => {
    let tree: BlockGraph | undefined;
    let at: JitBlock | undefined;
    /** Instructions of the current block that are still to come. */
    let remaining = 0;
    return steps.map(({ ip, count }) => {
      if (remaining <= 0) {
        const key = at?.successors.find((to) => tree!.blocks.get(to)?.ip === ip);
        if (key === undefined) {
          tree = trees.get(ip);
          if (tree) stays.get(ip)!.entries++;
        }
        at = tree?.blocks.get(key ?? ip);
        remaining = at?.instructions.length ?? 0;
      }
      remaining -= count;
      all += count;
      if (at) inTrees += count;
      if (at) stays.get(tree!.entries[0]!)!.instructions += count;
      return at !== undefined;
    });
  });
  return { inside, share: inTrees / Math.max(1, all), stays };
};

/** Conditions that existing regions impose on trees. */
export interface TreeLimits {
  /** Upper bound of a tree, in instructions. */
  readonly size: number;
  /** True if a tree may start at an address. */
  mayStart(ip: number): boolean;
  /** The blocks of the loop there, if a region already keeps its registers in locals. */
  loopAt(ip: number): ReadonlySet<number> | undefined;
}
const isWithin = ({ block, next }: TraceNode, loop: ReadonlySet<number>): boolean =>
  loop.has(block.ip) && next.every((one) => isWithin(one, loop));

/** The trees that are worth compiling. `inside`: steps that existing trees cover, by window. */
export const traceTrees = (
  windows: readonly (readonly TraceStep[])[],
  inside: WindowCoverage["inside"],
  reader: BlockReader,
  limitsOfTree: TreeLimits,
): TraceTree[] => {
  const path = new PathReader(reader);
  const paths = new Paths(
    windows.map((steps, n) => path.read(steps, inside[n]!)),
    limitsOfTree.size,
  );
  const trees: TraceTree[] = [];
  const roots = new Set<JitBlock>();
  while (trees.length < limits.trees) {
    const root = paths.best((block) => !roots.has(block) && limitsOfTree.mayStart(block.ip));
    if (!root) break;
    roots.add(root);
    const tree = paths.tree(root);
    const loop = limitsOfTree.loopAt(root.ip);
    if (tree && !(loop && isWithin(tree.root, loop))) trees.push(tree);
  }
  return trees;
};

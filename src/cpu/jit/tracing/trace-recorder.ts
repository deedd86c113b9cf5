// Traces: what control goes through from one address until it comes there again, along all jumps, calls and returns. An interpreter's loop goes
// another way for each kind of its instructions, so that a region that has all of them knows nothing where they meet; but of the ways that it goes
// between two visits of a place few make up most of the time. Bala, Duesterwald and Banerjia, "Dynamo: A Transparent Dynamic Optimization System",
// PLDI 2000; trees of traces with one root: Gal et al., "Trace-based Just-in-Time Type Specialization for Dynamic Languages", PLDI 2009.
//
// Compiled code cannot be asked which way it went. So the interpreter runs windows of the program, block by block (`Cpu`), and traces are looked for in
// those when there are enough of them.
import { effectsOf } from "../../isa/effects.ts";
import type { Graph, JitBlock } from "../cfg/graph.ts";
import { type Reader, readBlock } from "../cfg/grow-graph.ts";

/** Where control came to, and how many instructions ran from there on, one after the other. */
export interface Step {
  readonly ip: number;
  readonly count: number;
}

/** A block of a tree, and what follows it on the traces that are in the tree. */
export interface TraceNode {
  readonly block: JitBlock;
  /** How often it was passed. */
  readonly passes: number;
  readonly next: readonly TraceNode[];
  /** How often the root followed. */
  readonly closes: number;
}
export interface TraceTree {
  readonly root: TraceNode;
  /** Where control leaves it, the most frequent ones first. */
  readonly exits: readonly number[];
}

const limits = {
  /** Instructions and blocks of a trace at most. */
  trace: 800,
  blocks: 240,
  /** Instructions of the traces of a tree on average, at least: shorter loops are in regions as such. */
  average: 24,
  /** Times that a trace was seen, at least. */
  seen: 2,
  /** What a round costs, in instructions. */
  round: 20,
  trees: 20,
  /** Part of all instructions that a tree must have. */
  share: 0.005,
  exits: 24,
} as const;

/** Does a call go to the address that it names? */
export const isDirect = ({ instructions }: JitBlock): boolean => effectsOf(instructions.at(-1)!.row).branches;

/** A window as blocks of whole control transfers; undefined where a trace cannot go on. */
type Way = readonly (JitBlock | undefined)[];

const goesTo = (block: JitBlock, ip: number): boolean => {
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

class WayReader {
  readonly #reader: Reader;
  readonly #blocks = new Map<number, JitBlock | undefined>();
  constructor(reader: Reader) {
    this.#reader = reader;
  }
  #at(ip: number): JitBlock | undefined {
    if (!this.#blocks.has(ip)) this.#blocks.set(ip, readBlock(this.#reader, ip, new Set(), new Map()));
    return this.#blocks.get(ip);
  }
  /** `taken`: steps that need no other tree. */
  read(steps: readonly Step[], taken: readonly boolean[]): Way {
    const way: (JitBlock | undefined)[] = [];
    for (let i = 0; i < steps.length; ) {
      const block = this.#at(steps[i]!.ip);
      let left = block?.instructions.length ?? 0;
      let next = i;
      while (left > 0 && next < steps.length) left -= steps[next++]!.count;
      const to = steps[next];
      if (!to) break;
      const goes = block !== undefined && left === 0 && !taken[i] && goesTo(block, to.ip);
      way.push(goes ? block : undefined);
      i = goes ? next : i + 1;
    }
    return way;
  }
}

/** Every round has a jump back, a call, or a jump that is computed. */
const mayBegin = (before: JitBlock | undefined, block: JitBlock): boolean =>
  before !== undefined && (!["fall", "branch", "branchIf"].includes(before.terminator) || block.ip <= before.ip);

interface Growing extends TraceNode {
  passes: number;
  closes: number;
  readonly next: Growing[];
}
const begin = (block: JitBlock): Growing => ({ block, passes: 0, next: [], closes: 0 });
/** Instructions of a trace that a tree does not have. */
const newIn = (top: Growing, behind: readonly JitBlock[]): number => {
  let at: Growing | undefined = top;
  let more = 0;
  for (const block of behind) {
    at = at?.next.find((one) => one.block === block);
    if (!at) more += block.instructions.length;
  }
  return more;
};
/** A trace that was seen so often. */
const add = (top: Growing, behind: readonly JitBlock[], times: number): void => {
  let at = top;
  at.passes += times;
  for (const block of behind) {
    let next = at.next.find((one) => one.block === block);
    if (!next) at.next.push((next = begin(block)));
    next.passes += times;
    at = next;
  }
  at.closes += times;
};

/** From a block to where it comes again: a part of a way. */
interface Round {
  readonly way: number;
  readonly from: number;
  readonly to: number;
  readonly length: number;
  readonly hash: number;
}
const mix = 0x9e3779b1;
/** Windows, and which parts of them are in trees already. */
class Ways {
  readonly #ways: readonly Way[];
  /** By way and block: hashes and lengths of all that is before it. */
  readonly #hashes: Int32Array[];
  readonly #powers: Int32Array;
  readonly #lengths: Int32Array[];
  readonly #barriers: Int32Array[];
  readonly #taken: Uint8Array[];
  readonly #at = new Map<JitBlock, { readonly way: number; readonly n: number }[]>();
  /** Blocks that control does not just run on into. */
  readonly #beginnings = new Set<JitBlock>();
  readonly instructions: number;
  /** Instructions of a tree at most. */
  readonly #size: number;
  constructor(ways: readonly Way[], size: number) {
    this.#ways = ways;
    this.#size = size;
    const longest = Math.max(0, ...ways.map((way) => way.length));
    this.#powers = new Int32Array(longest + 1).fill(1);
    for (let n = 1; n <= longest; n++) this.#powers[n] = Math.imul(this.#powers[n - 1]!, mix);
    const numbers = new Map<JitBlock, number>();
    this.#hashes = ways.map((way) => new Int32Array(way.length + 1));
    this.#lengths = ways.map((way) => new Int32Array(way.length + 1));
    this.#barriers = ways.map((way) => new Int32Array(way.length + 1));
    this.#taken = ways.map((way) => new Uint8Array(way.length));
    ways.forEach((way, w) => {
      way.forEach((block, n) => {
        let number = 0;
        if (block) {
          number = numbers.get(block) ?? numbers.size + 1;
          numbers.set(block, number);
          if (mayBegin(way[n - 1], block)) this.#beginnings.add(block);
          const there = this.#at.get(block);
          if (there) there.push({ way: w, n });
          else this.#at.set(block, [{ way: w, n }]);
        }
        this.#hashes[w]![n + 1] = Math.imul(this.#hashes[w]![n]!, mix) + number;
        this.#lengths[w]![n + 1] = this.#lengths[w]![n]! + (block?.instructions.length ?? 0);
        this.#barriers[w]![n + 1] = this.#barriers[w]![n]! + (block ? 0 : 1);
      });
    });
    this.instructions = this.#lengths.reduce((sum, lengths) => sum + lengths.at(-1)!, 0);
  }
  /** Those that are in no tree. */
  *#rounds(root: JitBlock): Iterable<Round> {
    const places = this.#at.get(root) ?? [];
    for (let k = 0; k + 1 < places.length; k++) {
      const { way, n: from } = places[k]!;
      const { way: other, n: to } = places[k + 1]!;
      if (way !== other || this.#barriers[way]![to] !== this.#barriers[way]![from]) continue;
      const length = this.#lengths[way]![to]! - this.#lengths[way]![from]!;
      if (length > limits.trace || to - from > limits.blocks || this.#isTaken(way, from, to)) continue;
      const hash = this.#hashes[way]![to]! - Math.imul(this.#hashes[way]![from]!, this.#powers[to - from]!);
      yield { way, from, to, length, hash: hash | 0 };
    }
  }
  #isTaken(way: number, from: number, to: number): boolean {
    for (let n = from; n < to; n++) if (this.#taken[way]![n] === 1) return true;
    return false;
  }
  /** What a tree with that root would be worth, as if there were room for all. */
  #worth(root: JitBlock): { readonly saved: number; readonly instructions: number } {
    const seen = new Map<number, { times: number; length: number }>();
    for (const { hash, length } of this.#rounds(root)) {
      const one = seen.get(hash);
      if (one) one.times++;
      else seen.set(hash, { times: 1, length });
    }
    let rounds = 0;
    let instructions = 0;
    let room = this.#size;
    for (const { times, length } of [...seen.values()].sort((a, b) => b.times * b.length - a.times * a.length)) {
      // Traces share their beginnings: half of one is new, as a guess.
      if (times < limits.seen || room < length / 2) continue;
      room -= length / 2;
      rounds += times;
      instructions += times * length;
    }
    return { saved: instructions < rounds * limits.average ? 0 : instructions - rounds * limits.round, instructions };
  }
  /** The block that is worth most as a root, if it has enough of all instructions. */
  best(apt: (block: JitBlock) => boolean): JitBlock | undefined {
    let best: JitBlock | undefined;
    let most = 0;
    for (const block of this.#beginnings) {
      if (this.#at.get(block)!.length < 2 * limits.seen) continue;
      const { saved, instructions } = this.#worth(block);
      if (saved <= most || instructions < this.instructions * limits.share || !apt(block)) continue;
      best = block;
      most = saved;
    }
    return best;
  }
  /** The tree of the traces from a block to itself that are worth most. */
  tree(root: JitBlock): TraceTree | undefined {
    const byHash = new Map<number, Round[]>();
    for (const round of this.#rounds(root)) {
      const there = byHash.get(round.hash);
      if (there) there.push(round);
      else byHash.set(round.hash, [round]);
    }
    const top = begin(root);
    let size = root.instructions.length;
    for (const rounds of [...byHash.values()].sort((a, b) => b.length * b[0]!.length - a.length * a[0]!.length)) {
      if (rounds.length < limits.seen) continue;
      const { way, from, to } = rounds[0]!;
      const behind = this.#ways[way]!.slice(from + 1, to) as JitBlock[];
      const more = newIn(top, behind);
      if (size + more > this.#size) continue;
      size += more;
      add(top, behind, rounds.length);
      for (const one of rounds) this.#taken[one.way]!.fill(1, one.from, one.to);
    }
    return top.passes > 0 ? { root: top, exits: this.#exits(top) } : undefined;
  }
  /** Where control leaves a tree again and again, the most frequent ones first. */
  #exits(top: Growing): number[] {
    const exits = new Map<number, number>();
    for (const { way, n } of this.#at.get(top.block)!) {
      const blocks = this.#ways[way]!;
      let at: Growing | undefined = top;
      for (let k = n + 1; at && k < blocks.length; k++) {
        const block = blocks[k];
        if (!block || (block === top.block && at.closes > 0)) break;
        at = at.next.find((one) => one.block === block);
        if (!at) exits.set(block.ip, (exits.get(block.ip) ?? 0) + 1);
      }
    }
    const often = [...exits].filter(([, times]) => times >= limits.seen).sort(([, a], [, b]) => b - a);
    return often.slice(0, limits.exits).map(([ip]) => ip);
  }
}

/** What windows say of trees that there are. */
export interface Coverage {
  /** By window and step: is it in a tree? */
  readonly inside: readonly (readonly boolean[])[];
  /** The part of all instructions that is. */
  readonly share: number;
  /** By roots: how often control came in, and how many instructions ran there. */
  readonly stays: ReadonlyMap<number, { entries: number; instructions: number }>;
}
/** `trees`: graphs by their roots. */
export const coverageOf = (windows: readonly (readonly Step[])[], trees: ReadonlyMap<number, Graph>): Coverage => {
  const stays = new Map([...trees.keys()].map((root) => [root, { entries: 0, instructions: 0 }]));
  let all = 0;
  let within = 0;
  const inside = windows.map((steps) => {
    let tree: Graph | undefined;
    let at: JitBlock | undefined;
    /** Instructions of the block that are yet to come. */
    let left = 0;
    return steps.map(({ ip, count }) => {
      if (left <= 0) {
        const key = at?.successors.find((to) => tree!.blocks.get(to)?.ip === ip);
        if (key === undefined) {
          tree = trees.get(ip);
          if (tree) stays.get(ip)!.entries++;
        }
        at = tree?.blocks.get(key ?? ip);
        left = at?.instructions.length ?? 0;
      }
      left -= count;
      all += count;
      if (at) within += count;
      if (at) stays.get(tree!.entries[0]!)!.instructions += count;
      return at !== undefined;
    });
  });
  return { inside, share: within / Math.max(1, all), stays };
};

/** What regions there are already. */
export interface Around {
  /** Instructions that a tree may have. */
  readonly size: number;
  /** May a tree begin at an address? */
  mayBegin(ip: number): boolean;
  /** The blocks of the loop there that keeps its registers in locals as it is. */
  loopAt(ip: number): ReadonlySet<number> | undefined;
}
const isWithin = ({ block, next }: TraceNode, loop: ReadonlySet<number>): boolean =>
  loop.has(block.ip) && next.every((one) => isWithin(one, loop));

/** The trees that are worth it, of what control went through. `inside`: what needs no other tree. */
export const traceTrees = (
  windows: readonly (readonly Step[])[],
  inside: Coverage["inside"],
  reader: Reader,
  around: Around,
): TraceTree[] => {
  const way = new WayReader(reader);
  const ways = new Ways(
    windows.map((steps, n) => way.read(steps, inside[n]!)),
    around.size,
  );
  const trees: TraceTree[] = [];
  const roots = new Set<JitBlock>();
  while (trees.length < limits.trees) {
    const root = ways.best((block) => !roots.has(block) && around.mayBegin(block.ip));
    if (!root) break;
    roots.add(root);
    const tree = ways.tree(root);
    const loop = around.loopAt(root.ip);
    if (tree && !(loop && isWithin(tree.root, loop))) trees.push(tree);
  }
  return trees;
};

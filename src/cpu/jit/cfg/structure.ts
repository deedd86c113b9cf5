// From a control-flow graph to structured control: reverse postorder, dominators, loop headers and merge
// points. N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured
// Control Flow", ICFP 2022.
//
// A reducible region with one entry needs no more. Any other region gets a dispatcher, which is a block at
// the root. It leads to every entry, and to every target of an edge that no structured jump can express. Such
// an edge sets a number and jumps to the dispatcher.
import { type BlockGraph, isOpen } from "./graph.ts";

/** The dispatcher's key, which is no address. */
export const dispatcher = -1;

/** The structured form of a graph. */
export interface Structure {
  /** The first block of the code: the only entry, or the dispatcher. */
  readonly root: number;
  /** Successors of the dispatcher, entries first and in their order; empty if there is none. */
  readonly dispatched: readonly number[];
  /** Reverse postorder number of each reachable block. */
  readonly order: ReadonlyMap<number, number>;
  /** Dominator-tree children, in reverse postorder. */
  readonly children: ReadonlyMap<number, readonly number[]>;
  readonly loops: ReadonlySet<number>;
  /** Blocks that need a label: with more than one forward predecessor, or reached from the dispatcher. */
  readonly merges: ReadonlySet<number>;
  /** Edges "from>to" that go through the dispatcher. */
  readonly irreducible: ReadonlySet<string>;
}

type Successors = (ip: number) => readonly number[];

const postorder = (root: number, successors: Successors): number[] => {
  const out: number[] = [];
  const seen = new Set<number>([root]);
  const stack: { ip: number; to: readonly number[]; next: number }[] = [{ ip: root, to: successors(root), next: 0 }];
  while (stack.length) {
    const top = stack.at(-1)!;
    const s = top.to[top.next++];
    if (s === undefined) {
      out.push(top.ip);
      stack.pop();
    } else if (!seen.has(s)) {
      seen.add(s);
      stack.push({ ip: s, to: successors(s), next: 0 });
    }
  }
  return out;
};

/** The roots and all blocks that they lead to. */
export const reachable = (roots: readonly number[], successors: Successors): Set<number> => {
  const seen = new Set(roots);
  for (const ip of seen) for (const s of successors(ip)) seen.add(s);
  return seen;
};

/**
 * Immediate dominators, by reverse postorder number. K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast
 * Dominance Algorithm", 2001.
 */
const dominators = (predecessors: readonly (readonly number[])[]): number[] => {
  const idom: number[] = predecessors.map(() => -1);
  idom[0] = 0;
  const meet = (a: number, b: number): number => {
    let x = a;
    let y = b;
    while (x !== y) {
      while (x > y) x = idom[x]!;
      while (y > x) y = idom[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let n = 1; n < idom.length; n++) {
      let d = -1;
      for (const p of predecessors[n]!) if (idom[p] !== -1) d = d < 0 ? p : meet(d, p);
      if (d !== idom[n]) {
        idom[n] = d;
        changed = true;
      }
    }
  }
  return idom;
};

const analyse = (root: number, dispatched: readonly number[], successors: Successors): Structure => {
  const rpo = postorder(root, successors).reverse();
  const order = new Map(rpo.map((ip, n) => [ip, n]));
  const predecessors = rpo.map(() => [] as number[]);
  rpo.forEach((ip, n) => {
    // A branch whose two targets are equal is two edges: without a label, the target would be emitted twice.
    for (const s of successors(ip)) predecessors[order.get(s)!]!.push(n);
  });
  const idom = dominators(predecessors);
  const dominates = (a: number, b: number): boolean => {
    let x = b;
    while (x > a) x = idom[x]!;
    return x === a;
  };
  const loops = new Set<number>();
  const irreducible = new Set<string>();
  const merges = new Set<number>(dispatched);
  rpo.forEach((ip, n) => {
    let forward = 0;
    for (const p of predecessors[n]!) {
      if (p < n) forward++;
      else if (dominates(n, p)) loops.add(ip);
      else irreducible.add(`${rpo[p]}>${ip}`);
    }
    if (forward > 1) merges.add(ip);
  });
  const children = new Map<number, number[]>(rpo.map((ip) => [ip, []]));
  for (let n = 1; n < rpo.length; n++) children.get(rpo[idom[n]!]!)!.push(rpo[n]!);
  return { root, dispatched, order, children, loops, merges, irreducible };
};

/** Computes the structured form, with a dispatcher where the graph needs one. */
export const structureOf = (g: BlockGraph): Structure => {
  let dispatched: number[] = g.entries.length > 1 ? [...g.entries] : [];
  for (;;) {
    const now = dispatched;
    const successors: Successors = (ip) => (ip === dispatcher ? now : g.blocks.get(ip)!.successors);
    const s = analyse(now.length ? dispatcher : g.entries[0]!, now, successors);
    const more = new Set([...s.irreducible].map((edge) => Number(edge.slice(edge.indexOf(">") + 1))));
    for (const ip of now) more.delete(ip);
    if (more.size === 0) return s;
    dispatched = [...(now.length ? now : g.entries), ...more];
  }
};

/** The blocks of all loops, by loop head. */
const loopBodies = (g: BlockGraph, s: Structure): Map<number, Set<number>> => {
  const predecessors = new Map<number, number[]>([...s.order.keys()].map((ip) => [ip, []]));
  for (const ip of s.order.keys()) if (ip !== dispatcher) for (const to of g.blocks.get(ip)!.successors) predecessors.get(to)!.push(ip);
  const bodies = new Map<number, Set<number>>();
  for (const head of s.loops) {
    if (head === dispatcher) continue;
    const body = new Set([head]);
    const back = (p: number) => s.order.get(p)! >= s.order.get(head)! && !s.irreducible.has(`${p}>${head}`);
    const queue = predecessors.get(head)!.filter(back);
    for (let ip = queue.pop(); ip !== undefined; ip = queue.pop()) {
      if (body.has(ip)) continue;
      body.add(ip);
      queue.push(...predecessors.get(ip)!);
    }
    bodies.set(head, body);
  }
  return bodies;
};

/**
 * The entries among `further` that leave every loop reducible: outside all loops, or at the head of an
 * outermost loop. An entry in the middle of a loop would lead every iteration through the dispatcher.
 */
export const reducibleEntries = (g: BlockGraph, further: Iterable<number>): number[] => {
  const bodies = loopBodies(g, structureOf(g));
  return [...further].filter((entry) => [...bodies].every(([head, body]) => head === entry || !body.has(entry)));
};

/** The head of the innermost loop around a block, as seen from the first entry. */
export const loopAround = (g: BlockGraph, ip: number): number | undefined => {
  const successors: Successors = (at) => g.blocks.get(at)!.successors;
  const rpo = postorder(g.entries[0]!, successors).reverse();
  const order = new Map(rpo.map((at, n) => [at, n]));
  const heads = new Set<number>();
  rpo.forEach((from, n) => {
    for (const to of successors(from)) if (order.get(to)! <= n) heads.add(order.get(to)!);
  });
  const inner = [...heads].sort((a, b) => b - a).map((n) => rpo[n]!);
  return inner.find((head) => {
    const first = order.get(head)!;
    if (first > (order.get(ip) ?? -1)) return false;
    const seen = new Set<number>();
    const queue = [ip];
    for (let at = queue.pop(); at !== undefined; at = queue.pop())
      for (const s of successors(at)) {
        if (s === head) return true;
        if (seen.has(s) || order.get(s)! < first) continue;
        seen.add(s);
        queue.push(s);
      }
    return false;
  });
};

/**
 * Blocks that begin with a test of the budget: entries, and return points of calls and doors, which use an
 * unknown part of it. Each backward jump tests the budget too. The test is there and not at the loop head, so
 * that no flags are carried around the loop for its exit.
 */
export const budgetTests = (g: BlockGraph, s: Structure): Set<number> => {
  const out = new Set([...g.entries, ...s.dispatched]);
  for (const block of g.blocks.values()) if (isOpen(block)) for (const after of block.successors) out.add(after);
  return out;
};
/** True if an edge leads back to the head of a loop. */
export const isBackward = (s: Structure, from: number, to: number): boolean => s.order.get(to)! <= s.order.get(from)!;

const longPath = 80;
/**
 * The longest path from each block to the next test of the budget, in instructions. A test must cover that
 * path. Where the budget does not cover it, the interpreter executes the rest. So each test asks for as
 * little as possible, and long paths get additional tests. A trace has one test.
 */
export const longestPaths = (g: BlockGraph, s: Structure, checked: Set<number>): ReadonlyMap<number, number> => {
  const longest = new Map<number, number>();
  for (const ip of [...s.order.keys()].reverse()) {
    if (ip === dispatcher) continue;
    const block = g.blocks.get(ip)!;
    let rest = 0;
    for (const t of block.successors) if (!checked.has(t) && !isBackward(s, ip, t)) rest = Math.max(rest, longest.get(t)!);
    longest.set(ip, block.instructions.length + rest);
    if (!g.tree && rest > 0 && block.instructions.length + rest > longPath) checked.add(ip);
  }
  return longest;
};

/** Upper bound of a loop scope, in instructions. */
const maxScopeInstructions = 400;
/**
 * The largest loops that are entered only at their heads and contain no calls. Between entering and leaving
 * such a loop, only its own code uses registers.
 */
export const loopScopes = (g: BlockGraph, s: Structure): Map<number, Set<number>> => {
  const out = new Map<number, Set<number>>();
  for (const [head, body] of [...loopBodies(g, s)].toSorted(([, a], [, b]) => b.size - a.size)) {
    if ([...out.values()].some((outer) => outer.has(head))) continue;
    let length = 0;
    const closed = [...body].every((ip) => {
      const block = g.blocks.get(ip)!;
      length += block.instructions.length;
      return !isOpen(block) && (ip === head || !s.dispatched.includes(ip));
    });
    if (closed && (g.tree || length <= maxScopeInstructions)) out.set(head, body);
  }
  return out;
};

// From a control-flow graph to structured control: reverse postorder, dominators, loop headers and merge points.
// N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control Flow", ICFP 2022.
import type { Graph, JitBlock } from "./graph.ts";

export interface Structure {
  /** Reverse postorder number of each reachable block. */
  readonly order: ReadonlyMap<number, number>;
  /** Dominator-tree children, in reverse postorder. */
  readonly children: ReadonlyMap<number, readonly number[]>;
  readonly loops: ReadonlySet<number>;
  /** Blocks with more than one forward predecessor. */
  readonly merges: ReadonlySet<number>;
  /** Edges "from>to" that no structured jump can express: they leave the region. */
  readonly irreducible: ReadonlySet<string>;
}

const postorder = (g: Graph): number[] => {
  const out: number[] = [];
  const seen = new Set<number>([g.entry]);
  const stack: { block: JitBlock; next: number }[] = [{ block: g.blocks.get(g.entry)!, next: 0 }];
  while (stack.length) {
    const top = stack.at(-1)!;
    const s = top.block.successors[top.next++];
    if (s === undefined) {
      out.push(top.block.ip);
      stack.pop();
    } else if (!seen.has(s)) {
      seen.add(s);
      stack.push({ block: g.blocks.get(s)!, next: 0 });
    }
  }
  return out;
};

export const structureOf = (g: Graph): Structure => {
  const rpo = postorder(g).reverse();
  const order = new Map(rpo.map((ip, n) => [ip, n]));
  const predecessors = rpo.map(() => [] as number[]);
  rpo.forEach((ip, n) => {
    for (const s of new Set(g.blocks.get(ip)!.successors)) predecessors[order.get(s)!]!.push(n);
  });
  // Immediate dominators. K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm", 2001.
  const idom: number[] = rpo.map(() => -1);
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
    for (let n = 1; n < rpo.length; n++) {
      let d = -1;
      for (const p of predecessors[n]!) if (idom[p] !== -1) d = d < 0 ? p : meet(d, p);
      if (d !== idom[n]) {
        idom[n] = d;
        changed = true;
      }
    }
  }
  const dominates = (a: number, b: number): boolean => {
    let x = b;
    while (x > a) x = idom[x]!;
    return x === a;
  };
  const loops = new Set<number>();
  const irreducible = new Set<string>();
  const forward = rpo.map((_, n) => predecessors[n]!.filter((p) => p < n).length);
  rpo.forEach((ip, n) => {
    for (const p of predecessors[n]!) {
      if (p < n) continue;
      if (dominates(n, p)) loops.add(ip);
      else irreducible.add(`${rpo[p]}>${ip}`);
    }
  });
  const children = new Map<number, number[]>(rpo.map((ip) => [ip, []]));
  for (let n = 1; n < rpo.length; n++) children.get(rpo[idom[n]!]!)!.push(rpo[n]!);
  return { order, children, loops, merges: new Set(rpo.filter((_, n) => forward[n]! > 1)), irreducible };
};

/** The longest run of instructions that can pass without meeting a loop header: what the budget must cover at each check. */
export const longestPath = (g: Graph, s: Structure): number => {
  const longest = new Map<number, number>();
  const byOrder = [...s.order.keys()].reverse();
  for (const ip of byOrder) {
    const block = g.blocks.get(ip)!;
    let rest = 0;
    for (const t of block.successors) if (s.order.get(t)! > s.order.get(ip)! && !s.loops.has(t)) rest = Math.max(rest, longest.get(t) ?? 0);
    longest.set(ip, block.instructions.length + rest);
  }
  let most = 0;
  for (const [ip, n] of longest) if (ip === g.entry || s.loops.has(ip)) most = Math.max(most, n);
  return most;
};

// The second stage of the region compiler: immutable facts about a graph, its blocks and its loop scopes.
// They come from the decoded instructions and the structured form alone; the emitter reads them and adds
// none.

import { type Decoded, noRegister } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import { access } from "../../machine/mmu.ts";
import { at, R } from "../../machine/state.ts";
import type { BlockGraph, JitBlock } from "../cfg/graph.ts";
import { budgetTests, dispatcher, longestPaths, loopScopes, type Structure, structureOf } from "../cfg/structure.ts";
import { additionalTime } from "./instruction-time.ts";
import { type PageRange, pageRangesOf } from "./page-ranges.ts";
import { type LoopScope, noRegisters, union } from "./register-cache.ts";
import { type ModeTest, modesOf, type RegisterUse, registerUse, stackCallsOf } from "./register-use.ts";
import { batchEnd, isInline, type StackNeeds, stackNeeds } from "./x87-batches.ts";

/**
 * Instructions of a block that are emitted in one way. "x87": with the register stack in locals. "single":
 * alone, because it decides where control goes. "straight": in sequence.
 */
export interface BlockSegment {
  readonly kind: "x87" | "single" | "straight";
  /** Positions in the block: the first instruction, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Several accesses follow another one at a constant distance, so a copy without tests pays. */
  readonly isWorthTwoCopies: boolean;
  /** Of an x87 batch: the registers that it needs. */
  readonly stack: StackNeeds | undefined;
}
/** Facts about one block. */
export interface BlockFacts {
  /** Keys of the blocks, or the dispatcher, that lead to it. */
  readonly predecessors: readonly number[];
  readonly scope: LoopScope | undefined;
  /** It begins with a test of the budget. */
  readonly testsBudget: boolean;
  /** The longest path to the next test of the budget, in instructions. */
  readonly need: number;
  /** The time of its slow instructions beyond that of usual ones (instruction-time.ts). */
  readonly time: number;
  readonly segments: readonly BlockSegment[];
  /** The page ranges of its loop, by base register; undefined if the loop has none. */
  readonly pageRanges: ReadonlyMap<number, PageRange> | undefined;
}
/** Facts about a region. */
export interface RegionFacts {
  readonly graph: BlockGraph;
  readonly structure: Structure;
  readonly is64: boolean;
  /** By key. */
  readonly blocks: ReadonlyMap<number, BlockFacts>;
  readonly hasX87Batches: boolean;
  /** An indirect jump may lead to another block of the region. */
  readonly hasJumps: boolean;
  /** The modes that its instructions may test. */
  readonly modes: readonly ModeTest[];
  /** The use of registers and memory by an instruction of the region. */
  readonly use: (d: Decoded) => RegisterUse;
}
/** Properties of the machine that the analysis asks for. */
export interface Questions {
  /** The offset of a register operand in the state page (instance.ts). */
  readonly registerOffset: (d: Decoded, n: number) => number;
  /** The interpreter's count of executions of a block; undefined if it is not counted. */
  readonly executions: (ip: number) => number | undefined;
}

const registerKinds: ReadonlySet<string> = new Set(["rm", "rmreg", "reg", "opreg", "vreg"]);
/** True if an instruction reads or writes the stack pointer other than as part of an address. */
const namesStackPointer = (d: Decoded, { registerOffset }: Questions): boolean =>
  d.row.operands.some((o, n) => {
    if (o.kind === "fixed") return o.register === R.sp;
    return registerKinds.has(o.kind) && !(o.kind === "rm" && d.isMemory) && registerOffset(d, n) === at.gpr + R.sp * 8;
  });
/** True if code does not change the stack pointer and addresses memory by it. */
const keepsStackPointer = (code: readonly Decoded[], questions: Questions): boolean =>
  code.some((d) => d.isMemory && d.base === R.sp && d.index === noRegister) &&
  code.every((d) => !effectsOf(d.row).stack && !effectsOf(d.row).repeats && !namesStackPointer(d, questions));

/** True if an instruction may access memory and so may use a slow path. */
export const accessesMemory = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  return (d.isMemory && f.memory) || f.stack;
};
/**
 * True if several accesses follow another one at a constant distance from the same register. It is a guess
 * from the operands.
 */
const isWorthTwoCopies = (list: readonly Decoded[]): boolean => {
  const bases = new Set<number>();
  let again = 0;
  for (const d of list) {
    if (!accessesMemory(d) || (d.isMemory && d.index !== noRegister)) continue;
    const base = d.isMemory ? d.base : R.sp;
    if (bases.has(base)) again++;
    bases.add(base);
  }
  return again >= 2;
};
/** The segments of a block. The last instruction decides where control goes, so it is never in two copies. */
const segmentsOf = (list: readonly Decoded[], { registerOffset }: Questions): BlockSegment[] => {
  const out: BlockSegment[] = [];
  const add = (kind: BlockSegment["kind"], from: number, to: number): void => {
    const part = list.slice(from, to);
    const stack = kind === "x87" ? stackNeeds(part.flatMap((d) => stackCallsOf(d, registerOffset))) : undefined;
    out.push({ kind, from, to, isWorthTwoCopies: kind === "straight" && isWorthTwoCopies(part), stack });
  };
  for (let from = 0; from < list.length; ) {
    let to = batchEnd(list, from);
    if (to > from) add("x87", from, to);
    else {
      while (to < list.length - 1 && batchEnd(list, to) === to) to++;
      if (to === from) add("single", from, ++to);
      else add("straight", from, to);
    }
    from = to;
  }
  return out;
};

const predecessorsOf = (g: BlockGraph, s: Structure): Map<number, number[]> => {
  const out = new Map<number, number[]>();
  const from = (key: number, successors: readonly number[]): void => {
    for (const to of successors) {
      const there = out.get(to);
      if (there) there.push(key);
      else out.set(to, [key]);
    }
  };
  from(dispatcher, s.dispatched);
  for (const block of g.blocks.values()) from(block.key, block.successors);
  return out;
};

/** Average iterations of a loop from which on page ranges pay for themselves. */
const longLoopIterations = 16;

class Analysis {
  readonly #g: BlockGraph;
  readonly #questions: Questions;
  readonly #predecessors: ReadonlyMap<number, readonly number[]>;
  readonly #uses = new Map<Decoded, RegisterUse>();
  constructor(g: BlockGraph, s: Structure, questions: Questions) {
    this.#g = g;
    this.#questions = questions;
    this.#predecessors = predecessorsOf(g, s);
  }
  use(d: Decoded): RegisterUse {
    let use = this.#uses.get(d);
    if (!use) this.#uses.set(d, (use = registerUse(d, this.#questions.registerOffset)));
    return use;
  }
  predecessors(key: number): readonly number[] {
    return this.#predecessors.get(key) ?? [];
  }
  #code(body: Iterable<number>): Decoded[] {
    return [...body].flatMap((key) => this.#g.blocks.get(key)!.instructions);
  }
  scope(head: number, body: ReadonlySet<number>): LoopScope {
    const code = this.#code(body);
    const keepsPointer = keepsStackPointer(code, this.#questions);
    const uses = code.map((d) => this.use(d));
    const written = uses.reduce((set, { writes }) => union(set, writes), noRegisters);
    const accessed = uses.reduce((set, { reads }) => union(set, reads), written);
    return { head, steady: keepsPointer, isRegion: this.#g.tree, accessed, written };
  }
  /** True if a loop has many iterations for each entry. */
  isLong(head: number, body: ReadonlySet<number>): boolean {
    const { executions } = this.#questions;
    const before = this.predecessors(head).filter((key) => !body.has(key));
    const entered = before.reduce((sum, key) => sum + (key === dispatcher ? 0 : (executions(key) ?? 0)), 0);
    return (executions(head) ?? 0) >= longLoopIterations * entered;
  }
  /** The page ranges of a loop. Blocks in the order of the code: the first registers get a range. */
  pageRanges(head: number, body: ReadonlySet<number>, s: Structure): ReadonlyMap<number, PageRange> {
    const inOrder = [...s.order.keys()].filter((key) => body.has(key));
    const bases = this.#code(inOrder).flatMap((d) => {
      const how = d.isMemory && d.base !== noRegister ? this.use(d).memory : undefined;
      return how === undefined ? [] : [{ register: d.base, writes: how === access.write }];
    });
    return pageRangesOf(head, bases);
  }
}

/** Analyses a graph. */
export const analyseRegion = (g: BlockGraph, questions: Questions): RegionFacts => {
  const s = structureOf(g);
  const { mode } = g.blocks.get(g.entries[0]!)!.instructions[0]!;
  const is64 = mode === 64;
  const analysis = new Analysis(g, s, questions);
  const tests = budgetTests(g, s);
  const need = longestPaths(g, s, tests);
  const scopes = new Map<number, LoopScope>();
  const ranges = new Map<number, ReadonlyMap<number, PageRange>>();
  for (const [head, body] of loopScopes(g, s)) {
    const scope = analysis.scope(head, body);
    const pageRanges = is64 && !g.tree && analysis.isLong(head, body) ? analysis.pageRanges(head, body, s) : undefined;
    for (const key of body) {
      scopes.set(key, scope);
      if (pageRanges) ranges.set(key, pageRanges);
    }
  }
  const all = [...g.blocks.values()];
  const factsOf = ({ key, instructions }: JitBlock): BlockFacts => ({
    predecessors: analysis.predecessors(key),
    scope: scopes.get(key),
    testsBudget: tests.has(key),
    need: need.get(key) ?? 0,
    time: instructions.reduce((sum, d) => sum + additionalTime(d, isInline(d)), 0),
    segments: segmentsOf(instructions, questions),
    pageRanges: ranges.get(key),
  });
  const modes = new Map<string, ModeTest>();
  for (const { instructions } of all)
    for (const d of instructions) for (const m of modesOf(d)) modes.set(`${m.field} ${m.mask} ${m.value}`, m);
  return {
    graph: g,
    structure: s,
    is64,
    blocks: new Map(all.map((block) => [block.key, factsOf(block)])),
    hasX87Batches: all.some(({ instructions }) => instructions.some(isInline)),
    hasJumps: all.some(({ terminator }) => terminator === "jump"),
    modes: [...modes.values()],
    use: (d) => analysis.use(d),
  };
};

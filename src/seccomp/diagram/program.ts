// A diagram as a program: each function of a word becomes one block, which loads the word and compares.
// Blocks of equal functions are one block. Written from the end, since jumps only go forward.

import { aText, check, takes } from "../../wants.ts";
import { BPF, type Insn, jump, MAX_INSNS, type Program, stmt } from "../bpf/insn.ts";
import { type Cube, cover } from "./cubes.ts";
import type { Diagram } from "./diagram.ts";
import { aDiagram } from "./diagram.ts";
import { intervals, outcomes } from "./intervals.ts";
import { type Leaf, leavesOf } from "./leaves.ts";
import type { Node, Nodes } from "./nodes.ts";
import { isUndecided, undecidedAt } from "./undecided.ts";
import { bitAt, wordAt } from "./words.ts";

/** Distances of conditional jumps are bytes. */
const FAR = 255;
const MOST_RANGES = 4096;
const MOST_CUBES = 12;

/** A place in the program, counted from its end. */
type Label = number;

/** Ways to write the function of one word, each with its instructions. */
type Plan =
  | { readonly kind: "ranges"; readonly cost: number; readonly leaves: readonly Leaf[] }
  | { readonly kind: "masks"; readonly cost: number; readonly tests: readonly MaskTest[]; readonly otherwise: Node }
  | { readonly kind: "bits"; readonly cost: number };
interface MaskTest {
  readonly mask: number;
  readonly value: number;
  readonly node: Node;
}

/** JSET tests it, and leaves A as it is. */
const isSimple = ({ mask, value }: Pick<MaskTest, "mask" | "value">): boolean =>
  value === 0 || (value === mask && (mask & (mask - 1)) === 0);

const maskOf = (cube: Cube): { readonly mask: number; readonly value: number } => {
  let [mask, value] = [0, 0];
  for (const [level, bit] of cube) {
    mask |= 1 << bitAt(level);
    if (bit) value |= 1 << bitAt(level);
  }
  return { mask: mask >>> 0, value: value >>> 0 };
};

class Writer {
  private readonly _nodes: Nodes;
  private readonly _offsets: (level: number) => number;
  /** From the last instruction to the first. */
  private readonly _reversed: Insn[] = [];
  private readonly _labels = new Map<Node, Label>();

  constructor(nodes: Nodes, offsets: (level: number) => number) {
    this._nodes = nodes;
    this._offsets = offsets;
  }
  program(root: Node): Program {
    this._block(root);
    return this._reversed.toReversed();
  }

  private _push(insn: Insn): Label {
    return this._reversed.push(insn) - 1;
  }
  private _distance(label: Label): number {
    return this._reversed.length - label - 1;
  }
  /** A label that a conditional jump reaches, also from a few instructions further up. */
  private _near(label: Label): Label {
    if (this._distance(label) < FAR - 2) return label;
    const there = this._reversed[label] as Insn;
    return this._push(there.code === (BPF.RET | BPF.K) ? there : stmt(BPF.JMP | BPF.JA, this._distance(label)));
  }
  private _branch(field: number, k: number, yes: Label, no: Label): Label {
    const [y, n] = [this._near(yes), this._near(no)];
    return this._push(jump(BPF.JMP | field | BPF.K, k, this._distance(y), this._distance(n)));
  }

  /** Where the function is computed from the data. */
  private _block(node: Node): Label {
    const known = this._labels.get(node);
    if (known !== undefined && this._distance(known) < FAR - 2) return known;
    const made = known === undefined ? this._write(node) : this._near(known);
    this._labels.set(node, made);
    return made;
  }
  private _write(node: Node): Label {
    const nodes = this._nodes;
    if (nodes.isTerminal(node)) return this._push(stmt(BPF.RET | BPF.K, nodes.value(node)));
    const level = nodes.level(node) & ~31;
    const field = { level, bits: 32 } as const;
    const below = outcomes(nodes, node, field);
    const plan = this._plan(node, level, below);
    // Parts are written from the end of the program, so the most distant part comes first.
    for (const { node: part } of below) this._block(part);
    const load = () => this._push(stmt(BPF.LD | BPF.W | BPF.ABS, this._offsets(level)));
    if (plan.kind === "ranges") this._ranges(plan.leaves);
    else if (plan.kind === "bits") this._bits(node, level);
    else this._masks(plan, load);
    return load();
  }
  private _plan(node: Node, level: number, below: readonly { readonly node: Node; readonly when: Node }[]): Plan {
    const nodes = this._nodes;
    const inWord = nodes.reachable(node).filter((n) => nodes.level(n) < level + 32).length;
    const plans: Plan[] = [{ kind: "bits", cost: inWord }];
    const list = intervals(nodes, node, { level, bits: 32 }, MOST_RANGES);
    if (list) plans.push({ kind: "ranges", ...leavesOf(list) });
    const last = below.at(-1)?.node as Node;
    for (const otherwise of below.length === 2 ? below.map((part) => part.node) : [last]) {
      const tests = below.flatMap(({ node: part, when }): MaskTest[] | undefined => {
        if (part === otherwise) return [];
        return cover(nodes, when, MOST_CUBES)?.map((cube) => ({ ...maskOf(cube), node: part }));
      });
      if (tests.some((test) => test === undefined)) continue;
      const all = tests as MaskTest[];
      const cost = all.reduce((sum, test, i) => sum + (isSimple(test) ? 1 : i < all.length - 1 ? 3 : 2), 0);
      plans.push({ kind: "masks", cost, tests: all, otherwise });
    }
    return plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
  }

  private _ranges(leaves: readonly Leaf[]): Label {
    const [first] = leaves as readonly [Leaf];
    if (leaves.length === 1) {
      return first.others.reduceRight(
        (no, { from, node }) => this._branch(BPF.JEQ, Number(from), this._block(node), no),
        this._block(first.usual),
      );
    }
    const middle = leaves.length >> 1;
    const above = this._ranges(leaves.slice(middle));
    const under = this._ranges(leaves.slice(0, middle));
    return this._branch(BPF.JGE, Number((leaves[middle] as Leaf).from), above, under);
  }
  private _bits(node: Node, level: number): Label {
    const nodes = this._nodes;
    const labels = new Map<Node, Label>();
    const go = (n: Node): Label => {
      if (nodes.level(n) >= level + 32) return this._block(n);
      const known = labels.get(n);
      if (known !== undefined) return known;
      const [no, yes] = [go(nodes.low(n)), go(nodes.high(n))];
      const made = this._branch(BPF.JSET, 2 ** bitAt(nodes.level(n)), yes, no);
      labels.set(n, made);
      return made;
    };
    return go(node);
  }
  private _masks({ tests, otherwise }: Extract<Plan, { kind: "masks" }>, load: () => Label): Label {
    let next = this._block(otherwise);
    for (const [i, { mask, value, node }] of [...tests.entries()].toReversed()) {
      const yes = this._block(node);
      if (isSimple({ mask, value })) {
        next = value === 0 ? this._branch(BPF.JSET, mask, next, yes) : this._branch(BPF.JSET, mask, yes, next);
        continue;
      }
      // A is lost to the test that comes after this one.
      if (i < tests.length - 1) next = load();
      this._branch(BPF.JEQ, value, yes, next);
      next = this._push(stmt(BPF.ALU | BPF.AND | BPF.K, mask));
    }
    return next;
  }
}

/**
 * No program can be written for a diagram: some call is not decided, or the program would be too long.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * try {
 *   programOf(diagram);
 * } catch (error) {
 *   if (error instanceof NotWritable) console.log(error.message);
 * }
 */
export class NotWritable extends Error {
  constructor(message: string) {
    check("new NotWritable", { message: aText }, [message]);
    super(message);
  }
}

/**
 * A program with the meaning of the diagram.
 *
 * @throws {NotWritable} Some call is not decided, or the program is too long.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * compare(diagram, diagramOf(programOf(diagram), upstream, diagram.nodes)).verdict;   // "equal"
 */
export const programOf = takes("programOf", { diagram: aDiagram }, ({ nodes, root, rules }: Diagram): Program => {
  const undecided = nodes.reachable(root).find((node) => nodes.isTerminal(node) && isUndecided(nodes.value(node)));
  if (undecided !== undefined) {
    throw new NotWritable(`instruction ${undecidedAt(nodes.value(undecided)).pc} was not decided for every call`);
  }
  const program = new Writer(nodes, (level) => rules.layout.words.indexOf(wordAt(level)) * 4).program(root);
  if (program.length > MAX_INSNS)
    throw new NotWritable(`the program would have ${program.length} instructions, the kernel takes ${MAX_INSNS}`);
  return program;
});

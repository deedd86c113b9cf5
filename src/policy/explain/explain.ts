// A filter as a table: the verdict on every system call of every ABI, with its conditions.
import { type Abi, X32_BIT, x64 } from "../../abi/abi.ts";
import { abis } from "../../abi/syscall-number.ts";
import { aCondition } from "../../seccomp/diagram/cases.ts";
import { aTerminal } from "../../seccomp/diagram/undecided.ts";
import { aNode, someNodes } from "../../seccomp/diagram/wants.ts";
import { type Case, type Cases, casesOf, type Node, type Nodes, type NumberRange, tableOf } from "../../seccomp/index.ts";
import { aFlag, aFunction, aText, listOf, oneOf, optional, optionsOf, shapeOf, takes, word32 } from "../../wants.ts";
import { nameOf } from "../names.ts";

/** The verdict on a call; the last case is "otherwise". */
export interface ExplainedVerdict {
  readonly cases: readonly Case[];
  /** There are more conditions than are listed. */
  readonly truncated: boolean;
}
/** One call, by name, with its verdict at each ABI that has it. */
export interface CallRow {
  readonly name: string;
  /** By ABI, for those that have the call. */
  readonly verdicts: Partial<Record<Abi["name"], ExplainedVerdict>>;
}
/** Numbers of an ABI that belong to no call; numbers with names between them are left out. */
export interface NumberRow {
  readonly abi: Abi["name"];
  /** Unsigned, both included. */
  readonly from: number;
  readonly to: number;
  readonly verdict: ExplainedVerdict;
}
/** AUDIT_ARCH_* values that are neither x86 nor x86-64. */
export interface ArchRow {
  readonly from: number;
  readonly to: number;
  /** Undefined: it depends on the number. */
  readonly verdict: ExplainedVerdict | undefined;
}
/** The effect of a filter on every call: rows by name, numbers that are no call, other architectures. */
export interface Explanation {
  readonly calls: readonly CallRow[];
  readonly numbers: readonly NumberRow[];
  readonly architectures: readonly ArchRow[];
  /** Architectures, or numbers, are told apart in more ways than a table can hold: then rows are missing. */
  readonly incomplete: boolean;
}

const aVerdict = shapeOf<ExplainedVerdict>("a verdict of an explanation", {
  cases: listOf(shapeOf<Case>("a case", { value: aTerminal, when: listOf(listOf(aCondition)) }), 1),
  truncated: aFlag,
});
const aRange = { from: word32, to: word32 };
/** An explanation as an argument. */
export const anExplanation = shapeOf<Explanation>("an explanation: of explainRoot(…)", {
  calls: listOf(
    shapeOf<CallRow>("a row of calls", {
      name: aText,
      verdicts: optionsOf<CallRow["verdicts"]>({ x64: optional(aVerdict), i386: optional(aVerdict), x32: optional(aVerdict) }),
    }),
  ),
  numbers: listOf(shapeOf<NumberRow>("a row of numbers", { abi: oneOf(["x64", "i386", "x32"]), ...aRange, verdict: aVerdict })),
  architectures: listOf(shapeOf<ArchRow>("a row of architectures", { ...aRange, verdict: optional(aVerdict) })),
  incomplete: aFlag,
});

/** The rank for "otherwise": the more restrictive value has the lower rank, as signed actions compare. */
const restrictive = (value: number): number => value | 0;

/** No call's number is further than that from the first. */
const NAMED = 1024;
const limits: Readonly<Record<Abi["name"], readonly [number, number]>> = {
  x64: [0, X32_BIT - 1],
  x32: [X32_BIT, 2 * X32_BIT - 1],
  i386: [0, 0xffff_ffff],
};

class Table {
  readonly #nodes: Nodes;
  readonly #rank: (value: number) => number;
  readonly #verdicts = new Map<Node, Cases>();
  constructor(nodes: Nodes, rank: (value: number) => number) {
    this.#nodes = nodes;
    this.#rank = rank;
  }
  verdict(node: Node): ExplainedVerdict {
    let known = this.#verdicts.get(node);
    if (!known) this.#verdicts.set(node, (known = casesOf(this.#nodes, node, this.#rank)));
    return known;
  }
  /** Numbers of no call, next to each other but for calls, with one verdict. */
  numbers(abi: Abi, ranges: readonly NumberRange[]): readonly NumberRow[] {
    const [first, last] = limits[abi.name];
    const rows: (NumberRow & { node: Node; to: number })[] = [];
    const add = (from: number, to: number, node: Node): void => {
      const before = rows.at(-1);
      if (before?.node === node) before.to = to;
      else rows.push({ abi: abi.name, from, to, node, verdict: this.verdict(node) });
    };
    for (const range of ranges) {
      let from = Math.max(range.from, first);
      const to = Math.min(range.to, last);
      for (const end = Math.min(to, first + NAMED); from <= end; from++) {
        if (nameOf(from, abi) === undefined) add(from, from, range.node);
      }
      if (from <= to) add(from, to, range.node);
    }
    return rows.map(({ node: _, ...row }) => row);
  }
}

/**
 * Explains a function: a filter's, or that of a comparison. `rank` tells which value is rather "otherwise".
 *
 * @example
 * const { nodes, root } = policy.diagram.effects();
 * explainRoot(nodes, root).calls.find(({ name }) => name === "socket");
 */
export const explainRoot = takes(
  "explainRoot",
  { nodes: someNodes, root: aNode(), rank: optional(aFunction) },
  (nodes: Nodes, root: Node, rank = restrictive): Explanation => {
    const table = new Table(nodes, rank);
    const rows = tableOf({ nodes, root });
    const calls = new Map<string, Partial<Record<Abi["name"], ExplainedVerdict>>>();
    const numbers: NumberRow[] = [];
    const architectures: ArchRow[] = [];
    let incomplete = !rows;
    const constant = (ranges: readonly NumberRange[]): ExplainedVerdict | undefined =>
      ranges.length === 1 ? table.verdict((ranges[0] as NumberRange).node) : undefined;
    for (const { from, to, ranges } of rows ?? []) {
      if (!ranges) {
        incomplete = true;
        continue;
      }
      const here = abis.filter(({ auditArch }) => auditArch >= from && auditArch <= to);
      if (from < to || here.length === 0) architectures.push({ from, to, verdict: constant(ranges) });
      for (const abi of here) {
        for (const range of ranges) {
          const first = Math.max(range.from, limits[abi.name][0]);
          const end = Math.min(range.to, limits[abi.name][1], limits[abi.name][0] + NAMED);
          for (let nr = first; nr <= end; nr++) {
            const name = nameOf(nr, abi);
            if (name !== undefined) calls.set(name, { ...calls.get(name), [abi.name]: table.verdict(range.node) });
          }
        }
        numbers.push(...table.numbers(abi, ranges));
      }
      if (here.some((abi) => abi === x64)) {
        const above = ranges
          .filter((range) => range.to >= 2 * X32_BIT)
          .map((range) => ({ ...range, from: Math.max(range.from, 2 * X32_BIT) }));
        numbers.push(...above.map((range) => ({ abi: x64.name, from: range.from, to: range.to, verdict: table.verdict(range.node) })));
      }
    }
    const sorted = [...calls].sort(([a], [b]) => (a < b ? -1 : 1));
    return { calls: sorted.map(([name, verdicts]) => ({ name, verdicts })), numbers, architectures, incomplete };
  },
);

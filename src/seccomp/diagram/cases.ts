// A function of the arguments and the instruction pointer as cases: which values it has, and when.

import { aFunction, oneOf, shapeOf, takes, wants } from "../../wants.ts";
import { type NumberField, outcomes } from "./intervals.ts";
import { FALSE, type Node, type Nodes, TRUE } from "./nodes.ts";
import { aPredicate, describe, type Predicate, predicateCost } from "./predicate.ts";
import { aNode, someNodes } from "./wants.ts";
import { levelOf } from "./words.ts";

/** The subject of a condition: the instruction pointer, or an argument by its index. */
export type Subject = "ip" | 0 | 1 | 2 | 3 | 4 | 5;
/** The part of an argument's 64 bits: all, or the upper or lower 32 as a number. */
export type ArgumentPart = "whole" | "high" | "low";
/** A condition on one subject: its value is in the predicate. */
export interface Condition {
  readonly subject: Subject;
  readonly part: ArgumentPart;
  readonly predicate: Predicate;
  /** The same as a diagram. */
  readonly node: Node;
}
/** All of these hold. */
export type Conjunction = readonly Condition[];
/** Conjunctions of conditions under which a call gets one value. */
export interface Case {
  /** The terminal's value. */
  readonly value: number;
  /** One of these holds. Empty: in all other cases. */
  readonly when: readonly Conjunction[];
}
/** Every value of a function with its conditions, and the value of all other calls. */
export interface Cases {
  /** The last one is "otherwise". */
  readonly cases: readonly Case[];
  /**
   * There were more conjunctions than a text can hold: those listed are exact, those left out are in
   * the diagram.
   */
  readonly truncated: boolean;
}

const MOST = 256;
const subjects: readonly Subject[] = ["ip", 0, 1, 2, 3, 4, 5];
const fields = new Map<Subject, NumberField>(
  subjects.map((subject) => [subject, { level: levelOf(subject === "ip" ? "instruction_pointer.hi" : `args[${subject}].hi`), bits: 64 }]),
);
const aSubject = wants('"ip" or the index of an argument, 0 to 5', (value) => subjects.includes(value as Subject));
/**
 * The variables of a subject, for `intervals` and `predicate`.
 *
 * @example
 * fieldOf(0);   // the 64 bits of args[0]
 */
export const fieldOf = takes("fieldOf", { subject: aSubject }, (subject: Subject): NumberField => fields.get(subject) as NumberField);
const subjectAt = (level: number): Subject => subjects.findLast((subject) => fieldOf(subject).level <= level) as Subject;

const partOf = (subject: Subject, part: ArgumentPart): NumberField => {
  const { level } = fieldOf(subject);
  return part === "whole" ? fieldOf(subject) : { level: part === "high" ? level : level + 32, bits: 32 };
};

interface Path {
  readonly parts: readonly { readonly subject: Subject; readonly part: ArgumentPart; readonly node: Node }[];
  readonly value: number;
}

/**
 * A condition on one subject as conjunctions that are easy to say: of the whole if that is, else of its
 * halves.
 */
const alternatives = (nodes: Nodes, subject: Subject, when: Node): readonly Path["parts"][] => {
  if (when === TRUE || describe(nodes, when, fieldOf(subject)).kind !== "nodes") return [[{ subject, part: "whole", node: when }]];
  return outcomes(nodes, when, partOf(subject, "high"))
    .filter(({ node }) => node !== FALSE)
    .map(({ node, when: high }) =>
      [{ subject, part: "high", node: high } as const, { subject, part: "low", node } as const].filter((part) => part.node !== TRUE),
    );
};

const paths = (nodes: Nodes, root: Node): { readonly list: readonly Path[]; readonly truncated: boolean } => {
  const list: Path[] = [];
  const go = (node: Node, parts: Path["parts"]): boolean => {
    if (nodes.isTerminal(node)) return list.push({ parts, value: nodes.value(node) }) < MOST;
    const subject = subjectAt(nodes.level(node));
    return outcomes(nodes, node, fieldOf(subject)).every(({ node: below, when }) =>
      alternatives(nodes, subject, when).every((more) => go(below, [...parts, ...more])),
    );
  };
  return { truncated: !go(root, []), list };
};

const all = (nodes: Nodes, parts: Path["parts"]): Node => parts.reduce((sofar, { node }) => nodes.and(sofar, node), TRUE);

/** Leaves out parts, then whole conjunctions, that the rest says already. */
const simplify = (nodes: Nodes, list: readonly Path["parts"][], target: Node): readonly Path["parts"][] => {
  const outside = nodes.not(target);
  const implies = (parts: Path["parts"]): boolean => nodes.and(all(nodes, parts), outside) === FALSE;
  const short = list.map((path) => {
    let parts = path;
    for (const part of path) {
      const without = parts.filter((p) => p !== part);
      if (implies(without)) parts = without;
    }
    return { parts, node: all(nodes, parts) };
  });
  let kept = short;
  for (const one of short) {
    const others = kept.filter((other) => other !== one);
    const rest = others.reduce((sofar, other) => nodes.or(sofar, other.node), FALSE);
    if (nodes.and(one.node, nodes.not(rest)) === FALSE) kept = others;
  }
  return kept.map(({ parts }) => parts);
};

/** A condition as an argument. */
export const aCondition = shapeOf<Omit<Condition, "node">>("a condition of casesOf(…)", {
  subject: aSubject,
  part: oneOf(["whole", "high", "low"]),
  predicate: aPredicate,
});

/**
 * The cases of a function that depends on nothing before the instruction pointer. `rank` orders values: the
 * one with the longest text, and of several the one with the lowest rank, is "otherwise". A rank of -Infinity
 * always is.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * const getpids = diagram.restrict({ arch: 0xc000003e, sys_number: 39 });
 * casesOf(getpids.nodes, getpids.root, (value) => value);
 */
export const casesOf = takes(
  "casesOf",
  { nodes: someNodes, root: aNode(), rank: aFunction },
  (nodes: Nodes, root: Node, rank: (value: number) => number): Cases => {
    if (nodes.isTerminal(root)) return { cases: [{ value: nodes.value(root), when: [] }], truncated: false };
    const { list, truncated } = paths(nodes, root);
    const byValue = new Map<number, Path[]>();
    for (const path of list) byValue.set(path.value, [...(byValue.get(path.value) ?? []), path]);
    const cases = [...byValue].map(([value, found]): Case & { cost: number } => {
      const target = nodes.map(root, (v) => (v === value ? 1 : 0));
      const some = truncated
        ? found.map(({ parts }) => parts)
        : simplify(
            nodes,
            found.map(({ parts }) => parts),
            target,
          );
      const when = some.map((parts) =>
        parts.map(
          ({ subject, part, node }): Condition => ({ subject, part, node, predicate: describe(nodes, node, partOf(subject, part)) }),
        ),
      );
      return { value, when, cost: when.flat().reduce((sum, { predicate }) => sum + predicateCost(predicate), 0) };
    });
    const never = (value: number): number => (rank(value) === Number.NEGATIVE_INFINITY ? 1 : 0);
    cases.sort((a, b) => never(a.value) - never(b.value) || a.cost - b.cost || rank(b.value) - rank(a.value));
    const last = cases.length - 1;
    return { cases: cases.map(({ value, when }, i) => ({ value, when: i === last ? [] : when })), truncated };
  },
);

// The meaning of filters: one decision diagram over the bits of struct seccomp_data. It is canonical, so
// equal meanings are the same node.

import { aText, check, instanceOf, listOf, type Members, optional, optionsOf, shapeOf, takes, wholeNumber } from "../../wants.ts";
import { MAX_INSNS, type Program } from "../bpf/insn.ts";
import { aProgram } from "../bpf/wants.ts";
import { checkProgram } from "../check.ts";
import type { SyscallData } from "../data.ts";
import { type Word, wordsOf } from "../layout.ts";
import type { FilterProblem } from "../problem.ts";
import type { SeccompRules } from "../profile/profile.ts";
import { upstream } from "../profile/profiles.ts";
import { actionOf, dataOf, returnValue, wins } from "../returns.ts";
import { aValue, someData, someReturns } from "../wants.ts";
import { type Node, Nodes } from "./nodes.ts";
import { SymbolicRun } from "./symbolic.ts";
import { isUndecided, type Undecided, undecidedAt } from "./undecided.ts";
import { aNode, meaningRules, someNodes } from "./wants.ts";
import { bitAt, wordAt, wordOrder } from "./words.ts";

const someValues = optionsOf<Record<Word, number>>(
  Object.fromEntries(wordOrder.map((word) => [word, optional(aValue)])) as Members<Record<Word, number>>,
);

/** The rules of a profile that determine the meaning of a filter. */
export type MeaningRules = Pick<SeccompRules, "layout" | "reciprocalDivision" | "returns" | "checker">;

const aProblem = shapeOf<FilterProblem>("a problem: of checkFilter(…)", {
  code: aText,
  errno: aText,
  message: aText,
  pc: optional(wholeNumber(0, MAX_INSNS)),
});
/**
 * A program that no kernel of these rules takes has no meaning.
 *
 * @example
 * try {
 *   diagramOf([]);
 * } catch (error) {
 *   if (error instanceof RefusedFilter) console.log(error.problem.code);   // "length"
 * }
 */
export class RefusedFilter extends Error {
  readonly problem: FilterProblem;
  constructor(problem: FilterProblem) {
    check("new RefusedFilter", { problem: aProblem }, [problem]);
    super(problem.pc === undefined ? problem.message : `instruction ${problem.pc}: ${problem.message}`);
    this.name = "RefusedFilter";
    this.problem = problem;
  }
}

/**
 * The meaning of a filter: a decision diagram (BDD) from the bits of seccomp_data to return values. Equal
 * roots in one store are equal meanings.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * const getpid = { nr: 39, arch: 0xc000003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
 * diagram.valueOf(getpid);   // 0x00050001, ERRNO(1)
 */
export class Diagram {
  readonly nodes: Nodes;
  readonly root: Node;
  readonly rules: MeaningRules;

  constructor(nodes: Nodes, root: Node, rules: MeaningRules) {
    check("new Diagram", { nodes: someNodes, root: aNode(), rules: meaningRules }, [nodes, root, rules]);
    this.nodes = nodes;
    this.root = root;
    this.rules = rules;
  }

  with(root: Node): Diagram {
    return new Diagram(this.nodes, root, this.rules);
  }

  /** Nodes of this function alone. */
  get size(): number {
    return this.nodes.reachable(this.root).length;
  }

  /** The return value for a call, or where it was not decided. */
  valueOf(data: SyscallData): number | Undecided {
    check("diagram.valueOf", { data: someData }, [data]);
    const words = wordsOf(this.rules.layout, data);
    const { nodes } = this;
    const places = wordOrder.map((word) => this.rules.layout.words.indexOf(word));
    let node = this.root;
    while (!nodes.isTerminal(node)) {
      const level = nodes.level(node);
      const word = words[places[level >> 5] as number] as number;
      node = (word >>> bitAt(level)) & 1 ? nodes.high(node) : nodes.low(node);
    }
    const value = nodes.value(node);
    return isUndecided(value) ? undecidedAt(value) : value;
  }

  /** The same diagram over effects: values that a call cannot distinguish become one number. */
  effects(): Diagram {
    return this.with(this.nodes.map(this.root, (value) => (isUndecided(value) ? value : effectOf(this.rules, value))));
  }

  /** Where the given words have fixed values. */
  restrict(fixed: Partial<Record<(typeof wordOrder)[number], number>>): Diagram {
    check("diagram.restrict", { fixed: someValues }, [fixed]);
    return this.with(
      this.nodes.restrict(this.root, (level) => {
        const value = fixed[wordAt(level)];
        return value === undefined ? undefined : (((value >>> bitAt(level)) & 1) as 0 | 1);
      }),
    );
  }

  /** Every value that some call gets, and every instruction at which some call was not decided. */
  values(): { readonly decided: readonly number[]; readonly undecided: readonly Undecided[] } {
    const values = this.nodes.reachable(this.root).flatMap((node) => (this.nodes.isTerminal(node) ? [this.nodes.value(node)] : []));
    return {
      decided: values.filter((value) => !isUndecided(value)),
      undecided: values.filter(isUndecided).map(undecidedAt),
    };
  }

  /** This diagram in another's store. */
  in(nodes: Nodes): Diagram {
    check("diagram.in", { nodes: someNodes }, [nodes]);
    return new Diagram(nodes, nodes.adopt(this.nodes, this.root), this.rules);
  }
}

/** A diagram as an argument. */
export const aDiagram = instanceOf("a Diagram, such as policy.diagram", () => Diagram);
const withReturns = shapeOf<Pick<MeaningRules, "returns">>("a profile, such as upstream", { returns: someReturns });

/**
 * The return value that stands for all values with the same effect. ALLOW, LOG and the kills have no data,
 * ERRNO is capped, and the rules map an unknown action. Do not use it for filters that will be stacked: there
 * the unknown value competes unchanged.
 *
 * @example
 * effectOf(upstream, 0x7fff1234);   // 0x7fff0000: the data of ALLOW has no effect
 */
export const effectOf = takes(
  "effectOf",
  { rules: withReturns, value: aValue },
  ({ returns }: Pick<MeaningRules, "returns">, value: number): number => {
    const action = actionOf(returns, value);
    const known = returns.actions.some((row) => row.value === (value & returns.mask) >>> 0);
    const data =
      !known || action === "allow" || action === "log" || action === "kill_process" || action === "kill_thread" || action === "user_notif"
        ? 0
        : action === "errno"
          ? Math.min(dataOf(value), returns.maxErrno)
          : dataOf(value);
    return returnValue(returns, action, data) ?? value;
  },
);

/**
 * The diagram of one program.
 *
 * @throws {RefusedFilter} The checker of the rules refuses the program.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * diagram.size;
 */
export const diagramOf = takes(
  "diagramOf",
  { program: aProgram, rules: optional(meaningRules), nodes: optional(someNodes) },
  (program: Program, rules: MeaningRules = upstream, nodes = new Nodes()): Diagram => stack([program], rules, nodes),
);

/**
 * The diagram of several filters of one task, the oldest first, combined as the kernel does. Linux
 * kernel/seccomp.c seccomp_run_filters()
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * stack([program, [stmt(BPF.RET | BPF.K, 0x7fff0000)]]).values().decided;   // [0x7fff0000, 0x00050001]
 */
export const stack = takes(
  "stack",
  { programs: listOf(aProgram, 1), rules: optional(meaningRules), nodes: optional(someNodes) },
  (programs: readonly Program[], rules: MeaningRules = upstream, nodes = new Nodes()): Diagram => {
    const roots = programs.map((program, n) => {
      const problem = checkProgram(rules.checker, program, rules.layout.size);
      if (problem) throw new RefusedFilter(problem);
      return new SymbolicRun(nodes, rules, program, n).run();
    });
    return new Diagram(nodes, stackRoots(nodes, roots, rules), rules);
  },
);

/**
 * Diagrams of filters, the oldest first, as the meaning of all together.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const diagram = diagramOf(program);
 * stackDiagrams([diagram, diagram]).root === diagram.root;   // true
 */
export const stackDiagrams = takes("stackDiagrams", { diagrams: listOf(aDiagram, 1) }, (diagrams: readonly Diagram[]): Diagram => {
  const [first] = diagrams;
  if (!first) throw new Error("a stack has at least one filter");
  const { nodes, rules } = first;
  const roots = diagrams.map((diagram) => nodes.adopt(diagram.nodes, diagram.root));
  return new Diagram(nodes, stackRoots(nodes, roots, rules), rules);
});

/** Newest first; the running verdict begins as ALLOW without data. */
const stackRoots = (nodes: Nodes, roots: readonly Node[], { returns }: MeaningRules): Node => {
  const allow = returnValue(returns, "allow") as number;
  const lowest = (sofar: number, next: number): number => {
    if (isUndecided(sofar)) return sofar;
    return isUndecided(next) || wins(returns, next, sofar) ? next : sofar;
  };
  const firstNotAllow = (sofar: number, next: number): number =>
    isUndecided(sofar) || actionOf(returns, sofar) !== "allow" ? sofar : next;
  const combine = returns.combine === "lowest" ? lowest : firstNotAllow;
  return roots.toReversed().reduce((sofar, root) => nodes.pointwise(sofar, root, combine), nodes.terminal(allow));
};

/**
 * A function that is known already, as the meaning of one filter: ALLOW loses its data as when a kernel runs
 * it.
 *
 * @example
 * const nodes = new Nodes();
 * diagramOfRoot(nodes, nodes.terminal(0x7fff0000)).size;   // 1
 */
export const diagramOfRoot = takes(
  "diagramOfRoot",
  { nodes: someNodes, root: aNode(), rules: optional(meaningRules) },
  (nodes: Nodes, root: Node, rules: MeaningRules = upstream): Diagram => new Diagram(nodes, stackRoots(nodes, [root], rules), rules),
);

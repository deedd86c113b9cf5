// Calls that pass under a changed policy and did not before.
import { abis } from "../../abi/syscall-number.ts";
import { compare, type Diagram, isUndecided, type Node } from "../../seccomp/index.ts";
import { type ExplainedVerdict, explainRoot } from "../explain/explain.ts";
import { conjunctionText, numberText } from "../explain/predicate-text.ts";
import { namerOf } from "../explain/value-names.ts";
import { isPassing } from "./queried-call.ts";

/** Calls of an ABI that pass under the same condition. */
export interface Lets {
  readonly abi: "x64" | "i386" | "x32";
  /** Names; numbers of no call as `number 387 to 400`. */
  readonly calls: readonly string[];
  /** Empty: with all arguments. */
  readonly when: string;
}

/** 1: the call passes under `after` and not under `before`. */
export const newlyPassing = (before: Diagram, after: Diagram): { readonly diagram: Diagram; readonly node: Node } => {
  const { a, root, pairs } = compare(before, after);
  const node = a.nodes.map(root, (n) => {
    const pair = pairs[n - 1];
    return pair && !isUndecided(pair.b) && isPassing(pair.b) && (isUndecided(pair.a) || !isPassing(pair.a)) ? 1 : 0;
  });
  return { diagram: a, node };
};

const rank = (value: number): number => (value === 0 ? Number.NEGATIVE_INFINITY : 0);
/** Undefined: never. */
const whenText = ({ cases }: ExplainedVerdict, call: string): string | undefined => {
  const found = cases.find(({ value }) => value === 1);
  if (!found) return undefined;
  const namer = namerOf(call);
  if (found.when.length > 0) return found.when.map((all) => conjunctionText(all, namer)).join(" or ");
  const others = cases.filter(({ value }) => value !== 1).flatMap(({ when }) => when);
  return others.map((all) => `not (${conjunctionText(all, namer)})`).join(" and ");
};

/** The calls that a diagram's value 1 stands for, in groups of equal conditions. */
export const letsOf = (diagram: Diagram, node: Node): readonly Lets[] => {
  const { calls, numbers } = explainRoot(diagram.nodes, node, rank);
  const groups = new Map<string, { abi: Lets["abi"]; calls: string[]; when: string }>();
  const add = (abi: Lets["abi"], call: string, when: string | undefined): void => {
    if (when === undefined) return;
    const key = `${abi} ${when}`;
    const group = groups.get(key) ?? { abi, calls: [], when };
    groups.set(key, group);
    group.calls.push(call);
  };
  for (const { name, verdicts } of calls) {
    for (const { name: abi } of abis) {
      const verdict = verdicts[abi];
      if (verdict) add(abi, name, whenText(verdict, name));
    }
  }
  for (const { abi, from, to, verdict } of numbers) {
    add(abi, from === to ? `number ${numberText(from)}` : `numbers ${numberText(from)} to ${numberText(to)}`, whenText(verdict, ""));
  }
  return [...groups.values()];
};

const SHOWN = 20;
/** `x64: socket if arg0 == AF_INET`; one line each. */
export const letsText = (lets: readonly Lets[]): readonly string[] =>
  lets.map(({ abi, calls, when }) => {
    const more = calls.length > SHOWN ? ` and ${calls.length - SHOWN} more` : "";
    return `${abi}: ${calls.slice(0, SHOWN).join(", ")}${more}${when === "" ? "" : ` if ${when}`}`;
  });

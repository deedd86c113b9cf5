// Explanations and differences for people: calls with the same verdicts stand together, ABIs side by side.
import type { Abi } from "../../abi/abi.ts";
import { abis } from "../../abi/syscall-number.ts";
import { aDifference } from "../../seccomp/diagram/difference.ts";
import type { Difference } from "../../seccomp/index.ts";
import { takes } from "../../wants.ts";
import { anExplanation, type CallRow, type ExplainedVerdict, type Explanation, explainRoot } from "./explain.ts";
import { conjunctionText, numberText } from "./predicate-text.ts";
import { namerOf } from "./value-names.ts";
import { valueText } from "./value-text.ts";

type Show = (value: number) => string;

/** `call`: whose arguments' values have names. */
const verdictText = ({ cases, truncated }: ExplainedVerdict, show: Show, call = ""): string => {
  const name = namerOf(call);
  const texts = cases.map(({ value, when }, i) => {
    if (when.length === 0) return i === 0 ? show(value) : `else ${show(value)}`;
    return `${show(value)} if ${when.map((all) => conjunctionText(all, name)).join(" or if ")}`;
  });
  return `${texts.join("; ")}${truncated ? " (and more conditions than are listed)" : ""}`;
};

const wrap = (words: readonly string[], indent: string, width = 110): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, indent + line] : lines;
};

const rangeText = (from: number, to: number): string => (from === to ? numberText(from) : `${numberText(from)} to ${numberText(to)}`);

const groupsOf = (
  calls: readonly CallRow[],
  text: (verdict: ExplainedVerdict, call: string) => string,
): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map<string, string[]>();
  for (const { name, verdicts } of calls) {
    const there = abis.flatMap((abi) => {
      const verdict = verdicts[abi.name];
      return verdict ? [[abi.name, text(verdict, name)] as const] : [];
    });
    const same = there.every(([, t]) => t === there[0]?.[1]);
    const names = there.map(([abi]) => abi).join(", ");
    const key = same ? `${names}: ${there[0]?.[1]}` : there.map(([abi, t]) => `${abi}: ${t}`).join("\n");
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return groups;
};

/** Lines of text; `hidden`: a verdict that is not worth a line. */
const tableText = (explanation: Explanation, show: Show, hidden: (verdict: ExplainedVerdict) => boolean): string[] => {
  const lines: string[] = [];
  const text = (verdict: ExplainedVerdict, call?: string): string => verdictText(verdict, show, call);
  const shown = explanation.calls.filter(({ verdicts }) => Object.values(verdicts).some((verdict) => !hidden(verdict)));
  const groups = [...groupsOf(shown, text)].sort(([, a], [, b]) => b.length - a.length);
  for (const [key, names] of groups) lines.push(...key.split("\n"), ...wrap(names, "    "), "");
  const numbers = explanation.numbers.filter(({ verdict }) => !hidden(verdict));
  if (numbers.length > 0) lines.push("numbers that are no call");
  for (const { abi, from, to, verdict } of numbers) lines.push(`    ${abi} ${rangeText(from, to)}: ${text(verdict)}`);
  const others = explanation.architectures.filter(({ verdict }) => !verdict || !hidden(verdict));
  const verdicts = new Set(others.map(({ verdict }) => (verdict ? text(verdict) : "it depends on the number")));
  if (verdicts.size === 1) lines.push(`any other architecture: ${[...verdicts][0]}`);
  else
    for (const row of others)
      lines.push(`architecture ${rangeText(row.from, row.to)}: ${row.verdict ? text(row.verdict) : "it depends on the number"}`);
  if (explanation.incomplete) lines.push("The filter tells numbers apart in more ways than a table can hold: rows are missing here.");
  return lines;
};

/**
 * An explanation as lines: calls with the same verdicts stand together.
 *
 * @example
 * const { nodes, root } = policy.diagram.effects();
 * console.log(explanationText(explainRoot(nodes, root)));
 */
export const explanationText = takes(
  "explanationText",
  { explanation: anExplanation },
  (explanation: Explanation): string => `${tableText(explanation, valueText, () => false).join("\n")}\n`,
);

/** A rank for comparisons: "the same" is left out. */
export const otherwiseSame = (n: number): number => (n === 0 ? Number.NEGATIVE_INFINITY : -n);

/**
 * The calls that get something else, with both verdicts.
 *
 * @example
 * console.log(differenceText(compare(policy.diagram, other.diagram)));
 */
export const differenceText = takes("differenceText", { difference: aDifference }, (difference: Difference): string => {
  const show = (n: number): string => {
    const pair = difference.pairs[n - 1];
    return pair ? `${valueText(pair.a)} -> ${valueText(pair.b)}` : "the same";
  };
  const explanation = explainRoot(difference.a.nodes, difference.root, otherwiseSame);
  const hidden = ({ cases }: ExplainedVerdict): boolean => cases.length === 1 && cases[0]?.value === 0;
  return `${tableText(explanation, show, hidden).join("\n")}\n`;
});

/** The verdict on one call for each ABI that has it. */
export const callVerdictsText = ({ calls }: Explanation, name: string, only?: Abi["name"], show: Show = valueText): string | undefined => {
  const row = calls.find((call) => call.name === name);
  const there = abis.flatMap((abi) => {
    const verdict = row?.verdicts[abi.name];
    return verdict && (!only || only === abi.name) ? [`${abi.name}: ${verdictText(verdict, show, name)}`] : [];
  });
  return there.length > 0 ? `${there.join("\n")}\n` : undefined;
};

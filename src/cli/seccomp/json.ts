// Explanations and differences as JSON; 64-bit numbers are strings in hexadecimal.
import type { ExplainedVerdict, Explanation } from "../../policy/explain/explain.ts";
import { conditionText } from "../../policy/explain/predicate-text.ts";
import { valueText } from "../../policy/explain/value-text.ts";
import type { Condition } from "../../seccomp/index.ts";

const conditionJson = (condition: Condition) => ({
  subject: condition.subject === "ip" ? "ip" : `arg${condition.subject}`,
  part: condition.part,
  text: conditionText(condition),
  ...condition.predicate,
});

const verdictJson = ({ cases, truncated }: ExplainedVerdict, show: (value: number) => string) => ({
  cases: cases.map(({ value, when }) => ({ verdict: show(value), when: when.map((all) => all.map(conditionJson)) })),
  ...(truncated ? { truncated } : {}),
});

/** An explanation of a filter as JSON data. */
export const explanationJson = ({ calls, numbers, architectures, incomplete }: Explanation, show = valueText) => ({
  calls: Object.fromEntries(
    calls.map(({ name, verdicts }) => [name, Object.fromEntries(Object.entries(verdicts).map(([abi, v]) => [abi, verdictJson(v, show)]))]),
  ),
  numbers: numbers.map(({ verdict, ...row }) => ({ ...row, ...verdictJson(verdict, show) })),
  architectures: architectures.map(({ verdict, ...row }) => ({ ...row, ...(verdict ? verdictJson(verdict, show) : { verdict: null }) })),
  incomplete,
});

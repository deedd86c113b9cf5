// The answer to "why was this call denied" for people.

import { aFlag, aText, listOf, optional, shapeOf, takes, wants, wholeNumber, word32 } from "../../wants.ts";
import type { Change } from "./change.ts";
import { type Lets, letsText } from "./newly-passing.ts";
import type { Tested } from "./queried-call.ts";
import type { DecidingRule } from "./rule.ts";
import type { PassingCase, PathStep, Why } from "./why.ts";

const testedText = ({ text, value, holds }: Tested): string => (holds ? `${text}` : `${text}, but it is ${value}`);

/** Branches that jumped, and those on arguments; comparisons of the number with other calls are counted. */
const pathLines = (path: readonly PathStep[]): readonly string[] => {
  const lines: string[] = [];
  let skipped = 0;
  let loaded = "";
  for (const { pc, text, a, jumped } of path) {
    if (/^A = /.test(text)) loaded = text.slice(4);
    const shown = jumped === true || /^return/.test(text) || (jumped !== undefined && loaded.includes("args"));
    if (!shown) {
      if (jumped !== undefined) skipped++;
      continue;
    }
    const outcome = jumped === undefined ? "" : `   ${loaded || "A"} is 0x${a.toString(16)}: ${jumped ? "yes" : "no"}`;
    lines.push(`${String(pc).padStart(4, "0")}: ${text}${outcome}`);
  }
  return [...lines, ...(skipped > 0 ? [`(${skipped} comparison${skipped === 1 ? "" : "s"} that did not hold left out)`] : [])];
};

const aTested = shapeOf<Tested>("a condition", { text: aText, value: aText, holds: optional(aFlag) });
const aLine = optional(wholeNumber(1, 2 ** 53));
const aWhy = shapeOf<Why>("an answer of why(…)", {
  call: aText,
  verdict: aText,
  rule: optional(shapeOf<DecidingRule>("a rule", { what: aText, line: aLine, column: aLine, text: optional(aText) })),
  passesIf: listOf(shapeOf<PassingCase>("a case", { verdict: aText, conditions: listOf(aTested) })),
  path: listOf(shapeOf<PathStep>("a step", { pc: wholeNumber(0, 4095), text: aText, a: word32, x: word32, jumped: optional(aFlag) })),
  changes: listOf(
    shapeOf<Change>("a change", {
      edit: aText,
      lets: listOf(shapeOf<Lets>("calls", { abi: aText, calls: listOf(aText), when: aText })),
      size: wants("a share from 0 to 1", (value) => typeof value === "number"),
    }),
  ),
});

/**
 * Several lines without indentation. `name`: the filter's name in the text.
 *
 * @example
 * console.log(whyText(why(policy, run.denials[0]), "default.json"));
 */
export const whyText = takes(
  "whyText",
  { why: aWhy, name: optional(aText) },
  ({ call, verdict, rule, passesIf, path, changes }: Why, name = "the policy"): string => {
    const lines = [`${call}: ${verdict}`];
    if (rule) {
      lines.push(`  ${name}${rule.line === undefined ? "" : `:${rule.line}:${rule.column}`}: ${rule.what}`);
      if (rule.text) lines.push(`      ${rule.text.length > 120 ? `${rule.text.slice(0, 120)}…` : rule.text}`);
    } else lines.push(`  ${name}`);
    if (passesIf.length === 0) lines.push("  no arguments let this call pass");
    for (const { verdict: passing, conditions } of passesIf) {
      if (conditions.length === 0) lines.push(`  it gets ${passing} in all other cases`);
      else lines.push(`  it gets ${passing} if ${conditions.map(testedText).join(", and ")}`);
    }
    lines.push("  the way through the filter", ...pathLines(path).map((line) => `      ${line}`));
    for (const [i, { edit, lets }] of changes.entries()) {
      lines.push(`  ${i === 0 ? "the smallest change" : "or"}: ${edit}`, "    lets pass", ...letsText(lets).map((line) => `      ${line}`));
    }
    return `${lines.join("\n")}\n`;
  },
);

// Coverage as text, and in lcov's format. man geninfo(1), "FILES"

import { aText, listOf, optional, shapeOf, takes, wants, wholeNumber } from "../../wants.ts";
import type { CoverageReport, CoveredInstruction, CoveredRule } from "./coverage.ts";

const share = (part: number, all: number): string => `${part} of ${all}${all === 0 ? "" : ` (${Math.round((100 * part) / all)} %)`}`;

/** Used parts of a filter, and all parts. */
export interface CoverageSums {
  readonly instructions: readonly [used: number, all: number];
  readonly branches: readonly [used: number, all: number];
  readonly rules: readonly [used: number, all: number];
}
/** The sums of a coverage report. */
export const coverageSums = ({ instructions, rules }: CoverageReport): CoverageSums => {
  const sides = instructions.flatMap(({ branch }) => (branch ? [branch.jumped, branch.passed] : []));
  const named = rules.filter(({ name }) => name !== "default");
  return {
    instructions: [instructions.filter(({ hits }) => hits > 0).length, instructions.length],
    branches: [sides.filter((hits) => hits > 0).length, sides.length],
    rules: [named.filter(({ hits }) => hits > 0).length, named.length],
  };
};

const aCount = wholeNumber(0, 2 ** 53);
const aLine = optional(aCount);
const aBranch = shapeOf<NonNullable<CoveredInstruction["branch"]>>("counts of a branch", { jumped: aCount, passed: aCount });
/** A coverage report as an argument. */
export const aReport = shapeOf<CoverageReport>("a report of coverage.report()", {
  file: aText,
  text: optional(aText),
  calls: aCount,
  instructions: listOf(
    shapeOf<CoveredInstruction>("an instruction of a report", {
      pc: aCount,
      text: aText,
      hits: aCount,
      branch: optional(aBranch),
      line: aLine,
    }),
  ),
  rules: listOf(shapeOf<CoveredRule>("a rule of a report", { name: aText, line: aLine, verdict: aText, hits: aCount })),
  unmatched: listOf(shapeOf<CoverageReport["unmatched"][number]>("a call of a report", { call: aText, verdict: aText, hits: aCount })),
  lines: wants("a Map of lines and hits", (value) => value instanceof Map),
});

const SHOWN = 30;
const wrap = (words: readonly string[], indent: string): string => {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    if (line.length + word.length > 110) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
};

/**
 * A summary, rules that no call used, and calls that had no rule.
 *
 * @example
 * console.log(coverageText(coverage.report()));
 */
export const coverageText = takes("coverageText", { report: aReport }, (report: CoverageReport): string => {
  const { instructions, branches, rules } = coverageSums(report);
  const unused = report.rules.filter(({ hits, name }) => hits === 0 && name !== "default");
  const dead = report.instructions.filter(({ hits, line }) => hits === 0 && line !== undefined);
  return [
    `${report.file}: ${report.calls} calls`,
    ...(rules[1] > 0 ? [`  rules used         ${share(...rules)}`] : []),
    `  instructions used  ${share(...instructions)}`,
    `  branches used      ${share(...branches)}`,
    ...(unused.length > 0
      ? [
          "rules that no call used",
          wrap(
            unused.map(({ name, line }) => `${name}${line === undefined ? "" : `:${line}`}`),
            "    ",
          ),
        ]
      : []),
    ...(dead.length > 0
      ? ["statements that no call reached", ...dead.slice(0, SHOWN).map(({ line, text }) => `    line ${line}: ${text}`)]
      : []),
    ...(report.unmatched.length > 0
      ? [
          "calls without a rule",
          ...report.unmatched
            .slice(0, SHOWN)
            .map(({ call, verdict, hits }) => `    ${call}: ${verdict}${hits > 1 ? `, ${hits} times` : ""}`),
        ]
      : []),
    "",
  ].join("\n");
});

/**
 * Lines with hits, for tools that show lcov files. The lines of a filter without a text are its instructions.
 *
 * @example
 * writeFileSync("policy.info", lcov(coverage.report()));
 */
export const lcov = takes("lcov", { report: aReport }, (report: CoverageReport): string => {
  const own = report.lines.size > 0;
  const lines = own ? [...report.lines].sort(([a], [b]) => a - b) : report.instructions.map(({ pc, hits }) => [pc + 1, hits] as const);
  const branches = report.instructions.flatMap(({ branch, line, pc }) => {
    const at = own ? line : pc + 1;
    if (!branch || at === undefined) return [];
    return [`BRDA:${at},${pc},0,${branch.jumped}`, `BRDA:${at},${pc},1,${branch.passed}`];
  });
  const hit = lines.filter(([, hits]) => hits > 0).length;
  const sides = branches.filter((text) => !text.endsWith(",0")).length;
  return [
    "TN:",
    `SF:${report.file}`,
    ...lines.map(([line, hits]) => `DA:${line},${hits}`),
    `LF:${lines.length}`,
    `LH:${hit}`,
    ...branches,
    `BRF:${branches.length}`,
    `BRH:${sides}`,
    "end_of_record",
    "",
  ].join("\n");
});

// The verdict on a scenario: its two outcomes compared after masks, and the table that users read.
import type { Outcome } from "./run.ts";
import { type Architecture, comparable, type Scenario } from "./scenario.ts";

/**
 * same: equal bytes and status. explained: other bytes, and the scenario says why. differs: other bytes.
 * stale: equal, but the scenario still explains a difference. void: it did not run natively as it says.
 */
export type Verdict = "same" | "explained" | "differs" | "stale" | "void";

export interface Result {
  readonly name: string;
  readonly architecture: Architecture;
  readonly verdict: Verdict;
  readonly native: Outcome;
  readonly inside: Outcome;
  /** Differing lines, `-` natively and `+` inside. */
  readonly lines: readonly string[];
  readonly why?: string;
}

/** Lines of a text beyond which it is not matched line by line. */
const MATCHED = 3000;

/** Lines without a partner in the other text, in order (longest common subsequence); at most `most`. */
const difference = (native: string, inside: string, name: string, most = 24): string[] => {
  if (native === inside) return [];
  const [a, b] = [native.split("\n").slice(0, MATCHED), inside.split("\n").slice(0, MATCHED)];
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: string[] = [];
  for (let [i, j] = [0, 0]; (i < a.length || j < b.length) && lines.length < most; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) lines.push(`${name}:${i + 1} - ${a[i++]}`);
    else lines.push(`${name}:${j + 1} + ${b[j++]}`);
  }
  return lines.length > 0 ? lines.map((line) => line.slice(0, 300)) : [`${name}: differs after line ${MATCHED}`];
};

export const judged = (scenario: Scenario, architecture: Architecture, native: Outcome, inside: Outcome): Result => {
  const lines = [
    ...(native.end === inside.end ? [] : [`status - ${native.end}`, `status + ${inside.end}`]),
    ...difference(comparable(native.stdout, scenario), comparable(inside.stdout, scenario), "stdout"),
    ...difference(comparable(native.stderr, scenario), comparable(inside.stderr, scenario), "stderr"),
  ];
  const why = scenario.differs[architecture];
  const verdict = (): Verdict => {
    if (native.end !== scenario.status || native.stdout === "") return "void";
    if (lines.length === 0) return why === undefined ? "same" : "stale";
    return why === undefined ? "differs" : "explained";
  };
  return { name: scenario.name, architecture, verdict: verdict(), native, inside, lines, ...(why === undefined ? {} : { why }) };
};

/** A result as one line of text, with the differing lines below it. */
export const shown = ({ name, architecture, verdict, native, inside, lines, why }: Result): string => {
  const times = `${native.seconds.toFixed(1).padStart(6)} s ${inside.seconds.toFixed(1).padStart(7)} s`;
  const row = `${name.padEnd(24)} ${architecture.padEnd(6)} ${verdict.padEnd(10)} ${times}${why === undefined ? "" : `  ${why}`}`;
  if (verdict === "same" || verdict === "explained") return row;
  const native_ = verdict === "void" ? [`natively: status ${native.end}`, ...native.stderr.split("\n").slice(-6)] : [];
  return [row, ...[...native_, ...lines].map((line) => `    ${line}`)].join("\n");
};

/** Counts of each verdict by architecture, in one line each. */
export const summary = (results: readonly Result[]): string =>
  [...new Set(results.map((r) => r.architecture))]
    .map((architecture) => {
      const mine = results.filter((r) => r.architecture === architecture);
      const verdicts = [...new Set(mine.map((r) => r.verdict))].sort();
      const counts = verdicts.map((v) => `${mine.filter((r) => r.verdict === v).length} ${v}`);
      return `${architecture}: ${mine.length} scenarios, ${counts.join(", ")}`;
    })
    .join("\n");

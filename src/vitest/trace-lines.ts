// Lines of a trace against the lines that a test expects: which is missing, and which lines are nearest to
// it.

/** One trace line: a text it must contain (white space counts as one space), or a pattern. */
export type TraceLine = string | RegExp;

const squeeze = (text: string): string => text.replace(/\s+/g, " ").trim();
/** True if a trace line is the wanted one. */
export const matches = (line: string, wanted: TraceLine): boolean =>
  typeof wanted === "string" ? squeeze(line).includes(squeeze(wanted)) : wanted.test(line);

/** The result of a search for lines in order. */
export interface LineSearch {
  /** The numbers of the lines that were found. */
  readonly at: readonly number[];
  /** The first expected line that is absent; undefined if all are there. */
  readonly absent: TraceLine | undefined;
}
/** Searches lines in this order, with any others between. */
export const findLines = (trace: readonly string[], wanted: readonly TraceLine[]): LineSearch => {
  const at: number[] = [];
  for (const want of wanted) {
    const from = (at.at(-1) ?? -1) + 1;
    const found = trace.findIndex((line, i) => i >= from && matches(line, want));
    if (found < 0) return { at, absent: want };
    at.push(found);
  }
  return { at, absent: undefined };
};

const tokens = (text: string): readonly string[] => squeeze(text).match(/\w+|[^\w\s]/g) ?? [];
/** Length of the longest common subsequence of two lists. */
const common = (a: readonly string[], b: readonly string[]): number => {
  let above = new Array<number>(b.length + 1).fill(0);
  for (const token of a) {
    const row = [0];
    for (let j = 1; j <= b.length; j++)
      row.push(token === b[j - 1] ? (above[j - 1] as number) + 1 : Math.max(above[j] as number, row[j - 1] as number));
    above = row;
  }
  return above[b.length] as number;
};
/** The words of a pattern, as far as it has some. */
const textOf = (wanted: TraceLine): string =>
  typeof wanted === "string" ? wanted : wanted.source.replace(/\\[bBdDsSwW]|[\\^$.*+?()[\]{}|]/g, " ");

const MOST = 200;
/** A line that has less in common with the expected one is another call. */
const LEAST = 0.5;
/** The numbers of the lines that are nearest to an expected one, the nearest first. */
export const nearestLines = (trace: readonly string[], wanted: TraceLine, most: number): readonly number[] => {
  const want = tokens(textOf(wanted)).slice(0, MOST);
  if (want.length === 0) return [];
  const [name] = want;
  return trace
    .map((line, at) => {
      const words = tokens(line).slice(0, MOST);
      const score = common(want, words) / want.length + (words[0] === name ? 0.5 : 0);
      return { at, score: score - Math.max(0, words.length - want.length) / 1000 };
    })
    .filter(({ score }) => score >= LEAST)
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, most)
    .map(({ at }) => at);
};

const NEAREST = 2;
const numbered = (trace: readonly string[], at: number, mark: string): string => `    ${mark} ${String(at + 1).padStart(4)}  ${trace[at]}`;
/** Why an expected line is absent: it is elsewhere, or others are near. */
export const absenceText = (trace: readonly string[], { at, absent }: LineSearch): string => {
  const want = absent as TraceLine;
  const after = at.at(-1);
  const behind = after === undefined ? "" : ` after line ${after + 1}`;
  const elsewhere = trace.findIndex((line) => matches(line, want));
  const head = `    -       ${want}`;
  if (elsewhere >= 0) return [head, `  which is there, but not${behind}:`, numbered(trace, elsewhere, "+")].join("\n");
  const near = nearestLines(trace, want, NEAREST);
  if (near.length === 0) return head;
  return [head, ...near.map((line) => numbered(trace, line, "+"))].join("\n");
};
/** The lines that were found, with their numbers. */
export const presenceText = (trace: readonly string[], { at }: LineSearch): string =>
  at.map((line) => numbered(trace, line, " ")).join("\n");

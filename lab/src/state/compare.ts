// Two runs beside each other: rows that belong together, by the longest common sequence of calls.
import { laneOf, type Row, textOf, verdictOf } from "./rows.ts";

export interface Pair {
  readonly a: Row | undefined;
  readonly b: Row | undefined;
  /** One is missing, or their results or verdicts differ. */
  readonly differs: boolean;
}

const identity = (row: Row): string => (row.kind === "call" ? `${laneOf(row.call)} ${row.call.name} ${row.call.nr}` : row.kind);
const content = (row: Row): string => (row.kind === "call" ? `${textOf(row)} ${verdictOf(row).word}` : row.text);

/** Rows of a side for which the table below is made. More are compared one by one. */
const TABLE = 600;

export const pairsOf = (a: readonly Row[], b: readonly Row[]): readonly Pair[] => {
  const n = Math.min(a.length, TABLE);
  const m = Math.min(b.length, TABLE);
  const [ka, kb] = [a.map(identity), b.map(identity)];
  const width = m + 1;
  const length = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      length[i * width + j] =
        ka[i] === kb[j]
          ? (length[(i + 1) * width + j + 1] as number) + 1
          : Math.max(length[(i + 1) * width + j] as number, length[i * width + j + 1] as number);
  const pairs: Pair[] = [];
  const both = (x: Row | undefined, y: Row | undefined): void => {
    pairs.push({ a: x, b: y, differs: !x || !y || content(x) !== content(y) });
  };
  let [i, j] = [0, 0];
  while (i < n && j < m) {
    if (ka[i] === kb[j]) both(a[i++], b[j++]);
    else if ((length[(i + 1) * width + j] as number) >= (length[i * width + j + 1] as number)) both(a[i++], undefined);
    else both(undefined, b[j++]);
  }
  while (i < n) both(a[i++], undefined);
  while (j < m) both(undefined, b[j++]);
  for (; i < a.length || j < b.length; i++, j++) both(a[i], b[j]);
  return pairs;
};

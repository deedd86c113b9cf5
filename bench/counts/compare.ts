// Counts beside earlier counts: lines of a table, and those that differ by more than the tolerance.
import { type Counts, host, regionCounts } from "./count.ts";
import type { Row } from "./rows.ts";

/** A count repeats within 0.5 %. */
export const tolerance = 0.02;
/** The host's instructions of a row whose regions vary: one region more or less moves them by 3 %. */
const toleranceOfVarying = 0.05;

const shown = (name: string, n: number): string => (name === host ? `${(n / 1e6).toFixed(1)} M` : String(n));
const cells = (...texts: readonly string[]): string => texts.map((t, i) => (i === 0 ? t.padEnd(54) : t.padStart(12))).join("");

export const heads = (before: string): string => cells("count", "now", before, "ratio");

/** The lines of a row, and the names of counts that are larger or smaller than the tolerance allows. */
export const compare = (row: Row, now: Counts, before: Counts | undefined): { readonly lines: string[]; readonly differ: string[] } => {
  const differ: string[] = [];
  const lines = Object.entries(now).map(([name, n]) => {
    const what = `${row.name}: ${name}`;
    const then = before?.[name];
    if (then === undefined) return cells(what, shown(name, n), "-", "");
    const ratio = n === then ? 1 : n / then;
    const compared = !(row.regionsVary && (regionCounts as readonly string[]).includes(name));
    const over = compared && Math.abs(ratio - 1) > (row.regionsVary && name === host ? toleranceOfVarying : tolerance);
    if (over) differ.push(`${what} ${ratio.toFixed(3)}`);
    return `${cells(what, shown(name, n), shown(name, then), ratio.toFixed(3))}${over ? " *" : ""}${compared ? "" : " (varies)"}`;
  });
  return { lines, differ };
};

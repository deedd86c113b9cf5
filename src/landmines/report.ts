// The matrix in machine-readable form: JSON, and JUnit XML for build servers.
import { type Cell, describeOutcome } from "./matrix.ts";

/** The JSON object of a cell. */
export const cellJson = ({ mine, where, variant, expected, happened, verdict }: Cell) => ({
  row: mine.id,
  title: mine.title,
  kernel: where,
  policy: variant,
  verdict,
  ...(mine.needs === undefined || verdict !== "not yet" ? {} : { needs: mine.needs }),
  expected,
  ...(happened === undefined ? {} : { happened }),
});

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text: string): string =>
  text
    .replace(/[&<>"]/g, (c) => ENTITIES[c] as string)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no way to write them
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, "?");

const inside = ({ mine, expected, happened, verdict }: Cell): string => {
  if (verdict === "not yet") return `<skipped message="not yet: ${escape(mine.needs ?? "")}"/>`;
  if (verdict === "as expected" || !happened) return "";
  return `<failure message="${escape(`expected ${describeOutcome(expected)}; happened: ${describeOutcome(happened)}`)}"/>`;
};

/** The JUnit XML: one test case per run, one class per row. */
export const junit = (cells: readonly Cell[]): string => {
  const count = (verdict: string): number => cells.filter((c) => c.verdict === verdict).length;
  const cases = cells.map((cell) => {
    const { mine, where, variant } = cell;
    return `  <testcase classname="${mine.id}" name="${escape(`${mine.title} (${where}, ${variant} policy)`)}">${inside(cell)}</testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="landmines" tests="${cells.length}" failures="${count("different")}" skipped="${count("not yet")}">`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
};

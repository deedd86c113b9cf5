// docs/reference/instructions.md: every instruction that there is a row for, from the rows, the processor models and the descriptions.
import { describeRow } from "../src/cpu/describe/index.ts";
import { factsOf } from "../src/cpu/jit/facts.ts";
import { cpuModel, modelNames, needsMet } from "../src/cpu/model.ts";
import { type Row, sized } from "../src/cpu/row.ts";
import { rows } from "../src/cpu/rows/all.ts";

const levels = [...new Set(modelNames.map((name) => name.split(":")[0] as string))];
const vendors = ["amd", "intel"] as const;
const has = (level: string, vendor: string, row: Row): boolean => {
  const model = cpuModel(`${level}:${vendor}`);
  return model !== undefined && needsMet(model, row.feature);
};

/** The levels that have it; a vendor's name where the other's processors lack it. */
const modelsOf = (row: Row): string => {
  const having = levels.map((level) => {
    const of = vendors.filter((vendor) => has(level, vendor, row));
    return of.length === 2 ? level : of.map((vendor) => `${level}:${vendor}`).join(" ");
  });
  if (having.every((text, n) => text === levels[n])) return "all";
  return having.filter(Boolean).join(", ") || "none";
};

/** What comes of it. */
const statusOf = (row: Row): string => {
  const does = describeRow(row);
  if (does === "nothing") return "no effect";
  if (does === "fault #GP") return "#GP: privileged";
  if (does === "fault #UD") return "#UD";
  const { acts } = factsOf(row);
  return acts ? "interpreter" : "interpreter, JIT";
};

/** Descriptions longer than this are left to `trapgate explain`. */
const LONGEST = 140;
const meaningOf = (row: Row): string => {
  const lines = describeRow(row).split("\n");
  const text = lines.join("; ");
  return lines.some((l) => l.startsWith("  ")) || text.length > LONGEST ? "…" : `\`${text}\``;
};

const names = (row: Row): string =>
  [row.name, ...(row.sizedNames ?? []), ...(row.addressNames ?? [])].filter((n, i, all) => all.indexOf(n) === i).join(" ");
const only = (row: Row): string => (row.only === "64" ? " (64-bit)" : row.only === "not64" ? " (not 64-bit)" : "");

/** Rows that a reader looks up together: one name, the same models and status. */
const groups = (): Row[][] => {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const key = [names(row), modelsOf(row), statusOf(row)].join("|");
    const group = found.get(key);
    if (group) group.push(row);
    else found.set(key, [row]);
  }
  return [...found.values()].sort(([a], [b]) => (names(a as Row) < names(b as Row) ? -1 : 1));
};

const line = (group: readonly Row[]): string => {
  const [first] = group as [Row];
  const encodings = group.map((row) => `\`${row.encoding}\`${only(row)}`).join(", ");
  return `| ${names(first)} | ${encodings} | ${modelsOf(first)} | ${statusOf(first)} | ${meaningOf(group.find(sized) ?? first).replaceAll("|", "\\|")} |`;
};

/** The text of docs/reference/instructions.md. */
export const instructionsPage = (): string => {
  const all = groups();
  return [
    "<!-- Made by `npm run docs` from src/cpu/rows, src/cpu/model.ts and src/cpu/describe. -->",
    "# Instructions",
    "",
    `${rows.length} encodings of ${new Set(rows.map((r) => r.name)).size} instructions. Encodings and operands are in the manual's notation (Intel SDM Vol. 2, 3.1.1 and`,
    "appendix A.2), as in `src/cpu/rows`. Models are those of `--cpu`; elsewhere the instruction is #UD. Status: *interpreter* alone runs what changes",
    "the machine (segments, far transfers, state images), the *JIT* compiles the rest. The meaning is that of one encoding, with its usual operand",
    "size; where it is too long for a line (…), `trapgate explain` tells it. How to read it stands in `src/cpu/describe/index.ts`.",
    "",
    "| instruction | encodings | models | status | meaning |",
    "|---|---|---|---|---|",
    ...all.map(line),
    "",
  ].join("\n");
};

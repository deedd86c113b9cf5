// docs/reference/instructions.md: every instruction that there is a row for, from the rows, the processor
// models and the descriptions.
import { describeRow } from "../src/cpu/describe/index.ts";
import { effectsOf } from "../src/cpu/isa/effects.ts";
import { type Row, sized } from "../src/cpu/isa/row.ts";
import { rows } from "../src/cpu/isa/rows/all.ts";
import { type VendorDifference, vendorDifferences } from "../src/cpu/isa/vendor-differences.ts";
import { cpuModel, modelNames, needsMet, type Vendor, vendors } from "../src/cpu/machine/model.ts";

const levels = [...new Set(modelNames.map((name) => name.split(":")[0] as string))];
const has = (level: string, vendor: string, row: Row): boolean => {
  const model = cpuModel(`${level}:${vendor}`);
  return model !== undefined && needsMet(model, row);
};

/** The vendors whose processors could have the row. */
const whose = (row: Row): readonly Vendor[] => (row.vendor ? [row.vendor] : vendors);
const vendorNames = { amd: "AMD", intel: "Intel" } as const;

/** The levels that have it; a vendor's name where the other's processors lack it. */
const modelsOf = (row: Row): string => {
  const having = levels.map((level) => {
    const of = whose(row).filter((vendor) => has(level, vendor, row));
    return of.length === whose(row).length ? level : of.map((vendor) => `${level}:${vendor}`).join(" ");
  });
  const models = having.every((text, n) => text === levels[n]) ? "all" : having.filter(Boolean).join(", ") || "none";
  return row.vendor ? `${models} by ${vendorNames[row.vendor]}` : models;
};

/** The status of a row in a run. */
const statusOf = (row: Row): string => {
  const does = describeRow(row);
  if (does === "nothing") return "no effect";
  if (does === "fault #GP") return "#GP: privileged";
  if (does === "fault #UD") return "#UD";
  const { callsHelper } = effectsOf(row);
  return callsHelper ? "interpreter" : "interpreter, JIT";
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
  const key = ([first]: readonly Row[]): string => `${names(first as Row)} ${(first as Row).vendor ?? ""}`;
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
};

const line = (group: readonly Row[]): string => {
  const [first] = group as [Row];
  const encodings = group.map((row) => `\`${row.encoding}\`${only(row)}`).join(", ");
  return `| ${names(first)} | ${encodings} | ${modelsOf(first)} | ${statusOf(first)} | ${meaningOf(group.find(sized) ?? first).replaceAll("|", "\\|")} |`;
};

/** A line of the table of vendor differences. */
const wayLine = ({ what, amd, intel, source }: VendorDifference): string =>
  `| ${what} | ${amd} | ${intel ?? "**as AMD's, not recorded**"} | ${source} |`;

/** The text of docs/reference/instructions.md. */
export const instructionsPage = (): string => {
  const all = groups();
  const everybodys = rows.filter((row) => row.vendor !== "intel");
  return [
    "<!-- Made by `npm run docs` from src/cpu/isa/rows, src/cpu/machine/model.ts, src/cpu/isa/vendor-differences.ts and src/cpu/describe. -->",
    "# Instructions",
    "",
    `${everybodys.length} encodings of ${new Set(rows.map((r) => r.name)).size} instructions. Encodings and operands are in the manual's notation (Intel SDM Vol. 2, 3.1.1 and`,
    "appendix A.2), as in `src/cpu/isa/rows`. Models are those of `--cpu`; elsewhere the instruction is #UD. Status: *interpreter* alone runs what changes",
    "the machine (segments, far transfers, state images), the *JIT* compiles the rest. The meaning is that of one encoding, with its usual operand",
    "size; where it is too long for a line (…), `trapgate explain` tells it. How to read it stands in `src/cpu/describe/index.ts`.",
    "An instruction with vendor differences has a line for each vendor.",
    "",
    "| instruction | encodings | models | status | meaning |",
    "|---|---|---|---|---|",
    ...all.map(line),
    "",
    "## Vendors' ways",
    "",
    "Where processors differ in what the architecture leaves open, and where they do not do what the other vendor's manual says: `--cpu NAME:amd`",
    "and `--cpu NAME:intel` do as follows (`trapgate models NAME`). AMD's way is recorded on processors of families 19h and 1Ah.",
    "",
    "| what | AMD | Intel | source of Intel's way |",
    "|---|---|---|---|",
    ...vendorDifferences.map(wayLine),
    "",
  ].join("\n");
};

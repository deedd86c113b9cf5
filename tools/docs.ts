// `npm run docs`: docs/landmines.md from the catalogue, docs/reference/ from rows, declarations, docstrings.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { catalogue } from "../src/landmines/catalogue/index.ts";
import {
  type Dialect,
  type Expected,
  expectedOf,
  type Landmine,
  type Outcome,
  type ProcessorVendor,
} from "../src/landmines/catalogue/landmine.ts";
import { apiPage, emitTypes } from "./api.ts";
import { instructionsPage } from "./instructions.ts";
import { messagesPage } from "./messages.ts";
import { syscallsPage } from "./syscalls.ts";
import { userlandPage } from "./userland/page.ts";

const groups: Readonly<Record<string, string>> = {
  A: "Doors and calling conventions",
  B: "Arguments",
  C: "Policies and verdicts",
  D: "Threads, tracers, privileges",
  E: "Ways that do not pass the gate",
};

const outcome = ({ stdout, end, log }: Outcome): string => {
  const said = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => `"${line}"`)
    .join(", ");
  const how = typeof end === "number" ? (end === 0 && said !== "" ? "" : `exit ${end}`) : end;
  return [said, how, log && `log: "${log}"`].filter(Boolean).join("; ");
};
const both = ({ weak, fixed }: Expected): string => (fixed ? `${outcome(weak)}. With the fix: ${outcome(fixed)}` : outcome(weak));

const expectation = (mine: Landmine, dialect: Dialect): string => {
  const of = (vendor: ProcessorVendor): string | undefined => {
    const expected = expectedOf(mine, { profile: dialect, vendor });
    return expected && both(expected);
  };
  const [amd, intel] = [of("amd"), of("intel")];
  if (amd === undefined) return `no meaning: ${mine.absent}`;
  return amd === intel ? amd : `AMD: ${amd}. Intel: ${intel}`;
};

const series: readonly Dialect[] = ["patch:v7", "patch:v13"];

const section = (mine: Landmine): string =>
  [
    `### ${mine.id}: ${mine.title}`,
    "",
    ...(mine.needs === undefined ? [] : [`**Not yet: ${mine.needs}.** The program runs natively only.`, ""]),
    `- Policy: ${mine.policy}`,
    `- Escape: ${mine.escape}`,
    `- Fix: ${mine.fix}`,
    `- \`upstream\`: ${expectation(mine, "upstream")}`,
    ...(mine.otherwise ?? []).map(({ why, expected }) => `- Older kernels (${why}): ${both(expected)}`),
    `- \`v6\`: ${expectation(mine, "v6")}`,
    ...series.filter((dialect) => mine.expected[dialect]).map((dialect) => `- \`${dialect}\` and later: ${expectation(mine, dialect)}`),
    `- See: ${mine.cite.join("; ")}`,
    `- Program: \`guest/src/${mine.program.startsWith("hello-") ? "" : "landmines/"}${mine.program}.asm\``,
    "",
  ].join("\n");

/** The text of docs/landmines.md. */
export const landminesPage = (): string =>
  [
    "<!-- Made by `npm run docs` from src/landmines/catalogue. -->",
    "# Landmines",
    "",
    "Each landmine is a program that gets around a weak system call filter. The list has the weak policy, the way around it, the fix, and",
    "the outcomes. `trapgate landmines` runs all of them; `--native` runs them on the kernel of the host as well.",
    "`upstream` is seccomp of Linux 6.12. `v6` is the patch of February 2012, whose filter denies every call of the other ABI.",
    "Quoted text is the output of the program.",
    "",
    ...Object.entries(groups).flatMap(([letter, title]) => [
      `## ${letter}. ${title}`,
      "",
      ...catalogue.filter((mine) => mine.id.startsWith(letter)).map(section),
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");

/** The text of docs/reference/api.md, from declarations that are emitted for it. */
const libraryPage = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-docs-"));
  try {
    emitTypes(folder);
    return apiPage(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Files under docs/ and the functions that make their contents. */
const pages: Readonly<Record<string, () => string>> = {
  "landmines.md": landminesPage,
  "reference/api.md": libraryPage,
  "reference/instructions.md": instructionsPage,
  "reference/messages.md": messagesPage,
  "reference/syscalls.md": syscallsPage,
  "reference/userland.md": userlandPage,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, text] of Object.entries(pages)) {
    const page = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", name);
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(page, text());
  }
}

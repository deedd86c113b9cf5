// The text of docs/reference/userland.md, from the comments at the beginning of the scripts.
import { architectures, groups, type Scenario } from "./scenario.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

const differences = ({ differs }: Scenario): string => {
  const texts = [...new Set(Object.values(differs))];
  return texts
    .map((text) => {
      const where = architectures.filter((a) => differs[a] === text);
      return where.length === architectures.length ? text : `${where.join()}: ${text}`;
    })
    .join(" ");
};

const row = (scenario: Scenario): string =>
  `| ${scenario.name} | ${cell(scenario.about)} | ${scenario.architectures.join(", ")} | ${scenario.equal.join(", ")} | ${cell(differences(scenario))} |`;

const counted = (): string =>
  architectures.map((a) => `${groups.flatMap((g) => g.scenarios).filter((s) => s.architectures.includes(a)).length} on ${a}`).join(", ");

export const userlandPage = (): string =>
  [
    "<!-- Made by `npm run docs` from the comments at the beginning of tools/userland/scripts. -->",
    "# Programs as Debian ships them",
    "",
    "Scripts with unmodified programs of Debian run natively and inside, in the same root. Output, errors and exit status must",
    "be equal byte by byte, after masks for process numbers, times and addresses. `equal on` names the architectures on which",
    "the last comparison was equal; the others differ, or were not compared yet. The last column says what is known to differ.",
    `There are ${counted()}.`,
    "",
    "`npm run conformance:userland -- --only NAME` runs one of them. As root, with mmdebstrap: roots are made on first use.",
    "",
    ...groups.flatMap((group) => [
      `## ${group.name}`,
      "",
      "| scenario | programs | runs on | equal on | difference |",
      "|---|---|---|---|---|",
      ...group.scenarios.map(row),
      "",
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");

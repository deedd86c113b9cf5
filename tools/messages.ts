// The text of docs/reference/messages.md, from the table of problems.
import { type ProblemKind, problemGroups, problemRow, problemTable } from "../src/problem-table.ts";

const kinds = Object.keys(problemTable) as ProblemKind[];

const section = (kind: ProblemKind): string[] => {
  const { code, title, text, status = 125, example } = problemRow(kind);
  const command = example ? ` For example: \`trapgate ${example.join(" ")}\`.` : "";
  return [`### ${code}`, "", `**${title[0]?.toUpperCase()}${title.slice(1)}** (\`${kind}\`, exit status ${status}). ${text}${command}`, ""];
};

export const messagesPage = (): string =>
  [
    "<!-- Made by `npm run docs` from src/problem-table.ts. -->",
    "# Messages",
    "",
    "A message ends with a code. `trapgate explain TG0101` prints the text of this page. In the library, `Problem.code` is the code and",
    "`Problem.kind` the name in parentheses. `trapgate --json COMMAND …` writes a message as one line of JSON on standard error.",
    "Subcommands whose exit status is an answer, such as `seccomp diff`, have status 2 for all messages.",
    "",
    ...Object.entries(problemGroups).flatMap(([group, title]) => [
      `## ${title}`,
      "",
      ...kinds.filter((kind) => problemTable[kind].code.startsWith(`TG${group}`)).flatMap(section),
    ]),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");

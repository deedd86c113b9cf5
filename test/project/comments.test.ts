// The form of comments (CONTRIBUTING.md, "Rules"): at most 110 columns, and nouns instead of indefinite
// pronouns.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { top } from "../support/host.ts";

const COLUMNS = 110;
const PRONOUN = /\b(?:whoever|whomever|whatever|somebody|someone|nobody|no one|anybody)\b/i;

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: top, encoding: "utf8" })
  .split("\0")
  .filter((file) => /\.(?:m?js|tsx?)$/.test(file) && !file.includes("/generated/"));

interface Line {
  readonly at: string;
  readonly text: string;
}
/** Lines that are comments as a whole. */
const comments: readonly Line[] = files.flatMap((file) =>
  readFileSync(join(top, file), "utf8")
    .split("\n")
    .map((text, i) => ({ at: `${file}:${i + 1}`, text }))
    .filter(({ text }) => /^\s*(?:\/\/|\/\*|\*)/.test(text)),
);
const places = (wrong: (text: string) => boolean): string[] => comments.filter(({ text }) => wrong(text)).map(({ at }) => at);

it("finds comments", () => expect(comments.length).toBeGreaterThan(10_000));
it(`has no comment line over ${COLUMNS} columns`, () => expect(places((text) => text.length > COLUMNS)).toEqual([]));
it("names its subjects: no indefinite pronoun", () => expect(places((text) => PRONOUN.test(text))).toEqual([]));

/** An exported declaration. `export { … }` and `export * from` name declarations of other modules. */
const EXPORT = /^export (?:default )?(?:declare )?(?:async )?(?:abstract )?(?:const|let|function|class|interface|type|enum)\*? (?!\{)/;
/** Text of a program in a template literal, not a declaration of the file. */
const isTemplateText = (line: string): boolean => line.includes("${") && !line.includes("`");

/** Exports of a file without a docstring. A directive for Biome or TypeScript may stand between. */
const undocumented = (file: string): string[] => {
  const lines = readFileSync(join(top, file), "utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (!EXPORT.test(line) || isTemplateText(line)) return [];
    const before = lines.slice(0, i).findLast((other) => !/^\/\/ (?:biome-ignore|@ts-ignore)/.test(other));
    return before?.endsWith("*/") ? [] : [`${file}:${i + 1}`];
  });
};

it("gives every export of src a docstring", () => {
  const sources = files.filter((file) => file.startsWith("src/") && file.endsWith(".ts"));
  expect(sources.length).toBeGreaterThan(700);
  expect(sources.flatMap(undocumented)).toEqual([]);
});

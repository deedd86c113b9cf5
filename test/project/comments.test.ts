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

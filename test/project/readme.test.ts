// README.md and the guides show commands with their output. The commands print exactly that.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";

interface Example {
  readonly command: string;
  readonly output: string;
}
/**
 * Indented lines that begin with "$ ": the command, and the indented lines below it, blank ones between them
 * included.
 */
const examplesOf = (file: string): readonly Example[] => {
  const lines = readFileSync(`${top}/${file}`, "utf8").split("\n");
  const isInside = (line: string | undefined): boolean =>
    line !== undefined && / {4}(?!\$ )/.test(line.slice(0, 6)) && line.startsWith("    ");
  return lines.flatMap((line, at): readonly Example[] => {
    const command = /^ {4}\$ (.*)$/.exec(line)?.[1];
    if (command === undefined) return [];
    let end = at + 1;
    while (isInside(lines[end]) || (lines[end] === "" && isInside(lines[end + 1]))) end++;
    const output = lines.slice(at + 1, end).map((each) => `${each.slice(4)}\n`);
    return [{ command, output: output.join("") }];
  });
};
const guides = readdirSync(`${top}/docs/guide`).map((name) => `docs/guide/${name}`);

/** Commands without output that CI or test/programs/examples.test.ts runs. */
const elsewhere = ["npm start", "npm test", "npm pack", "npm i ../trapgate/trapgate-0.1.0.tgz"];

describe("README.md", () => {
  it("is read in a few minutes: 150 lines", () => {
    expect(readFileSync(`${top}/README.md`, "utf8").split("\n").length).toBeLessThanOrEqual(151);
  });
  it("has no command that no test runs", () => {
    const lines = readFileSync(`${top}/README.md`, "utf8").split("\n");
    const commands = lines.flatMap((line) => /^ {4}((?:npm|npx|node|trapgate) .*?)(?: +#.*)?$/.exec(line)?.[1] ?? []);
    expect(commands.sort()).toEqual([...elsewhere].sort());
  });
});
describe.each(["README.md", ...guides])("%s", (file) => {
  const examples = examplesOf(file);
  it("has examples", () => expect(examples.length).toBeGreaterThan(0));
  it.each(examples)("$command", ({ command, output }) => {
    const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: top, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
    expect((stderr + stdout).trimEnd()).toBe(output.trimEnd());
  });
});

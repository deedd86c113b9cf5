// README.md shows commands with their output: this is what they print.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";

const readme = readFileSync(`${top}/README.md`, "utf8");

/** Indented blocks that begin with "$ ": the command, and the lines below it. */
const examples = [...readme.matchAll(/^ {4}\$ (.*)\n((?: {4}(?!\$ ).*\n)+)/gm)].map((m) => ({
  command: m[1] as string,
  output: (m[2] as string).replace(/^ {4}/gm, ""),
}));

describe("README.md", () => {
  it("has examples", () => expect(examples.length).toBeGreaterThan(1));
  it.each(examples)("$command", ({ command, output }) => {
    const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: top, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
    expect(stderr + stdout).toBe(output);
  });
});

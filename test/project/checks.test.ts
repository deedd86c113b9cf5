// The compiler, the linter and the search for dead code are tests like any other: one figure counts all.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../..", import.meta.url));
const node = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: top, encoding: "utf8", maxBuffer: 1 << 26 });
  return status === 0 ? "" : (stdout + stderr).slice(0, 4000);
};

describe("the whole tree", { timeout: 240_000 }, () => {
  it("type-checks", () => {
    expect(node("node_modules/typescript/bin/tsc", "-p", ".")).toBe("");
  });
  it("is formatted and lints without a word from Biome", () => {
    expect(node("node_modules/@biomejs/biome/bin/biome", "ci", "--colors=off", "--error-on-warnings", "--max-diagnostics=10")).toBe("");
  });
  it("has no dead file, export or dependency that knip could find", () => {
    expect(node("node_modules/knip/bin/knip.js", "--no-progress")).toBe("");
  });
});

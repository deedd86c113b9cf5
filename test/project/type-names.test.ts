// A type name means one thing in src: a reader who searches for it finds one declaration.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { files, src } from "../../tools/graph/imports.ts";

/** Names that two entries of the package promise, each for its own subject. */
const promisedTwice = ["Assembled", "Call", "Machine", "Moment", "Policy", "Program", "ReadOptions", "Source"];

const declared = new Map<string, string[]>();
for (const file of files) {
  const text = readFileSync(join(src, file), "utf8").replace(/^declare module "[^"]*" \{\n[\s\S]*?\n\}$/gm, "");
  const names = new Set([...text.matchAll(/^export (?:abstract )?(?:interface|type|class) (\w+)/gm)].map(([, name]) => name as string));
  for (const name of names) declared.set(name, [...(declared.get(name) ?? []), file]);
}
const repeated = [...declared].filter(([, where]) => where.length > 1);

describe("type names", () => {
  it("are exported by one file each", () => {
    expect(repeated.filter(([name]) => !promisedTwice.includes(name)).map(([name, where]) => `${name}: ${where.join(", ")}`)).toEqual([]);
  });
  it("have no exception that is not needed", () => {
    expect(promisedTwice.filter((name) => !repeated.some(([other]) => other === name))).toEqual([]);
  });
});

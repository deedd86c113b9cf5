// An instruction is said once: the JIT knows the effects of a row (isa/effects.ts), never its name.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { top } from "../support/host.ts";

const jit = join(top, "src", "cpu", "jit");
const lines = readdirSync(jit, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) =>
    readFileSync(join(jit, file), "utf8")
      .split("\n")
      .map((text) => ({ file, text })),
  );
const code = lines.filter(({ text }) => !/^\s*(\/\/|\*|\/\*)/.test(text));

it("reads no row's name", () => {
  expect(code.filter(({ text }) => /\brow\.name\b|\brow:\s*\{\s*name\b/.test(text))).toEqual([]);
});

it("has no regular expression that matches names of instructions", () => {
  const patterns = code.flatMap(({ file, text }) =>
    [...text.matchAll(/\/(\^?[^/\s*][^/]*)\/[a-z]*\.test/g)].map(([, source]) => ({ file, source: source as string })),
  );
  const matched = (source: string): number => rows.filter(({ name }) => new RegExp(source).test(name)).length;
  expect(patterns.filter(({ source }) => matched(source) > 0)).toEqual([]);
});

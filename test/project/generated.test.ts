// Generated handlers are never older than their sources: rows, meanings, the compiler of handlers, the
// routines.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error: plain JavaScript, because vitest's set-up runs it
import { generatedKey } from "../../tools/generated.mjs";
import { top } from "../support/host.ts";
import { archivedDigest, sourcesDigest } from "../support/native-guest.ts";

it("is made by the sources as they are", () => {
  const text = readFileSync(`${top}/src/cpu/generated/code.ts`, "utf8").slice(0, 500);
  expect(text).toContain(`// sources: ${generatedKey()}`);
});

it.each([
  ["a meaning", "src/cpu/isa/rows/integer/alu.ts"],
  ["a part that meanings share", "src/cpu/isa/simd.ts"],
  ["the compiler of handlers", "src/cpu/interp/handler-compiler.ts"],
  ["the wasm writer", "src/wasm/encoder.ts"],
  ["a routine", "src/cpu/routines/round.ts"],
])("is made anew when %s changes", (_what, changed) => {
  const read = (file: string): string => readFileSync(file, "utf8") + (file.endsWith(changed) ? " " : "");
  expect(generatedKey(read)).not.toBe(generatedKey());
});

it("has built the guests of test/kernel/native from their sources (npm run guests:native)", () => {
  expect(archivedDigest()).toBe(sourcesDigest());
});

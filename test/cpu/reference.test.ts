// docs/reference/instructions.md equals the current rows.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { instructionsPage } from "../../tools/instructions.ts";

it("is up to date (npm run docs)", () => {
  const page = readFileSync(new URL("../../docs/reference/instructions.md", import.meta.url), "utf8");
  const [written, wanted] = [page, instructionsPage()].map((text) => text.split("\n")) as [string[], string[]];
  expect(written.filter((line) => !wanted.includes(line)).slice(0, 5)).toEqual([]);
  expect(written.length).toBe(wanted.length);
});

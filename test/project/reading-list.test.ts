// docs/reading-list.md names files that exist, each once, with less than 15 000 lines in all.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { top } from "../support/host.ts";

const MOST_LINES = 15_000;
const text = readFileSync(join(top, "docs", "reading-list.md"), "utf8");
const rows = text.split("\n").filter((line) => line.startsWith("| `"));
const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, path]) => path as string));

it("names files, each once, that a reader can finish", () => {
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((path, n) => named.indexOf(path) !== n)).toEqual([]);
  const lines = named.reduce((sum, path) => sum + readFileSync(join(top, path), "utf8").split("\n").length - 1, 0);
  expect(lines).toBeLessThan(MOST_LINES);
});

// The matrix as JSON and as JUnit XML.
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import type { Landmine } from "../../src/landmines/catalogue/landmine.ts";
import type { Cell } from "../../src/landmines/matrix.ts";
import { cellJson, junit } from "../../src/landmines/report.ts";

const mine = catalogue[0] as Landmine;
const base = { mine, where: "upstream", variant: "weak", expected: { stdout: "<a>\n", end: 0 } } as const;
const good: Cell = { ...base, happened: base.expected, verdict: "as expected" };
const bad: Cell = { ...base, happened: { stdout: "", end: "SIGSYS" }, verdict: "different" };
const missing: Cell = { ...base, mine: { ...mine, needs: "a moon" }, verdict: "not yet" };

describe("reports of the matrix", () => {
  it("count what differs and what is not there yet apart from what passed", () => {
    const xml = junit([good, bad, missing]);
    expect(xml).toContain('<testsuite name="landmines" tests="3" failures="1" skipped="1">');
    expect(xml).toContain('<failure message="expected &quot;&lt;a&gt;&quot;; happened: SIGSYS"/>');
    expect(xml).toContain('<skipped message="not yet: a moon"/>');
  });
  it("never give a row that is not there yet an outcome", () => {
    expect(cellJson(missing)).toMatchObject({ row: "A1", kernel: "upstream", policy: "weak", verdict: "not yet", needs: "a moon" });
    expect(cellJson(missing)).not.toHaveProperty("happened");
    expect(cellJson(bad)).toMatchObject({ verdict: "different", happened: { end: "SIGSYS" } });
  });
});

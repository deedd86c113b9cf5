// Generated from the catalogue that `trapgate landmines` prints: one test for each row, variant and profile.
import { describe, expect, it } from "vitest";
import type { ProfileName, Switches } from "../../src/kernel/base/profile.ts";
import { argument } from "../../src/landmines/catalogue/argument.ts";
import { bypass } from "../../src/landmines/catalogue/bypass.ts";
import { entry } from "../../src/landmines/catalogue/entry.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { expectedOf, type Landmine, type Setting, type Variant } from "../../src/landmines/catalogue/landmine.ts";
import { privilege } from "../../src/landmines/catalogue/privilege.ts";
import { verdict } from "../../src/landmines/catalogue/verdict.ts";
import { runLandmine } from "../../src/landmines/matrix.ts";
import { guest } from "./guest.ts";

const dialects: readonly ProfileName[] = ["upstream", "v6"];
/** Kernels at which rules changed that a row depends on. */
const older: readonly ProfileName[] = ["patch:v5", "3.5", "3.17", "4.0", "4.5", "4.8", "4.14", "5.0", "5.7", "5.9", "5.19", "6.18"];

/** The series between the two dialects. */
const series = ["patch:v7", "patch:v9", "patch:v10", "patch:v12", "patch:v13", "patch:v15", "patch:v17"] as const;
/** Other configurations of the kernel. */
const configured: Readonly<Record<string, Partial<Switches>>> = {
  x32: { x32: true },
  "vsyscall=none": { vsyscall: "none" },
  "vsyscall=emulate": { vsyscall: "emulate" },
  "ts-compat-sticks": { bugs: ["ts-compat-sticks"] },
  "strict-wrong-table": { bugs: ["strict-wrong-table"] },
  "reciprocal-divide": { bugs: ["reciprocal-divide"] },
};

const variants = ["weak", "fixed"] as const;

const check = async (mine: Landmine, setting: Setting & { readonly variant: Variant }): Promise<void> => {
  const cell = await runLandmine(mine, { ...setting, files: guest });
  expect(cell?.happened).toMatchObject({ stdout: cell?.expected.stdout, end: cell?.expected.end });
  expect(cell).toMatchObject({ verdict: "as expected" });
  // A text of the log without "compat" is also part of the line for the other door.
  if (cell?.expected.log?.startsWith("system call")) expect(cell.happened?.log).not.toContain("compat");
};
/** One test for each row and variant that has a meaning under a profile. */
const tests = (rows: readonly Landmine[], setting: Setting, title: string): void => {
  for (const mine of rows) {
    if (mine.needs !== undefined) continue;
    const expected = expectedOf(mine, setting);
    for (const variant of variants)
      if (expected?.[variant]) it(`${mine.id} ${variant} ${title}: ${mine.title}`, () => check(mine, { ...setting, variant }));
  }
};

describe("the catalogue", () => {
  it("has every row of the five groups, in order", () => {
    const rows = Object.entries({ A: entry, B: argument, C: verdict, D: privilege, E: bypass }).flatMap(([group, mines]) =>
      mines.map((_, i) => group + (i + 1)),
    );
    expect(catalogue.map((mine) => mine.id)).toEqual(rows);
  });
  it("says of every row what happens in each dialect, or why it has no meaning there", () => {
    for (const mine of catalogue) {
      for (const dialect of dialects)
        expect(expectedOf(mine, { profile: dialect, vendor: "amd" }) ?? mine.absent, `${mine.id} on ${dialect}`).toBeTruthy();
    }
  });
  for (const profile of dialects) {
    for (const vendor of ["amd", "intel"] as const) tests(catalogue, { profile, vendor }, `on ${profile}, ${vendor}`);
  }
  for (const profile of series) tests(catalogue, { profile, vendor: "amd" }, `by the rules of ${profile}`);
  // A row without rules of its own for older kernels has the same outcome as under the newest one.
  const ruled = catalogue.filter((mine) => mine.otherwise);
  for (const profile of older) tests(ruled, { profile, vendor: "amd" }, `by the rules of ${profile}`);
  // One test a configuration: nearly all rows come out as without it.
  for (const [name, switches] of Object.entries(configured)) {
    it(`with ${name}`, { timeout: 60_000 }, async () => {
      for (const profile of dialects) {
        for (const mine of catalogue) {
          const expected = mine.needs === undefined ? expectedOf(mine, { profile, vendor: "amd", switches }) : undefined;
          for (const variant of variants) if (expected?.[variant]) await check(mine, { profile, vendor: "amd", switches, variant });
        }
      }
    });
  }
  it("has rows that come out otherwise with some of them", () => {
    const differs = (switches: Partial<Switches>): string[] =>
      catalogue
        .filter((mine) => {
          const [plain, changed] = [{}, switches].map((s) => expectedOf(mine, { profile: "upstream", vendor: "amd", switches: s }));
          return JSON.stringify(plain) !== JSON.stringify(changed);
        })
        .map((mine) => mine.id);
    expect(Object.values(configured).map(differs)).toEqual([["A6"], ["A11"], [], ["A8"], ["A7"], []]);
  });
});

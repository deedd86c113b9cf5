// The whole matrix, from the catalogue that `trapgate landmines` prints.
import { describe, expect, it } from "vitest";
import type { ProfileName, Switches } from "../../src/kernel/base/profile.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { expectedOf, type Landmine, type Vendor } from "../../src/landmines/catalogue/landmine.ts";
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

const check = async (mine: Landmine, profile: ProfileName, vendor: Vendor, switches: Partial<Switches> = {}): Promise<void> => {
  for (const variant of ["weak", "fixed"] as const) {
    const cell = await runLandmine(mine, { profile, vendor, switches, variant, files: guest });
    if (!cell?.happened) continue;
    expect(cell.happened, variant).toMatchObject({ stdout: cell.expected.stdout, end: cell.expected.end });
    expect(cell.verdict).toBe("as expected");
  }
};

describe("the catalogue", () => {
  it("has every row of the four groups, in order", () => {
    const rows = Object.entries({ A: 14, B: 10, C: 16, D: 8 }).flatMap(([group, n]) =>
      Array.from({ length: n }, (_, i) => group + (i + 1)),
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
    for (const vendor of ["amd", "intel"] as const) {
      for (const mine of catalogue) {
        if (!expectedOf(mine, { profile, vendor }) || mine.needs) continue;
        it(`${mine.id} on ${profile}, ${vendor}: ${mine.title}`, () => check(mine, profile, vendor));
      }
    }
  }
  for (const profile of series) {
    for (const mine of catalogue) {
      if (!expectedOf(mine, { profile, vendor: "amd" })) continue;
      it(`${mine.id} by the rules of ${profile}: ${mine.title}`, () => check(mine, profile, "amd"));
    }
  }
  // Where no rule of its own applies, a row comes out as under the newest: the dialects above have shown that.
  for (const profile of older) {
    for (const mine of catalogue) {
      if (!mine.otherwise || !expectedOf(mine, { profile, vendor: "amd" }) || mine.needs) continue;
      it(`${mine.id} by the rules of ${profile}: ${mine.title}`, () => check(mine, profile, "amd"));
    }
  }
  // One test a configuration: nearly all rows come out as without it.
  for (const [name, switches] of Object.entries(configured)) {
    it(`with ${name}`, { timeout: 60_000 }, async () => {
      for (const profile of dialects) for (const mine of catalogue) if (!mine.needs) await check(mine, profile, "amd", switches);
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

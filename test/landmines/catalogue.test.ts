// The whole matrix, from the catalogue that `trapgate landmines` prints.
import { describe, expect, it } from "vitest";
import type { ProfileName } from "../../src/kernel/profile.ts";
import { catalogue } from "../../src/landmines/catalogue.ts";
import { expectedOf, type Landmine, type Vendor } from "../../src/landmines/landmine.ts";
import { runLandmine } from "../../src/landmines/matrix.ts";
import { guest } from "./guest.ts";

const dialects: readonly ProfileName[] = ["upstream", "v6"];
/** Kernels at which rules changed that a row depends on. */
const older: readonly ProfileName[] = ["patch:v5", "3.5", "3.17", "4.0", "4.5", "4.8", "4.14", "5.0", "5.7", "5.9", "5.19", "6.18"];

const check = async (mine: Landmine, profile: ProfileName, vendor: Vendor): Promise<void> => {
  for (const variant of ["weak", "fixed"] as const) {
    const cell = await runLandmine(mine, { profile, vendor, variant, files: guest });
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
      for (const dialect of dialects) expect(expectedOf(mine, dialect, "amd") ?? mine.absent, `${mine.id} on ${dialect}`).toBeTruthy();
    }
  });
  for (const profile of dialects) {
    for (const vendor of ["amd", "intel"] as const) {
      for (const mine of catalogue) {
        if (!expectedOf(mine, profile, vendor) || mine.needs) continue;
        it(`${mine.id} on ${profile}, ${vendor}: ${mine.title}`, () => check(mine, profile, vendor));
      }
    }
  }
  // Where no rule of its own applies, a row comes out as under the newest: the dialects above have shown that.
  for (const profile of older) {
    for (const mine of catalogue) {
      if (!mine.otherwise || !expectedOf(mine, profile, "amd") || mine.needs) continue;
      it(`${mine.id} by the rules of ${profile}: ${mine.title}`, () => check(mine, profile, "amd"));
    }
  }
});

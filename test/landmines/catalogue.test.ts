// The whole matrix, from the catalogue that `trapgate landmines` prints.
import { describe, expect, it } from "vitest";
import { type ProfileName, profiles } from "../../src/kernel/profile.ts";
import { catalogue } from "../../src/landmines/catalogue.ts";
import { expectedOf } from "../../src/landmines/landmine.ts";
import { runLandmine } from "../../src/landmines/matrix.ts";
import { guest } from "./guest.ts";

const names = Object.keys(profiles) as ProfileName[];

describe("the catalogue", () => {
  it("says of every row what happens on every profile, or why it has no meaning there", () => {
    for (const mine of catalogue) {
      for (const profile of names) expect(expectedOf(mine, profile, "amd") ?? mine.absent, `${mine.id} on ${profile}`).toBeTruthy();
    }
  });
  for (const profile of names) {
    for (const vendor of ["amd", "intel"] as const) {
      for (const mine of catalogue) {
        if (!expectedOf(mine, profile, vendor)) continue;
        it(`${mine.id} on ${profile}, ${vendor}: ${mine.title}`, async () => {
          for (const variant of ["weak", "fixed"] as const) {
            const cell = await runLandmine(mine, { profile, vendor, variant, files: guest });
            if (cell) expect(cell.happened).toMatchObject({ stdout: cell.expected.stdout, end: cell.expected.end });
            if (cell) expect(cell.asExpected).toBe(true);
          }
        });
      }
    }
  }
});

// However few cases are wanted, each scope has some of every mode.
import { describe, expect, it } from "vitest";
import { vendors } from "../../../src/cpu/machine/model.ts";
import { casesOf } from "../../../tools/oracle/conform.ts";
import { scopes } from "../../../tools/oracle/scope.ts";
import { modes } from "../../../tools/oracle/world.ts";

describe("a few cases", () => {
  it.each(modes)("of each scope can be made in %i-bit code", (mode) => {
    for (const vendor of vendors)
      for (const seed of [1, 2, 3, 4, 5, 6])
        for (const scope of scopes) {
          const { cases, encodings } = casesOf(mode, vendor, scope, 1, seed).make(5);
          expect([vendor, scope, cases.count, encodings?.length]).toEqual([vendor, scope, 5, 5]);
        }
  });
});

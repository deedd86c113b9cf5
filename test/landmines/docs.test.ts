// docs/landmines.md equals the catalogue.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { landminesPage } from "../../tools/docs.ts";

it("docs/landmines.md is what `npm run docs` writes", () => {
  expect(readFileSync(new URL("../../docs/landmines.md", import.meta.url), "utf8")).toBe(landminesPage());
});

// A getter of a private name calls V8's runtime each time, also in optimised code, and its cost is easily
// overlooked.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));

it("no private name is a getter or a setter", () => {
  expect(files.filter((file) => /^\s*(?:static )?[gs]et #/m.test(readFileSync(join(src, file), "utf8")))).toEqual([]);
});

// Objects of a machine are data that a snapshot can copy
// (docs/decisions/0058-private-fields-are-properties.md).
// It cannot reach JavaScript's private names, so these rooms use TypeScript's `private _name`.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const ROOMS = ["kernel", "memory", "machine", "seccomp"];
/** A declaration, or an access by a dot or by `in`. Text in comments and literals has other forms. */
const privateName = /^\s*(?:(?:static|readonly|async|get|set|accessor)\s+)*\*?#[A-Za-z_$]|\.#[A-Za-z_$]|\(#[A-Za-z_$]\w* in /;
const files = ROOMS.flatMap((room) =>
  readdirSync(join(src, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(room, file)),
);
const namesIn = (text: string): string[] => text.split("\n").filter((line) => privateName.test(line));

it("recognises a private name", () => {
  const lines = [
    "  readonly #map = 1;",
    "  #run(): void {",
    "    this.#map;",
    "    other?.#map;",
    "  static async *#all() {",
    "  (#x in y)",
  ];
  expect(namesIn(lines.join("\n"))).toEqual(lines);
});
it("uses no private name in rooms with state of a machine", () => {
  expect(files.length).toBeGreaterThan(500);
  const found = files.flatMap((file) => namesIn(readFileSync(join(src, file), "utf8")).map((line) => `${file}: ${line.trim()}`));
  expect(found).toEqual([]);
});

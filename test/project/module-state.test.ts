// Modules of the kernel keep no state of a machine: a snapshot would miss it, and machines would share it.
// Variables and weak maps of modules are listed here with the reason why each is none.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const known: Readonly<Record<string, string>> = {
  "kernel/calls/file/iovec.ts: let shared": "a buffer for one call",
  "kernel/exec/code-files.ts: names": "hashes of files, computed again",
  "kernel/fs/proc/tree/derived.ts: made": "contents of files of /proc, made again from their recipes",
  "kernel/fs/proc/tree/fixed-tree.ts: roots": "trees of names, made again from their kernel",
};
const files = ["kernel", "memory", "seccomp"].flatMap((room) =>
  readdirSync(join(src, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(room, file)),
);

it("has no variable and no weak map in a module but the known ones", () => {
  const found = files.flatMap((file) =>
    [...readFileSync(join(src, file), "utf8").matchAll(/^(?:export )?(?:(let \w+)|const (\w+)(?:: [^=]+)? = new Weak(?:Map|Set))/gm)].map(
      (m) => `${file}: ${m[1] ?? m[2]}`,
    ),
  );
  expect(found.sort()).toEqual(Object.keys(known).sort());
});

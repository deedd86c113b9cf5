// Checks that src/cpu/generated/code.ts is current. Its first lines hold a hash of its sources: every module
// that tools/generate.ts imports, directly or not, and the routines. So a row, a meaning or the compiler of
// handlers cannot change behind generated handlers. Plain JavaScript on Node's own modules, because the build
// and vitest's set-up run it before anything else.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { top } from "./setup.mjs";

const generator = join(top, "tools", "generate.ts");
const generated = join(top, "src", "cpu", "generated", "code.ts");
const routines = join(top, "src", "cpu", "routines");

const statement = /^(?:import|export)\b[^"'`;]*?\bfrom\s+"(\.[^"]+)"/gm;

/** Paths of all modules that a module imports, and its own. */
export const modulesOf = (module, found = new Set()) => {
  if (found.has(module) || module === generated || !existsSync(module)) return found;
  found.add(module);
  for (const [, from] of readFileSync(module, "utf8").matchAll(statement)) modulesOf(join(dirname(module), from), found);
  return found;
};

const routineFiles = () =>
  readdirSync(routines, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** A hash of names and contents, in hexadecimal. `read` gives a file's text. */
export const generatedKey = (read = (file) => readFileSync(file)) => {
  const files = new Set([...modulesOf(generator), ...routineFiles(), join(top, "tools", "common", "beginnings.txt")]);
  const hash = createHash("sha256");
  for (const file of [...files].sort())
    hash
      .update(`${relative(top, file)}\0`)
      .update(read(file))
      .update("\0");
  return hash.digest("hex");
};

const recordedKey = () =>
  existsSync(generated) ? /^\/\/ sources: ([0-9a-f]+)$/m.exec(readFileSync(generated, "utf8").slice(0, 500))?.[1] : undefined;

/** Generate the code again unless it is what the sources make. */
export const generate = () => {
  if (recordedKey() === generatedKey()) return;
  console.log("Generating src/cpu/generated/code.ts …");
  const { status } = spawnSync(process.execPath, ["--import", "tsx", generator], { cwd: top, stdio: "inherit" });
  if (status !== 0) throw new Error(`tools/generate.ts failed with status ${status}`);
};

/** vitest's global set-up. */
export const setup = () => generate();

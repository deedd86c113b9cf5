// Compiles src/cpu/routines (AssemblyScript) to one wasm module. `npm run build` and the tests' set-up call
// it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src/cpu/routines");
const state = join(root, "src/cpu/machine/state.ts");
const layout = join(root, "src/cpu/machine/layout.ts");
const operandSlots = join(root, "src/cpu/decode/operand-slots.ts");
const memoryImport = join(root, "src/wasm/shared-memory.ts");
const x87Operations = join(root, "src/cpu/isa/x87-operations.ts");
const files = readdirSync(source, { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .sort();
const parts = [
  state,
  layout,
  operandSlots,
  memoryImport,
  x87Operations,
  fileURLToPath(import.meta.url),
  ...files.map((file) => join(source, file)),
];
const hash = createHash("sha256");
for (const file of parts) hash.update(readFileSync(file));
/**
 * The name follows from the sources, so that working trees with a common .cache do not use each other's
 * files.
 */
export const routinesPath = join(root, `.cache/routines-${hash.digest("hex").slice(0, 16)}.wasm`);

/** Numbers of a table of a source file as AssemblyScript constants. */
async function constants(file, table, prefix = "") {
  const lines = new RegExp(`export const ${table} = \\{([\\s\\S]*?)\n\\} as const`).exec(await readFile(file, "utf8"))?.[1] ?? "";
  const found = [...lines.matchAll(/^ {2}(\w+): (0x[0-9a-f_]+|\d+)(?: \| 0)?,/gm)];
  if (found.length === 0) throw new Error(`no table ${table} in ${file}`);
  return found.map(([, name, value]) => `export const ${prefix}${name}: i32 = ${Number(value.replaceAll("_", "")) | 0};`);
}

/** The x87's constants, an array for each of their properties. */
async function x87Constants() {
  const text = /export const x87Constants = \{([\s\S]*?)\n\} as const/.exec(await readFile(x87Operations, "utf8"))?.[1] ?? "";
  const found = [...text.matchAll(/\{ significand: (\w+)n, exponent: (\w+), nearest: (\d), up: (\d) \}/g)];
  if (found.length !== 7) throw new Error(`${found.length} x87 constants in ${x87Operations}`);
  const array = (name, type, n) => `export const ${name}_of: StaticArray<${type}> = [${found.map((values) => values[n]).join(", ")}];`;
  return [array("significand", "u64", 1), array("exponent", "i32", 2), array("nearest", "i32", 3), array("up", "i32", 4)].join("\n");
}

/**
 * The routines' imports from src/cpu/machine/state.ts ("./at"), from src/cpu/machine/layout.ts and
 * src/cpu/decode/operand-slots.ts ("./places"), and from src/cpu/isa/x87-operations.ts ("./constants").
 */
async function tables() {
  const places = [await constants(layout, "layout")];
  for (const table of [
    "record",
    "predecodeEntry",
    "opcodeKind",
    "displacements",
    "registerIn",
    "jumpCache",
    "displaced",
    "blockNode",
    "codePages",
    "dispatch",
    "note",
  ])
    places.push(await constants(layout, table, `${table}_`));
  places.push(await constants(operandSlots, "special", "special_"));
  return {
    "at.ts": (await constants(state, "at")).join("\n"),
    "places.ts": places.flat().join("\n"),
    "constants.ts": await x87Constants(),
  };
}

/** Where src/cpu/machine/layout.ts has room for their constants. */
async function staticBase() {
  const base = /^ {2}routines: (0x[0-9a-f_]+),/m.exec(await readFile(layout, "utf8"))?.[1];
  if (!base) throw new Error(`no place for routines in ${layout}`);
  return String(Number(base.replaceAll("_", "")));
}

/** The maximum that all generated modules name. */
async function mostPages() {
  const most = /^export const mostPages = (\d+);/m.exec(await readFile(memoryImport, "utf8"))?.[1];
  if (!most) throw new Error(`no maximum in ${memoryImport}`);
  return most;
}

/** Build it if it is not there. */
export async function buildRoutines() {
  if (existsSync(routinesPath)) return;
  const { default: asc } = await import("assemblyscript/asc");
  const made = await tables();
  const memory = ["--importMemory", "--maximumMemory", await mostPages(), "--memoryBase", await staticBase()];
  const options = ["-O3", "--runtime", "stub", ...memory];
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "out.wasm", ...options], {
    readFile: (name) => made[name] ?? readFile(join(source, name), "utf8").catch(() => null),
    writeFile: async (_, contents) => {
      // A concurrent reader sees all of the file or none.
      await mkdir(dirname(routinesPath), { recursive: true });
      await writeFile(`${routinesPath}.${process.pid}`, contents);
      await rename(`${routinesPath}.${process.pid}`, routinesPath);
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
}

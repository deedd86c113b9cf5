// Compiles src/cpu/routines (AssemblyScript) to one wasm module. `npm run build` and the tests' set-up call it.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src/cpu/routines");
const state = join(root, "src/cpu/state.ts");
const layout = join(root, "src/cpu/layout.ts");
const memoryImport = join(root, "src/cpu/memory-import.ts");
const files = readdirSync(source, { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .sort();
const parts = [state, layout, memoryImport, fileURLToPath(import.meta.url), ...files.map((file) => join(source, file))];
const hash = createHash("sha256");
for (const file of parts) hash.update(readFileSync(file));
/** Named after what it is made of: working trees that share a .cache do not take each other's for theirs. */
export const routinesPath = join(root, `.cache/routines-${hash.digest("hex").slice(0, 16)}.wasm`);

/** The addresses of src/cpu/state.ts as AssemblyScript constants: the module "./at" of the routines. */
async function addresses() {
  const table = /export const at = \{([\s\S]*?)\n\} as const/.exec(await readFile(state, "utf8"))?.[1] ?? "";
  const constants = [...table.matchAll(/^ {2}(\w+): (0x[0-9a-f]+),/gm)].map(([, name, value]) => `export const ${name}: i32 = ${value};`);
  if (constants.length === 0) throw new Error(`no address table in ${state}`);
  return constants.join("\n");
}

/** Where src/cpu/layout.ts has room for their constants. */
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
  const at = await addresses();
  const memory = ["--importMemory", "--maximumMemory", await mostPages(), "--memoryBase", await staticBase()];
  const options = ["-O3", "--runtime", "stub", ...memory];
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "out.wasm", ...options], {
    readFile: (name) => (name === "at.ts" ? at : readFile(join(source, name), "utf8").catch(() => null)),
    writeFile: async (_, contents) => {
      // Whoever looks meanwhile sees all of it or none.
      await mkdir(dirname(routinesPath), { recursive: true });
      await writeFile(`${routinesPath}.${process.pid}`, contents);
      await rename(`${routinesPath}.${process.pid}`, routinesPath);
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
}

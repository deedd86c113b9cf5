// Compiles src/cpu/routines (AssemblyScript) to one wasm module. `npm run build` and the tests' set-up call it.
//   node tools/routines.mjs [OUT]
import { mkdir, readdir, readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const source = join(root, "src/cpu/routines");
const state = join(root, "src/cpu/state.ts");
const layout = join(root, "src/cpu/layout.ts");
const memoryImport = join(root, "src/cpu/memory-import.ts");
export const routinesPath = join(root, ".cache/routines.wasm");

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

async function newest() {
  const files = [
    state,
    layout,
    memoryImport,
    fileURLToPath(import.meta.url),
    ...(await readdir(source, { recursive: true })).map((f) => join(source, f)),
  ];
  return Math.max(...(await Promise.all(files.map(async (f) => (await stat(f)).mtimeMs))));
}

/** Build unless `out` is newer than its sources. */
export async function buildRoutines(out = routinesPath) {
  const built = await stat(out).catch(() => undefined);
  if (built && built.mtimeMs > (await newest())) return;
  const started = new Date();
  const { default: asc } = await import("assemblyscript/asc");
  const at = await addresses();
  const memory = ["--importMemory", "--maximumMemory", await mostPages(), "--memoryBase", await staticBase()];
  const options = ["-O3", "--runtime", "stub", ...memory];
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "out.wasm", ...options], {
    readFile: (name) => (name === "at.ts" ? at : readFile(join(source, name), "utf8").catch(() => null)),
    writeFile: async (_, contents) => {
      // Whoever reads meanwhile sees the old file or the new one; a source that changes meanwhile is newer than it.
      await mkdir(dirname(out), { recursive: true });
      await writeFile(`${out}.${process.pid}`, contents);
      await utimes(`${out}.${process.pid}`, started, started);
      await rename(`${out}.${process.pid}`, out);
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildRoutines(process.argv[2]);

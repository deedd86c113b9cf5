// `node tools/slim.mjs FOLDER`: makes the folder of modules that of a package.
// - Declarations are one file a door, and those that doors share in types/. tsc writes one a module, four
//   times as many bytes, and most of them describe values that no user can name.
// - Modules that no door leads to are left out: those of the command line, which the bundle has.
// - Modules of rooms within have no comments and no white space: these are a fourth of all modules. Names
//   stay, so a stack trace still tells where it was. Declarations have the docstrings of doors.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { transform } from "esbuild";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { top } from "./setup.mjs";

const dist = resolve(process.argv[2] ?? join(top, "dist"));
const shared = join(dist, "types");

if (!existsSync(shared)) {
  const { exports } = JSON.parse(readFileSync(join(top, "package.json"), "utf8"));
  const doors = Object.values(exports).map(({ types }) => types.slice("./dist/".length, -".d.ts".length));
  const bundle = await rolldown({
    input: Object.fromEntries(doors.map((door) => [door, join(dist, `${door}.d.ts`)])),
    plugins: [dts({ dtsInput: true, emitDtsOnly: true })],
    // Other packages.
    external: [/^[^./]/],
    // No paths of the host in comments, no advice about the build.
    experimental: { attachDebugInfo: "none" },
    checks: { pluginTimings: false },
  });
  const old = readdirSync(dist, { recursive: true }).filter((name) => name.endsWith(".d.ts"));
  const written = await bundle.write({ dir: dist, format: "es", chunkFileNames: "types/[name].js" });
  await bundle.close();
  const made = new Set(written.output.map(({ fileName }) => fileName));
  for (const name of old) if (!made.has(name)) rmSync(join(dist, name));
  // The door of internals promises nothing, so it has no docstrings: they are a third of all declarations.
  const internal = join(dist, "internal.d.ts");
  writeFileSync(internal, readFileSync(internal, "utf8").replace(/^\s*\/\*\*[\s\S]*?\*\/\n/gm, ""));
}

const reached = new Set();
const reach = (path) => {
  if (reached.has(path) || !existsSync(path)) return;
  reached.add(path);
  const text = readFileSync(path, "utf8");
  for (const [, from] of text.matchAll(/(?:\bfrom|\bimport|new URL\()\s*\(?\s*"(\.[^"]+\.js)"/g)) reach(join(dirname(path), from));
};
const { exports: doors } = JSON.parse(readFileSync(join(top, "package.json"), "utf8"));
for (const { default: door } of Object.values(doors)) if (door) reach(join(dist, door.slice("./dist/".length)));
/** Folders that are no modules of doors: scripts of the command line and the lab. */
const apart = /^(?:bundle|lab|cli|landmines)[/\\]/;
for (const name of readdirSync(dist, { recursive: true }).filter((each) => each.endsWith(".js") && !apart.test(each)))
  if (!reached.has(join(dist, name))) rmSync(join(dist, name));

const dense = ["abi", "cpu", "debug", "host", "image", "kernel", "machine", "memory", "policy", "seccomp", "wasm"];
for (const room of dense.map((name) => join(dist, name)).filter((path) => existsSync(path)))
  for (const name of readdirSync(room, { recursive: true }).filter((each) => each.endsWith(".js") && !each.startsWith("generated"))) {
    const path = join(room, name);
    const source = readFileSync(path, "utf8");
    // esbuild would take a mark for bundlers away with the white space.
    const minifyWhitespace = !source.includes("@__PURE__");
    const { code } = await transform(source, { target: "esnext", legalComments: "none", minifyWhitespace });
    writeFileSync(path, code);
  }

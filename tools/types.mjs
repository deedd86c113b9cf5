// `node tools/types.mjs FOLDER`: the declarations of a package, in its folder of modules: one file a door,
// and
// those that doors share in types/. tsc writes one a module, four times as many bytes, and most of them
// describe values that no user can name.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
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
}

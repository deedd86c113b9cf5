// `npm run build`: src/ to dist/. Stages in order; each is a command that fails loudly.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { run, top } from "./setup.mjs";

run(process.execPath, ["--import", "tsx", join("tools", "generate.ts")]);
rmSync(join(top, "dist"), { recursive: true, force: true });
run(process.execPath, [join(top, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);

// The command line as few files as its commands allow: three hundred modules cost a start more than the program that it runs.
const { build } = await import("esbuild");
await build({
  absWorkingDir: top,
  entryPoints: ["dist/cli/main.js"],
  outdir: "dist/bundle",
  bundle: true,
  splitting: true,
  minifyWhitespace: true,
  minifySyntax: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
});

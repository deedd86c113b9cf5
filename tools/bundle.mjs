// dist/bundle: the command line as few files as its commands allow. Three hundred modules cost a start more than the program that it
// runs, and generated code that is read from files costs less than text that is parsed and unpacked.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { top } from "./setup.mjs";

const out = join(top, "dist", "bundle");
const textModule = join(top, "dist", "cpu", "generated", "code.js");

/** generated/code.js with files in place of packed text. */
const fileModule = async () => {
  const { generated } = await import(pathToFileURL(textModule).href);
  const members = Object.entries(generated).map(([name, value]) => {
    if (typeof value !== "function") return `${name}: ${JSON.stringify(value)}`;
    writeFileSync(join(out, `${name}.bin`), value());
    return `${name}: () => readFileSync(new URL("${name}.bin", import.meta.url))`;
  });
  return `import { readFileSync } from "node:fs";\nexport const generated = { ${members.join(", ")} };`;
};

export const bundle = async () => {
  mkdirSync(out, { recursive: true });
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: top,
    entryPoints: [join("dist", "cli", "main.js")],
    outdir: out,
    bundle: true,
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    plugins: [{ name: "generated", setup: ({ onLoad }) => onLoad({ filter: /generated\/code\.js$/ }, async () => ({ contents: await fileModule() })) }],
  });
};

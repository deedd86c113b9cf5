// dist/bundle: the command line as one file, with V8's compiled form of it beside it. Three hundred modules cost a start more than the
// program that it runs, and generated code that is read from files costs less than text that is parsed and unpacked.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheFile, folder, load } from "../bin/load.js";
import { top } from "./setup.mjs";

const out = folder;
const textModule = join(top, "dist", "cpu", "generated", "code.js");

/** generated/code.js with files in place of packed text. */
const fileModule = async () => {
  const { generated } = await import(pathToFileURL(textModule).href);
  const text = (name, value) => {
    if (typeof value === "function") {
      writeFileSync(join(out, `${name}.bin`), value());
      return `() => readFileSync(join(bundle.folder, "${name}.bin"))`;
    }
    if (Array.isArray(value)) return `[${value.map((item, n) => text(`${name}${n}`, item)).join(", ")}]`;
    return JSON.stringify(value);
  };
  const members = Object.entries(generated).map(([name, value]) => `${name}: ${text(name, value)}`);
  return `import { readFileSync } from "node:fs";\nimport { join } from "node:path";\nexport const generated = { ${members.join(", ")} };`;
};

/** What a start compiles is what the cache has to hold, and what writes regions: run what does as most programs do, and prints nothing. */
const warmUp = async () => {
  const { main, script } = load();
  const program = join(top, "guest", "bin", "libc-start");
  await main(["run", program]);
  // What the default model knows from the beginning it does not work out.
  await main(["run", "--cpu", "x86-64-v2:amd", program]);
  await main(["run", "--engine", "jit", program]);
  writeFileSync(cacheFile, script.createCachedData());
  process.exitCode = 0;
};

export const bundle = async () => {
  const { build } = await import("esbuild");
  mkdirSync(out, { recursive: true });
  await build({
    absWorkingDir: top,
    entryPoints: [join("dist", "cli", "main.js")],
    outfile: join(out, "main.js"),
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    // An expression, as bin/load.js evaluates it: to put this around it there would copy it.
    banner: { js: "(function (require, module, exports, bundle) {" },
    footer: { js: "})" },
    define: { "import.meta.url": "bundle.url" },
    plugins: [
      {
        name: "generated",
        setup: ({ onLoad }) => onLoad({ filter: /generated\/code\.js$/ }, async () => ({ contents: await fileModule() })),
      },
    ],
  });
  await warmUp();
};

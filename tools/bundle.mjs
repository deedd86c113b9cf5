// dist/bundle: the command line as a few scripts, with V8's compiled form of each beside it. Hundreds of
// modules would cost a start more than the program itself, and generated code is read faster from files than
// from text that V8 parses. esbuild makes chunks of modules that are used together. A script is a list of
// chunks as functions, which bin/trapgate.js calls. The first script has the chunks that `run` begins with,
// the last one all chunks of no other script. chunks.json names the scripts between and the modules in each;
// rooms reach them by their lazy.ts.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheOf, folder, load, textOf } from "../bin/trapgate.js";
import { top } from "./setup.mjs";

const out = folder;
const textModule = join(top, "dist", "cpu", "generated", "code.js");

/**
 * Files whose bytes stay in memory, because every machine of the process reads them. The others are compiled
 * or copied before the next file is read.
 */
const lasting = /^(?:rows|opcodes|forms|preloads\d+)$/;
/** generated/code.js with files in place of packed text. */
const fileModule = async () => {
  const { generated } = await import(pathToFileURL(textModule).href);
  const text = (name, value) => {
    if (typeof value === "function") {
      writeFileSync(join(out, `${name}.bin`), value());
      return `() => bundle.read("${name}.bin", ${lasting.test(name)})`;
    }
    if (Array.isArray(value)) return `[${value.map((item, n) => text(`${name}${n}`, item)).join(", ")}]`;
    return JSON.stringify(value);
  };
  const members = Object.entries(generated).map(([name, value]) => `${name}: ${text(name, value)}`);
  return `export const generated = { ${members.join(", ")} };`;
};

/**
 * An ES module's text, as esbuild writes it, as a function. Its arguments are a chunk's `require` and
 * bin/trapgate.js's table of the bundle; it returns the module's exports. All imported chunks are loaded
 * before, so that names can be bound at once.
 */
const chunkFunction = (name, text) => {
  const exported = /export\{([^}]*)\};?\s*$/.exec(text);
  const body = text
    .slice(0, exported?.index)
    .replace(
      /(?<=^|[;}\n])import(?:(?: ?([\w$]+) ?)?,?(?:\{([^}]*)\}|\* ?as ([\w$]+) ?)?from)?"([^"]+)";/g,
      (_, byDefault, some, all, from) => {
        const [whole, parts] = [byDefault ?? all, some?.replaceAll(" as ", ":")];
        const bindings = [whole && `const ${whole}=require("${from}");`, parts && `const{${parts}}=require("${from}");`].filter(Boolean);
        return bindings.join("") || `require("${from}");`;
      },
    )
    // Chunks that are imported later are available at once; `await` of a value is allowed.
    .replaceAll('import("./', 'require("./');
  const values = (exported?.[1] ?? "").split(",").filter(Boolean);
  const members = values.map((item) => item.split(" as ")).map(([own, other = own]) => `${other}:${own}`);
  return `"./${name}":function(require,bundle){${body}\nreturn{${members.join(",")}}}`;
};

/**
 * Makes V8 compile the functions that a start needs, for the cache of their script. More functions would cost
 * time to restore. So two typical programs run first, without output. For the other scripts' caches, all
 * functions are compiled.
 */
const warmUp = async (others) => {
  const { main, scripts, chunk } = load();
  const program = (name) => join(top, "guest", "bin", name);
  const keep = (name) => writeFileSync(cacheOf(name), scripts[name].createCachedData());
  for (const name of ["libc-start", "libc-start32"]) await main(["run", program(name)]);
  keep("start");
  for (const name of ["libc-start", "loops", "loops32"]) await main(["run", "--engine", "jit", program(name)]);
  for (const name of others) chunk(name);
  for (const name of Object.keys(scripts)) if (name !== "start") keep(name);
  process.exitCode = 0;
};

const chunksOf = async () => {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: top,
    entryPoints: [join("dist", "cli", "main.js")],
    outdir: out,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    minifyWhitespace: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    define: { "import.meta.url": "bundle.url" },
    // Chunks are made of ES modules; for Node the package has none.
    alias: { yaml: join(top, "node_modules", "yaml", "browser", "index.js") },
    plugins: [
      {
        name: "files and scripts of their own",
        setup: ({ onLoad }) => {
          onLoad({ filter: /generated\/code\.js$/ }, async () => ({ contents: await fileModule() }));
          // A room's lazy.ts loads modules at their first use. chunks.json assigns each to a script.
          onLoad({ filter: /\/lazy\.js$/ }, ({ path }) => {
            const text = readFileSync(path, "utf8");
            const from = new Map([...text.matchAll(/^import \* as (\w+) from (".*");$/gm)].map(([, name, module]) => [name, module]));
            const doors = text.replace(/^import .*$/gm, "");
            return { contents: doors.replace(/=> (\w+);/g, (_, name) => `=> import(${from.get(name)});`) };
          });
        },
      },
    ],
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const about = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  /** Chunks that one needs before it can begin, in the order in which they do, and it. */
  const needs = (name, before = []) => {
    if (before.includes(name)) throw new Error(`chunks that need each other: ${[...before, name].join(", ")}`);
    const { imports } = about.get(name);
    const needed = imports.filter(({ kind, external }) => kind === "import-statement" && !external);
    return [...new Set([...needed.flatMap(({ path }) => needs(basename(path), [...before, name])), name])];
  };
  const entryOf = (path) => [...about].find(([, { entryPoint }]) => entryPoint === path)[0];
  return { texts, needs, entryOf, chunkOf: (module) => entryOf(join("dist", module)) };
};

export const bundle = async () => {
  mkdirSync(out, { recursive: true });
  const { texts, needs, entryOf, chunkOf } = await chunksOf();
  const main = chunkOf("cli/main.js");
  const chunks = JSON.parse(readFileSync(join(top, "tools", "chunks.json"), "utf8"));
  const parts = {
    start: [...needs(main), ...needs(chunkOf("cli/commands/run.js"))],
    ...Object.fromEntries(Object.entries(chunks).map(([script, modules]) => [script, modules.flatMap((module) => needs(chunkOf(module)))])),
    // A library of one format.
    yaml: needs(entryOf(join("node_modules", "yaml", "browser", "index.js"))),
    rest: [...texts.keys()],
  };
  const scripts = new Map();
  const placed = new Map();
  for (const [script, names] of Object.entries(parts)) {
    const own = [...new Set(names)].filter((name) => !placed.has(name));
    for (const name of own) placed.set(name, script);
    scripts.set(script, `chunks:{${own.map((name) => chunkFunction(name, texts.get(name))).join(",")}}`);
  }
  const elsewhere = Object.fromEntries(
    [...placed].filter(([, script]) => script !== "start").map(([name, script]) => [`./${name}`, script]),
  );
  for (const [script, functions] of scripts) {
    const index = script === "start" ? `main:"./${main}",elsewhere:${JSON.stringify(elsewhere)},` : "";
    writeFileSync(textOf(script), `({${index}${functions}})`);
  }
  await warmUp([...chunks.calls, ...chunks.rare, ...chunks.options].map((module) => `./${chunkOf(module)}`));
};

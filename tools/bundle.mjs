// dist/bundle: the command line as a few scripts, with V8's compiled form of each beside it. Hundreds of
// modules would cost a start more than the program itself, and generated code is read faster from files than
// from text that V8 parses. esbuild makes chunks of modules that are used together. A script is a list of
// chunks as functions, which bin/trapgate.js calls. The first script has the modules that a start of typical
// programs needs, the last one all chunks of no other script. chunks.json names the scripts between and
// modules in each; rooms reach these by their lazy.ts. Imports of other modules that a start does not need
// are deferred (deferred-imports.mjs). The build finds them: it runs the programs in a bundle where each
// import is deferred.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheOf, folder, load, textOf } from "../bin/trapgate.js";
import { constantTables, inlineConstants } from "./constants.mjs";
import { deferImports } from "./deferred-imports.mjs";
import { top } from "./setup.mjs";

const out = folder;
const target = "node20.19";
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

/** The exports of an ES module, as esbuild writes it, and the text before them. */
const exportsOf = (text) => {
  const exported = /export\{([^}]*)\};?\s*$/.exec(text);
  const pairs = (exported?.[1] ?? "").split(",").filter(Boolean);
  return {
    body: text.slice(0, exported?.index),
    members: pairs.map((item) => item.split(" as ")).map(([own, other = own]) => ({ own, other })),
  };
};

/** The chunks of which others import the exports as an object: a namespace, or at a first use. */
const asObjects = (texts) => {
  const all = [...texts.values()].join("\n");
  return new Set([...all.matchAll(/(?:import\("|\* ?as [\w$]+ ?from")\.\/([^"]+)"/g)].map(([, name]) => name));
};

/**
 * An ES module's text, as esbuild writes it, as a function. Its arguments are a chunk's `require` and
 * bin/trapgate.js's table of the bundle; it returns the module's exports. All imported chunks are loaded
 * before, so that names can be bound at once. The bindings are `var`, as esbuild declares a module's own
 * names: V8 tests at each use of an outer function's `const` that it is bound. Exports are an array unless
 * `objects` has the chunk: V8 makes a hidden class for each member of an object that is made once.
 */
const chunkFunction = (name, texts, objects) => {
  const { body, members } = exportsOf(texts.get(name));
  const bindings = (from, some) => {
    const chunk = from.slice(2);
    const pairs = some.split(",").map((pair) => pair.split(" as ").map((part) => part.trim()));
    if (!from.startsWith("./") || objects.has(chunk))
      return `var{${pairs.map(([there, here = there]) => (here === there ? here : `${there}:${here}`)).join()}}=require("${from}");`;
    const order = exportsOf(texts.get(chunk)).members.map(({ other }) => other);
    const parts = pairs.map(([there, here = there]) => `${here}=$chunk[${order.indexOf(there)}]`);
    return `var $chunk=require("${from}"),${parts.join()};`;
  };
  const text = body
    .replace(
      /(?<=^|[;}\n])import(?:(?: ?([\w$]+) ?)?,?(?:\{([^}]*)\}|\* ?as ([\w$]+) ?)?from)?"([^"]+)";/g,
      (_, byDefault, some, all, from) => {
        const whole = byDefault ?? all;
        const found = [whole && `var ${whole}=require("${from}");`, some && bindings(from, some)].filter(Boolean);
        return found.join("") || `require("${from}");`;
      },
    )
    // Chunks that are imported later are available at once; `await` of a value is allowed.
    .replaceAll('import("./', 'require("./');
  const list = members.map(({ own, other }) => (!objects.has(name) || own === other ? own : `${other}:${own}`)).join();
  return `"./${name}":function(require,bundle){${text}\nreturn${objects.has(name) ? `{${list}}` : `[${list}]`}}`;
};

/**
 * Programs whose run decides about modules. The first ones need those of the script "start", the next ones
 * those of "usual" too, and the last ones those of "hot".
 */
const typical = [
  { names: ["libc-start", "libc-start32"], options: [] },
  { names: ["libc-usual"], options: [] },
  { names: ["libc-start", "loops", "loops32"], options: ["--engine", "jit"] },
];
const run = async (main, { names, options }) => {
  for (const name of names) {
    await main(["run", "--no-start-cache", ...options, join(top, "guest", "bin", name)]);
    if (process.exitCode) throw new Error(`${name} ended with ${process.exitCode}`);
  }
};

/**
 * Makes V8 compile the functions that the typical programs need, for the caches of the scripts "start" and
 * "usual". More functions would cost time to restore. The programs have no output. For the other scripts'
 * caches, all functions are compiled. The script "record" has those of a recorded run.
 */
const warmUp = async (others) => {
  const { main, scripts, chunk } = load();
  const keep = (name) => writeFileSync(cacheOf(name), scripts[name].createCachedData());
  const [starts, ...more] = typical;
  await run(main, starts);
  keep("start");
  for (const programs of more) await run(main, programs);
  for (const name of others) chunk(name);
  const scratch = mkdtempSync(join(tmpdir(), "trapgate-bundle-"));
  await main(["record", "-o", join(scratch, "recording"), "--root", join(top, "guest", "bin"), "/libc-start"]);
  rmSync(scratch, { recursive: true });
  for (const name of Object.keys(scripts)) if (name !== "start") keep(name);
};

/** The bundle's chunks. An import is deferred if `isDeferred(importer, imported)` holds. */
const chunksOf = async (isDeferred) => {
  const { build, transform } = await import("esbuild");
  const tables = await constantTables();
  const { outputFiles, metafile } = await build({
    absWorkingDir: top,
    entryPoints: [join("dist", "cli", "main.js")],
    outdir: out,
    bundle: true,
    splitting: true,
    // Each script names its chunks often, so the names are short.
    chunkNames: "[hash]",
    write: false,
    metafile: true,
    minifyWhitespace: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target,
    define: { "import.meta.url": "bundle.url" },
    // Chunks are made of ES modules; for Node the package has none.
    alias: { yaml: join(top, "node_modules", "yaml", "browser", "index.js") },
    plugins: [
      {
        name: "files, scripts of their own, and deferred imports",
        setup: ({ onLoad }) => {
          onLoad({ filter: /generated\/code\.js$/ }, async () => ({ contents: await fileModule() }));
          // A room's lazy.ts loads modules at their first use. chunks.json assigns each to a script.
          onLoad({ filter: /\/lazy\.js$/ }, ({ path }) => {
            const text = readFileSync(path, "utf8");
            const from = new Map([...text.matchAll(/^import \* as (\w+) from (".*");$/gm)].map(([, name, module]) => [name, module]));
            const rest = text.replace(/^import .*$/gm, "");
            return { contents: rest.replace(/=> (\w+);/g, (_, name) => `=> import(${from.get(name)});`) };
          });
          onLoad({ filter: /\.js$/ }, async ({ path }) => {
            if (!path.startsWith(join(top, "dist", "/"))) return undefined;
            const text = await inlineConstants(transform, target, path, readFileSync(path, "utf8"), tables);
            return { contents: await deferImports(transform, target, path, text, (to) => isDeferred(path, to)) };
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
  const passesOn = (name) => Object.keys(about.get(name).inputs).length === 0;
  /** The chunk with the names that a chunk passes on. */
  const sourceOf = (name) => [...about].find(([, { inputs }]) => about.get(name).entryPoint in inputs)?.[0];
  /** The modules in a chunk; of one that only passes names on, the module whose names these are. */
  const modulesOf = (name) => {
    const { inputs, entryPoint } = about.get(name);
    return passesOn(name) ? [entryPoint] : Object.keys(inputs);
  };
  /** Chunks that one loads when it needs them. */
  const loadedBy = (name) => {
    const { imports } = about.get(name);
    return imports.filter(({ kind, external }) => kind === "dynamic-import" && !external).map(({ path }) => basename(path));
  };
  return { texts, needs, entryOf, modulesOf, passesOn, sourceOf, loadedBy, chunkOf: (module) => entryOf(join("dist", module)) };
};

/** Writes the scripts: `placed` says for each chunk in which it is, `names` in which order they are. */
const write = (texts, main, placed, names, at = out) => {
  const elsewhere = Object.fromEntries(
    [...placed].filter(([, script]) => script !== "start").map(([name, script]) => [`./${name}`, script]),
  );
  const objects = asObjects(texts).add(main);
  for (const script of names) {
    const own = [...placed].filter(([, where]) => where === script).map(([name]) => chunkFunction(name, texts, objects));
    const index = script === "start" ? `main:"./${main}",elsewhere:${JSON.stringify(elsewhere)},` : "";
    writeFileSync(textOf(script, at), `({${index}chunks:{${own.join(",")}}})`);
  }
};

/** How far modules are from a start: the index of the first list of typical programs that need one. */
const distances = async () => {
  const { texts, modulesOf, chunkOf } = await chunksOf(() => true);
  const scratch = mkdtempSync(join(tmpdir(), "trapgate-bundle-"));
  write(texts, chunkOf("cli/main.js"), new Map([...texts.keys()].map((name) => [name, "start"])), ["start"], scratch);
  const { main, evaluated } = load(scratch);
  rmSync(scratch, { recursive: true });
  const distance = new Map();
  for (const [index, programs] of typical.entries()) {
    await run(main, programs);
    for (const path of evaluated().flatMap((name) => modulesOf(basename(name)))) if (!distance.has(path)) distance.set(path, index);
  }
  // A program of a file system that is mounted nosuid has no capabilities, so there the start does not need
  // them.
  // The bundle is the same wherever the clone lies.
  distance.set(join("dist", "kernel", "cred", "file-caps.js"), 0);
  return (path) => distance.get(path) ?? typical.length;
};

/** Tables by name, of which a run uses few entries. */
const TABLES = /\/machine\/snapshot\/(?:classes|constants)\.js$/;

/** The scripts' chunks by the scripts' names, in their order, and what else `bundle` needs. */
export const planned = async () => {
  const distance = await distances();
  const of = (path) => distance(relative(top, path));
  const { texts, needs, entryOf, modulesOf, passesOn, sourceOf, loadedBy, chunkOf } = await chunksOf(
    (from, to) => !/\/lazy\.js$/.test(to) && of(to) > (TABLES.test(from) ? 0 : of(from)),
  );
  const main = chunkOf("cli/main.js");
  const listed = Object.entries(JSON.parse(readFileSync(join(top, "tools", "chunks.json"), "utf8")));
  // A feature of the kernel may have been removed.
  const exists = (module) => existsSync(join(top, "src", module.replace(/js$/, "ts")));
  const chunks = Object.fromEntries(listed.map(([script, modules]) => [script, modules.filter(exists)]));
  const named = new Set(Object.values(chunks).flat().map(chunkOf));
  const start = [...needs(main), ...needs(chunkOf("cli/commands/run.js"))];
  const usual = [...texts.keys()].filter((name) => !named.has(name) && modulesOf(name).some((path) => distance(path) === 1));
  const parts = { start };
  // What only unusual programs need is behind deferred imports of the first two scripts.
  const deferredOf = (rooms) =>
    [...start, ...usual]
      .filter((name) => name !== main)
      .flatMap(loadedBy)
      .filter((name) => modulesOf(name).some((path) => rooms.test(path)));
  const more = {
    hot: () => deferredOf(/./).filter((name) => modulesOf(name).some((path) => distance(path) === 2)),
    usual: () => usual,
    rare: () => deferredOf(/^dist\/(?:(?:abi|wasm|cpu|memory|seccomp|kernel)\/|[^/]*$)/),
    options: () => deferredOf(/^dist\//),
  };
  for (const [script, modules] of Object.entries(chunks)) {
    const found = more[script]?.().filter((name) => !named.has(name)) ?? [];
    parts[script] = [...modules.map(chunkOf), ...found].flatMap((name) => needs(name));
  }
  // A library of one format.
  parts.yaml = needs(entryOf(join("node_modules", "yaml", "browser", "index.js")));
  parts.rest = [...texts.keys()];
  // A chunk belongs to the first script that names it; one that only passes names on, to that of the names.
  const placed = new Map();
  for (const [script, list] of Object.entries(parts))
    for (const name of list) if (!placed.has(name) && !passesOn(name)) placed.set(name, script);
  for (const name of texts.keys()) if (passesOn(name)) placed.set(name, placed.get(sourceOf(name)) ?? "start");
  const others = [...chunks.usual, ...chunks.rare, ...chunks.options].map((module) => `./${chunkOf(module)}`);
  return { texts, main, placed, scripts: Object.keys(parts), others, modulesOf };
};

export const bundle = async () => {
  // V8 accepts a cache for any text of the same length.
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { texts, main, placed, scripts, others } = await planned();
  write(texts, main, placed, scripts);
  await warmUp(others);
};

#!/usr/bin/env node
// Loads the bundled command line, with V8's compiled form of it if this Node can use the one that the build left.
// Compiling the text takes a third of a start otherwise. Node's own cache (module.enableCompileCache) came with Node 22.
// A CommonJS module, and one file: Node starts it sooner than an ES module, and needs no second look-up.
const { closeSync, existsSync, fstatSync, openSync, readSync } = require("node:fs");
const { join } = require("node:path");
const vm = require("node:vm");

const folder = join(__dirname, "..", "dist", "bundle");
const textOf = (script) => join(folder, `${script}.js`);
const cacheOf = (script) => join(folder, `${script}.cache`);

/**
 * What V8 is told, all of it here and before anything is compiled: V8 refuses a cache that was made under other flags.
 * Of the thousands of handlers a program meets a few: each is validated when it is first called, which is a fifth of a start.
 * The young heap is so small that threads which share its collection cost more than they help; and it does not grow by doubling: what lives through a
 * collection is copied. To grow by more than this costs a start more in the kernel of the host than it saves.
 * Branch hints keep what rarely happens in generated code, such as misses of the TLB, away from what mostly does. Loops that are unrolled are no
 * faster, and take long to compile.
 */
const flags = [
  "--wasm-lazy-validation",
  "--no-parallel-scavenge",
  "--semi-space-growth-factor=4",
  "--experimental-wasm-branch-hinting",
  "--no-wasm-loop-unrolling",
];
/**
 * By Node's version, those that have been tried: a V8 that lacks a flag complains about it on standard error.
 * V8 of Node 20 makes code of ours faster, on threads beside us, that is ready when a short program has ended, and costs more than the program did: it begins with
 * JavaScript that has run for fifteen times as long as it thinks enough, with WebAssembly after as much as later versions wait for. And it gives the registers of large
 * functions, which trace trees are, by an allocator that is quick, and spills most of them (MachineOptions.largeTraces); later ones have it no more.
 * That of Node 24 has a second compiler, which begins with functions that were called a tenth as often.
 */
const besides = {
  20: ["--interrupt-budget=1000000", "--wasm-tiering-budget=12000000", "--no-turbo-use-mid-tier-regalloc-for-huge-functions"],
  22: [],
  24: ["--invocation-count-for-maglev=4000"],
};
const allFlags = () => {
  const ofThis = besides[process.versions.node.split(".")[0]];
  return ofThis ? [...flags, ...ofThis] : [];
};

/** As node:v8 does, which brings Node's streams along, a fortieth of a start: what is below it does not, but complains. */
const setFlags = () => {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    const { setFlagsFromString } = process.binding("v8");
    for (const flag of allFlags()) setFlagsFromString(flag);
  } catch {
    const { setFlagsFromString } = require("node:v8");
    for (const flag of allFlags()) setFlagsFromString(flag);
  } finally {
    process.noDeprecation = noDeprecation;
  }
};

/**
 * What files are read into, one after the other: what is read is there until the next one is. Memory that is given back for each would be taken from the host
 * anew, page by page, and what the machine asks for would be what was used before, and have to be cleared.
 */
let buffer = Buffer.allocUnsafeSlow(1 << 21);
const bytesOf = (file) => {
  const fd = openSync(file);
  try {
    const { size } = fstatSync(fd);
    if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size);
    let end = 0;
    for (let n = -1; n !== 0 && end < size; end += n) n = readSync(fd, buffer, end, size - end);
    return buffer.subarray(0, end);
  } finally {
    closeSync(fd);
  }
};

/** Undefined in a clone that is not built yet. `scripts`: those of the bundle (tools/bundle.mjs) that have been read so far, by name. */
const load = () => {
  setFlags();
  if (!existsSync(textOf("start"))) return undefined;
  const scripts = {};
  const read = (name) => {
    const filename = textOf(name);
    const text = bytesOf(filename).latin1Slice();
    const cache = existsSync(cacheOf(name)) ? { cachedData: bytesOf(cacheOf(name)) } : {};
    scripts[name] = new vm.Script(text, { filename, ...cache });
    return scripts[name].runInThisContext();
  };
  // To work out a URL takes a hundredth of a start.
  const bundle = {
    /** A file of the bundle; `lasts`: beyond the next one. */
    read: (name, lasts) => {
      const bytes = bytesOf(join(folder, name));
      return lasts ? new Uint8Array(bytes) : bytes;
    },
    get url() {
      return require("node:url").pathToFileURL(textOf("start")).href;
    },
  };
  const { main, chunks, elsewhere } = read("start");
  const exported = new Map();
  const chunk = (name) => {
    if (!name.startsWith("./")) return require(name);
    if (!exported.has(name)) {
      if (!(name in chunks)) Object.assign(chunks, read(elsewhere[name]).chunks);
      exported.set(name, chunks[name](chunk, bundle));
    }
    return exported.get(name);
  };
  return { main: chunk(main).main, scripts, chunk };
};

module.exports = { folder, textOf, cacheOf, load };

if (require.main === module) {
  const loaded = load();
  if (loaded) {
    // All is done and written when it returns (pipes are slower on Windows): to end at once spares V8 from taking its heap apart, a thirtieth of a start.
    loaded.main(process.argv.slice(2)).then(() => process.platform === "win32" || process.exit());
  } else {
    console.error("trapgate: this clone is not built yet: run `npm start` once");
    process.exitCode = 125;
  }
}

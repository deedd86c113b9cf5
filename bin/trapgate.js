#!/usr/bin/env node
// Loads the bundled command line, with V8's compiled form of it if there is one that this Node.js accepts.
// Without it V8 compiles the text at every start. A clone has the form that its build made, for the
// Node.js of the build. For others, and in an installed package, the first run leaves it in the user's
// cache (caches.js), because each V8 accepts its own only. Node's own cache (module.enableCompileCache)
// exists since Node 22 only. This file is one CommonJS module, because Node.js starts an ES module more
// slowly and with a second look-up.
const { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } = require("node:fs");
const { isAbsolute, join } = require("node:path");
const vm = require("node:vm");

const folder = join(__dirname, "..", "dist", "bundle");
const textOf = (script, at = folder) => join(at, `${script}.js`);
/** A compiled form is of use to the V8 that made it only, so the name says which. */
const cacheOf = (script, at = folder) => join(at, `${script}-${process.versions.v8}-${process.arch}.cache`);

/**
 * The flags of V8. All of them are set here, before anything is compiled: V8 refuses a cache that was made
 * under other flags.
 * - Lazy validation: a program uses few of the thousands of handlers, so each is validated at its first call.
 * - Young generation: it is so small that threads that share its collection cost more than they help. It does
 *   not grow by doubling, because a collection copies each object that survives, and growth costs host time.
 * - The growth of the rest of the heap is V8's own, unless guests have little memory.
 * - Branch hints move rare code, such as TLB misses, out of the way of common code.
 * - Unrolled loops are no faster, and take long to compile.
 */
const flags = [
  "--wasm-lazy-validation",
  "--no-parallel-scavenge",
  "--semi-space-growth-factor=4",
  "--heap-growing-percent=0",
  "--experimental-wasm-branch-hinting",
  "--no-wasm-loop-unrolling",
];
/**
 * More flags by the version of Node.js, for the versions that were tried. A V8 that lacks a flag complains
 * about it on standard error. Node 20 optimises our code on other threads too early: a short program has
 * ended before the optimised code is ready. So JavaScript and WebAssembly wait for as many executions as in
 * later versions. It also gives large functions, such as trace trees, a fast register allocator that spills
 * most registers (`largeTraces`). Later versions have no such allocator. Node 24 has a second optimising
 * compiler, which starts much earlier, and hands functions on after 3000 calls: a start has ended before
 * that pays.
 */
const besides = {
  20: ["--interrupt-budget=1000000", "--wasm-tiering-budget=12000000", "--no-turbo-use-mid-tier-regalloc-for-huge-functions"],
  22: [],
  24: ["--invocation-count-for-maglev=8000", "--invocation-count-for-turbofan=100000"],
};
const allFlags = () => {
  const ofThis = besides[process.versions.node.split(".")[0]];
  return ofThis ? [...flags, ...ofThis] : [];
};

/** Flags that the command line has set since (src/host/node-internals.ts); undefined if it has not. */
const lateFlags = () => globalThis[Symbol.for("trapgate.lateFlags")];

/**
 * Sets flags through the binding below node:v8. node:v8 would load Node's streams. The binding works, but
 * prints a deprecation warning.
 */
const setFlags = (wanted) => {
  const { noDeprecation } = process;
  if (!noDeprecation) process.noDeprecation = true;
  try {
    const { setFlagsFromString } = process.binding("v8");
    for (const flag of wanted) setFlagsFromString(flag);
  } catch {
    const { setFlagsFromString } = require("node:v8");
    for (const flag of wanted) setFlagsFromString(flag);
  } finally {
    if (!noDeprecation) process.noDeprecation = noDeprecation;
  }
};

/**
 * The buffer for file contents. Each read overwrites the previous one. One buffer avoids that the host's
 * kernel gives fresh, cleared pages for each file.
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

/** Empty: a user without an entry in the passwd file, as in a container. */
const homeOf = () => {
  try {
    return require("node:os").homedir();
  } catch {
    return "";
  }
};
/**
 * The user's folder of compiled forms of this build's scripts. It lies in the folder of `trapgate cache`
 * (src/host/node-code-store.ts).
 */
const userCaches = () => {
  const { XDG_CACHE_HOME: base = "", HOME: home = homeOf() } = process.env;
  if (!isAbsolute(base) && !isAbsolute(home)) return undefined;
  const build = readFileSync(join(folder, "..", ".stamp"), "latin1").slice(0, 16);
  return join(isAbsolute(base) ? base : join(home, ".cache"), "trapgate", "scripts", build);
};
/** V8 trusts a compiled form. So it is read only if no other user can have written it. */
const privateBytes = (file) => {
  try {
    const fd = openSync(file);
    const { uid, mode } = fstatSync(fd);
    closeSync(fd);
    return (process.getuid && uid !== process.getuid()) || mode & 0o022 ? undefined : bytesOf(file);
  } catch {
    return undefined;
  }
};

/**
 * The bundle whose scripts are in `at`. Undefined in a clone that is not built yet. For tools/bundle.mjs:
 * `scripts`, those that were loaded so far, by name; `evaluated`, the names of chunks that began. `lacking`:
 * scripts without a compiled form that V8 accepted, and the folder for them, which `others` names if the
 * build has left none.
 */
const load = (at = folder, others = undefined) => {
  setFlags(allFlags());
  if (!existsSync(textOf("start", at))) return undefined;
  const scripts = {};
  const own = others && !existsSync(cacheOf("start", at)) ? others() : undefined;
  const lacking = own && { folder: own, names: [] };
  const read = (name) => {
    const filename = textOf(name, at);
    const text = bytesOf(filename).latin1Slice();
    const found = lacking ? privateBytes(cacheOf(name, lacking.folder)) : existsSync(cacheOf(name, at)) && bytesOf(cacheOf(name, at));
    const cache = found ? { cachedData: found } : {};
    // V8 accepts a cache only under the flags under which it was made.
    const late = lateFlags();
    if (late) setFlags(allFlags());
    scripts[name] = new vm.Script(text, { filename, ...cache });
    if (late) setFlags(late);
    if (lacking && (!found || scripts[name].cachedDataRejected)) lacking.names.push(name);
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
  return { main: chunk(main).main, scripts, lacking, chunk, evaluated: () => [...exported.keys()] };
};

module.exports = { folder, textOf, cacheOf, load };

if (require.main === module) {
  const loaded = load(folder, userCaches);
  if (loaded) {
    // All output is written when main returns, except on Windows, where pipes are slower. process.exit spares
    // V8 the teardown of its heap.
    const args = process.argv.slice(2);
    loaded.main(args).then(() => {
      if (loaded.lacking?.names.length > 0) {
        // V8 accepts a form only under the flags under which it was made.
        if (lateFlags()) setFlags(allFlags());
        require("./caches.js").keep(loaded, args);
      }
      if (process.platform !== "win32") process.exit();
    });
  } else {
    console.error("trapgate: this clone is not built yet: run `npm start` once");
    process.exitCode = 125;
  }
}

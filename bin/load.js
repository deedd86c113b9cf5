// Loads the bundled command line, with V8's compiled form of it if this Node can use the one that the build left.
// Compiling the text takes a third of a start otherwise. Node's own cache (module.enableCompileCache) came with Node 22.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import vm from "node:vm";

export const folder = new URL("../dist/bundle/", import.meta.url);
export const cacheFile = new URL("main.cache", folder);

/**
 * What V8 is told, all of it here and before anything is compiled: V8 refuses a cache that was made under other flags.
 * Of the thousands of handlers a program meets a few: each is validated when it is first called, which is a fifth of a start. Branch hints
 * keep what rarely happens in generated code, such as misses of the TLB, away from what mostly does; Node 20 and 22 know them and do not
 * use them unasked. The young heap is so small that threads which share its collection cost more than they help. A V8 that lacks a flag complains about it on standard error.
 */
const flags = [
  "--wasm-lazy-validation",
  "--no-parallel-scavenge",
  ...(/^v2[02]\./.test(process.version) ? ["--experimental-wasm-branch-hinting"] : []),
];

/** Undefined in a clone that is not built yet. */
export const load = () => {
  for (const flag of flags) v8.setFlagsFromString(flag);
  const file = new URL("main.cjs", folder);
  if (!existsSync(file)) return undefined;
  const script = new vm.Script(`(function (require, module, exports, bundleUrl) {${readFileSync(file, "latin1")}\n})`, {
    filename: fileURLToPath(file),
    ...(existsSync(cacheFile) ? { cachedData: readFileSync(cacheFile) } : {}),
  });
  const module = { exports: {} };
  script.runInThisContext()(createRequire(file), module, module.exports, file.href);
  return { main: module.exports.main, script };
};

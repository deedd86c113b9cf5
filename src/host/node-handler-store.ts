// V8's machine code for the generated modules between runs, in the user's cache: handlers of instructions,
// and routines. V8 compiles a function with its optimiser when it has been called often, in each run anew.
// So most handlers that a start calls would have the slow code of the first tier.
import type { HandlerStore } from "../cpu/handler-store.ts";
import { attempt, cacheFile, cachePath, noteUse, readCacheFile, readOwn, writeOwn } from "./node-cache-files.ts";
import { withNatives } from "./node-native-code.ts";

/** One run of so many looks for handlers that earlier runs have not called: it takes some milliseconds. */
const runsPerLook = 8;
/** Of so many handlers that are kept, one more makes it worth writing the file again. */
const keptPerNew = 32;

/**
 * `host`: what V8's code depends on; undefined if none is kept. `looks`: this run looks for more handlers.
 */
export const nodeHandlerStore = (
  folder: string,
  host: () => readonly unknown[] | undefined,
  looks = process.pid % runsPerLook === 0,
): HandlerStore => {
  /** Handlers of the modules that have come from the cache. */
  const kept = new Map<string, number>();
  const identityOf = (name: string): string | undefined => {
    const known = host();
    return known && JSON.stringify([known, "generated", name]);
  };
  return {
    get reused() {
      return [...kept.values()].reduce((sum, handlers) => sum + handlers, 0);
    },
    module: (name, wasm) =>
      attempt(() => {
        const identity = identityOf(name);
        const path = identity === undefined ? undefined : cachePath(folder, identity);
        const found = path === undefined ? undefined : readCacheFile(readOwn(path));
        if (found?.label.identity !== identity || found === undefined) return undefined;
        const code = found.bytes.buffer.slice(found.bytes.byteOffset, found.bytes.byteOffset + found.bytes.length) as ArrayBuffer;
        const module = withNatives(({ deserialize }) => deserialize(code, wasm()));
        if (!module) return undefined;
        kept.set(name, found.label.handlers ?? 0);
        noteUse(path as string);
        return module;
      }),
    save: (modules) => {
      for (const { name, module, functions } of modules) {
        const identity = identityOf(name);
        if (identity === undefined || (kept.has(name) && !looks)) continue;
        attempt(() => {
          const file = codeOf(module, functions(), kept.get(name) ?? 0);
          if (file) writeOwn(folder, cachePath(folder, identity), cacheFile({ identity, name, handlers: file.handlers }, "", [file.code]));
        });
      }
    },
  };
};

/**
 * The optimised code of functions that have been called; undefined if it is hardly more than what is kept.
 */
const codeOf = (
  module: WebAssembly.Module,
  functions: Iterable<WebAssembly.ExportValue>,
  kept: number,
): { readonly handlers: number; readonly code: Uint8Array } | undefined =>
  withNatives(({ isOptimised, isBaseline, optimise, serialize }) => {
    const called: WebAssembly.ExportValue[] = [];
    let optimised = 0;
    for (const callee of functions)
      if (isOptimised(callee)) optimised++;
      else if (isBaseline(callee)) called.push(callee);
    if (optimised + called.length <= kept + kept / keptPerNew) return undefined;
    for (const callee of called) optimise(callee);
    const handlers = optimised + called.filter((callee) => isOptimised(callee)).length;
    return handlers === 0 ? undefined : { handlers, code: new Uint8Array(serialize(module)) };
  });

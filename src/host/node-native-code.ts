// V8's machine code for WebAssembly modules, as bytes.
import vm from "node:vm";
import { setFlagsFromString } from "./node-internals.ts";

interface Natives {
  /** V8 ends the process if no function of the module is optimised. */
  serialize(module: WebAssembly.Module): ArrayBuffer;
  deserialize(code: ArrayBuffer, wasm: Uint8Array): WebAssembly.Module | undefined;
  isOptimised(callee: WebAssembly.ExportValue): boolean;
  /** It has been called, and has the code of V8's first tier. */
  isBaseline(callee: WebAssembly.ExportValue): boolean;
  optimise(callee: WebAssembly.ExportValue): void;
}
let natives: Natives | undefined;
/**
 * V8 keeps modules for browsers, and shows no more of that to Node than to its own tests:
 * https://v8.dev/blog/wasm-code-caching. Its flag is set for each call: V8 compiles a function anew that has
 * not been called for long, and compares all flags with those that code was made under.
 */
export const withNatives = <T>(use: (natives: Natives) => T): T | undefined => {
  setFlagsFromString("--allow-natives-syntax");
  try {
    natives ??= vm.runInThisContext(`({
      serialize: (module) => %SerializeWasmModule(module),
      deserialize: (code, wasm) => %DeserializeWasmModule(code, wasm),
      isOptimised: (callee) => %IsTurboFanFunction(callee),
      isBaseline: (callee) => %IsLiftoffFunction(callee),
      optimise: (callee) => %WasmTierUpFunction(callee),
    })`) as Natives;
    return use(natives);
  } catch {
    // Another V8.
    return undefined;
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
  }
};

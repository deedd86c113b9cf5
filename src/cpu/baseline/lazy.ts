// The compiler of the baseline tier, loaded when the first block is warm. tools/chunks.json assigns it to a
// chunk of the bundle.
import * as compiler from "./compiler.ts";

/** The module of the compiler. */
export const lazyCompiler = (): typeof compiler => compiler;

// Reading and writing of kept starts, which most short programs do not need. tools/chunks.json assigns it to
// a script.
import * as kept from "./kept.ts";

/** The module, loaded at the first use. */
export const lazyKept = (): typeof kept => kept;

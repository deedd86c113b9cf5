// The oracle as a lazy chunk, loaded at the first single step. tools/chunks.json assigns its chunk.
import * as evaluate from "./evaluate.ts";

/** The module of the oracle. */
export const lazyEvaluate = (): typeof evaluate => evaluate;

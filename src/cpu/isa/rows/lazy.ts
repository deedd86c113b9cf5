// The rows as a lazy chunk, loaded at the first use of a meaning. tools/chunks.json assigns its chunk.
import * as rows from "./index.ts";

/** The module of the families. */
export const lazyRows = (): typeof rows => rows;

// Rarely used parts, loaded at first use.
import * as zstd from "./zstd.ts";

/** The module, loaded at the first use. */
export const lazyZstd = (): typeof zstd => zstd;

// The file system, loaded at its first mount. tools/chunks.json assigns it to a chunk of the bundle.
import * as ext2 from "./ext2.ts";

/** The module with the file system. */
export const lazyExt2 = (): typeof ext2 => ext2;

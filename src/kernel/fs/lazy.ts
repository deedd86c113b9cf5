// The files of /proc/PID/net, and ext2, loaded at their first use. tools/chunks.json assigns them to chunks
// of the bundle.
import * as netTables from "../net/tables.ts";
import * as ext2 from "./ext2/ext2.ts";

/** The module with the files. */
export const lazyNetTables = (): typeof netTables => netTables;
/** The module with the file system. */
export const lazyExt2 = (): typeof ext2 => ext2;

// The files of /proc/PID/net, loaded at their first use. tools/chunks.json assigns them to a chunk of the
// bundle.
import * as netTables from "./tables.ts";

/** The module with the files. */
export const lazyNetTables = (): typeof netTables => netTables;

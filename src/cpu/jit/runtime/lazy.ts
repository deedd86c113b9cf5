// The region table, loaded when code is hot. tools/chunks.json assigns it to a chunk of the bundle.
import * as regionTable from "./region-table.ts";

/** The module of the region table. */
export const lazyRegionTable = (): typeof regionTable => regionTable;

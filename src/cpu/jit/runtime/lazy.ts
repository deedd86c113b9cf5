// The region table, loaded when code is hot: in which script of the command line, tools/chunks.json says.
import * as regionTable from "./region-table.ts";

export const lazyRegionTable = (): typeof regionTable => regionTable;

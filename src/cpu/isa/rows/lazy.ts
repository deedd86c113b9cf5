// The rows, loaded when the meaning of one is asked for: in which script of the command line, tools/chunks.json says.
import * as rows from "./index.ts";

export const lazyRows = (): typeof rows => rows;

// The way to hot.ts. The command line's bundle has what is behind it in a file of its own, and reads that file when somebody first comes here
// (tools/bundle.mjs): a quarter of a start's code.
import * as hot from "./hot.ts";

export const whenHot = (): typeof hot => hot;

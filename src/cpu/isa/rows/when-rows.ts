// The way to the rows' families, which the command line's bundle has in a script of its own (cpu/when-hot.ts): what rows do is asked where regions are made.
import * as families from "./index.ts";

export const whenRows = (): typeof families => families;

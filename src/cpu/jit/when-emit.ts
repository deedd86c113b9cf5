// The way to emit.ts, which the command line's bundle has in a script of its own (when-hot.ts): a run that finds all its regions made by earlier ones makes none.
import * as emit from "./emit.ts";

export const whenEmit = (): typeof emit => emit;

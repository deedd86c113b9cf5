// The way to region-emitter.ts, which the command line's bundle has in a script of its own (when-hot.ts): a run that finds all its regions made by earlier ones makes none.
import * as emit from "./region-emitter.ts";

export const whenEmit = (): typeof emit => emit;

// The way to asked.ts, which the command line's bundle has in a script of its own, as cpu/when-hot.ts says.
import * as asked from "./asked.ts";

export const whenAsked = (): typeof asked => asked;

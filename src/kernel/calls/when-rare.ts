// The way to rare.ts, which the command line's bundle has in a script of its own, as cpu/when-hot.ts says.
import * as rare from "./rare.ts";

export const whenRare = (): typeof rare => rare;

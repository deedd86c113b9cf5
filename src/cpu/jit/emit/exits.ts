// Ways out of a region. What stands in locals only is stored where control leaves, at each place by itself: if it went to a common place, each
// constant that it may hold there would be a value that lives in a register on all ways to there. What follows then is the same for many.
import { exitCode } from "../../machine/exit.ts";

/** To the dispatcher, with all in the state page; to another region if one begins there, else to whoever called; to whoever called. */
export type Manner = "leave" | "jump" | "return";
export const mannerOf = (code: number): Manner => (code === exitCode.jumped ? "jump" : code === exitCode.returned ? "return" : "leave");
/** In the order of their labels around all code of a region, from the innermost. */
export const manners: readonly Manner[] = ["jump", "return", "leave"];

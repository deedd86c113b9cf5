// The exits of a region. Each exit stores the registers that are in locals only, by code of its own. In a
// common exit, every constant that such a local may hold would occupy a register on all paths to that exit.
// The code after the stores is the same for many exits and is shared.
import { exitCode } from "../../machine/exit.ts";

/**
 * Kind "leave" returns to the dispatcher, with everything in the state page. Kind "jump" enters another
 * region if one begins at the target, and otherwise returns to the caller. Kind "return" returns to the
 * caller.
 */
export type ExitKind = "leave" | "jump" | "return";
/** The exit kind of an exit code. */
export const exitKindOf = (code: number): ExitKind => (code === exitCode.jumped ? "jump" : code === exitCode.returned ? "return" : "leave");
/** In the order of their labels around the code of a region, from the innermost. */
export const exitKinds: readonly ExitKind[] = ["jump", "return", "leave"];

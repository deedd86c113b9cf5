// All instruction rows at once, for those who read them all. A processor works out the families that a program meets (instructions.ts).
import type { Row } from "../row.ts";
import { families } from "./index.ts";

/** All rows of the instruction set, in the order of the sources. */
export const rows: readonly Row[] = Object.values(families).flatMap((family) => family());

// All instruction rows, for readers of the whole set. A processor evaluates only the families that a program
// uses (instructions.ts).
import type { Row } from "../row.ts";
import { families } from "./index.ts";

/** All rows of the instruction set, in the order of the sources. */
export const rows: readonly Row[] = Object.values(families).flatMap((family) => family());

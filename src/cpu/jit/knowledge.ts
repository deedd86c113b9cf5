// What is known where control is, when code is written: of flags, of how values differ, and of memory. It is followed along the region's ways.
import type { FloatsKnown } from "./float-runs.ts";
import type { Known } from "./lazy-flags.ts";
import { type Nearby, Places } from "./places.ts";

/** What is known where control is. */
export interface Knowledge extends Nearby {
  readonly flags: Known | undefined;
  readonly floats: FloatsKnown | undefined;
}
export const nothingKnown: Knowledge = { flags: undefined, floats: undefined, origins: [], places: [], sure: [], contents: [] };
/** What holds whichever of the ways control came. */
export const meet = (ways: readonly Knowledge[]): Knowledge => {
  if (ways.length === 1) return ways[0]!;
  const flags = ways[0]?.flags;
  const floats = ways[0]?.floats;
  return {
    flags: ways.every((way) => way.flags === flags) ? flags : undefined,
    floats: ways.every((way) => way.floats === floats) ? floats : undefined,
    ...Places.meet(ways),
  };
};

// What is known where control is, when code is written: of flags, of how values differ, and of memory. It is followed along the region's ways.
import type { FloatsKnown } from "../emit/sse-batch.ts";
import type { Known } from "./lazy-flags.ts";
import type { Comparison } from "./loop-flags.ts";
import { type Nearby, Places } from "./translation-reuse.ts";

/** What is known where control is. */
export interface Knowledge extends Nearby {
  readonly flags: Known | undefined;
  /** What the flags were written from. */
  readonly last: Comparison | undefined;
  readonly floats: FloatsKnown | undefined;
}
export const nothingKnown: Knowledge = {
  flags: undefined,
  last: undefined,
  floats: undefined,
  origins: [],
  places: [],
  sure: [],
  contents: [],
};
/** What holds whichever of the ways control came. */
export const meet = (ways: readonly Knowledge[]): Knowledge => {
  if (ways.length === 1) return ways[0]!;
  const flags = ways[0]?.flags;
  const last = ways[0]?.last;
  const floats = ways[0]?.floats;
  return {
    flags: ways.every((way) => way.flags === flags) ? flags : undefined,
    last: ways.every((way) => way.last === last) ? last : undefined,
    floats: ways.every((way) => way.floats === floats) ? floats : undefined,
    ...Places.meet(ways),
  };
};

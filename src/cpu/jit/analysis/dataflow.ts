// What is known where control is, when code is written: of flags, of how values differ, and of memory. It is followed along the region's ways.
import type { SseState } from "../emit/sse-batch.ts";
import type { FlagFacts } from "./lazy-flags.ts";
import type { Comparison } from "./loop-flags.ts";
import { type ReuseState, TranslationReuse } from "./translation-reuse.ts";

/** What is known where control is. */
export interface DataflowState extends ReuseState {
  readonly flags: FlagFacts | undefined;
  /** What the flags were written from. */
  readonly comparison: Comparison | undefined;
  readonly sse: SseState | undefined;
}
export const nothingKnown: DataflowState = {
  flags: undefined,
  comparison: undefined,
  sse: undefined,
  origins: [],
  translations: [],
  verified: [],
  values: [],
};
/** What holds whichever of the ways control came. */
export const meet = (ways: readonly DataflowState[]): DataflowState => {
  if (ways.length === 1) return ways[0]!;
  const flags = ways[0]?.flags;
  const last = ways[0]?.comparison;
  const floats = ways[0]?.sse;
  return {
    flags: ways.every((way) => way.flags === flags) ? flags : undefined,
    comparison: ways.every((way) => way.comparison === last) ? last : undefined,
    sse: ways.every((way) => way.sse === floats) ? floats : undefined,
    ...TranslationReuse.meet(ways),
  };
};

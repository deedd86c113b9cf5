// The state of the dataflow analysis at one point of a region: facts about flags, about differences between
// values, and about memory. The emitter carries it along the edges of the graph.
import type { SseState } from "./float-bounds.ts";
import type { FlagFacts } from "./lazy-flags.ts";
import type { FlagsOperation } from "./loop-flags.ts";
import { type ReuseState, TranslationReuse } from "./translation-reuse.ts";

/** The facts that hold at one point of the code. */
export interface DataflowState extends ReuseState {
  readonly flags: FlagFacts | undefined;
  /** The operands that the flags were computed from. */
  readonly comparison: FlagsOperation | undefined;
  readonly sse: SseState | undefined;
}
/** The state without facts. */
export const nothingKnown: DataflowState = {
  flags: undefined,
  comparison: undefined,
  sse: undefined,
  origins: [],
  translations: [],
  verified: [],
  values: [],
};
/** The facts that hold on all incoming edges. */
export const meet = (states: readonly DataflowState[]): DataflowState => {
  if (states.length === 1) return states[0]!;
  const flags = states[0]?.flags;
  const last = states[0]?.comparison;
  const floats = states[0]?.sse;
  return {
    flags: states.every((state) => state.flags === flags) ? flags : undefined,
    comparison: states.every((state) => state.comparison === last) ? last : undefined,
    sse: states.every((state) => state.sse === floats) ? floats : undefined,
    ...TranslationReuse.meet(states),
  };
};

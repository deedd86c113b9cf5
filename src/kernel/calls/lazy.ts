// The calls of on-demand.ts and rare.ts, loaded at the first use of one. tools/chunks.json assigns each to a
// script of the bundle.
import * as onDemand from "./on-demand.ts";
import * as rare from "./rare.ts";

/** The module with the calls of shells and tools. */
export const lazyCalls = (): typeof onDemand => onDemand;
/** The module with all others. */
export const lazyRareCalls = (): typeof rare => rare;

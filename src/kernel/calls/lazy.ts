// The calls of on-demand.ts, loaded at the first use of one. tools/chunks.json assigns them to a chunk of the
// bundle.
import * as onDemand from "./on-demand.ts";

/** The module with the lazy calls. */
export const lazyCalls = (): typeof onDemand => onDemand;

// The system calls that loaders and C libraries do not make, loaded at the first of them: in which script of the command line, tools/chunks.json says.
import * as onDemand from "./on-demand.ts";

export const lazyCalls = (): typeof onDemand => onDemand;

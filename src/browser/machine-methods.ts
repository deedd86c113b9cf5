// The methods of trapgate's own worker: a machine, and the search for races.

import { checkExploreOptions, checkProgram } from "../machine/api/check.ts";
import { bootOptions } from "../machine/api/stores.ts";
import { momentOf, timeBefore } from "./inspect.ts";
import type { MachineMethods } from "./protocol.ts";
import { runRecorded, withRoot } from "./run.ts";
import type { Served } from "./serve.ts";

/** The methods of trapgate's own worker: run a program, search for a race, look at a moment of a run. */
export const machineMethods: Served<MachineMethods> = {
  run: (params, context) => runRecorded(params, context),
  inspect: async ({ at, before = false, memory, ...given }) => {
    const { program, options } = await withRoot(given);
    const booted = bootOptions(options);
    return momentOf(program, booted, before ? timeBefore(program, booted, at) : at, memory);
  },
  explore: async ({ program, options = {} }) => {
    checkProgram(program);
    checkExploreOptions(options);
    // A search is a part of its own: most pages only run programs.
    const { explore } = await import("../machine/api/explore.ts");
    const { violation, ...found } = await explore(program, options);
    if (!violation) return { ...found, violation };
    const { run, ...told } = violation;
    return { ...found, violation: { ...told, trace: run.trace } };
  },
};

// `explore` and `replay` for library users: options are checked first.
import { replay as again, explore as search } from "../explore/explore.ts";
import type { Exploration, ExploreOptions } from "../explore/options.ts";
import type { Program } from "../options.ts";
import { checkExploreOptions, checkProgram, checkReplayOptions } from "./check.ts";
import { bootOptions } from "./stores.ts";

/**
 * Searches for a schedule under which a program violates a property. By default searches take turns. One of
 * them tries every schedule with at most `departures` departures from the default one, unless `schedules` or
 * `seconds` end the search.
 *
 * @throws {Problem} An option, a property, the ELF file or the policy is wrong.
 *
 * @example
 * const { violation, schedules } = await explore(readFileSync("race"), { never: ["unlink"], departures: 2 });
 * if (violation) console.log(violation.what, violation.schedule, violation.run.trace);
 */
export const explore = async (program: Program, options: ExploreOptions = {}): Promise<Exploration> => {
  checkProgram(program);
  checkExploreOptions(options);
  return search(program, bootOptions(options));
};

/**
 * Runs a program once under a schedule that `explore` found. Returns the violation in words; undefined if no
 * property is violated.
 *
 * @throws {Problem} An option is wrong, or the schedule does not fit the program and its options.
 *
 * @example
 * replay(readFileSync("race"), { never: ["unlink"], schedule: "17:4,23:3" });   // "task 4 ran unlink(…)"
 */
export const replay = (program: Program, options: ExploreOptions & { readonly schedule: string }): string | undefined => {
  checkProgram(program);
  checkReplayOptions(options);
  return again(program, bootOptions(options));
};

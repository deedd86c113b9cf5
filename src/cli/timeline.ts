// A program on a timeline, for the commands that go backward in its run.
import { WorkBudget } from "../budget.ts";
import { Machine } from "../machine/machine.ts";
import type { Hooks } from "../machine/options.ts";
import { Timeline, type TimelineOptions } from "../machine/timeline/timeline.ts";
import type { parse } from "./arguments.ts";
import { prepare, type programOptions } from "./run-options.ts";
import { policyFor } from "./run-policy.ts";

/** The run of a program, at its beginning. `isGiven`: all of its input is known. */
export const begun = async (
  values: ReturnType<typeof parse<typeof programOptions>>["values"],
  rest: readonly string[],
  given: Uint8Array | undefined,
  hooks: Hooks,
  history: TimelineOptions,
): Promise<{ readonly timeline: Timeline; readonly isGiven: boolean; readonly close: (() => void) | undefined }> => {
  const prepared = prepare(values, rest);
  const budget = new WorkBudget({ subject: "the input" });
  const policy = prepared.policy && (await policyFor(prepared.policy, prepared, budget));
  const machine = new Machine({ ...prepared.machine, budget, ...(prepared.code ? { code: prepared.code } : {}) });
  const program = { ...prepared.program, ...(policy ? { policy: policy.given } : {}), ...(given ? { stdin: given } : {}), hooks };
  const timeline = new Timeline(machine, prepared.path, program, history);
  return { timeline, isGiven: given !== undefined, close: () => prepared.file?.close() };
};

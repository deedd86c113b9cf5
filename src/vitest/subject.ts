// The value in `expect(…)`. It is checked before a matcher reads it, so that each misuse has a message with
// its remedy.
import type { Exploration } from "../machine/explore/options.ts";
import type { Run } from "../machine/run.ts";
import { didYouMean } from "../nearest.ts";
import type { Meaningful } from "../policy/explain/matching.ts";
import { Problem } from "../problem.ts";

/** The members of a run that matchers read. */
export type Ended = Pick<Run, "status" | "trace"> & Partial<Pick<Run, "denials">>;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const shown = (value: unknown): string =>
  isObject(value) ? `an object of class ${value.constructor?.name ?? "null"}` : typeof value === "function" ? "a function" : String(value);

const noSubject = (matcher: string, wanted: string, value: unknown, call: string): Problem => {
  if (isObject(value) && "then" in value)
    return new Problem("no-subject", `${matcher} wants ${wanted}, not a promise`, { help: `await it first: expect(await ${call})` });
  return new Problem("no-subject", `${matcher} wants ${wanted}, not ${shown(value)}`, { help: `such as expect(await ${call})` });
};

/** The value as the result of a run. */
export const runOf = (value: unknown, matcher: string): Ended => {
  if (isObject(value) && isObject((value as Ended).status) && Array.isArray((value as Ended).trace)) return value as Ended;
  throw noSubject(matcher, "the result of a run", value, "Machine.run(…)");
};
/** The same with a trace. Every trace has lines: the first is execve(2). */
export const tracedRunOf = (value: unknown, matcher: string): Ended => {
  const run = runOf(value, matcher);
  if (run.trace.length > 0) return run;
  throw new Problem("no-trace", `${matcher} wants a run with a trace, and this one has none`, { help: "run it with { trace: true }" });
};
/** The same with its denied calls. */
export const deniedRunOf = (value: unknown, matcher: string): Ended & Pick<Run, "denials"> => {
  const { denials, ...run } = runOf(value, matcher);
  if (denials) return { ...run, denials };
  throw noSubject(matcher, "the result of a run with its denials", value, "Machine.run(…)");
};
/** The value as a policy. */
export const policyOf = (value: unknown, matcher: string): Meaningful => {
  if (isObject(value) && "diagram" in value) return value as Meaningful;
  throw noSubject(matcher, "a policy: of readPolicy(…), policy(…), or { diagram: diagramOf(…) }", value, "readPolicy(…)");
};
/** The value as the result of a search. */
export const explorationOf = (value: unknown, matcher: string): Exploration => {
  if (isObject(value) && "schedules" in value && "bound" in value) return value as Exploration;
  throw noSubject(matcher, "the result of a search", value, "explore(…)");
};

/** A word out of a list. */
export const oneOf = <T extends string>(value: unknown, names: readonly T[], what: string): T => {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  const help = typeof value === "string" ? didYouMean(value, names) : undefined;
  throw new Problem("unknown-name", `${what} cannot be ${JSON.stringify(value)}`, { help: help ?? `there are ${names.join(", ")}` });
};

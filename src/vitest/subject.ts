// The value in `expect(…)`. It is checked before a matcher reads it, so that each misuse has a message with
// its remedy.
import type { Exploration } from "../machine/explore/options.ts";
import type { Run } from "../machine/run.ts";
import type { Meaningful } from "../policy/explain/matching.ts";
import { Problem } from "../problem.ts";
import { Diagram } from "../seccomp/index.ts";

/** The members of a run that matchers read. */
export type Ended = Pick<Run, "status" | "trace"> & Partial<Pick<Run, "denials">>;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((line) => typeof line === "string");
const shown = (value: unknown): string =>
  isObject(value) ? `an object of class ${value.constructor?.name ?? "null"}` : typeof value === "function" ? "a function" : String(value);

const noSubject = (matcher: string, wanted: string, value: unknown, call: string): Problem => {
  if (isObject(value) && "then" in value)
    return new Problem("no-subject", `${matcher} wants ${wanted}, not a promise`, { help: `await it first: expect(await ${call})` });
  return new Problem("no-subject", `${matcher} wants ${wanted}, not ${shown(value)}`, { help: `such as expect(await ${call})` });
};

/** The value as the result of a run. */
export const runOf = (value: unknown, matcher: string): Ended => {
  if (isObject(value) && isObject((value as Ended).status) && isTexts((value as Ended).trace)) return value as Ended;
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
  if (Array.isArray(denials) && (denials as readonly unknown[]).every(isObject)) return { ...run, denials };
  throw noSubject(matcher, "the result of a run with its denials", value, "Machine.run(…)");
};
/** The value as a policy. */
export const policyOf = (value: unknown, matcher: string): Meaningful => {
  if (isObject(value) && "diagram" in value && value.diagram instanceof Diagram) return value as Meaningful;
  throw noSubject(matcher, "a policy: of readPolicy(…), policy(…), or { diagram: diagramOf(…) }", value, "readPolicy(…)");
};
/** The value as the result of a search. */
export const explorationOf = (value: unknown, matcher: string): Exploration => {
  if (isObject(value) && "schedules" in value && "bound" in value && "complete" in value) return value as Exploration;
  throw noSubject(matcher, "the result of a search", value, "explore(…)");
};

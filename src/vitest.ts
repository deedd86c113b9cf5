// The entry "trapgate/vitest": its import adds matchers for runs and policies to vitest's `expect`. The message of
// a failure shows the end of the guest and its last system calls.
import { expect } from "vitest";
import type { Exploration } from "./machine/explore/options.ts";
import type { Run } from "./machine/run.ts";
import { differenceText } from "./policy/explain/explain-text.ts";
import { type Meaningful, passing, type ViaOptions } from "./policy/explain/matching.ts";
import { compare } from "./seccomp/index.ts";

/** One trace line: a text it must contain (white space counts as one space), or a pattern. */
export type TraceLine = string | RegExp;

/**
 * The matchers that an import of `trapgate/vitest` adds to `expect`. A failure shows the end of the guest
 * and its last system calls.
 */
export interface GuestMatchers<R = unknown> {
  /** The run ended by exit(2) or exit_group(2) with this status. */
  toExitWith(status: number): R;
  /** The run was killed by this signal: `"SIGSYS"`. */
  toBeKilledBy(signal: string): R;
  /** The trace has these lines in this order, with any others between. The run needs the option `trace`. */
  toTrace(...lines: readonly TraceLine[]): R;
  /** `explore` found no violation and tried all schedules up to its bound. */
  toHoldInEverySchedule(): R;
  /** The policy means the same as another policy or filter, for every call. */
  toBeEquivalentTo(other: Meaningful): R;
  /** The policy allows a call: with all arguments, or with the given ones: `"socket(1, 2)"`, `"i386.getppid"`. */
  toAllow(call: string, options?: ViaOptions): R;
  /** The policy never allows a call: with no arguments at all, or not with the given ones. */
  toDeny(call: string, options?: ViaOptions): R;
}
declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares its interface so
  interface Matchers<T = any> extends GuestMatchers<T> {}
}

type Ended = Pick<Run, "status" | "trace">;

const LAST = 5;
const how = ({ status }: Ended): string => {
  if ("exit" in status) return `exited with ${status.exit}`;
  if ("signal" in status) return `was killed by ${status.signal}`;
  return `ran for more than ${status.timeout} s`;
};
const lastCalls = ({ trace }: Ended): string =>
  trace.length === 0
    ? ""
    : `\n  last system calls:\n${trace
        .slice(-LAST)
        .map((line) => `    ${line}`)
        .join("\n")}`;

const squeeze = (text: string): string => text.replace(/\s+/g, " ").trim();
const matches = (line: string, wanted: TraceLine): boolean =>
  typeof wanted === "string" ? squeeze(line).includes(squeeze(wanted)) : wanted.test(line);

/** The first expected line that is absent; undefined if all are there. */
const absent = (trace: readonly string[], wanted: readonly TraceLine[]): TraceLine | undefined => {
  let from = 0;
  for (const want of wanted) {
    const at = trace.findIndex((line, i) => i >= from && matches(line, want));
    if (at < 0) return want;
    from = at + 1;
  }
  return undefined;
};

/** The value as a policy. Throws a TypeError with advice if it is none. */
const meaningOf = (value: unknown, matcher: string): Meaningful => {
  if (value instanceof Promise) throw new TypeError(`${matcher} wants a policy, not a promise: await readPolicy(…) first`);
  if (typeof value === "object" && value !== null && "diagram" in value) return value as Meaningful;
  throw new TypeError(`${matcher} wants a policy: what readPolicy(…), policy(…) or { diagram: diagramOf(…) } gives`);
};

expect.extend({
  toExitWith(run: Ended, status: number) {
    const pass = "exit" in run.status && run.status.exit === status;
    const not = this.isNot ? "not " : "";
    return {
      pass,
      message: () => `expected the guest ${not}to exit with ${status}, but it ${how(run)}${lastCalls(run)}`,
      actual: run.status,
      expected: { exit: status },
    };
  },
  toBeKilledBy(run: Ended, signal: string) {
    const pass = "signal" in run.status && run.status.signal === signal;
    const not = this.isNot ? "not " : "";
    return {
      pass,
      message: () => `expected the guest ${not}to be killed by ${signal}, but it ${how(run)}${lastCalls(run)}`,
      actual: run.status,
      expected: { signal },
    };
  },
  toTrace(run: Ended, ...lines: TraceLine[]) {
    const lost = absent(run.trace, lines);
    const not = this.isNot ? "not " : "";
    const what = lost === undefined ? lines.join("\n    ") : String(lost);
    return {
      pass: lost === undefined,
      message: () => `expected the trace ${not}to hold\n    ${what}\n  but the guest ${how(run)}${lastCalls(run)}`,
    };
  },
  toBeEquivalentTo(policy: unknown, other: unknown) {
    const difference = compare(meaningOf(policy, "toBeEquivalentTo").diagram, meaningOf(other, "toBeEquivalentTo").diagram);
    const pass = difference.verdict === "equal";
    const told = difference.verdict === "undecided" ? "that was not decided" : `they differ\n${differenceText(difference)}`;
    return {
      pass,
      message: () =>
        pass ? "expected the policies not to mean the same, but they do" : `expected the policies to mean the same, but ${told}`,
    };
  },
  toAllow(policy: unknown, call: string, options: ViaOptions = {}) {
    const { passes, text } = passing(meaningOf(policy, "toAllow"), call, options);
    return { pass: passes === "always", message: () => `expected the policy ${this.isNot ? "not " : ""}to allow ${call}\n    ${text}` };
  },
  toDeny(policy: unknown, call: string, options: ViaOptions = {}) {
    const { passes, text } = passing(meaningOf(policy, "toDeny"), call, options);
    return { pass: passes === "never", message: () => `expected the policy ${this.isNot ? "not " : ""}to deny ${call}\n    ${text}` };
  },
  toHoldInEverySchedule({ violation, schedules, complete, bound }: Exploration) {
    const pass = !violation && complete === bound;
    const tried = `${schedules} schedules`;
    const how = violation
      ? `under the schedule ${violation.schedule}, ${violation.what}${lastCalls(violation.run)}`
      : pass
        ? `it does in ${tried}`
        : `the search was given up after ${tried}`;
    return { pass, message: () => `expected the program ${this.isNot ? "not " : ""}to hold in every schedule, but ${how}` };
  },
});

// A finding of an audit: a weakness with calls that show it.
import type { SyscallData } from "../../seccomp/index.ts";
import { aText, listOf, oneOf, optional, shapeOf, takes, wholeNumber } from "../../wants.ts";

/** Severities of findings, the gravest first. */
export const severities = ["high", "medium", "low", "info"] as const;
/**
 * high: a way around the policy. medium: a way around it under a condition that the text names. low: programs
 * break, or the policy says something without effect. info: worth knowing.
 */
export type Severity = (typeof severities)[number];

/** A call with the verdict that it gets. */
export interface Shown {
  /** `i386.socketcall(1)` */
  readonly call: string;
  /** `ALLOW` */
  readonly verdict: string;
  readonly data: SyscallData;
}
/** A weakness of a policy. */
export interface Finding {
  /** The rule of the audit: `i386-door`. */
  readonly id: string;
  readonly severity: Severity;
  /** One sentence. */
  readonly title: string;
  /** Why it matters. */
  readonly reason: string;
  readonly remedy: string;
  /** The call that the policy denies, if the finding is about one. */
  readonly denied: Shown | undefined;
  /** A call that passes all the same. */
  readonly passes: Shown | undefined;
  /** Names of all calls that it is about. */
  readonly calls: readonly string[];
  /** Line of the policy, 1-based. */
  readonly line: number | undefined;
  /** The landmine that shows the same with a weak filter of its own: `A1`. */
  readonly landmine: string | undefined;
}
/** The result of a check. The audit adds the line. */
export type CheckResult = Omit<Finding, "line" | "landmine" | "denied" | "passes"> &
  Partial<Pick<Finding, "line" | "landmine" | "denied" | "passes">>;

const aSeverity = oneOf(severities);
const aShown = shapeOf<Omit<Shown, "data">>("a call with its verdict", { call: aText, verdict: aText });
/** A finding as an argument. */
export const aFinding = shapeOf<Finding>("a finding of audit(…)", {
  id: aText,
  severity: aSeverity,
  title: aText,
  reason: aText,
  remedy: aText,
  denied: optional(aShown),
  passes: optional(aShown),
  calls: listOf(aText),
  line: optional(wholeNumber(1, 2 ** 53)),
  landmine: optional(aText),
});

/**
 * True if a severity is at least as grave as another.
 *
 * @example
 * isAtLeast("high", "medium");   // true
 */
export const isAtLeast = takes(
  "isAtLeast",
  { severity: aSeverity, least: aSeverity },
  (severity: Severity, least: Severity): boolean => severities.indexOf(severity) <= severities.indexOf(least),
);

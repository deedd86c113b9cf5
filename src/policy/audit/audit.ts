// The audit of a policy: weaknesses with calls that show them, the gravest first.

import { oneOf, optional, optionsOf, takes } from "../../wants.ts";
import type { Meaningful } from "../explain/matching.ts";
import type { Policy } from "../formats/read.ts";
import { aMeaning } from "../wants.ts";
import { askedOf } from "../why/queried-call.ts";
import { decidingRule } from "../why/rule.ts";
import { narrowComparisons, signExtended, wideComparisons } from "./arguments.ts";
import { clone3, equivalents, hiddenCalls, ioUring, laterCalls, namespaces, otherProcesses, timeCalls, verdicts } from "./calls.ts";
import { byPointer, multiplexers, otherDoors } from "./doors.ts";
import { type CheckResult, type Finding, severities } from "./finding.ts";
import { byListener, type ListenerProperty, listeners } from "./listener.ts";
import { deadInstructions, superfluous, warned } from "./rules.ts";
import { View } from "./view.ts";

/** Checks of the meaning of a policy. */
const ofMeaning: readonly ((view: View) => readonly CheckResult[])[] = [
  otherDoors,
  multiplexers,
  ioUring,
  wideComparisons,
  signExtended,
  clone3,
  equivalents,
  namespaces,
  timeCalls,
  narrowComparisons,
  byPointer,
  otherProcesses,
  laterCalls,
  verdicts,
  hiddenCalls,
];
/** Checks of the text of a file. */
const ofText: readonly ((policy: Policy) => readonly CheckResult[])[] = [warned, superfluous, deadInstructions];

const isPolicy = (policy: Meaningful): policy is Policy => "source" in policy && "format" in policy;
/** The line that denies, or the first that is about the call. */
const lineOf = (policy: Meaningful, found: CheckResult): number | undefined => {
  const shown = found.denied ?? found.passes;
  if (found.line !== undefined || !isPolicy(policy) || !shown) return found.line;
  return decidingRule(policy, askedOf(shown.data), undefined)?.line;
};

/** Facts that no filter tells. */
export interface AuditOptions {
  /**
   * `answers`: the listener makes each call itself and never lets the kernel go on with it. By default
   * `unknown`.
   */
  readonly listener?: ListenerProperty;
}

const someOptions = optionsOf<AuditOptions>({ listener: optional(oneOf(listeners)) });

/**
 * Weaknesses of a policy, the gravest first: doors, arguments, second ways, verdicts, and text without
 * effect. Each is found in the meaning, so it is exact, and has a call that shows it.
 *
 * @example
 * const findings = audit(await readPolicy("sandbox.bpf", bytes));
 * for (const { severity, title, passes } of findings) console.log(severity, title, passes?.call);
 */
export const audit = takes(
  "audit",
  { policy: aMeaning, options: optional(someOptions) },
  (policy: Meaningful, { listener = "unknown" }: AuditOptions = {}): readonly Finding[] => {
    const view = new View(policy.diagram);
    const checks = listener === "answers" ? ofMeaning : [...ofMeaning, byListener];
    const found = [...checks.flatMap((check) => check(view)), ...(isPolicy(policy) ? ofText.flatMap((check) => check(policy)) : [])];
    return found
      .map((each): Finding => ({ denied: undefined, passes: undefined, landmine: undefined, ...each, line: lineOf(policy, each) }))
      .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  },
);

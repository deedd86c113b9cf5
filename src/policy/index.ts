// trapgate/policy: policies and filters of every format that is known, read, explained, compared, merged and
// written.
//
//   const policy = await readPolicy("default.json", bytes, { as: "docker" });
//   const other = await readPolicy("mine.bpf", more, {}, policy.diagram.nodes);
//   compare(policy.diagram, other.diagram).verdict;          // "equal", "different", "undecided"
export { WorkBudget, type WorkLimits } from "../budget.ts";
export { Arg, ArgCondition, type ArgIndex, arg, type Width } from "./arg.ts";
export { type AuditOptions, audit } from "./audit/audit.ts";
export { type ExposedCall, type Exposure, exposure, exposureText, type Sandbox } from "./audit/exposure.ts";
export { type Finding, isAtLeast, type Severity, type Shown, severities } from "./audit/finding.ts";
export { findingText, sarif } from "./audit/report.ts";
export { type Call, type CallText, dataOfCall, parseCall } from "./call.ts";
export { AF, CLONE, PROT, SOCK } from "./constants.ts";
export { type CoverageReport, type CoveredInstruction, type CoveredRule, PolicyCoverage } from "./coverage/coverage.ts";
export { coverageText, lcov } from "./coverage/report.ts";
export {
  type ArchRow,
  type CallRow,
  type ExplainedVerdict,
  type Explanation,
  explainRoot,
  type NumberRow,
} from "./explain/explain.ts";
export { differenceText, explanationText } from "./explain/explain-text.ts";
export { conditionText, conjunctionText } from "./explain/predicate-text.ts";
export { callText, valueText } from "./explain/value-text.ts";
export { dockerCapabilities, type Host, podmanCapabilities, readContainerProfile } from "./formats/container.ts";
export { profileOfMeaning, type WrittenProfile } from "./formats/meaning-profile.ts";
export { jsonText, ociJson } from "./formats/oci-writer.ts";
export { type ProfileOutput, profileOutputs, writeProfile } from "./formats/profile-writers.ts";
export { detectFormat, type Format, formats, type Policy, type ReadOptions, readPolicy } from "./formats/read.ts";
export { type OutputFormat, outputs, writeProgram } from "./formats/write.ts";
export { coverageHtml } from "./html/coverage-html.ts";
export { explanationHtml } from "./html/explain-html.ts";
export type { Json } from "./input/json.ts";
export { type Place, Source } from "./input/source.ts";
export { type Learned, type LearnOptions, learn } from "./learn/learn.ts";
export { Observed, type ObservedCall } from "./learn/observed.ts";
export { type Entry, meaningOf, type Ruleset } from "./meaning.ts";
export { type MergeKind, merge, mergeKinds } from "./merge.ts";
export { type Compiled, compileProfile, type Mode, modes, type ProfileMode } from "./mode.ts";
export {
  type AbiName,
  allow,
  type Clause,
  errno,
  killProcess,
  killThread,
  log,
  notify,
  type PolicyOptions,
  policy,
  TypedPolicy,
  trace,
  trap,
  type Verdict,
} from "./policy.ts";
export type { Comparison, Operator, Places, Profile, Rule, Warning } from "./profile.ts";
export type { Change } from "./why/change.ts";
export type { Lets } from "./why/newly-passing.ts";
export type { Tested } from "./why/queried-call.ts";
export type { DecidingRule } from "./why/rule.ts";
export { type DeniedCall, dataOfDenied, type PassingCase, type PathStep, type Why, why, whyProgram } from "./why/why.ts";
export { whyText } from "./why/why-text.ts";

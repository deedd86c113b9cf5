// trapgate/policy: policies and filters of every format that is known, read, explained, compared, merged and
// written.
//
//   const policy = await readPolicy("default.json", bytes, { as: "docker" });
//   const other = await readPolicy("mine.bpf", more, {}, policy.diagram.nodes);
//   compare(policy.diagram, other.diagram).verdict;          // "equal", "different", "undecided"
export { Arg, type ArgCondition, type ArgIndex, arg, type Width } from "./arg.ts";
export { type Call, dataOfCall, parseCall } from "./call.ts";
export { AF, CLONE, PROT, SOCK } from "./constants.ts";
export { dockerCapabilities, type Host, podmanCapabilities, readContainerProfile } from "./container.ts";
export { type ArchRow, type CallRow, type Explanation, explainRoot, type NumberRow, type Verdict as ExplainedVerdict } from "./explain.ts";
export { differenceText, explanationText } from "./explain-text.ts";
export type { Json } from "./json.ts";
export { type Entry, meaningOf, type Ruleset } from "./meaning.ts";
export { type MergeKind, merge, mergeKinds } from "./merge.ts";
export { type Compiled, compileProfile, type Mode, modes } from "./mode.ts";
export { jsonText, ociJson } from "./oci-writer.ts";
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
export { conditionText, conjunctionText } from "./predicate-text.ts";
export type { Comparison, Operator, Profile, Rule, Warning } from "./profile.ts";
export { detectFormat, type Format, formats, type Policy, type ReadOptions, readPolicy } from "./read.ts";
export { type Place, Source } from "./source.ts";
export { callText, valueText } from "./value-text.ts";
export { type OutputFormat, outputs, writeProgram } from "./write.ts";

// trapgate/seccomp: seccomp as pure functions over bytes and numbers. It imports neither the kernel nor the
// machine, and is usable alone.
//
// Each export has an example: docs/reference/api.md.
export { type Abi, i386, x32, x64 } from "../abi/abi.ts";
export type { SyscallName } from "../abi/numbers.ts";
export { type AsmPlace, type AsmProblem, type Assembled, assemble } from "./asm/assemble.ts";
export { disassemble, disassembleLines } from "./asm/disassemble.ts";
export type { AsmOptions } from "./asm/names.ts";
export { BPF, decodeProgram, encodeProgram, INSN_SIZE, type Insn, jump, MAX_INSNS, type Program, stmt } from "./bpf/insn.ts";
export { convertedLength } from "./bpf/length.ts";
export { type CheckerRules, checkProgram } from "./check.ts";
export type { SyscallData } from "./data.ts";
export {
  type ArchRows,
  type Bits,
  type Case,
  type Cases,
  type Condition,
  type Conjunction,
  casesOf,
  compare,
  Diagram,
  type Difference,
  diagramOf,
  diagramOfRoot,
  differing,
  effectOf,
  FALSE,
  fieldOf,
  holds,
  isUndecided,
  knownWitness,
  levelOf,
  type Masked,
  type MaskedArgument,
  type MeaningRules,
  maskedArguments,
  type Node,
  Nodes,
  NotWritable,
  type NumberRange,
  numberRanges,
  type Pair,
  type Predicate,
  programOf,
  type Range,
  RefusedFilter,
  type Subject,
  select,
  stack,
  stackDiagrams,
  TRUE,
  tableOf,
  type Undecided,
  undecidedAt,
  Words,
  witness,
  wordOrder,
} from "./diagram/index.ts";
export { type EvaluatorRules, evaluate, type OnStep } from "./evaluate.ts";
export {
  attach,
  checkCompatLock,
  checkFilter,
  checkFilterPath,
  Filter,
  type FilterOptions,
  type FilterResult,
  isAncestor,
} from "./filter.ts";
export { type DataLayout, type Word, wordsOf } from "./layout.ts";
export { type DenialEvent, denialLine, isLogged } from "./log.ts";
export type { FilterProblem } from "./problem.ts";
export {
  type AttachStep,
  type FilterFlag,
  filterFlags,
  type Grade,
  type KillRules,
  type LogRules,
  type NotifFeature,
  type PrctlMeaning,
  type ProcFeature,
  type PtraceFeature,
  type SeccompOperation,
  type SeccompProfile,
  type SeccompRules,
  type Source,
  seccompOperations,
} from "./profile/profile.ts";
export { type SeccompProfileName, seccompProfile, seccompProfileNames, upstream, v6, whyNoProfile } from "./profile/profiles.ts";
export {
  type Action,
  type ActionRow,
  actionOf,
  actions,
  dataOf,
  describeReturn,
  errnoResult,
  NO_RECIPIENT,
  type ReturnRules,
  returnValue,
} from "./returns.ts";
export { strictNumbers } from "./strict.ts";
export { type SyscallDataOptions, syscallData } from "./syscall-data.ts";

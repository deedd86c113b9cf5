// Diagrams of filters: their exports in `trapgate/seccomp`.
export { type MaskedArgument, maskedArguments } from "./arguments.ts";
export { type Case, type Cases, type Condition, type Conjunction, casesOf, fieldOf, type Subject } from "./cases.ts";
export { Diagram, diagramOf, diagramOfRoot, effectOf, type MeaningRules, RefusedFilter, stack, stackDiagrams } from "./diagram.ts";
export { compare, type Difference, differing, type Pair } from "./difference.ts";
export { FALSE, type Node, Nodes, TRUE } from "./nodes.ts";
export { holds, type Masked, type Predicate, type Range } from "./predicate.ts";
export { NotWritable, programOf } from "./program.ts";
export { select } from "./select.ts";
export { type ArchRows, type NumberRange, numberRanges, tableOf } from "./table.ts";
export { isUndecided, type Undecided, undecidedAt } from "./undecided.ts";
export { knownWitness, witness } from "./witness.ts";
export { type Bits, levelOf, Words, wordOrder } from "./words.ts";

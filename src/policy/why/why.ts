// The reason of a denial: the rule, the conditions with the call's values, the path through the filter, and
// changes that would let the call pass.
import { x64 } from "../../abi/abi.ts";
import {
  type Diagram,
  decodeProgram,
  diagramOf,
  disassembleLines,
  evaluate,
  isUndecided,
  type MeaningRules,
  type Program,
  type SyscallData,
  upstream,
  wordsOf,
} from "../../seccomp/index.ts";
import { meaningRules } from "../../seccomp/wants.ts";
import { listOf, oneOf, optional, shapeOf, someBytes, takes, unsigned64, word32 } from "../../wants.ts";
import type { Meaningful } from "../explain/matching.ts";
import { callText, valueText } from "../explain/value-text.ts";
import type { Policy } from "../formats/read.ts";
import { aMeaning } from "../wants.ts";
import { type Change, changesOf } from "./change.ts";
import { askedOf, isPassing, type QueriedCall, type Tested, waysOf } from "./queried-call.ts";
import { type DecidingRule, decidingRule } from "./rule.ts";

/** An instruction that the filter executed for the call. */
export interface PathStep {
  readonly pc: number;
  /** The instruction as text: `if (A == socket) goto 0007`. */
  readonly text: string;
  /** A and X before it. */
  readonly a: number;
  readonly x: number;
  /** True or false for a branch: its condition held or not. */
  readonly jumped: boolean | undefined;
}
/** Conditions under which the call would pass; the call fulfils not all of them. */
export interface PassingCase {
  readonly verdict: string;
  readonly conditions: readonly Tested[];
}
/** The answer of `why`. */
export interface Why {
  /** The call as the filter saw it: `socket(40, 1)`. */
  readonly call: string;
  readonly verdict: string;
  /** Undefined: the filter is a program without a text. */
  readonly rule: DecidingRule | undefined;
  /** Empty: the call does not pass with any arguments. */
  readonly passesIf: readonly PassingCase[];
  readonly path: readonly PathStep[];
  /** The smallest first; empty if the filter's text cannot say it. */
  readonly changes: readonly Change[];
}

const stepsOf = (program: Program, data: SyscallData, rules: EvaluationRules): readonly PathStep[] => {
  const raw: { pc: number; a: number; x: number }[] = [];
  evaluate(rules, program, wordsOf(rules.layout, data), (pc, a, x) => raw.push({ pc, a, x }));
  const lines = disassembleLines(program, { ...rules, abi: x64 });
  return raw.map((step, i) => {
    const insn = program[step.pc];
    const branch = insn !== undefined && (insn.code & 7) === 5 && insn.code !== 5 && insn.jt !== insn.jf;
    const next = raw[i + 1];
    return {
      ...step,
      text: lines[step.pc] as string,
      jumped: branch && next ? next.pc === step.pc + 1 + (insn.jt === 0 ? insn.jf : insn.jt) : undefined,
    };
  });
};
type EvaluationRules = MeaningRules & Pick<typeof upstream, "reciprocalDivision">;

/** A denial of a run, or anything else that says which call a filter saw. */
export interface DeniedCall {
  readonly abi: "x64" | "i386" | "x32";
  /** As filters see it. */
  readonly number: number;
  readonly args: readonly bigint[];
  readonly ip?: bigint;
}
const aDenial = shapeOf<DeniedCall>("a denied call, such as run.denials[0]", {
  abi: oneOf(["x64", "i386", "x32"]),
  number: word32,
  args: listOf(unsigned64),
  ip: optional(unsigned64),
});
const arches = { x64: 0xc000_003e, x32: 0xc000_003e, i386: 0x4000_0003 } as const;
/**
 * The data that the filter saw.
 *
 * @example
 * policy.diagram.valueOf(dataOfDenied({ abi: "x64", number: 41, args: [2n] }));
 */
export const dataOfDenied = takes(
  "dataOfDenied",
  { denial: aDenial },
  ({ abi, number, args, ip = 0n }: DeniedCall): SyscallData => ({
    nr: number | 0,
    arch: arches[abi],
    ipLo: Number(ip & 0xffff_ffffn),
    ipHi: Number(ip >> 32n),
    args: Uint32Array.from({ length: 12 }, (_, i) => Number(((args[i >> 1] ?? 0n) >> (i & 1 ? 32n : 0n)) & 0xffff_ffffn)),
  }),
);

const isPolicy = (policy: Meaningful): policy is Policy => "source" in policy && "format" in policy;
const programIn = (policy: Meaningful): Program => {
  if ("program" in policy && policy.program) return policy.program as Program;
  return decodeProgram((policy as Policy).bpf());
};

const passingCases = (diagram: Diagram, asked: QueriedCall): readonly PassingCase[] =>
  waysOf(diagram, asked)
    .filter(({ value }) => !isUndecided(value) && isPassing(value))
    .map(({ value, tested }) => ({ verdict: valueText(value), conditions: tested }));

/**
 * Why a policy does not let a call pass. `denial` is one of `Run.denials`, or `{ abi, number, args }`.
 *
 * @throws {Problem} The policy cannot be written as a program.
 *
 * @example
 * const policy = await readPolicy("default.json", readFileSync("default.json"));
 * const run = await Machine.run(program, { policy });
 * for (const denial of run.denials) console.log(whyText(why(policy, denial)));
 */
export const why = takes("why", { policy: aMeaning, denial: aDenial }, (policy: Meaningful, denial: DeniedCall): Why => {
  const data = dataOfDenied(denial);
  const asked = askedOf(data);
  const program = programIn(policy);
  const path = stepsOf(program, data, upstream);
  const value = policy.diagram.effects().valueOf(data);
  return {
    call: callText({ ...data, ipLo: 0, ipHi: 0 }),
    verdict: typeof value === "number" ? valueText(value) : "not decided",
    rule: isPolicy(policy) ? decidingRule(policy, asked, path.at(-1)?.pc) : undefined,
    passesIf: passingCases(policy.diagram, asked),
    path,
    changes: changesOf(policy, asked),
  };
});

/**
 * The same of a filter that a program attached itself: `denial.program` of a run under `rules`, of which
 * `upstream` is the default.
 *
 * @example
 * const [denial] = run.denials;
 * if (denial?.program) console.log(whyText(whyProgram(denial.program, denial)));
 */
export const whyProgram = takes(
  "whyProgram",
  { bpf: someBytes, denial: aDenial, rules: optional(meaningRules) },
  (bpf: Uint8Array, denial: DeniedCall, rules: EvaluationRules = upstream): Why => {
    const program = decodeProgram(bpf);
    const diagram = diagramOf(program, rules);
    const data = dataOfDenied(denial);
    const asked = askedOf(data);
    const value = diagram.effects().valueOf(data);
    return {
      call: callText({ ...data, ipLo: 0, ipHi: 0 }),
      verdict: typeof value === "number" ? valueText(value) : "not decided",
      rule: undefined,
      passesIf: passingCases(diagram, asked),
      path: stepsOf(program, data, rules),
      changes: changesOf({ diagram }, asked),
    };
  },
);

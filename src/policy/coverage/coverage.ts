// The rules, instructions and branches of a policy that calls have used.
import { x64 } from "../../abi/abi.ts";
import {
  decodeProgram,
  disassembleLines,
  evaluate,
  type Insn,
  type Program,
  type SyscallData,
  upstream,
  wordsOf,
} from "../../seccomp/index.ts";
import { someData } from "../../seccomp/wants.ts";
import { check, wholeNumber } from "../../wants.ts";
import type { Meaningful } from "../explain/matching.ts";
import { callText, valueText } from "../explain/value-text.ts";
import type { Policy } from "../formats/read.ts";
import { ruleNames } from "../meaning.ts";
import type { Rule } from "../profile.ts";
import { aPolicy } from "../wants.ts";
import { argumentOf, askedOf, type QueriedCall, testedBits } from "../why/queried-call.ts";
import { matchingRule } from "../why/rule.ts";

/** An instruction of the filter. */
export interface CoveredInstruction {
  readonly pc: number;
  readonly text: string;
  readonly hits: number;
  /** Counts of a branch: jumps as its text says, and passes. */
  readonly branch: { readonly jumped: number; readonly passed: number } | undefined;
  /** Line of the policy, 1-based, where the text is one of instructions. */
  readonly line: number | undefined;
}
/** One call's rule in the policy's text. */
export interface CoveredRule {
  /** The call's name, or `default`. */
  readonly name: string;
  readonly line: number | undefined;
  readonly verdict: string;
  readonly hits: number;
}
/** The answer of `PolicyCoverage.report`. */
export interface CoverageReport {
  readonly file: string;
  /** The policy's text; undefined: it has none. */
  readonly text: string | undefined;
  readonly calls: number;
  readonly instructions: readonly CoveredInstruction[];
  /** The rules, in formats that have rules for calls. */
  readonly rules: readonly CoveredRule[];
  /** Calls that had no rule and got the default, with how often. */
  readonly unmatched: readonly { readonly call: string; readonly verdict: string; readonly hits: number }[];
  /** Hits by line of the text. */
  readonly lines: ReadonlyMap<number, number>;
}

const isBranch = ({ code, jt, jf }: Insn): boolean => (code & 7) === 5 && code !== 5 && jt !== jf;
const isPolicy = (policy: Meaningful): policy is Policy => "source" in policy && "format" in policy;

interface Counted {
  readonly asked: QueriedCall;
  hits: number;
}

/** The used part of the event that a hook gets. */
interface EventLike {
  readonly kind: string;
  readonly evaluation?: { readonly data: Uint8Array } | undefined;
}

/**
 * Counts the calls of any number of runs. Give `hook` to runs as `hooks.event`; or call `add`.
 *
 * @example
 * const coverage = new PolicyCoverage(policy);
 * await Machine.run(program, { policy, hooks: { event: coverage.hook } });
 * console.log(coverageText(coverage.report()));
 */
export class PolicyCoverage {
  readonly #policy: Meaningful;
  readonly #program: Program;
  readonly #kinds = new Map<string, Counted>();
  readonly #masks = new Map<string, ReadonlyMap<number, bigint>>();
  readonly hook: (event: EventLike) => void;

  constructor(policy: Meaningful & { readonly bpf: () => Uint8Array }) {
    check("new PolicyCoverage", { policy: aPolicy }, [policy]);
    this.#policy = policy;
    this.#program = decodeProgram(policy.bpf());
    this.hook = ({ kind, evaluation }) => {
      if (kind === "verdict" && evaluation?.data.length === 64) this.add(dataOf(evaluation.data));
    };
  }

  /** One call that the filter saw. Calls that the policy does not tell apart are one kind. */
  add(data: SyscallData, times = 1): void {
    check("coverage.add", { data: someData, times: wholeNumber(1, 2 ** 53) }, [data, times]);
    const asked = askedOf(data);
    const call = `${data.arch} ${asked.number}`;
    let masks = this.#masks.get(call);
    if (!masks) this.#masks.set(call, (masks = testedBits(this.#policy.diagram, asked)));
    const key = `${call} ${[...masks].map(([i, mask]) => argumentOf(data, i) & mask).join(" ")}`;
    const known = this.#kinds.get(key);
    if (known) known.hits += times;
    else this.#kinds.set(key, { asked: { ...asked, data: { ...data, args: data.args.slice() } }, hits: times });
  }

  report(): CoverageReport {
    const policy = this.#policy;
    const kinds = [...this.#kinds.values()];
    const instructions = this.#instructions(kinds);
    const rules = isPolicy(policy) ? rulesOf(policy, kinds) : [];
    const lines = new Map<number, number>();
    const count = (line: number | undefined, hits: number): void => {
      if (line !== undefined) lines.set(line, (lines.get(line) ?? 0) + hits);
    };
    for (const { line, hits } of instructions) count(line, hits);
    for (const { line, hits } of rules) count(line, hits);
    return {
      file: isPolicy(policy) ? policy.source.name : "policy",
      text: isPolicy(policy) && policy.source.text !== "" ? policy.source.text : undefined,
      calls: kinds.reduce((sum, { hits }) => sum + hits, 0),
      instructions,
      rules,
      unmatched: isPolicy(policy) ? unmatched(policy, kinds) : [],
      lines,
    };
  }

  #instructions(kinds: readonly Counted[]): readonly CoveredInstruction[] {
    const program = this.#program;
    const hits = new Array<number>(program.length).fill(0);
    const jumped = new Array<number>(program.length).fill(0);
    for (const { asked, hits: times } of kinds) {
      let before = -1;
      evaluate(upstream, program, wordsOf(upstream.layout, asked.data), (pc) => {
        hits[pc] = (hits[pc] as number) + times;
        const insn = before < 0 ? undefined : program[before];
        // As the text of the branch says: disassemble() inverts those that only jump if not.
        if (insn && isBranch(insn) && pc === before + 1 + (insn.jt === 0 ? insn.jf : insn.jt))
          jumped[before] = (jumped[before] as number) + times;
        before = pc;
      });
    }
    const texts = disassembleLines(program, { ...upstream, abi: x64 });
    const policy = this.#policy;
    const place = (pc: number): number | undefined => {
      const found = isPolicy(policy) && policy.program ? policy.places.ofInstruction?.(pc) : undefined;
      return found && isPolicy(policy) ? policy.source.lineOf(found.from) : undefined;
    };
    return program.map((insn, pc) => ({
      pc,
      text: texts[pc] as string,
      hits: hits[pc] as number,
      branch: isBranch(insn) ? { jumped: jumped[pc] as number, passed: (hits[pc] as number) - (jumped[pc] as number) } : undefined,
      line: place(pc),
    }));
  }
}

const dataOf = (bytes: Uint8Array): SyscallData => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 64);
  const word = (at: number): number => view.getUint32(at, true);
  return {
    nr: view.getInt32(0, true),
    arch: word(4),
    ipLo: word(8),
    ipHi: word(12),
    args: Uint32Array.from({ length: 12 }, (_, i) => word(16 + 4 * i)),
  };
};

const rulesOf = (policy: Policy, kinds: readonly Counted[]): readonly CoveredRule[] => {
  const { profile, places, source, diagram } = policy;
  if (!profile) {
    // Formats with a place for each call: those that were made, by place.
    const byLine = new Map<number, CoveredRule & { hits: number }>();
    for (const { asked, hits } of kinds) {
      const [place] = policy.program ? [] : (places.ofCall?.(asked.number, asked.abi) ?? []);
      if (!place) continue;
      const line = source.lineOf(place.from);
      const value = diagram.effects().valueOf(asked.data);
      const known = byLine.get(line) ?? {
        name: asked.name ?? String(asked.number),
        line,
        verdict: typeof value === "number" ? valueText(value) : "not decided",
        hits: 0,
      };
      known.hits += hits;
      byLine.set(line, known);
    }
    return [...byLine.values()];
  }
  const hitsOf = new Map<Rule, Map<string, number>>();
  let byDefault = 0;
  for (const { asked, hits } of kinds) {
    const rule = matchingRule(policy, asked);
    if (!rule) {
      byDefault += hits;
      continue;
    }
    const names = ruleNames(asked.number, asked.abi, argumentOf(asked.data, 0));
    const name = rule.names.find((each) => names.includes(each)) ?? "";
    const counts = hitsOf.get(rule) ?? new Map<string, number>();
    hitsOf.set(rule, counts);
    counts.set(name, (counts.get(name) ?? 0) + hits);
  }
  const rules = profile.rules.flatMap((rule) =>
    rule.names.map(
      (name, i): CoveredRule => ({
        name,
        line: source.lineOf((rule.places[i] ?? rule.place).from),
        verdict: valueText(rule.action),
        hits: hitsOf.get(rule)?.get(name) ?? 0,
      }),
    ),
  );
  return [...rules, { name: "default", line: undefined, verdict: valueText(profile.defaultAction), hits: byDefault }];
};

const unmatched = (policy: Policy, kinds: readonly Counted[]): CoverageReport["unmatched"] => {
  if (!policy.profile) return [];
  return kinds
    .filter(({ asked }) => !matchingRule(policy, asked))
    .map(({ asked, hits }) => {
      const value = policy.diagram.effects().valueOf(asked.data);
      return {
        call: callText({ ...asked.data, ipLo: 0, ipHi: 0 }),
        verdict: typeof value === "number" ? valueText(value) : "not decided",
        hits,
      };
    })
    .sort((a, b) => b.hits - a.hits);
};

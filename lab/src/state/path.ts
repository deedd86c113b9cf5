// The way of a call through its filters: each instruction that was executed, with A and X; and the nearest
// calls with another verdict.
import type { CallEvent, FilterEvent, VerdictEvent } from "trapgate";
import {
  actionOf,
  BPF,
  decodeProgram,
  describeReturn,
  disassembleLines,
  evaluate,
  i386,
  type SeccompProfile,
  seccompProfile,
  upstream,
  x64,
} from "trapgate/seccomp";

export interface Step {
  readonly pc: number;
  readonly a: number;
  readonly x: number;
}
/** A filter's listing with the way through it. */
export interface Walk {
  readonly filter: number;
  readonly lines: readonly string[];
  /** By instruction; undefined: it was not executed. */
  readonly steps: readonly (Step | undefined)[];
  readonly value: number;
  readonly action: string;
  readonly wins: boolean;
}
/** One word of seccomp_data that would make another verdict. */
export interface Change {
  readonly word: string;
  readonly from: number;
  readonly to: number;
  readonly action: string;
}

export const profileOf = (kernel: string): SeccompProfile => seccompProfile(kernel) ?? upstream;

/** The filters of a verdict, the newest first. */
const chainOf = ({ evaluation }: VerdictEvent, filters: ReadonlyMap<number, FilterEvent>): readonly FilterEvent[] => {
  const chain: FilterEvent[] = [];
  for (let n = evaluation?.newest; n !== undefined; n = chain.at(-1)?.older) {
    const filter = filters.get(n);
    if (!filter) break;
    chain.push(filter);
  }
  return chain;
};

export const wordsIn = (data: Uint8Array): Uint32Array => new Uint32Array(data.slice().buffer);

export const walksOf = (
  verdict: VerdictEvent,
  call: CallEvent,
  filters: ReadonlyMap<number, FilterEvent>,
  kernel: string,
): readonly Walk[] => {
  const { evaluation } = verdict;
  if (!evaluation) return [];
  const profile = profileOf(kernel);
  const words = wordsIn(evaluation.data);
  return chainOf(verdict, filters).map(({ filter, program: bytes }) => {
    const program = decodeProgram(bytes);
    const steps: (Step | undefined)[] = program.map(() => undefined);
    const value = evaluation.locked
      ? 0
      : evaluate(profile, program, words, (pc, a, x) => {
          steps[pc] = { pc, a, x };
        });
    const { layout, returns } = profile;
    return {
      filter,
      lines: disassembleLines(program, { layout, returns, abi: call.abi === "i386" ? i386 : x64 }),
      steps,
      value,
      action: describeReturn(returns, value),
      wins: evaluation.winner === filter,
    };
  });
};

/** Constants that a program compares with, and their neighbours. */
const constantsOf = (programs: readonly Uint8Array[]): ReadonlySet<number> => {
  const found = new Set<number>();
  for (const bytes of programs)
    for (const { code, k } of decodeProgram(bytes)) if ((code & 0x07) === BPF.JMP) for (const n of [k, k + 1, k - 1]) found.add(n >>> 0);
  return found;
};

/**
 * Words of seccomp_data, of which one alone changes the verdict. The evaluator is asked for each: there is no
 * guess.
 */
export const nearestChanges = (verdict: VerdictEvent, filters: ReadonlyMap<number, FilterEvent>, kernel: string): readonly Change[] => {
  const { evaluation } = verdict;
  if (!evaluation || evaluation.locked) return [];
  const profile = profileOf(kernel);
  const { returns, layout } = profile;
  const programs = chainOf(verdict, filters).map(({ program }) => program);
  const decoded = programs.map(decodeProgram);
  const words = wordsIn(evaluation.data);
  const decide = (data: Uint32Array): number => {
    let best: number | undefined;
    for (const program of decoded) {
      const value = evaluate(profile, program, data);
      if (returns.combine === "first-not-allow") {
        best ??= value;
        if (actionOf(returns, value) !== "allow") return value;
      } else if (best === undefined || ((value & returns.mask) | 0) < ((best & returns.mask) | 0)) best = value;
    }
    return best ?? 0;
  };
  const now = describeReturn(returns, decide(words));
  const constants = constantsOf(programs);
  const changes: Change[] = [];
  for (const [at, word] of layout.words.entries()) {
    if (word === "reserved" || word.startsWith("instruction_pointer")) continue;
    const from = words[at] as number;
    const seen = new Set<string>([now]);
    // The nearest value comes first.
    for (const to of [...constants].sort((x, y) => Math.abs(x - from) - Math.abs(y - from))) {
      const data = words.slice();
      data[at] = to;
      const action = to === from ? now : describeReturn(returns, decide(data));
      if (seen.has(action)) continue;
      seen.add(action);
      changes.push({ word, from, to, action });
    }
  }
  return changes;
};

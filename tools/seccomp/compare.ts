// The checkers and the evaluators against the kernel under us, on random programs from a seed.

import { E } from "../../src/abi/errno.ts";
import { socketCodes } from "../../src/seccomp/bpf/codes.ts";
import { insnClass } from "../../src/seccomp/bpf/insn.ts";
import { compile } from "../../src/seccomp/compile.ts";
import { BPF, type CheckerRules, checkProgram, evaluate, type Program, upstream, wordsOf } from "../../src/seccomp/index.ts";
import { expected, nativeCheck, nativeRun, type Trial } from "./judge.ts";
import { checkedProgram, doubtfulProgram, random, randomCase } from "./random.ts";

interface Difference {
  readonly what: string;
  readonly program: Program;
}
export interface Report {
  readonly compared: number;
  /**
   * Programs taken, of the checker's; calls that were trapped, of the evaluator's: to see that the sample is
   * not one-sided.
   */
  readonly hits: number;
  readonly differences: readonly Difference[];
}

/**
 * The first pass alone, as `SO_ATTACH_FILTER` has it today. Loads of packet metadata are left out: no seccomp
 * has them.
 */
const socketRules: CheckerRules = { socket: socketCodes, seccomp: null, shiftRange: true };
const METADATA = 0xffff_f000;
const asksForMetadata = (program: Program): boolean => program.some((insn) => insn.k >= METADATA && insnClass(insn.code) === BPF.LD);

/** The kernel and `checkProgram` on the same random programs, as seccomp or as socket filters. */
export const compareCheckers = (seed: number, count: number, as: "seccomp" | "socket" = "seccomp"): Report => {
  const r = random(seed);
  const rules = as === "socket" ? socketRules : upstream.checker;
  const programs = Array.from({ length: count }, () => doubtfulProgram(r)).filter((p) => as === "seccomp" || !asksForMetadata(p));
  const native = nativeCheck(programs, as);
  const differences: Difference[] = [];
  for (const [i, program] of programs.entries()) {
    const problem = checkProgram(rules, program, upstream.layout.size);
    const ours = problem ? E[problem.errno] : 0;
    if (ours !== native[i]) differences.push({ what: `kernel ${native[i]}, we ${ours} ${problem?.message ?? ""}`, program });
  }
  return { compared: programs.length, hits: native.filter((errno) => errno === 0).length, differences };
};

export const randomTrials = (seed: number, count: number, casesEach: number): readonly Trial[] => {
  const r = random(seed);
  return Array.from({ length: count }, () => ({
    program: checkedProgram(r),
    cases: Array.from({ length: casesEach }, () => randomCase(r)),
  }));
};

/** The kernel, `evaluate` and `compile` on the same programs and calls. */
export const compareEvaluators = (trials: readonly Trial[]): Report => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const words = new Uint32Array(memory.buffer, 0, upstream.layout.words.length);
  const differences: Difference[] = [];
  let hits = 0;
  let compared = 0;
  for (const [i, outcomes] of nativeRun(trials).entries()) {
    const { program, cases } = trials[i] as Trial;
    const compiled = compile(upstream, program, memory);
    for (const [j, c] of cases.entries()) {
      words.set(wordsOf(upstream.layout, c.data));
      compared++;
      const value = evaluate(upstream, program, words);
      const fast = compiled() >>> 0;
      const native = JSON.stringify(outcomes[j]);
      const ours = JSON.stringify(expected(upstream, c, value));
      if (outcomes[j]?.kind === "trapped") hits++;
      if (fast !== value) differences.push({ what: `evaluated ${value}, compiled ${fast}`, program });
      if (native !== ours) differences.push({ what: `kernel ${native}, we ${ours} for ${JSON.stringify(c)}`, program });
    }
  }
  return { compared, hits, differences };
};

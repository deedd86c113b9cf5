// The workbench against judges: the evaluator, libseccomp, runc and crun. Everything follows from a seed.

import { x64 } from "../../src/abi/abi.ts";
import { compileProfile, type Profile } from "../../src/policy/index.ts";
import { isKnownName, numberOf } from "../../src/policy/names.ts";
import { Problem } from "../../src/problem.ts";
import { holds } from "../../src/seccomp/diagram/predicate.ts";
import {
  type Condition,
  casesOf,
  compare,
  type Diagram,
  diagramOf,
  differing,
  effectOf,
  evaluate,
  type Insn,
  isUndecided,
  type Node,
  type Program,
  RefusedFilter,
  type SyscallData,
  upstream,
  witness,
  wordsOf,
} from "../../src/seccomp/index.ts";
import { randomTrials } from "../seccomp/compare.ts";
import { expected, nativeRun } from "../seccomp/judge.ts";
import { checkedProgram, type Random, random, randomCase } from "../seccomp/random.ts";
import { libseccomp, type Request } from "./libseccomp.ts";
import { randomProfile } from "./profiles.ts";
import { loaded, type Runtime } from "./runtimes.ts";
import { type Asked, canBeAsked, confirmNatively, isHarmless } from "./witnesses.ts";

export interface Report {
  readonly compared: number;
  /** Compared, and not trivial: as the test says. */
  readonly hits: number;
  readonly differences: readonly string[];
}

const effect = (program: Program, data: SyscallData): number =>
  effectOf(upstream, evaluate(upstream, program, wordsOf(upstream.layout, data)));

/** Numbers that a program compares with, and their neighbours. */
const constantsOf = (program: Program): readonly number[] => [
  ...new Set(program.flatMap(({ k }) => [k, k - 1, k + 1, ~k].map((n) => n >>> 0))),
];
const callAt = (r: Random, constants: readonly number[]): SyscallData => {
  const value = (): number => (r.chance(0.75) ? r.pick(constants) : r.u32());
  const data = randomCase(r).data;
  return {
    ...data,
    nr: value() | 0,
    arch: r.chance(0.8) ? r.pick([0xc000_003e, 0x4000_0003]) : value(),
    args: Uint32Array.from({ length: 12 }, value),
  };
};

/**
 * The explanation of a call: its cases, read as conditions. Undefined: the explanation says that it does not
 * list them.
 */
const explained = (diagram: Diagram, cache: Map<Node, ReturnType<typeof casesOf>>, data: SyscallData): number | undefined => {
  const { nodes, root } = diagram.restrict({ arch: data.arch, sys_number: data.nr >>> 0 });
  let cases = cache.get(root);
  if (!cases) cache.set(root, (cases = casesOf(nodes, root, (v) => v | 0)));
  const argument = ({ subject, part }: Condition): bigint => {
    const [lo, hi] = subject === "ip" ? [data.ipLo, data.ipHi] : [data.args[2 * subject] as number, data.args[2 * subject + 1] as number];
    return part === "whole" ? (BigInt(hi) << 32n) | BigInt(lo) : BigInt(part === "high" ? hi : lo);
  };
  if (cases.truncated || cases.cases.some(({ when }) => when.flat().some(({ predicate }) => predicate.kind === "nodes"))) return undefined;
  return cases.cases.find(
    ({ when }) =>
      when.length === 0 || when.some((all) => all.every((c) => c.predicate.kind !== "nodes" && holds(c.predicate, argument(c)))),
  )?.value;
};

/** Diagrams, and explanations, against the evaluator. Hits: calls that an explanation was read for. */
export const compareExplanations = (programs: readonly Program[], calls: number, seed: number, explainedEach: number): Report => {
  const r = random(seed);
  const differences: string[] = [];
  let [compared, hits] = [0, 0];
  for (const [n, program] of programs.entries()) {
    const diagram = diagramOf(program).effects();
    const constants = constantsOf(program);
    const cache = new Map<Node, ReturnType<typeof casesOf>>();
    for (let i = 0; i < calls; i++) {
      const data = callAt(r, constants);
      const value = diagram.valueOf(data);
      if (typeof value !== "number") continue;
      compared++;
      const wanted = effect(program, data);
      if (value !== wanted) differences.push(`program ${n}: the diagram says ${value}, the evaluator ${wanted}`);
      if (i >= explainedEach) continue;
      const said = explained(diagram, cache, data);
      if (said === undefined || isUndecided(said)) continue;
      hits++;
      if (said !== wanted) differences.push(`program ${n}: the explanation says ${said}, the evaluator ${wanted}`);
    }
  }
  return { compared, hits, differences };
};

/** Filters at random calls on the kernel under us. */
export const compareRealNatively = (programs: readonly Program[], calls: number, seed: number): Report => {
  const r = random(seed);
  return confirmNatively(
    programs.flatMap((program) => {
      const constants = constantsOf(program);
      return Array.from({ length: calls }, () => ({ program, data: callAt(r, constants) }));
    }),
  );
};

/**
 * Diagrams against the kernel under us, on calls that do no harm. Hits: calls that were trapped, so that the
 * value shows.
 */
export const compareNative = (seed: number, count: number, calls: number): Report => {
  const trials = randomTrials(seed, count, calls);
  const differences: string[] = [];
  let [compared, hits] = [0, 0];
  for (const [n, outcomes] of nativeRun(trials).entries()) {
    const { program, cases } = trials[n] as (typeof trials)[number];
    const diagram = diagramOf(program);
    for (const [i, c] of cases.entries()) {
      const value = diagram.valueOf(c.data);
      if (typeof value !== "number") continue;
      compared++;
      const native = JSON.stringify(outcomes[i]);
      if (outcomes[i]?.kind === "trapped") hits++;
      if (native !== JSON.stringify(expected(upstream, c, value)))
        differences.push(`program ${n}: the kernel says ${native}, the diagram ${value}`);
    }
  }
  return { compared, hits, differences };
};

/**
 * One bit of each program changed, until a change has a witness that the kernel under us can be asked about,
 * if any can: every difference is found with a witness that the evaluator confirms, or there is none. Hits:
 * programs with such a change.
 */
export const comparePlanted = (programs: readonly Program[], seed: number): Report & { readonly witnesses: readonly Asked[] } => {
  const r = random(seed);
  const witnesses: Asked[] = [];
  const differences: string[] = [];
  let [compared, hits] = [0, 0];
  for (const [n, program] of programs.entries()) {
    const base = diagramOf(program);
    for (let attempt = 0; attempt < 60; attempt++) {
      const at = r.below(program.length);
      const insn = program[at] as Insn;
      const changed = program.with(at, { ...insn, k: (insn.k ^ (1 << r.below(32))) >>> 0 });
      let other: Diagram;
      try {
        other = diagramOf(changed);
      } catch (error) {
        if (error instanceof RefusedFilter) continue;
        throw error;
      }
      const difference = compare(base, other);
      compared++;
      if (difference.verdict === "equal") {
        const constants = constantsOf([...program, ...changed]);
        for (let i = 0; i < 200; i++) {
          const data = callAt(r, constants);
          if (effect(program, data) !== effect(changed, data)) differences.push(`program ${n}: a difference was not found`);
        }
        continue;
      }
      if (difference.verdict === "undecided") continue;
      const data = witness(difference.a.nodes, differing(difference));
      if (!data || effect(program, data) === effect(changed, data)) {
        differences.push(`program ${n}: the witness is none`);
        break;
      }
      const asked = [program, changed].map((each): Asked => ({ program: each, data }));
      // No call would be harmless under a program that returns A.
      if (isHarmless(program)) {
        if (!asked.every(canBeAsked)) continue;
        witnesses.push(...asked);
      }
      hits++;
      break;
    }
  }
  return { compared, hits, differences, witnesses };
};

export const requestOf = (profile: Profile, optimize: 1 | 2): Request => ({
  defaultAction: profile.defaultAction,
  architectures: profile.abis.map(({ name }) => ({ x64: "x86_64", i386: "x86", x32: "x32" })[name]),
  entries: profile.rules
    .filter(({ action }) => action !== profile.defaultAction)
    .flatMap(({ names, action, args }) =>
      (args.some((a, i) => args.findIndex((b) => b.index === a.index) !== i) ? args.map((a) => [a]) : [args]).flatMap((list) =>
        names.map((name) => ({ name, action, args: list })),
      ),
    ),
  optimize,
});

/**
 * Every ABI has every call. A call that one has not is a number below 0 there, of which libseccomp's linear
 * form loses track.
 */
const isPlain = ({ abis, rules }: Profile): boolean =>
  rules.every(({ names }) => names.every((name) => [x64, ...abis].every((abi) => !isKnownName(name) || numberOf(name, abi) !== undefined)));

/**
 * libseccomp's linear filters and binary trees are proved equal; and the trees equal to our own meaning of
 * the rules, unless that warns.
 */
export const compareLibseccomp = (
  seed: number,
  count: number,
): Report & { readonly inexact: number; readonly refused: number; readonly pairs: number } => {
  const r = random(seed);
  const profiles = Array.from({ length: count }, () => randomProfile(r, r.chance(0.7)));
  const filters = libseccomp(profiles.flatMap((profile) => [requestOf(profile, 1), requestOf(profile, 2)]));
  const differences: string[] = [];
  let [compared, hits, inexact, refused, pairs] = [0, 0, 0, 0, 0];
  for (const [n, profile] of profiles.entries()) {
    const [linear, tree] = [filters[2 * n], filters[2 * n + 1]] as [Program | number, Program | number];
    if (typeof linear === "number" || typeof tree === "number") {
      refused++;
      continue;
    }
    compared++;
    const diagram = diagramOf(tree);
    if (isPlain(profile)) {
      pairs++;
      if (compare(diagramOf(linear), diagram).verdict !== "equal") differences.push(`profile ${n}: linear and tree differ`);
    }
    try {
      const { diagram: ours, warnings } = compileProfile(profile, "crun");
      if (compare(diagram, ours).verdict === "equal") hits++;
      else if (warnings.some(({ message }) => message.includes("libseccomp can merge"))) inexact++;
      else differences.push(`profile ${n}: libseccomp's filter means something else`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      differences.push(`profile ${n}: libseccomp takes what we refuse: ${error.message}`);
    }
  }
  return { compared, hits, differences, inexact, refused, pairs };
};

/** A runtime's filter against ours. Hits: equal. */
export const compareRuntime = (runtime: Runtime, profiles: readonly Profile[]): Report & { readonly inexact: number } => {
  const differences: string[] = [];
  let [compared, hits, inexact] = [0, 0, 0];
  for (const [n, profile] of profiles.entries()) {
    const native = loaded(runtime, profile);
    if (typeof native === "string") {
      differences.push(`profile ${n}: ${runtime}: ${native.trim().split("\n").at(-1)}`);
      continue;
    }
    compared++;
    const { diagram, warnings } = compileProfile(profile, runtime);
    if (compare(diagramOf(native), diagram).verdict === "equal") hits++;
    else if (warnings.some(({ message }) => message.includes("libseccomp can merge"))) inexact++;
    else differences.push(`profile ${n}: ${runtime} loads something else`);
  }
  return { compared, hits, differences, inexact };
};

/** Random programs that the kernel takes. */
export const randomPrograms = (seed: number, count: number): readonly Program[] => {
  const r = random(seed);
  return Array.from({ length: count }, () => checkedProgram(r));
};

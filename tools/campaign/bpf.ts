// Random seccomp programs: the checker answers, and an accepted program runs alike in the evaluator,
// compiled, and specialised for a number.
import { compile } from "../../src/seccomp/compile.ts";
import {
  attach,
  checkFilter,
  evaluate,
  Filter,
  type Program,
  type SeccompProfile,
  type SyscallData,
  seccompProfile,
  seccompProfileNames,
  wordsOf,
} from "../../src/seccomp/index.ts";
import type { Random } from "../oracle/random.ts";
import { random as bpfRandom, checkedProgram, doubtfulProgram, randomCase, v6Program } from "../seccomp/random.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

/** SyscallData as JSON has it. */
interface CallData extends Omit<SyscallData, "args"> {
  readonly args: readonly number[];
}
interface Input {
  readonly profile: string;
  /** Attached one after the other; the checker may refuse some. */
  readonly programs: readonly Program[];
  readonly calls: readonly CallData[];
  /** Each call is judged so often: functions for its number are made after some hundred times. */
  readonly times: number;
}
const PROGRAMS = 12;
const CALLS = 20;
/** Enough for the function that is made for a number, and its memory of arguments. */
const OFTEN = 450;

const draw = (random: Random): Input => {
  const r = bpfRandom(random.u32());
  const profile = random.chance(0.6) ? "upstream" : random.pick(seccompProfileNames);
  const makers = [checkedProgram, doubtfulProgram, doubtfulProgram, v6Program];
  const data = Array.from({ length: CALLS }, (): CallData => {
    const { data } = randomCase(r);
    // Small numbers are the ones that are remembered and specialised for.
    return { ...data, ...(random.chance(0.6) ? { nr: random.below(512) } : {}), args: [...data.args] };
  });
  return {
    profile,
    programs: Array.from({ length: PROGRAMS }, () => random.pick(makers)(r)),
    calls: data,
    times: random.chance(0.1) ? OFTEN : 3,
  };
};

const memory = new WebAssembly.Memory({ initial: 1 });

const difference = (rule: string, expected: number | string, seen: number | string, what: string): Finding => ({
  rule,
  expected: `${expected} ${what}`,
  seen: `${seen} ${what}`,
});

/** One program: evaluated and compiled. */
const alone = (profile: SeccompProfile, program: Program, calls: readonly SyscallData[], out: number[]): Finding | undefined => {
  const words = new Uint32Array(memory.buffer, 0, profile.layout.words.length);
  const compiled = compile(profile, program, memory);
  for (const data of calls) {
    words.set(wordsOf(profile.layout, data));
    const value = evaluate(profile, program, words);
    out.push(value);
    const fast = compiled() >>> 0;
    if (fast !== value) return difference("compiled is what the evaluator says", value, fast, `for call ${data.nr}`);
  }
  return undefined;
};

/**
 * The verdict of a path must stay the same as at its first use, even when results for the number were cached
 * and code was made for it since.
 */
const together = (filter: Filter, calls: readonly SyscallData[], times: number): Finding | undefined => {
  const verdict = { value: 0, filter: null as Filter | null };
  const first = calls.map((data) => {
    // A path of the same programs that has remembered nothing.
    let fresh: Filter | null = null;
    const path: Filter[] = [];
    for (let f: Filter | null = filter; f; f = f.prev) path.unshift(f);
    for (const f of path) fresh = new Filter(f.profile, fresh, f.program, { arch: f.arch });
    return fresh?.decide(data, verdict) ?? 0;
  });
  for (let n = 0; n < times; n++) {
    for (const [i, data] of calls.entries()) {
      const value = filter.decide(data, verdict);
      if (value !== first[i])
        return difference("a path says the same each time", first[i] as number, value, `for call ${data.nr}, time ${n + 1}`);
      if (filter.hasCachedAllowed(data.nr, data.arch, data.args) && verdict.filter !== null)
        return difference("what is remembered as allowed is allowed", "allowed", value, `for call ${data.nr}`);
    }
  }
  return undefined;
};

export const bpf = kind<Input>({
  summary: "random seccomp programs: checker, evaluator, compiled and specialised forms agree",
  bounds: { seconds: 60, megabytes: 1500 },
  draw,
  check(input) {
    const profile = seccompProfile(input.profile) as SeccompProfile;
    const calls = input.calls.map((c): SyscallData => ({ ...c, args: Uint32Array.from(c.args) }));
    const values: number[] = [];
    let filter: Filter | null = null;
    let finding: Finding | undefined;
    for (const program of input.programs) {
      const refused = checkFilter(profile, program);
      values.push(refused ? 1 : 0);
      if (refused) continue;
      finding ??= alone(profile, program, calls, values);
      const attached: Filter | ReturnType<typeof attach> = attach(profile, filter, program, { arch: calls[0]?.arch ?? 0 });
      if (attached instanceof Filter) filter = attached;
    }
    if (filter) finding ??= together(filter, calls, input.times);
    const inputs = input.programs.length * calls.length;
    const verdict = noFinding(inputs, digestOf(new Uint8Array(Uint32Array.from(values).buffer)));
    return finding ? { ...verdict, finding } : verdict;
  },
  parts: {
    of: ({ programs, calls }) => [...programs.map((program) => ({ program })), ...calls.map((call) => ({ call }))],
    with: (input, parts) => {
      const some = parts as readonly { readonly program?: Program; readonly call?: CallData }[];
      return { ...input, programs: some.flatMap((p) => (p.program ? [p.program] : [])), calls: some.flatMap((p) => p.call ?? []) };
    },
  },
});

// Findings about a policy's text: names that do nothing, rules that change nothing, instructions that no call
// reaches. Each is proved by comparing the meaning without it.

import { Problem } from "../../problem.ts";
import { BPF, diagramOf, type Insn, type Program, RefusedFilter, upstream } from "../../seccomp/index.ts";
import type { Policy } from "../formats/read.ts";
import { compileProfile, type ProfileMode } from "../mode.ts";
import type { Profile } from "../profile.ts";
import type { CheckResult } from "./finding.ts";

/** Findings from the reader's warnings. */
export const warned = ({ warnings, source }: Policy): readonly CheckResult[] =>
  warnings.map(
    ({ message, place }): CheckResult => ({
      id: "reader",
      severity: "low",
      title: message,
      reason: "What loads the policy passes over it in silence.",
      remedy: "mend or remove it",
      calls: [],
      ...(place ? { line: source.lineOf(place.from) } : {}),
    }),
  );

/** Rules, and single names of rules, without which the filter means the same. */
export const superfluous = ({ profile, mode, format, source, diagram }: Policy): readonly CheckResult[] => {
  if (!profile) return [];
  const as: ProfileMode = format === "firecracker" ? "kernel" : ((mode ?? "runc") as ProfileMode);
  const same = (rules: Profile["rules"]): boolean => {
    try {
      return compareRoots(compileProfile({ ...profile, rules }, as, diagram.nodes).diagram.root, diagram.root);
    } catch (error) {
      if (error instanceof Problem) return false;
      throw error;
    }
  };
  const found: CheckResult[] = [];
  for (const [n, rule] of profile.rules.entries()) {
    if (rule.names.length === 0 || !same(profile.rules.filter((_, i) => i !== n))) continue;
    found.push({
      id: "no-effect",
      severity: "low",
      title: `the rule for ${rule.names.slice(0, 3).join(", ")}${rule.names.length > 3 ? ", …" : ""} changes nothing`,
      reason: "Other rules, or the default, say the same about all of its calls: proved for every call.",
      remedy: "remove it, or mend its intended meaning",
      calls: rule.names,
      line: source.lineOf(rule.place.from),
    });
  }
  return found;
};
const compareRoots = (a: number, b: number): boolean => a === b;

/** Longer programs are not tried: each branch costs a diagram. */
const MOST = 400;
const isBranch = ({ code, jt, jf }: Insn): boolean => (code & 7) === BPF.JMP && code !== (BPF.JMP | BPF.JA) && jt !== jf;

/** Instructions that no call reaches: the filter means the same if it kills there. */
export const deadInstructions = ({ program, places, source, diagram }: Policy): readonly CheckResult[] => {
  if (!program || program.length > MOST || !program.some(isBranch)) return [];
  const dead = program.flatMap((insn, pc) => {
    // A value that no compiler writes marks the place.
    if ((insn.code & 7) !== BPF.RET) return [];
    const marked: Program = program.map((each, i) => (i === pc ? { code: BPF.RET | BPF.K, jt: 0, jf: 0, k: MARK } : each));
    return reaches(marked, diagram) ? [] : [pc];
  });
  return dead.map((pc): CheckResult => {
    const place = places.ofInstruction?.(pc);
    return {
      id: "dead-instruction",
      severity: "low",
      title: `no call reaches instruction ${pc}`,
      reason: "The comparisons before it decide all calls: proved.",
      remedy: "remove it, or mend the comparison that keeps calls away",
      calls: [],
      ...(place ? { line: source.lineOf(place.from) } : {}),
    };
  });
};
const MARK = 0x7ffc_5eed;
const reaches = (program: Program, { nodes }: Policy["diagram"]): boolean => {
  try {
    return diagramOf(program, upstream, nodes).values().decided.includes(MARK);
  } catch (error) {
    if (error instanceof RefusedFilter) return true;
    throw error;
  }
};
